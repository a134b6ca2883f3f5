"""The party agent of a guest: the television that was off, the invitation that is over. On real sockets."""

from pathlib import Path
from urllib.parse import quote

import pytest
import trio

from segue.actors import party_agent
from segue.secret import Secret
from tests.helpers.party_stage import SESSION, member, on_sockets

TV = ("tv-1", "Living Room TV", "shim")


async def test_a_player_that_was_never_seen_is_looked_for_as_long_as_a_party_wants_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A television that was off when the agent came up for the first time: once its app is open, it is offered."""
    monkeypatch.setattr(party_agent, "LOOK_AGAIN_S", 0.1)
    monkeypatch.setattr(party_agent, "UNHEARD_S", 0.1)
    async with on_sockets(tmp_path, TV) as house:
        player = house.players["tv-1"]
        await player.vanish()
        house.orchestrator.on_hello = [member("", "", problem="no_device")]
        house.start_agent(authorized=("Living Room TV",))
        hello = await house.orchestrator.hears("hello")
        assert hello.get("devices", []) == []
        await trio.sleep(0.5)  # longer than what the orchestrator does not name is remembered
        await player.come_back()
        await house.orchestrator.hears("hello", devices=[{"id": "tv-1", "title": "Living Room TV"}])


async def test_whoever_left_the_party_of_an_invitation_does_not_come_back_to_it(tmp_path: Path) -> None:
    """Neither now nor after a restart: the agent goes to the orchestrator that is configured, or nowhere."""
    async with on_sockets(tmp_path, TV) as house:
        home, orchestrator = house.store, house.orchestrator
        at = quote(orchestrator.url, safe="")
        invite = Secret(f"segue-party:?at={at}&party={SESSION}&token=canary-token")
        orchestrator.on_hello = [member("tv-1", "Living Room TV")]
        house.start_agent(orchestrator="", invite=invite)
        await orchestrator.hears("hello", invite="canary-token")
        await house.until(lambda: home.state.party.home.up)
        await orchestrator.say(**member("tv-1", "Living Room TV", removed=True))
        await house.until(lambda: home.state.party.home.reason == "This home is in that party no more.")
        house.stop_agent()
        handshakes = len(orchestrator.headers)
        house.start_agent(orchestrator="", invite=invite)
        await house.until(lambda: "orchestrator" in home.state.party.home.reason)
        assert len(orchestrator.headers) == handshakes
