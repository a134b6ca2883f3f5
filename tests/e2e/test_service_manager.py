"""What systemd brings and hears: inherited sockets, readiness, reloads, the watchdog, the end."""

import signal
import socket
import time
from pathlib import Path

import pytest
import trio

from tests.e2e.house import ROOM, daemon, house, receiver, until
from tests.helpers.rig import Segued, curl, running, spawned

WATCHDOG_USEC = "400000"
"""Fed at least every 0.2 s then."""
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def listening(address: tuple[str, int] | Path) -> socket.socket:
    """Listen as a socket unit does."""
    sock = socket.socket(socket.AF_UNIX if isinstance(address, Path) else socket.AF_INET)
    sock.bind(str(address) if isinstance(address, Path) else address)
    sock.listen(16)
    return sock


async def test_requests_that_come_before_the_start_are_answered(place: Path) -> None:
    """Sockets named `http` and `control` are taken, served, and left to whoever made them."""
    control = place / "unit.sock"
    with listening(("127.0.0.1", 0)) as http, listening(control) as ctl, socket.socket() as early:
        early.connect(http.getsockname())
        early.sendall(REQUEST)
        segued = Segued(place, "")
        segued.sockets = {"http": http, "control": ctl}
        with socket.socket(socket.AF_UNIX) as early_too:
            early_too.connect(str(control))
            early_too.sendall(REQUEST)
            async with running(segued):
                for client in (early, early_too):
                    answer = trio.socket.from_stdlib_socket(client.dup())
                    with trio.fail_after(20), answer:
                        assert (await answer.recv(4096)).startswith(b"HTTP/1.1 200 ")
                assert not segued.socket_path.exists()
                assert (await curl(f"{segued.url}/healthz")).status == 0
                segued.socket_path = control
                assert (await segued.api("GET", "/api/v1/status", status=200))["ok"]
                assert await segued.stop() == 0
        assert control.exists()
        # The sockets still listen: a request made now waits for the next start.
        with socket.socket(socket.AF_UNIX) as late:
            late.connect(str(control))


async def test_one_inherited_socket_leaves_the_other_door_to_us(place: Path) -> None:
    """Only `control` comes from systemd: the TCP door is opened as configured."""
    control = place / "unit.sock"
    with listening(control) as ctl:
        segued = Segued(place, "")
        segued.sockets = {"segue-ctl.socket": ctl}
        async with running(segued):
            assert (await curl(f"{segued.url}/healthz")).status == 200
            answer = await curl("--unix-socket", str(control), "http://localhost/healthz")
            assert answer.status == 200
            assert not segued.socket_path.exists()


async def test_an_inherited_socket_of_the_wrong_kind_is_a_clear_error(place: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        segued = Segued(place, "")
        segued.sockets = {"http": udp}
        async with spawned(segued):
            assert await segued.ended() == 1
            assert "descriptor 3 (http) does not listen for streams" in segued.log()
            assert "Traceback" not in segued.log()


async def test_a_reload_is_told_from_its_begin_to_its_end(place: Path) -> None:
    """SIGHUP: RELOADING=1 with the monotonic clock, then READY=1, for a good file and for a broken one."""
    async with running(Segued(place, "")) as segued:
        for text in ("", "[nonsense]"):
            segued.write_config(text)
            before_usec = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            assert segued.process is not None
            segued.process.send_signal(signal.SIGHUP)
            reloading = await segued.until_told(lambda n: "RELOADING" in n)
            assert reloading["RELOADING"] == "1"
            assert before_usec <= int(reloading["MONOTONIC_USEC"])
            ready = await segued.until_told(lambda _n: True)
            assert ready["READY"] == "1"
            assert ("broken" in ready["STATUS"]) is bool(text)


async def test_the_end_is_told(place: Path) -> None:
    async with running(Segued(place, "")) as segued:
        assert await segued.stop(signal.SIGINT) == 0
        stopping = await segued.until_told(lambda n: "STOPPING" in n)
        assert stopping == {"STOPPING": "1", "STATUS": "Stopping: SIGINT."}


async def test_the_watchdog_is_fed_while_the_heart_beats(place: Path) -> None:
    """WATCHDOG=1 comes again and again, stops with the process, and comes back with it."""
    segued = Segued(place, "", environ={"WATCHDOG_USEC": WATCHDOG_USEC})
    async with running(segued):
        for _ in range(3):
            await segued.until_told(lambda n: n.get("WATCHDOG") == "1")
        assert segued.process is not None
        segued.process.send_signal(signal.SIGSTOP)
        try:
            while Path(f"/proc/{segued.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
                await trio.sleep(0.01)
            with pytest.raises(AssertionError, match="not told within"):
                while True:  # what was told before it stopped may still be read
                    await segued.until_told(lambda _n: True, within_s=1.0)
        finally:
            segued.process.send_signal(signal.SIGCONT)
        await segued.until_told(lambda n: n.get("WATCHDOG") == "1")


async def test_a_hung_receiver_does_not_starve_the_watchdog(place: Path) -> None:
    """The receiver answers nothing any more, in the middle of a fade: the heart beats on."""
    async with house(place, environ={"WATCHDOG_USEC": WATCHDOG_USEC}) as (speaker, segued):
        await segued.api("POST", "/api/v1/rooms/living/fade", {"to_level": 10, "duration_s": 30}, status=202)
        await until(speaker, lambda s: s.level() < 39)
        speaker.faults.silent = True
        for _ in range(8):
            await segued.until_told(lambda n: n.get("WATCHDOG") == "1")


async def test_without_a_watchdog_nothing_is_fed(place: Path) -> None:
    async with receiver() as speaker:
        segued = daemon(place, speaker, config=ROOM)
        async with running(segued):
            await segued.until(lambda room: room["available"])
            await segued.stop()
            with pytest.raises(AssertionError, match="not told within"):
                await segued.until_told(lambda n: "WATCHDOG" in n, within_s=0.2)
