"""The party agent on the network: WebSocket, Companion and Plex on real sockets, and whom it gives which secret."""

from pathlib import Path
from urllib.parse import unquote

import pytest

from segue.actors import party_seat
from tests.helpers.party_stage import OWNER_TOKEN, PASSKEY, SESSION, on_sockets

TV = ("tv-1", "Living Room TV", "shim")
BOX = ("box-1", "Bedroom Box", "tvbox")


async def test_an_evening_on_real_sockets_and_an_orchestrator_that_restarts(tmp_path: Path) -> None:
    """Gathered, released, paused, found again after a restart, ended; the owner's token stays at home."""
    async with on_sockets(tmp_path, TV) as house:
        orchestrator, player = house.orchestrator, house.players["tv-1"]
        await house.seated()
        await orchestrator.say(**house.line("gathering", 600_000, 0.0))
        await orchestrator.hears("ready", rev=1, parked_ms=600_000)
        line = house.line("playing", 600_000, in_s=0.9)
        await orchestrator.say(**line)
        await orchestrator.hears("report", note="in_step", rev=2)
        await house.settles(player, line)
        commands = len(house.commands())
        orchestrator.vanish()
        await house.until(lambda: not house.store.state.party.home.up)
        await house.nursery.start(orchestrator.serve)
        await house.until(lambda: house.store.state.party.home.up)
        assert len(house.commands()) == commands, "the screen notices nothing"
        await orchestrator.say(**house.line("paused", 700_000, 0.0, why="pause"))
        await orchestrator.hears("ready", rev=3, parked_ms=700_000)
        await orchestrator.say(**house.line("ended", 700_000, 0.0, why="end"))
        await house.until(lambda: player.engine.cassette is None)
        headers = orchestrator.headers[0]
        assert (headers["x-username"], headers["authorization"]) == ("alice", f"Bearer {PASSKEY}")
        told = [unquote(value) for heard in player.face.heard for value in heard.query.values()]
        assert OWNER_TOKEN not in told
        assert house.server.transient_tokens & set(told)
        shown = repr(orchestrator.heard) + repr(house.store.state) + str(house.agent.home())
        assert OWNER_TOKEN not in shown and PASSKEY not in shown


async def test_players_of_two_kinds_are_in_step_and_one_without_a_direct_way_goes_by_the_server(
    tmp_path: Path,
) -> None:
    async with on_sockets(tmp_path, TV, BOX) as house:
        house.players["tv-1"].troubles.server_only = True
        await house.seated()
        line = house.line("playing", 300_000, in_s=3.0)
        await house.orchestrator.say(**line)
        for player in house.players.values():
            await house.settles(player, line, within_ms=400)


async def test_a_refused_handshake_is_told_to_people(tmp_path: Path) -> None:
    async with on_sockets(tmp_path, TV) as house:
        house.orchestrator.refuses = (401, "The passkey of alice is refused.")
        house.start_agent()
        await house.until(lambda: "passkey of alice is refused" in house.agent.home()["reason"])
        assert PASSKEY not in str(house.agent.home())
        assert house.store.state.party.home.up is False


async def test_plex_that_goes_down_in_the_lobby_is_named_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(party_seat, "LOOK_AGAIN_S", 0.5)
    monkeypatch.setattr(party_seat, "FRESH_S", 0.1)
    async with on_sockets(tmp_path, TV) as house:
        await house.seated()
        await house.server.shut_down()
        await house.orchestrator.say(**house.line("lobby", 0, 0.0))
        problem = await house.orchestrator.hears("ready", problem="plex_down", session=SESSION)
        assert "does not answer" in problem["detail"]
        assert OWNER_TOKEN not in problem["detail"]
        await house.server.restart()
        told = len(house.orchestrator.heard)
        ready = await house.orchestrator.hears("ready", after=told)
        assert "problem" not in ready
