"""What goes wrong in one home is said to whom it concerns, and is nobody else's trouble."""

import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.e2e.party_house import (
    FILM_MS,
    NEEDED,
    Home,
    cannot_be_played,
    home,
    look,
    orchestrator,
    until_in_step,
    until_parked,
    until_seen,
)
from tests.e2e.party_talk import Party, create
from tests.helpers.rig import Segued

pytestmark = pytest.mark.skipif(cannot_be_played(), reason=NEEDED)
GRACE = """
[party]
start_grace_s = 1.0
"""
OTHER_CLOCK = ("unshare", "-T", "--monotonic", "5000", "--boottime", "5000")
"""Becomes a process whose steady clock shows something else; from Linux 6.3 on, and where that is allowed."""


def door(host: Segued) -> str:
    """Where agents knock."""
    return f"ws://127.0.0.1:{host.port}/ws"


async def all_in(party: Party, *homes: Home) -> None:
    """Make every home a member, and wait until each is ready."""
    for each in homes:
        await party.host_knows(each.name)
        await party.ask("members", username=each.name)
    await party.until_ready(*(each.name for each in homes))


def commands(homes: list[Home]) -> list[list[str]]:
    """What each player was told so far that it would do."""
    return [[verb for verb in each.commands if verb not in ("poll", "subscribe")] for each in homes]


async def test_the_orchestrator_is_killed_and_comes_back(place: Path, film: Path) -> None:
    """The films run on as if nothing were, and the party is in control again with what it knew."""
    async with (
        orchestrator(place / "host") as host,
        home(place, "ada", film, at=door(host)) as ada,
        home(place, "ben", film, at=door(host)) as ben,
    ):
        homes = [ada, ben]
        party = await create(host)
        await all_in(party, *homes)
        await party.ask("start")
        await until_in_step(homes)
        before = await look(homes)
        loads = [verbs.count("playMedia") for verbs in commands(homes)]
        await host.stop(signal.SIGKILL)
        down = await until_seen(homes, lambda seen: all(each.moves for each in seen), "going on", times=2)
        assert all(now.position_ms > then.position_ms for now, then in zip(down, before, strict=True) if then)
        await host.start()
        await party.host_knows("ada", "ben")
        assert (await party.show())["phase"] == "playing"
        await party.ask("pause")
        parked_ms = await until_parked(homes)
        await party.ask("resume")
        await until_in_step(homes, after_ms=parked_ms)
        assert not any("stop" in verbs for verbs in commands(homes))
        assert [verbs.count("playMedia") for verbs in commands(homes)] == loads


async def test_a_home_without_the_film_and_one_with_another_cut(place: Path, film: Path) -> None:
    """Each is told what is missing; their players are left alone, and the others begin."""
    async with orchestrator(place / "host", config=GRACE) as host:
        at = door(host)
        async with (
            home(place, "ada", film, at=at, guid="plex://movie/other", file_name="film.mkv") as ada,
            home(place, "ben", None, at=at) as ben,
            home(place, "cleo", film, at=at, duration_ms=FILM_MS + 60_000) as cleo,
        ):
            party = await create(host)
            for name in ("ada", "ben", "cleo"):
                await party.host_knows(name)
                await party.ask("members", username=name)
            await party.until_ready("ada")  # which has it under another guid, by its file's name
            missing = await party.until_problem("ben", "no_film")
            longer = await party.until_problem("cleo", "wrong_duration")
            assert missing["detail"]
            assert "10:" in longer["detail"] or "11:" in longer["detail"] or "6" in longer["detail"]
            await party.ask("start")
            await until_in_step([ada])
            assert commands([ben, cleo]) == [[], []]


async def test_a_plex_server_is_down(place: Path, film: Path) -> None:
    """The lobby says so; the others begin without that home; once its server is back, so is the home."""
    async with (
        orchestrator(place / "host", config=GRACE) as host,
        home(place, "ada", film, at=door(host)) as ada,
        home(place, "ben", film, at=door(host)) as ben,
    ):
        await ben.knows_its_player()
        await ben.plex.shut_down()
        party = await create(host)
        for each in (ada, ben):
            await party.host_knows(each.name)
            await party.ask("members", username=each.name)
        await party.until_ready("ada")
        told = await party.until_problem("ben", "plex_down")
        assert told["detail"]
        await party.ask("start")
        await until_in_step([ada])
        await ben.plex.restart()
        await until_in_step([ada, ben])


def clocks_can_differ() -> bool:
    """Whether a process can be given another steady clock here."""
    if shutil.which("unshare") is None:
        return False
    ask = ["python3", "-c", "import time; print(time.monotonic())"]
    with_offset = subprocess.run([*OTHER_CLOCK, *ask], capture_output=True, text=True, timeout=30)
    plain = subprocess.run(ask, capture_output=True, text=True, timeout=30)
    return with_offset.returncode == 0 and float(with_offset.stdout) > float(plain.stdout) + 1000


async def test_clocks_that_differ_and_a_film_that_stalls(place: Path, film: Path) -> None:
    """A home whose steady clock shows something else, and whose player runs fast and stalls, catches up by itself."""
    under = OTHER_CLOCK if clocks_can_differ() else ()
    async with (
        orchestrator(place / "host") as host,
        home(place, "ada", film, at=door(host)) as ada,
        home(place, "ben", film, at=door(host), under=under) as ben,
    ):
        await ben.player.engine.run_at_rate(3000)
        party = await create(host)
        await all_in(party, ada, ben)
        await party.ask("start")
        position_ms = await until_in_step([ada, ben])
        before = (await party.show())["rev"]
        await ben.player.engine.stall(3.0)
        await until_in_step([ada, ben], after_ms=position_ms + 3000)
        assert (await party.show())["rev"] == before
