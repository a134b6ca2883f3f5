"""The end of a daemon, ordered or not: SIGTERM brings the level home, SIGKILL leaves it to the next start."""

import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from segue.demo.heos_connection import LoggedCommand
from segue.demo.heos_speaker import HeosSpeaker
from tests.e2e.house import BASE, ROOM, house, levels_sent, until
from tests.helpers.rig import Segued

SLOWLY = ROOM.replace("fade_out_s = 0.5", "fade_out_s = 3")


async def kill_at(
    speaker: HeosSpeaker, segued: Segued, is_it: Callable[[LoggedCommand], bool], *, nth: int, path: str
) -> None:
    """Make a request, and kill the daemon as the n-th command of a kind arrives at the receiver."""
    killed, left = trio.Event(), [nth]

    def watch(command: LoggedCommand) -> None:
        if is_it(command):
            left[0] -= 1
            if left[0] == 0 and segued.process is not None:
                segued.process.kill()
                killed.set()

    speaker.watch_command = watch
    await segued.api("POST", f"/api/v1/rooms/living/{path}", {}, status=202)
    with trio.fail_after(20):
        await killed.wait()
    speaker.watch_command = lambda _command: None
    await segued.kill()


def is_level(command: LoggedCommand) -> bool:
    return command.name == "player/set_volume"


def is_pause(command: LoggedCommand) -> bool:
    return command.name == "player/set_play_state" and command.args["state"] == "pause"


@pytest.mark.parametrize(
    ("path", "is_it", "nth"),
    [("pause", is_level, 1), ("pause", is_level, 13), ("pause", is_pause, 1), ("play", is_level, 2)],
    ids=["first level", "thirteenth level", "in silence", "fading in"],
)
async def test_a_kill_in_a_fade_is_mended_by_the_next_start(
    place: Path, path: str, is_it: Callable[[LoggedCommand], bool], nth: int
) -> None:
    """Whatever the moment of the SIGKILL, the person's level is there again after the restart."""
    async with house(place) as (speaker, segued):
        if path == "play":
            speaker.pause(speaker.pid)
        await kill_at(speaker, segued, is_it, nth=nth, path=path)
        assert speaker.level() < BASE
        await segued.start()
        await until(speaker, lambda s: s.level() == BASE)
        room = await segued.until(lambda room: room["available"] and room["phase"] == "resting")
        assert (room["level"], room["base_level"]) == (BASE, BASE)
        assert max(levels_sent(speaker)) == BASE


async def test_a_hand_on_the_knob_while_the_daemon_is_dead(place: Path) -> None:
    """A level outside of what the fade went through is a person's: the next start leaves it alone."""
    async with house(place) as (speaker, segued):
        await kill_at(speaker, segued, is_level, nth=10, path="pause")
        speaker.turn_knob(speaker.pid, 50)
        sent = len(levels_sent(speaker))
        await segued.start()
        room = await segued.until(lambda room: room["available"])
        await trio.sleep(0.3)
        assert (room["level"], speaker.level()) == (50, 50)
        assert len(levels_sent(speaker)) == sent


async def test_a_kill_in_a_fade_to_a_level_ends_at_that_level(place: Path) -> None:
    """A fade that somebody asked for is their new level: the restart goes there, not back."""
    async with house(place) as (speaker, segued):
        await segued.api("POST", "/api/v1/rooms/living/fade", {"to_level": 20, "duration_s": 3}, status=202)
        await until(speaker, lambda s: s.level() < 35)
        await segued.kill()
        await segued.start()
        await until(speaker, lambda s: s.level() == 20)


async def test_sigterm_in_the_middle_of_a_fade_brings_the_level_home(place: Path) -> None:
    """Exit code 0, no socket left, and the receiver at the person's level."""
    async with house(place, config=SLOWLY) as (speaker, segued):
        await segued.ctl("pause", "living")
        await until(speaker, lambda s: s.level() < 35)
        assert await segued.stop() == 0
        assert speaker.level() == BASE
        assert not segued.socket_path.exists()
        assert segued.log_lines("warning", "error", "critical") == []


async def test_sigterm_while_silent_brings_the_level_home(place: Path) -> None:
    """The receiver never confirms the pause: the level is down, and the end does not forget it."""
    async with house(place) as (speaker, segued):
        speaker.faults.lose_events = {"player_state_changed", "player_now_playing_changed"}
        await segued.ctl("pause", "living")
        await until(speaker, lambda s: s.player().state == "pause")
        assert speaker.level() == 0
        assert await segued.stop() == 0
        assert speaker.level() == BASE


async def test_a_receiver_that_hangs_does_not_hold_up_the_end(place: Path) -> None:
    """The level cannot go home: the daemon ends all the same, and the next one brings it home."""
    async with house(place, config=SLOWLY) as (speaker, segued):
        await segued.ctl("pause", "living")
        await until(speaker, lambda s: s.level() < 35)
        speaker.faults.silent = True
        assert await segued.stop() == 0
        speaker.faults.silent = False
        await segued.start()
        await until(speaker, lambda s: s.level() == BASE)


async def test_a_client_that_never_reads_does_not_hold_up_the_end(place: Path) -> None:
    async with house(place, more="server: grace_s = 0.5\n") as (speaker, segued):
        with socket.socket(socket.AF_UNIX) as deaf, socket.socket(socket.AF_UNIX) as mute:
            for client in (deaf, mute):
                client.connect(str(segued.socket_path))
            deaf.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            mute.sendall(b"POST /api/v1/rooms/living/volume HTTP/1.1\r\nHost: localhost\r\nContent-Le")
            for n in range(1500):
                speaker.turn_knob(speaker.pid, 30 + n % 2)
                if n % 100 == 0:
                    await trio.sleep(0.01)
            assert await segued.stop() == 0


async def test_a_second_signal_ends_at_once(place: Path) -> None:
    """Somebody is impatient: neither the grace of a minute nor a level that cannot go home is waited for."""
    async with house(place, more="server: grace_s = 60\n", config=SLOWLY) as (speaker, segued):
        await segued.ctl("pause", "living")
        await until(speaker, lambda s: s.level() < 35)
        speaker.faults.silent = True
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(segued.socket_path))
            client.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert segued.process is not None
            segued.process.send_signal(signal.SIGTERM)
            await segued.until_told(lambda notice: "STOPPING" in notice)
            segued.process.send_signal(signal.SIGTERM)
            assert await segued.ended() == 128 + signal.SIGTERM
        speaker.faults.silent = False
        await segued.start()
        await until(speaker, lambda s: s.level() == BASE)
