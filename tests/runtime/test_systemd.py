"""The service's side of systemd's protocols, with real sockets, environments and processes."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.runtime.systemd import ActivationError, Notifier, inherited_listeners, watchdog_period_s

ROOT = Path(__file__).parents[2]
VARIABLES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


@pytest.fixture(autouse=True)
def no_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def run(
    code: str, *, fds: list[socket.socket] | None = None, names: str = "", **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a program as systemd would: its sockets at 3 and on, and LISTEN_PID its own.

    Another process sits between, because LISTEN_PID is only known after the fork.
    """
    starter = textwrap.dedent(
        """
        import fcntl, os, sys
        given = [int(n) for n in sys.argv[2].split(",") if n]
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for fd in given]
        for place, fd in enumerate(high, 3):
            os.dup2(fd, place, inheritable=True)
        os.environ["LISTEN_PID"] = os.environ.get("PRETEND_PID", str(os.getpid()))
        os.execv(sys.executable, [sys.executable, "-c", sys.argv[1]])
        """
    )
    numbers = [s.fileno() for s in fds or []]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "daemon"), **more}
    if fds is not None:
        environment["LISTEN_FDS"] = more.get("LISTEN_FDS", str(len(fds)))
        environment["LISTEN_FDNAMES"] = names
    return subprocess.run(
        [sys.executable, "-c", starter, textwrap.dedent(code), ",".join(map(str, numbers))],
        env=environment,
        pass_fds=numbers,
        capture_output=True,
        text=True,
        timeout=60,
    )


# ---------------------------------------------------------------- socket activation

SERVE_ONE = """
    import os, trio
    from segue.runtime.http import HttpServer
    from segue.runtime.systemd import inherited_listeners

    async def app(scope, receive, send):
        peer = scope["extensions"]["segue.peer"]
        body = (b"unix" if peer else b"tcp")
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": body})
        left.remove(body)
        if not left:
            server.stop(1)

    left = [b"unix", b"tcp"]
    server = HttpServer(app)
    listeners = inherited_listeners()
    print(sorted((name, len(found)) for name, found in listeners.items()))
    print([os.get_inheritable(l.socket.fileno()) for found in listeners.values() for l in found])
    print([name for name in os.environ if name.startswith("LISTEN_")], inherited_listeners())
    trio.run(server.serve, [l for found in listeners.values() for l in found])
"""


def test_a_request_that_came_before_the_start_is_answered(tmp_path: Path) -> None:
    """The sockets listen before the daemon exists, and outlive it: their file is not ours to remove."""
    tcp = socket.create_server(("127.0.0.1", 0))
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(str(tmp_path / "ctl.sock"))
    unix.listen()
    with closing(tcp), closing(unix), closing(socket.socket(socket.AF_UNIX)) as local:
        with socket.create_connection(tcp.getsockname(), timeout=30) as remote:
            local.settimeout(30)
            local.connect(str(tmp_path / "ctl.sock"))
            for client in (remote, local):
                client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            done = run(SERVE_ONE, fds=[tcp, unix], names="http:control")
            assert (done.returncode, done.stderr) == (0, "")
            assert remote.recv(1000).endswith(b"tcp")
            assert local.recv(1000).endswith(b"unix")
        names, inheritable, rest = done.stdout.splitlines()
        assert names == "[('control', 1), ('http', 1)]"
        assert inheritable == "[False, False]"
        assert rest == "[] {}", "the variables are gone, and a second call finds nothing"
        assert (tmp_path / "ctl.sock").is_socket()
        with closing(socket.socket(socket.AF_UNIX)) as next_client:
            next_client.connect(str(tmp_path / "ctl.sock"))  # systemd still listens


NAMES = """
    from segue.runtime.systemd import inherited_listeners
    print({name: len(found) for name, found in inherited_listeners().items()})
"""


