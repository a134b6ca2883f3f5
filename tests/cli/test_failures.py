"""What goes wrong is told with its cause and the next step, in an exit code that a script can rely on."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli import answers
from tests.cli.conftest import Ctl
from tests.cli.fake_segued import WAIT_S, FakeSegued, Request, refuses, says, sends, waits_in_vain
from tests.cli.fake_segued import answers as answers_with
from tests.cli.running import SCRIPT, environment, on_terminal, seguectl

CANARY = "canary-7f3a9c-token"
NOBODY, ADM = 65534, 4
"""A user and a group that are on every Debian."""


# ------------------------------------------------------------------ not there


def test_without_a_socket_segued_is_not_running(folder: Path) -> None:
    failed = seguectl("status", "--socket", folder / "ctl.sock")
    assert failed.code == 3
    assert failed.out == ""
    assert f"segued is not running: there is no socket {folder}/ctl.sock." in failed.err
    assert "systemctl start segued" in failed.err


def test_the_socket_of_the_users_own_segued_is_found(folder: Path) -> None:
    (folder / "segue").mkdir()
    daemon = FakeSegued(folder / "segue/ctl.sock").start()
    daemon.on("GET", "/api/v1/rooms", says(answers.rooms()))
    assert seguectl("volume", XDG_RUNTIME_DIR=str(folder)).code == 0
    daemon.stop()
    failed = seguectl("volume", XDG_RUNTIME_DIR=str(folder))
    assert f"no socket /run/segue-ctl/ctl.sock or {folder}/segue/ctl.sock" in failed.err


def test_an_option_counts_more_than_the_environment(segued: FakeSegued, folder: Path) -> None:
    segued.on("GET", "/api/v1/rooms", says(answers.rooms()))
    done = seguectl(
        "volume", "--socket", folder / "ctl.sock", SEGUE_SOCKET="/nonexistent", SEGUE_URL="http://nowhere"
    )
    assert done.code == 0


def test_a_socket_that_was_left_behind_is_told_from_a_missing_one(segued: FakeSegued, ctl: Ctl) -> None:
    segued.stop(leave_socket=True)
    failed = ctl("status")
    assert failed.code == 3
    assert "nobody listens" in failed.err


def test_what_is_no_socket_is_named(folder: Path) -> None:
    (folder / "file").touch()
    assert "is not a socket" in seguectl("status", "--socket", folder / "file").err
    assert "too long" in seguectl("status", "--socket", f"/{'x' * 200}").err
    assert seguectl("status", "--socket", "").code == 2


def test_a_daemon_that_takes_no_connection_is_given_up_on(folder: Path) -> None:
    """The queue of a socket that nobody accepts from is full after its backlog."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "ctl.sock"))
        listener.listen(0)
        waiting = [socket.socket(socket.AF_UNIX) for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(str(folder / "ctl.sock"))
        failed = seguectl("status", "--socket", folder / "ctl.sock")
        for sock in waiting:
            sock.close()
    assert failed.code == 3
    assert "took no connection" in failed.err


# ------------------------------------------------------------------ not permitted


WITHOUT_ROOTS_POWER = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
"""Root is held by modes and groups like anybody else then."""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a socket to a group")
def test_who_is_not_in_the_group_is_told_how_to_get_into_it(segued: FakeSegued, folder: Path) -> None:
    os.chown(folder / "ctl.sock", NOBODY, ADM)
    (folder / "ctl.sock").chmod(0o660)
    advice = "You are not in the group adm: `sudo usermod -aG adm root`, then log in again."
    for owner, mode in ((0, 0o755), (NOBODY, 0o750)):
        os.chown(folder, owner, ADM)
        folder.chmod(mode)
        failed = seguectl("status", under=WITHOUT_ROOTS_POWER, SEGUE_SOCKET=str(segued.path))
        assert failed.code == 4
        assert f"You may not open {folder}/ctl.sock." in failed.err
        assert advice in failed.err
    os.chown(folder, 0, 0)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_a_socket_without_permission_is_told_from_a_missing_one(segued: FakeSegued, folder: Path) -> None:
    (folder / "ctl.sock").chmod(0)
    failed = seguectl("status", SEGUE_SOCKET=str(segued.path))
    assert failed.code == 4
    assert f"You may not open {folder}/ctl.sock." in failed.err
    assert "shows its mode" in failed.err


def test_who_may_only_read_gets_code_4(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("POST", "/api/v1/rooms/-/pause", refuses(403, "not_permitted", "uid 0 may read.", "Add it."))
    refused = ctl("pause")
    assert (refused.code, refused.err) == (4, "seguectl: uid 0 may read.\n  Add it.\n")


# ------------------------------------------------------------------ refused


def test_a_refusal_shows_the_daemons_words_and_hint(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on(
        "POST", "/api/v1/rooms/-/volume", refuses(422, "above_max_level", "80 is above 60.", "Ask for less.")
    )
    refused = ctl("volume", "80")
    assert (refused.code, refused.out, refused.err) == (1, "", "seguectl: 80 is above 60.\n  Ask for less.\n")


def test_a_confirmation_is_carried_by_yes_and_hinted_at_without(segued: FakeSegued, ctl: Ctl) -> None:
    asks = refuses(409, "needs_confirmation", "This stops the party.", "Confirm it.", confirm="once-42")
    done = says(answers.accepted("stops"))
    segued.on("POST", "/api/v1/rooms/-/stop", asks, asks, done)
    refused = ctl("stop")
    assert refused.code == 1
    assert refused.err == "seguectl: This stops the party.\n  Say `--yes` to do it without being asked.\n"
    assert ctl("stop", "--yes").out == "living stops\n"
    assert [request.headers.get("segue-confirm") for request in segued.requests] == [None, None, "once-42"]


@pytest.mark.parametrize(("typed", "code"), [("y", 0), ("n", 1), ("", 1)])
def test_a_person_at_a_terminal_is_asked(segued: FakeSegued, typed: str, code: int) -> None:
    asks = refuses(409, "needs_confirmation", "This stops the party.", "", confirm="once-42")
    segued.on("POST", "/api/v1/rooms/-/stop", asks, says(answers.accepted("stops")))
    with on_terminal("stop", SEGUE_SOCKET=str(segued.path)) as terminal:
        terminal.until("This stops the party. Go on? [y/N]")
        terminal.type(f"{typed}\n")
        assert terminal.end() == code
    assert len(segued.requests) == (2 if code == 0 else 1)


# ------------------------------------------------------------------ nonsense

NONSENSE = {
    "nothing": b"",
    "not HTTP": b"220 smtp.example ESMTP\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
    "a head without end": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000,
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "a page": b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>",
    "a proxy's page": b"HTTP/1.1 502 Bad Gateway\r\n\r\n<html>bad gateway</html>",
    "half a body": b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"ok": true',
    "half a chunk": b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"ok"',
    "a bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a negative chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabc",
    "a bad length": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}",
    "another kind of JSON": b"HTTP/1.1 200 OK\r\n\r\n[1, 2]",
    "no verdict": b'HTTP/1.1 200 OK\r\n\r\n{"data": {}}',
    "a refusal without a reason": b'HTTP/1.1 422 No\r\n\r\n{"ok": false}',
    "an abyss": b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100_000,
    "zeros": bytes(1000),
}


@pytest.mark.parametrize("raw", NONSENSE.values(), ids=NONSENSE)
def test_an_answer_that_segued_cannot_have_given_is_no_crash(
    segued: FakeSegued, ctl: Ctl, raw: bytes
) -> None:
    segued.on("GET", "/api/v1/status", sends(raw))
    failed = ctl("status")
    assert failed.code == 3
    assert failed.out == ""
    assert failed.err.startswith("seguectl: ")
    assert "Traceback" not in failed.err


def test_an_answer_without_end_is_cut_short(segued: FakeSegued, ctl: Ctl) -> None:
    def flood(sock: socket.socket, _request: Request) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            sock.sendall(b" " * 1_000_000)

    segued.on("GET", "/api/v1/status", flood)
    failed = ctl("status")
    assert failed.code == 3
    assert "larger than 64 MiB" in failed.err


def test_fields_of_another_kind_are_shown_as_nothing(segued: FakeSegued, ctl: Ctl) -> None:
    room = {"name": 7, "now": [], "level": "loud", "fade": 3, "heos_player": True, "muted": "perhaps"}
    odd = {"rooms": [room, None], "health": "well", "plex": 5, "uptime_s": "long", "pid": None}
    segued.on("GET", "/api/v1/status", answers_with(200, {"ok": True, "data": odd}))
    shown = ctl("status")
    assert (shown.code, shown.err) == (0, "")
    assert "segued\n" in shown.out


def test_nothing_from_outside_steers_the_terminal(segued: FakeSegued, ctl: Ctl) -> None:
    """Titles come from files, names from the network, and a terminal obeys what it is sent."""
    evil = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnorw\r\n\x00"
    now = {**answers.room()["now"], "title": f"A{evil}B", "artist": evil}
    room = answers.room(f"liv{evil}ing", now=now, input=evil)
    health = {**answers.HEALTH, "text": evil, "hint": evil, "title": evil, "code": evil}
    segued.on("GET", "/api/v1/status", says(answers.status(room, health=[health])))
    segued.on("POST", "/api/v1/rooms/-/pause", refuses(422, "no_player", evil, evil))
    for run in (ctl("status"), ctl("pause")):
        assert all(sign.isprintable() or sign == "\n" for sign in run.out + run.err)
    assert "A]0;owned[2J31mgnorw  B" in ctl("status").out


# ------------------------------------------------------------------ slow


def test_a_slow_answer_ends_at_the_deadline(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", "/api/v1/status", waits_in_vain)
    failed = ctl("status", "--timeout", "0.2")
    assert failed.code == 3
    assert "segued did not answer within 0.2 s." in failed.err


def test_an_answer_that_drips_ends_at_the_deadline(segued: FakeSegued, ctl: Ctl) -> None:
    def drip(sock: socket.socket, _request: Request) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        sock.settimeout(0.01)
        while True:
            sock.sendall(b" ")
            try:
                if not sock.recv(1):
                    return
            except TimeoutError:
                pass

    segued.on("POST", "/api/v1/rooms/-/pause", drip)
    failed = ctl("pause", "--timeout", "0.3")
    assert failed.code == 3
    assert "It may still be done." in failed.err


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_an_answer_in_chunks_is_read_whole(segued: FakeSegued, ctl: Ctl, size: int) -> None:
    segued.on(
        "GET", "/api/v1/rooms", says(answers.rooms(), chunks=size), says(answers.rooms(), until_end=True)
    )
    assert ctl("rooms", "--names").out == "living\nkitchen\n"
    assert ctl("rooms", "--names").out == "living\nkitchen\n"


# ------------------------------------------------------------------ TCP and its token


@pytest.fixture
def on_tcp() -> Iterator[FakeSegued]:
    daemon = FakeSegued().start()
    yield daemon
    daemon.stop()


def test_the_token_goes_into_a_header_and_nowhere_else(on_tcp: FakeSegued, folder: Path) -> None:
    (folder / "token").write_text(f"{CANARY}\n")
    on_tcp.on("GET", "/api/v1/rooms", says(answers.rooms()))
    url = f"http://127.0.0.1:{on_tcp.port}"
    assert seguectl("volume", "--url", url, "--token-file", folder / "token").code == 0
    assert seguectl("volume", SEGUE_URL=url, SEGUE_TOKEN_FILE=str(folder / "token")).code == 0
    assert seguectl("volume", "--url", f"{url}/").code == 0
    assert [request.headers.get("authorization") for request in on_tcp.requests] == [
        f"Bearer {CANARY}"
    ] * 2 + [None]
    assert all(CANARY not in request.path for request in on_tcp.requests)


def test_the_token_is_not_sent_to_a_socket(segued: FakeSegued, folder: Path) -> None:
    (folder / "token").write_text(CANARY)
    segued.on("GET", "/api/v1/rooms", says(answers.rooms()))
    assert seguectl("volume", "--socket", str(segued.path), "--token-file", folder / "token").code == 0
    assert "authorization" not in segued.requests[0].headers


def test_without_the_token_the_way_to_give_it_is_told(on_tcp: FakeSegued) -> None:
    on_tcp.on("GET", "/api/v1/rooms", refuses(401, "no_token", "This address needs the token.", "Send it."))
    refused = seguectl("volume", "--url", f"http://127.0.0.1:{on_tcp.port}")
    assert refused.code == 4
    assert "--token-file" in refused.err


def test_no_failure_shows_the_token(on_tcp: FakeSegued, folder: Path) -> None:
    (folder / "token").write_text(CANARY)
    (folder / "two lines").write_text(f"{CANARY}\nX-Injected: {CANARY}")
    url = f"http://127.0.0.1:{on_tcp.port}"
    on_tcp.on("GET", "/api/v1/status", sends(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{"))
    runs = [
        seguectl("status", "--url", url, "--token-file", folder / "token"),
        seguectl("watch", "--url", f"{url}/nowhere", "--token-file", folder / "token"),
        seguectl("status", "--url", url, "--token-file", folder / "two lines"),
        seguectl("status", "--url", f"http://user:{CANARY}@127.0.0.1:{on_tcp.port}"),
        seguectl("status", "--url", "http://127.0.0.1:1", "--token-file", folder / "token"),
        seguectl("status", "--json", "--url", "http://127.0.0.1:1", "--token-file", folder / "token"),
    ]
    assert [run.code for run in runs] == [3, 1, 2, 2, 3, 3]
    assert all(CANARY not in run.out + run.err for run in runs)


@pytest.mark.parametrize(
    "url",
    [
        "house:3001",
        "ftp://house",
        "http://",
        "http://house:port",
        "http://house/?q=1",
        "http://ho use",
        "http://[::1",
    ],
)
def test_a_url_that_makes_no_sense_is_a_mistake_of_use(url: str) -> None:
    refused = seguectl("status", "--url", url)
    assert refused.code == 2
    assert "Traceback" not in refused.err


def test_a_token_file_that_cannot_be_read_is_named(folder: Path) -> None:
    for path, code in ((folder / "missing", 2), (folder, 2)):
        refused = seguectl("status", "--url", "http://127.0.0.1:1", "--token-file", path)
        assert refused.code == code
        assert str(path) in refused.err


def test_a_host_that_is_not_there_is_unreachable() -> None:
    failed = seguectl("status", "--url", "http://127.0.0.1:1")
    assert failed.code == 3
    assert "Nobody listens at http://127.0.0.1:1." in failed.err
    assert seguectl("status", "--url", "http://host.invalid:3001").code == 3


# ------------------------------------------------------------------ output


def test_a_reader_that_has_seen_enough_is_no_failure(segued: FakeSegued) -> None:
    segued.on("GET", "/api/v1/why?limit=5", says(answers.why()))
    line = f"{SCRIPT} why | head -1"
    env = environment(SEGUE_SOCKET=str(segued.path))
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], env=env, capture_output=True, text=True, timeout=WAIT_S
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
    help_too = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{SCRIPT} --help | true"],
        env=env,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
    )
    assert (help_too.returncode, help_too.stderr) == (0, "")


def test_a_full_disk_is_told(segued: FakeSegued) -> None:
    segued.on("GET", "/api/v1/rooms", says(answers.rooms()))
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [SCRIPT, "rooms"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(SEGUE_SOCKET=str(segued.path)),
            timeout=WAIT_S,
        )
    assert done.returncode == 1
    assert done.stderr == "seguectl: The output cannot be written: No space left on device.\n"


def test_without_any_output_it_still_works(segued: FakeSegued) -> None:
    segued.on("POST", "/api/v1/rooms/-/pause", says(answers.accepted("pauses")))
    env = environment(SEGUE_SOCKET=str(segued.path))
    done = subprocess.run(["bash", "-c", f"{SCRIPT} pause >&- 2>&- <&-"], env=env, timeout=WAIT_S)
    assert done.returncode == 0


def test_a_terminal_that_knows_only_ascii_gets_ascii(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", "/api/v1/status", says(answers.status(answers.room("Küche"))))
    shown = ctl("status", PYTHONIOENCODING="ascii")
    assert shown.code == 0
    assert shown.out.isascii()
    assert "K?che" in shown.out
