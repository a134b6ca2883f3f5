"""Three `segued` hold a party: an orchestrator, and two homes with real players that are no kinder than televisions."""

import json
import time
from pathlib import Path

import pytest
import trio

from tests.e2e.party_house import (
    FILM,
    IN_STEP_MS,
    NEEDED,
    PATIENCE_S,
    Home,
    all_stopped,
    cannot_be_played,
    home,
    orchestrator,
    until,
    until_in_step,
    until_parked,
    until_seen,
)
from tests.e2e.party_talk import Party, create

pytestmark = pytest.mark.skipif(cannot_be_played(), reason=NEEDED)


async def test_friends_watch_a_film_together(place: Path, film: Path) -> None:
    """The lobby says who is ready; all begin, pause, seek and go on on the same frame, whoever asks; all end."""
    async with orchestrator(place / "host") as host:
        at = f"ws://127.0.0.1:{host.port}/ws"
        async with (
            home(place, "ada", film, at=at) as ada,
            home(place, "ben", film, hosts=False) as ben,
        ):
            party = await create(host, rules={"open": True})
            await party.host_knows("ada")
            await host.ctl("party", "add", party.party_id, "ada")
            await party.until_ready("ada")
            await ben.segued.ctl("party", "join", await party.invite())
            await party.until_ready("ada", "ben")
            lobby = (await host.ctl("party", "show", party.party_id)).stdout.decode()
            assert "ada" in lobby and "Ben's TV" in lobby

            await host.ctl("party", "start", party.party_id)
            await party.until_phase("playing")
            await until_in_step([ada, ben])

            await by_hand(party, ben, "pause", "paused")
            await until_parked([ada, ben])
            await by_hand(party, ada, "play", "playing")
            await until_in_step([ada, ben])

            await host.ctl("party", "seek", party.party_id, "5:00")
            await until_in_step([ada, ben], after_ms=300_000)
            await host.ctl("party", "pause", party.party_id)
            parked_ms = await until_parked([ada, ben])
            assert parked_ms == pytest.approx((await party.show())["position_ms"], abs=IN_STEP_MS)
            await host.ctl("party", "resume", party.party_id)
            await until_in_step([ada, ben], after_ms=parked_ms)

            live = (await host.api("GET", f"{party.path}/live", status=200))["data"]
            assert [viewer["username"] for viewer in live["viewers"]] == ["ada", "ben"]
            await host.ctl("party", "stop", party.party_id)
            await until(lambda: all_stopped([ada, ben]), "stopped", host)
        assert host.log_lines("error", "critical") == []
        for each in (ada, ben):
            assert each.segued.log_lines("error", "critical") == []


async def by_hand(party: Party, where: Home, button: str, phase: str) -> None:
    """Use a viewer's remote, as people do: again when nothing has come of it for a while."""
    with trio.fail_after(PATIENCE_S):
        while (await party.show())["phase"] != phase:
            await where.press(button)
            with trio.move_on_after(PATIENCE_S / 6):
                await party.until_phase(phase)


async def test_a_late_joiner_is_put_in_step_and_nobody_else_is_touched(place: Path, film: Path) -> None:
    """The house that hosts watches too, by itself; a friend comes in the middle of the film."""
    async with home(place, "ada", film) as ada:
        party = await create(ada.segued)
        await party.host_knows("ada")
        await party.ask("members", username="ada")
        await party.ask("start")
        await until_in_step([ada])
        await party.ask("seek", position_ms=120_000)
        await until_in_step([ada], after_ms=120_000)
        before = (await party.show())["rev"]
        async with home(place, "ben", film, at=f"ws://127.0.0.1:{ada.segued.port}/ws") as ben:
            await party.host_knows("ben")
            await party.ask("members", username="ben")
            await until_in_step([ada, ben], after_ms=120_000)
            assert (await party.show())["rev"] == before

            await ben.press("stop")
            await until(lambda: party.is_away("ben"), "stepped away", ada.segued)
            await until_seen([ada], lambda seen: bool(seen[0].moves), "going on", times=2)
            assert ben.player.engine.cassette is None


async def test_it_begins_by_itself_at_its_minute(place: Path, film: Path) -> None:
    """A planned start needs nobody: when its minute comes, the film is loaded and runs."""
    async with home(place, "ada", film) as ada:
        party = await create(ada.segued, starts_at=time.time() + 6.0)
        await party.host_knows("ada")
        await party.ask("members", username="ada")
        await until_in_step([ada])
        assert (await party.show())["phase"] == "playing"
        agent = (await ada.segued.api("GET", "/api/v1/party/agent", status=200))["data"]
        assert FILM in json.dumps(agent)