@pytest.mark.parametrize(
    ("names", "found"),
    [("", "{'unknown': 2}"), ("web:web", "{'web': 2}"), ("web", "{'web': 1, 'unknown': 1}")],
)
def test_sockets_are_grouped_by_name(names: str, found: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        assert run(NAMES, fds=[one, two], names=names).stdout.strip() == found


def test_another_processes_sockets_are_not_ours() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one:
        assert run(NAMES, fds=[one], PRETEND_PID="1").stdout.strip() == "{}"


def test_a_socket_that_does_not_listen_is_named() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        error = run(NAMES, fds=[one], names="web").stderr
    assert (
        "descriptor 3 (web) does not listen for streams; its unit needs ListenStream= and Accept=no" in error
    )


def test_a_descriptor_that_is_missing_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one:
        assert "descriptor 4 (unknown) is no socket" in run(NAMES, fds=[one], LISTEN_FDS="2").stderr


def test_a_malformed_count_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    monkeypatch.setenv("LISTEN_FDS", "two")
    with pytest.raises(ActivationError, match="LISTEN_FDS is 'two', not a number"):
        inherited_listeners()


def test_without_systemd_there_is_nothing() -> None:
    assert inherited_listeners() == {}


# ---------------------------------------------------------------- notifications


class Manager:
    """systemd's end: a datagram socket that gathers what it is told."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address.replace("@", "\0", 1))
        self.socket.settimeout(30)

    def heard(self) -> dict[str, str]:
        lines = self.socket.recv(65536).decode().split("\n")
        return dict(line.split("=", 1) for line in lines)

    def silent(self) -> bool:
        self.socket.setblocking(False)
        try:
            self.socket.recv(1)
        except BlockingIOError:
            return True
        finally:
            self.socket.settimeout(30)
        return False


@pytest.fixture(params=["path", "abstract"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "notify") if request.param == "path" else f"@segue-test-{os.getpid()}-{id(request)}"


@pytest.fixture
def manager(address: str) -> Iterator[Manager]:
    manager = Manager(address)
    with closing(manager.socket):
        yield manager


@pytest.fixture
def notifier(address: str, manager: Manager, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notifier]:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    notifier = Notifier.from_environment()
    with closing(notifier):
        yield notifier


def test_each_message_is_what_sd_notify_wants(notifier: Notifier, manager: Manager) -> None:
    assert notifier.enabled
    assert "NOTIFY_SOCKET" not in os.environ, "child processes have no business there"
    notifier.ready("4 rooms")
    assert manager.heard() == {"READY": "1", "STATUS": "4 rooms"}
    notifier.ready()
    assert manager.heard() == {"READY": "1"}
    notifier.status("two\nlines\tof  text")
    assert manager.heard() == {"STATUS": "two lines of text"}
    notifier.status("")
    assert manager.heard() == {"STATUS": ""}
    notifier.watchdog()
    assert manager.heard() == {"WATCHDOG": "1"}
    notifier.extend_timeout(2.5)
    assert manager.heard() == {"EXTEND_TIMEOUT_USEC": "2500000"}
    notifier.stopping("bye")
    assert manager.heard() == {"STOPPING": "1", "STATUS": "bye"}


def test_a_reload_carries_the_monotonic_time(notifier: Notifier, manager: Manager) -> None:
    before = time.monotonic_ns() // 1000
    notifier.reloading()
    heard = manager.heard()
    assert heard["RELOADING"] == "1"
    assert before <= int(heard["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000


def test_a_manager_that_does_not_read_is_never_waited_for(notifier: Notifier, manager: Manager) -> None:
    """Its queue is full; what matters is told later, in order, and the watchdog's stale words are not."""
    sent = 0
    while notifier._send(b"X=1"):
        sent += 1
    notifier.reloading()
    notifier.watchdog()
    notifier.ready("again")
    for _ in range(sent):
        assert manager.heard() == {"X": "1"}
    assert manager.silent()
    notifier.status("on")
    assert [next(iter(manager.heard())) for _ in range(3)] == ["RELOADING", "READY", "STATUS"]
    assert manager.silent()


def test_a_manager_that_is_gone_does_no_harm(notifier: Notifier, manager: Manager) -> None:
    manager.socket.close()
    for _ in range(50):
        notifier.status("x")
        notifier.watchdog()
    notifier.close()
    notifier.ready()


@pytest.mark.parametrize("address", [None, "", "vsock:2:1234", "relative"])
def test_without_a_manager_nothing_happens(address: str | None) -> None:
    notifier = Notifier(address)
    assert not notifier.enabled
    notifier.ready()
    notifier.watchdog()
    notifier.close()


@given(st.text())
def test_any_status_is_one_bounded_line(text: str) -> None:
    """Nothing that goes into a status can forge another field, or make systemd drop the message."""
    name = f"@segue-status-{os.getpid()}"
    manager = Manager(name)
    with closing(manager.socket), closing(Notifier(name)) as notifier:
        notifier.ready(text)
        raw = manager.socket.recv(65536)
    assert len(raw) <= 4096
    assert raw.startswith(b"READY=1")
    assert raw.count(b"\n") == (1 if b"STATUS=" in raw else 0)


# ---------------------------------------------------------------- watchdog


@pytest.mark.parametrize(
    ("usec", "pid", "period_s"),
    [
        ("30000000", "", 15.0),
        ("30000000", "own", 15.0),
        ("30000000", "1", None),
        ("0", "own", None),
        ("", "own", None),
        ("-1", "own", None),
        ("soon", "own", None),
        ("²", "own", None),
    ],
)
def test_the_watchdog_is_fed_twice_a_period(
    monkeypatch: pytest.MonkeyPatch, usec: str, pid: str, period_s: float | None
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    if pid:
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()) if pid == "own" else pid)
    assert watchdog_period_s() == period_s


def test_there_is_no_watchdog_without_systemd() -> None:
    assert watchdog_period_s() is None


def test_a_hang_shows_where_it_hung() -> None:
    done = run(
        """
        import os, resource, signal
        from segue.runtime.systemd import dump_stacks_on_hang

        def stuck_here():
            os.kill(os.getpid(), signal.SIGABRT)

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        dump_stacks_on_hang()
        stuck_here()
        """
    )
    assert done.returncode == -signal.SIGABRT
    assert "in stuck_here" in done.stderr
