"""An error of ours in the core: the process ends, says so, and after the third one starts without what was kept."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from segue.demo.heos_speaker import HeosSpeaker
from tests.e2e.house import daemon, receiver, until
from tests.helpers.rig import Segued, curl, running

BROKEN = """
import sys
from segue.core.music import reducer
from segue.core.music.actions import CommandFailed, SkipRequested, SeekRequested

good = reducer.reduce

def reduce(state, action, stamp):
    if isinstance(action, SkipRequested) or isinstance(action, CommandFailed) and action.reason == "commit_late":
        raise ZeroDivisionError("a mistake of ours")
    return good(state, action, stamp)

reducer.reduce = reduce
from segue.__main__ import main
sys.exit(main())
"""
"""segued with a mistake in its core: it cannot skip a title, and cannot bear a late commit."""

BROKEN_RULE = """
import sys
from segue.core import rules

def a_rule_with_a_mistake(state):
    if state.music.rooms and state.music.rooms[0].receiver.observed_muted:
        raise ZeroDivisionError("a mistake of ours")
    return ()

rules.RULES = (a_rule_with_a_mistake, *rules.RULES)
from segue.__main__ import main
sys.exit(main())
"""

BROKEN_ACTOR = """
import sys
from segue.actors.heos_controller import HeosController
from segue.adapters import heos

good = HeosController.hear

def hear(self, event):
    if isinstance(event, heos.VolumeChanged) and event.mute:
        raise ZeroDivisionError("a mistake of ours")
    good(self, event)

HeosController.hear = hear
from segue.__main__ import main
sys.exit(main())
"""

Mischief = Callable[[Segued, HeosSpeaker], Awaitable[object]]


async def _skip(segued: Segued, _speaker: HeosSpeaker) -> None:
    answer = await curl(
        "--unix-socket", str(segued.socket_path), "-X", "POST", "http://localhost/api/v1/rooms/living/next"
    )
    assert answer.status in (0, 500)


async def _mute(_segued: Segued, speaker: HeosSpeaker) -> None:
    speaker.press_mute(speaker.pid)


@pytest.mark.parametrize(
    ("program", "mischief"), [(BROKEN, _skip), (BROKEN_RULE, _mute)], ids=["reducer", "rule"]
)
async def test_an_error_of_the_core_ends_the_process(place: Path, program: str, mischief: Mischief) -> None:
    """Exit code 70, a line of level error with the step, and the traceback; the mended one starts well."""
    async with receiver() as speaker:
        segued = daemon(place, speaker)
        segued.program = ("-c", program)
        async with running(segued):
            await segued.until(lambda room: room["available"])
            await mischief(segued, speaker)
            assert await segued.ended() == 70
            assert "The core failed in step" in segued.log_lines("error")[-1]
            assert "a mistake of ours" in segued.log()
            segued.program = ("-m", "segue")
            await segued.start()
            assert (await segued.until(lambda room: room["available"]))["base_level"] == 40


async def test_after_the_third_error_it_starts_without_what_was_kept(place: Path) -> None:
    """Three in ten minutes: what was kept of the guilty domain is set aside, and the daemon says so (SEG-304)."""
    async with receiver() as speaker:
        segued = daemon(place, speaker)
        segued.program = ("-c", BROKEN)
        async with running(segued):
            for _ in range(3):
                await segued.until(lambda room: room["available"])
                await _skip(segued, speaker)
                assert await segued.ended() == 70
                await segued.start()
            assert any("set aside" in line for line in segued.log_lines("error"))
            status = (await segued.api("GET", "/api/v1/status", status=200))["data"]
            assert [item["code"] for item in status["health"]] == ["SEG-304"]
            assert (await segued.until(lambda room: room["available"]))["base_level"] == 40


async def test_an_actor_that_falls_over_is_started_again(place: Path) -> None:
    """An error line, SEG-303, and a new connection; what happened at the receiver meanwhile is noticed."""
    async with receiver() as speaker:
        segued = daemon(place, speaker)
        segued.program = ("-c", BROKEN_ACTOR)
        async with running(segued):
            await segued.until(lambda room: room["available"])
            connects = speaker.connects
            speaker.press_mute(speaker.pid)
            await until(speaker, lambda s: not s.connections)
            speaker.press_mute(speaker.pid)
            speaker.turn_knob(speaker.pid, 33)
            await until(speaker, lambda s: s.connects >= connects + 2)
            await segued.until(lambda room: room["level"] == 33 and room["base_level"] == 33)
            status = (await segued.api("GET", "/api/v1/status", status=200))["data"]
            assert [item["code"] for item in status["health"]] == ["SEG-303"]
            assert sum("heos_controller failed" in line for line in segued.log_lines("error")) == 1
            await segued.api("POST", "/api/v1/rooms/living/volume", {"level": 20}, status=202)
            await until(speaker, lambda s: s.level() == 20)
