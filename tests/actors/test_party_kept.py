"""What the party agent keeps on disk: whatever a file says, players are driven sensibly, and a crash loses nothing."""

import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.actors.party_kept import PLAYERS_MAX, KeptAgent, KeptPlayers, read_agent, sane, write_agent
from segue.core.party.sync.latency import Learned

NUMBER = st.floats(allow_nan=True, allow_infinity=True)


@given(
    unpause=NUMBER,
    seek=NUMBER,
    park=NUMBER,
    load=NUMBER,
    refresh=NUMBER,
    seen=st.integers(-(10**9), 10**9),
    quantum=st.one_of(st.none(), st.integers(-(10**6), 10**6)),
)
def test_what_a_file_says_of_a_player_is_held_to_what_can_be(
    unpause: float, seek: float, park: float, load: float, refresh: float, seen: int, quantum: int | None
) -> None:
    given_ = Learned(
        unpause_s=unpause, seek_s=seek, park_s=park, load_s=load, refresh_s=refresh, unpause_seen=seen
    )
    learned = sane(msgspec.structs.replace(given_, quantum_ms=quantum, speed=True))
    assert 0.005 <= learned.unpause_s <= 1.5
    assert 0.02 <= learned.seek_s <= 8.0
    assert 0.1 <= learned.park_s <= 8.0
    assert 0.2 <= learned.load_s <= 15.0
    assert 0.0 <= learned.refresh_s <= 10.0
    assert 0 <= learned.unpause_seen <= 1000
    assert learned.quantum in (1, 1000)
    assert not learned.speed, "no player of Plex takes a playback rate"


async def test_players_are_kept_readable_by_their_owner_only(tmp_path: Path) -> None:
    players = KeptPlayers(tmp_path)
    await players.load()
    players.note("tv-1", title="Living Room TV", learned=Learned(quantum_ms=1000))
    players.note("tv-1", learned=Learned(quantum_ms=1))
    await players.save()
    again = KeptPlayers(tmp_path)
    await again.load()
    assert again.learned("tv-1") == Learned(quantum_ms=1)
    assert again.titles == {"tv-1": "Living Room TV"}
    assert again.learned("tv-2") is None
    assert [path.name for path in tmp_path.iterdir()] == ["party-players.json"]
    assert (tmp_path / "party-players.json").stat().st_mode & 0o777 == 0o600


async def test_the_players_of_long_ago_are_forgotten_first(tmp_path: Path) -> None:
    players = KeptPlayers(tmp_path)
    for number in range(PLAYERS_MAX + 3):
        players.note(f"tv-{number}", title="TV")
        players.note("tv-0")
    assert len(players.titles) == PLAYERS_MAX
    assert "tv-0" in players.titles
    assert "tv-1" not in players.titles


async def test_a_folder_that_cannot_be_written_costs_nothing_but_the_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert not await write_agent(tmp_path / "file", KeptAgent(name="guest-1"))
    players = KeptPlayers(tmp_path / "file")
    players.note("tv-1", title="TV")
    await players.save()
    assert players.titles == {"tv-1": "TV"}


async def test_the_agents_own_file_is_not_shown(tmp_path: Path) -> None:
    kept = KeptAgent(name="guest-1", invitation="segue-party:?token=canary-44")
    assert await write_agent(tmp_path, kept)
    assert await read_agent(tmp_path) == kept
    assert "canary" not in repr(kept)
    assert (tmp_path / "party-agent.json").stat().st_mode & 0o777 == 0o600


async def test_a_write_that_fails_half_way_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await write_agent(tmp_path, KeptAgent(name="guest-1"))

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert not await write_agent(tmp_path, KeptAgent(name="guest-2"))
    assert await read_agent(tmp_path) == KeptAgent(name="guest-1")
    assert [path.name for path in tmp_path.iterdir()] == ["party-agent.json"]
