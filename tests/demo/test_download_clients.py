"""The simulated qBittorrent and Transmission, driven by curl as their documents describe."""

import json
from pathlib import Path
from typing import Any

import pytest
import trio

from segue.demo.download_clients import BAN_AFTER, QBittorrent, Torrent, Transmission

DONE = Torrent("Done.mkv", size=1000, have=1000)
HALF = Torrent("Half.mkv", size=1000, have=400, incomplete_folder="/incomplete")


async def curl(*words: str) -> tuple[int, str]:
    """Run curl. Gives the status and the body."""
    done = await trio.run_process(
        ["curl", "-sS", "--max-time", "30", "-w", "\n%{http_code}", *words],
        capture_stdout=True,
        capture_stderr=True,
    )
    body, _, status = done.stdout.decode().rpartition("\n")
    return int(status), body


async def log_in(client: QBittorrent, jar: Path, password: str) -> tuple[int, str]:
    form = ("-d", f"username={client.username}&password={password}")
    return await curl("-c", str(jar), "-b", str(jar), *form, f"{client.url}/api/v2/auth/login")


@pytest.mark.parametrize(
    ("version", "good", "bad", "cookie"),
    [("4.6", (200, "Ok."), (200, "Fails."), "SID"), ("5.2", (204, ""), (401, ""), "QBT_SID_")],
)
async def test_qbittorrent_lets_in_who_has_logged_in(
    version: Any, good: tuple[int, str], bad: tuple[int, str], cookie: str, tmp_path: Path
) -> None:
    """With the words and the cookie of its version, until the session ends."""
    jar = tmp_path / "jar"
    async with QBittorrent([DONE, HALF], version=version) as client:
        info = f"{client.url}/api/v2/torrents/info"
        assert await curl(info) == (403, "Forbidden")
        assert await log_in(client, jar, "wrong") == bad
        assert await log_in(client, jar, client.password) == good
        assert cookie in jar.read_text()
        status, body = await curl("-b", str(jar), info)
        assert status == 200
        done, half = json.loads(body)
        assert (done["content_path"], done["amount_left"], done["state"]) == (
            "/downloads/Done.mkv",
            0,
            "stalledUP",
        )
        assert (half["content_path"], half["amount_left"]) == ("/incomplete/Half.mkv", 600)
        assert (half["state"], half["progress"]) == ("downloading", 0.4)
        assert await curl("-b", str(jar), f"{client.url}/api/v2/app/version") == (200, f"v{version}.0")
        client.end_sessions()
        assert await curl("-b", str(jar), info) == (403, "Forbidden")


async def test_qbittorrent_shuts_out_who_guesses(tmp_path: Path) -> None:
    """After five wrong passwords not even the right one helps."""
    async with QBittorrent() as client:
        for _ in range(BAN_AFTER):
            await log_in(client, tmp_path / "jar", "wrong")
        status, body = await log_in(client, tmp_path / "jar", client.password)
        assert status == 403
        assert "banned" in body


async def test_qbittorrent_may_let_everybody_in() -> None:
    """Its option for local clients."""
    async with QBittorrent([DONE], bypass=True) as client:
        status, body = await curl(f"{client.url}/api/v2/torrents/info")
        assert (status, len(json.loads(body))) == (200, 1)


@pytest.mark.parametrize(
    ("torrent", "state"),
    [
        (Torrent("a", size=9, have=9, paused=True), "stoppedUP"),
        (Torrent("a", size=9, have=1, paused=True), "stoppedDL"),
        (Torrent("a", size=9, have=9, checking=True), "checkingUP"),
        (Torrent("a", knows_what=False), "metaDL"),
        (Torrent("a", size=9, have=9, broken=True), "missingFiles"),
    ],
)
async def test_qbittorrent_names_what_it_does(torrent: Torrent, state: str) -> None:
    """Every state that a torrent can be in here."""
    async with QBittorrent([torrent], bypass=True) as client:
        _, body = await curl(f"{client.url}/api/v2/torrents/info")
        assert json.loads(body)[0]["state"] == state


async def call(client: Transmission, body: str, *words: str) -> tuple[int, str]:
    """Send a call with the right session id."""
    headers = ("-H", f"X-Transmission-Session-Id: {client.session_id}")
    return await curl(*headers, *words, "-d", body, f"{client.url}/transmission/rpc")


async def test_transmission_wants_its_login_and_its_session_id() -> None:
    """401 without the one, 409 with the id in a header without the other; the id changes."""
    wanted = json.dumps(
        {"method": "torrent-get", "arguments": {"fields": ["name", "leftUntilDone", "status"]}}
    )
    async with Transmission([DONE, HALF], username="alice", password="let me in") as client:
        assert (await call(client, wanted))[0] == 401
        login = ("-u", "alice:let me in")
        status, head = await curl("-i", *login, "-d", wanted, f"{client.url}/transmission/rpc")
        assert status == 409
        assert f"x-transmission-session-id: {client.session_id}" in head.lower().replace(
            client.session_id.lower(), client.session_id
        )
        status, body = await call(client, wanted, *login)
        assert status == 200
        assert json.loads(body) == {
            "result": "success",
            "arguments": {
                "torrents": [
                    {"name": "Done.mkv", "leftUntilDone": 0, "status": 6},
                    {"name": "Half.mkv", "leftUntilDone": 600, "status": 4},
                ]
            },
        }
        old = client.session_id
        client.renew_session_id()
        status, _ = await curl(
            "-H", f"X-Transmission-Session-Id: {old}", *login, "-d", wanted, f"{client.url}/transmission/rpc"
        )
        assert status == 409


@pytest.mark.parametrize(
    "body", ["", "{}", "[]", '{"method": 4, "arguments": []}', '{"method": "torrent-remove"}']
)
async def test_transmission_says_what_it_cannot_do(body: str) -> None:
    """An answer in words, never a crash, and nothing that removes anything."""
    async with Transmission([DONE], username="") as client:
        status, answer = await call(client, body)
        assert status == 200
        assert json.loads(answer)["result"] != "success"
