"""What can go wrong for a home in a party: each has a sentence for its people, and none touches another player."""

from pathlib import Path

import pytest
import trio
from msgspec.structs import replace as but

from segue.actors.party_media import Missing
from segue.adapters.companion_timeline import Polled
from tests.helpers.party_stage import SESSION, EngineScreen, in_memory, member

TV = ("tv-1", "Living Room TV", "shim")
BOX = ("box-1", "Bedroom Box", "shim")
Clock = trio.abc.Clock

# ------------------------------------------------------------------ in the lobby


async def test_the_lobby_hears_what_is_missing_and_that_it_is_mended(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    async with in_memory(tmp_path, TV) as house:
        film, house.found = dict(house.found), {}
        await house.seated()
        await trio.sleep(1)
        await house.orchestrator.say(**house.line("lobby", 0, 0.0))
        problem = await house.orchestrator.hears("ready", problem="no_film")
        assert problem["detail"] == "A Long Evening is not here."
        house.found = film
        seen = house.seen["tv-1"]
        house.seen["tv-1"] = but(seen, problem="app_closed", detail="Open the app.", info=None)
        await house.orchestrator.hears("ready", problem="app_closed", detail="Open the app.")
        house.seen["tv-1"] = seen
        told = len(house.orchestrator.heard)
        ready = await house.orchestrator.hears("ready", after=told)
        assert "problem" not in ready
        assert house.commands() == [], "nobody is touched in the lobby"


async def test_a_player_that_is_not_authorised_is_never_driven(tmp_path: Path, autojump_clock: Clock) -> None:
    async with in_memory(tmp_path, TV) as house:
        await house.seated()
        await house.orchestrator.say(**member("radio-9", "Kitchen Radio"))
        await house.orchestrator.say(**house.line("playing", 600_000))
        await house.orchestrator.hears("ready", device="radio-9", problem="not_found")
        await house.orchestrator.hears("report", device="tv-1", note="in_step")


async def test_a_film_that_is_another_cut_is_not_played(tmp_path: Path, autojump_clock: Clock) -> None:
    async with in_memory(tmp_path, TV) as house:
        house.found["A Long Evening"] = Missing("wrong_duration", "Another cut.")  # type: ignore[assignment]
        await house.seated()
        await house.orchestrator.say(**house.line("gathering", 5000, 0.0))
        await house.orchestrator.hears("ready", problem="wrong_duration", detail="Another cut.")
        assert house.commands() == []


# ------------------------------------------------------------------ players


async def test_a_player_that_vanishes_is_named_and_followed_again_when_it_is_back(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    async with in_memory(tmp_path, TV, BOX) as house:
        player, line = await house.playing()
        house.screens["tv-1"].there = False
        await house.orchestrator.hears("ready", device="tv-1", problem="no_route")
        assert abs(house.drift_ms(house.players["box-1"], line)) < 150
        player.engine.stall(3.0)
        house.screens["tv-1"].there = True
        told = len(house.orchestrator.heard)
        await house.orchestrator.hears("report", device="tv-1", note="in_step", after=told)
        await house.settles(player, line)
        assert house.commands("box-1").count("playMedia") == 1


async def test_trailers_before_the_film_are_skipped(tmp_path: Path, autojump_clock: Clock) -> None:
    """Some players put them into a queue of their own making; the film then begins somewhere, and is brought along."""
    async with in_memory(tmp_path, TV, BOX) as house:
        house.screens["tv-1"].prerolls = 2
        player, line = await house.playing()
        await house.settles(player, line)
        assert house.commands().count("skipTo") == 2
        assert house.commands("box-1").count("skipTo") == 0


async def test_a_player_that_comes_back_at_another_address_is_driven_there(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    async with in_memory(tmp_path, TV) as house:
        player, _ = await house.playing()
        gone = house.screens["tv-1"]
        gone.there = False
        await house.orchestrator.hears("ready", problem="no_route")
        house.screens["tv-1"] = EngineScreen(player, gone.film)
        info = house.seen["tv-1"].info
        assert info is not None
        house.seen["tv-1"] = but(house.seen["tv-1"], info=but(info, port=32501))
        line = house.line("paused", 900_000, 0.0, why="seek")
        await house.orchestrator.say(**line)
        await house.orchestrator.hears("ready", rev=2, parked_ms=900_000)
        assert house.commands()


async def test_a_part_that_falls_over_is_begun_anew(
    tmp_path: Path, autojump_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours in one player's affairs is over within seconds, and the other's are not touched."""
    async with in_memory(tmp_path, TV, BOX) as house:
        _, line = await house.playing()

        async def breaks() -> Polled:
            monkeypatch.undo()
            raise RuntimeError("a fault of ours")

        monkeypatch.setattr(house.screens["tv-1"], "poll", breaks)
        commands = len(house.commands("box-1"))
        told = len(house.orchestrator.heard)
        await house.orchestrator.hears("report", device="tv-1", note="in_step", after=told)
        for player in house.players.values():
            await house.settles(player, line)
        assert len(house.commands("box-1")) == commands


async def test_a_player_that_hangs_is_driven_all_the_same_and_delays_no_other(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    """Its calls take effect and are never answered; the other one pauses on time."""
    async with in_memory(tmp_path, TV, BOX) as house:
        await house.playing()
        house.players["tv-1"].troubles.hang |= {"pause", "play", "seekTo"}
        line = house.line("paused", 900_000, 0.0, why="seek")
        await house.orchestrator.say(**line)
        began_s = trio.current_time()
        await house.orchestrator.hears("ready", device="box-1", rev=2, parked_ms=900_000)
        assert trio.current_time() - began_s < 2.0
        await house.orchestrator.hears("ready", device="tv-1", rev=2, parked_ms=900_000)
        line = house.line("playing", 900_000, in_s=0.9)
        await house.orchestrator.say(**line)
        for player in house.players.values():
            await house.settles(player, line)


async def test_a_player_that_says_yes_and_does_nothing_is_not_believed(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    async with in_memory(tmp_path, TV, BOX) as house:
        await house.playing()
        house.players["tv-1"].troubles.lie |= {"pause", "seekTo"}
        await house.orchestrator.say(**house.line("paused", 900_000, 0.0, why="seek"))
        await house.orchestrator.hears("ready", device="box-1", rev=2)
        await trio.sleep(20)
        heard = house.orchestrator.heard
        assert not [m for m in heard if m["type"] == "ready" and m["device"] == "tv-1" and m["rev"] == 2]
        house.players["tv-1"].troubles.lie.clear()
        await house.orchestrator.hears("ready", device="tv-1", rev=2, parked_ms=900_000)


async def test_a_player_that_takes_no_film_is_told_of(tmp_path: Path, autojump_clock: Clock) -> None:
    async with in_memory(tmp_path, TV) as house:
        house.players["tv-1"].troubles.lie |= {"playMedia"}
        await house.seated()
        await house.orchestrator.say(**house.line("gathering", 5000, 0.0))
        await house.orchestrator.hears("ready", problem="app_closed")


async def test_an_offset_that_is_ignored_at_the_start_is_made_good(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    async with in_memory(tmp_path, TV) as house:
        house.players["tv-1"].troubles.ignore_offsets = 1
        await house.seated()
        await house.orchestrator.say(**house.line("gathering", 600_000, 0.0))
        await house.orchestrator.hears("ready", rev=1, parked_ms=600_000)


async def test_a_silent_stall_is_repaired_alone(tmp_path: Path, autojump_clock: Clock) -> None:
    async with in_memory(tmp_path, TV, BOX) as house:
        player, line = await house.playing()
        await trio.sleep(20)
        others = len(house.commands("box-1"))
        player.engine.stall(1.5)
        await trio.sleep(8)
        assert abs(house.drift_ms(player, line)) < 150
        assert len(house.commands("box-1")) == others


async def test_a_stall_is_said_until_the_player_is_parked_while_the_others_wait(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    async with in_memory(tmp_path, TV) as house:
        player, _ = await house.playing()
        await trio.sleep(20)
        player.engine.stall(30.0)
        await house.orchestrator.hears("report", note="stalled")
        house.players["tv-1"].troubles.lie |= {"seekTo", "pause"}
        await house.orchestrator.say(**house.line("waiting", 900_000, 0.0, why="stall"))
        told = len(house.orchestrator.heard)
        await trio.sleep(12)
        reports = [m for m in house.orchestrator.heard[told:] if m["type"] == "report"]
        assert {m.get("note") for m in reports} == {"stalled"}
        player.troubles.lie.clear()
        await house.orchestrator.hears("ready", rev=2, parked_ms=900_000)


async def test_the_end_of_a_film_is_nobodys_hand(tmp_path: Path, autojump_clock: Clock) -> None:
    """The file here is a second shorter: it stops before the party's film does."""
    async with in_memory(tmp_path, TV) as house:
        end_ms = house.film["duration_ms"]
        house.film = house.film | {"duration_ms": end_ms + 1000}
        player, _ = await house.playing(end_ms - 20_000)
        await trio.sleep(30)
        assert player.engine.cassette is None
        assert not [m for m in house.orchestrator.heard if str(m.get("note")).startswith("hand_")]
        line = house.line("playing", 60_000)
        await house.orchestrator.say(**line)
        await house.settles(player, line)


async def test_the_end_of_a_party_moves_no_player_before_it_stops(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    async with in_memory(tmp_path, TV) as house:
        player, _ = await house.playing()
        commands = len(house.commands())
        await house.orchestrator.say(**house.line("ended", 5000, 0.0, why="end"))
        await house.until(lambda: player.engine.cassette is None)
        assert house.commands()[commands:] == ["stop"]


async def test_two_sessions_do_not_fight_for_one_player(tmp_path: Path, autojump_clock: Clock) -> None:
    async with in_memory(tmp_path, TV) as house:
        player, line = await house.playing()
        await house.orchestrator.say_raw(
            '{"type":"member","session":"zzzzzz","role":"guest","device":"tv-1","title":"TV"}'
        )
        other = line | {"session": "zzzzzz", "position_ms": 5000}
        await house.orchestrator.say(**other)
        await house.orchestrator.hears("ready", session="zzzzzz", problem="busy")
        assert abs(house.drift_ms(player, line)) < 150


async def test_the_orchestrators_clock_may_be_set(tmp_path: Path, autojump_clock: Clock) -> None:
    """A clock that steps is measured anew; the next state is met on it."""
    async with in_memory(tmp_path, TV) as house:
        player, _ = await house.playing()
        house.orchestrator.ahead_s += 700.0
        await trio.sleep(25)
        line = house.line("paused", 900_000, 0.0, why="seek")
        await house.orchestrator.say(**line)
        await house.orchestrator.hears("ready", rev=2, parked_ms=900_000)
        line = house.line("playing", 900_000, in_s=0.9)
        await house.orchestrator.say(**line)
        await house.settles(player, line)


async def test_an_orchestrator_that_answers_no_probe_is_left(tmp_path: Path, autojump_clock: Clock) -> None:
    async with in_memory(tmp_path, TV) as house:
        await house.playing()
        first = house.link
        house.orchestrator.answers_time = False
        await house.until(lambda: house.link is not first)


# ------------------------------------------------------------------ what is kept


async def test_what_was_learned_is_there_the_next_evening(tmp_path: Path, autojump_clock: Clock) -> None:
    async with in_memory(tmp_path, TV) as house:
        await house.playing()
        await house.orchestrator.say(**house.line("paused", 700_000, 0.0, why="seek"))
        await house.orchestrator.hears("ready", rev=2)
        await trio.sleep(60)
        learned = house.agent.players.learned("tv-1")
        assert learned is not None
        assert (learned.toggles, learned.quantum_ms) == (True, 1000)
        house.stop_agent()
        await trio.sleep(1)
        again = house.start_agent()
        await house.until(lambda: again.players.learned("tv-1") == learned)
        assert (tmp_path / "party-players.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"tv-1": 7}', b"\xff\xfe", b'{"tv-1":{"learned":{"seek_s":1e99}}}']
)
async def test_files_that_cannot_be_read_are_begun_anew(
    tmp_path: Path, autojump_clock: Clock, content: bytes
) -> None:
    for name in ("party-players.json", "party-agent.json"):
        (tmp_path / name).write_bytes(content)
    async with in_memory(tmp_path, TV) as house:
        await house.playing()


async def test_a_new_agent_in_the_middle_of_a_film_takes_it_up_without_loading_it(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    """As after the agent's own crash: the player never stopped."""
    async with in_memory(tmp_path, TV) as house:
        player, line = await house.playing()
        house.stop_agent()
        await trio.sleep(3)
        assert house.seats == ()
        assert player.engine.is_moving()
        house.start_agent()
        await house.until(lambda: house.seats and house.seats[0].in_step)
        await house.settles(player, line)
        assert house.commands().count("playMedia") == 1


async def test_an_agent_that_begins_with_a_viewer_who_stepped_away_leaves_them_alone(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    async with in_memory(tmp_path, TV) as house:
        player, _ = await house.playing()
        await player.engine.pause()
        await house.orchestrator.hears("report", note="hand_paused")
        await house.orchestrator.say(**member("tv-1", "Living Room TV", away="paused"))
        house.stop_agent()
        await trio.sleep(1)
        commands = len(house.commands())
        told = len(house.orchestrator.heard)
        house.start_agent()
        await house.orchestrator.hears("hello", after=told)
        await trio.sleep(10)
        assert len(house.commands()) == commands
        await player.engine.play()
        report = await house.orchestrator.hears("report", after=told, note="hand_played")
        assert report["session"] == SESSION
