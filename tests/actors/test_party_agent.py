"""The party agent on virtual time: a scripted orchestrator, simulated players."""

from pathlib import Path

import pytest
import trio

from segue.actors.party_media import Match
from segue.core.party.home import HomeSeat
from segue.demo.video_engine import Cassette, Film
from tests.helpers.party_stage import SESSION, in_memory, member

TV = ("tv-1", "Living Room TV", "shim")


Clock = trio.abc.Clock


# ------------------------------------------------------------------ an evening


async def test_a_film_is_gathered_parked_and_released_on_the_line(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    async with in_memory(tmp_path, TV) as house:
        orchestrator, player = house.orchestrator, house.players["tv-1"]
        await house.seated()
        await orchestrator.say(**house.line("gathering", 600_000, 0.0))
        ready = await orchestrator.hears("ready", rev=1)
        where = {"session": SESSION, "device": "tv-1", "rev": 1}
        assert ready == {"type": "ready", "parked_ms": 600_000} | where
        assert player.truth_ms() == 600_000
        line = house.line("playing", 600_000, in_s=0.9)
        await orchestrator.say(**line)
        report = await orchestrator.hears("report", note="in_step", rev=2)
        assert report["state"] == "playing"
        await house.settles(player, line)


async def test_pause_seek_and_resume_arrive_at_the_player(tmp_path: Path, autojump_clock: Clock) -> None:
    async with in_memory(tmp_path, TV) as house:
        player, _ = await house.playing()
        await house.orchestrator.say(**house.line("paused", 900_000, 0.0, why="seek"))
        await house.orchestrator.hears("ready", rev=2, parked_ms=900_000)
        assert not player.engine.is_moving()
        assert player.truth_ms() == 900_000
        line = house.line("playing", 900_000, in_s=0.9)
        await house.orchestrator.say(**line)
        await house.settles(player, line)


async def test_a_home_that_comes_late_is_in_step_and_a_viewer_may_be_a_little_later(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    async with in_memory(tmp_path, TV) as house:
        player = house.players["tv-1"]
        await house.seated()
        await house.orchestrator.say(**member("tv-1", "Living Room TV", offset_ms=1000))
        line = house.line("playing", 60_000, in_s=-1000.0)
        await house.orchestrator.say(**line)
        await house.until(
            lambda: abs(house.drift_ms(player, line) + 1000) < 200 and player.engine.is_moving()
        )


async def test_the_end_stops_the_player_and_the_house_hears_of_it(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    async with in_memory(tmp_path, TV) as house:
        player, _ = await house.playing()
        assert house.seats == (HomeSeat(SESSION, "tv-1", "Living Room TV", "playing", film="A Long Evening"),)
        await house.orchestrator.say(**house.line("ended", 700_000, 0.0, why="end"))
        await house.until(lambda: player.engine.cassette is None)
        await house.until(lambda: not house.seats)


async def test_the_next_film_of_the_queue_takes_the_place_of_the_first(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    async with in_memory(tmp_path, TV) as house:
        player, _ = await house.playing()
        house.found["The Second One"] = Match("server-1", "52", "The Second One", 1_800_000)
        body = {"duration_ms": 1_800_000, "guid": "plex://movie/2", "title": "The Second One"}
        await house.orchestrator.say(**house.line("gathering", 5000, 0.0, film=body, item=1))
        await house.orchestrator.hears("ready", rev=2, parked_ms=5000)
        cassette = player.engine.cassette
        assert cassette is not None
        assert cassette.film.rating_key == "52"


# ------------------------------------------------------------------ people first


async def test_a_pause_on_the_viewers_remote_is_told_and_not_undone(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    """Nobody touches the player until its viewer presses play; then it is in step again."""
    async with in_memory(tmp_path, TV) as house:
        player, line = await house.playing()
        await player.engine.pause()
        paused = await house.orchestrator.hears("report", note="hand_paused")
        assert abs(paused["position_ms"] - player.truth_ms()) < 100
        await house.orchestrator.say(**member("tv-1", "Living Room TV", away="paused"))
        await house.until(lambda: house.seats and not house.seats[0].in_step)
        commands = len(house.commands())
        await house.orchestrator.say(**house.line("playing", 800_000))
        await trio.sleep(1.5)
        assert not player.engine.is_moving()
        assert len(house.commands()) == commands
        line = house.line("playing", 800_000)
        await house.orchestrator.say(**line)
        await player.engine.play()
        await house.orchestrator.hears("report", note="hand_played")
        await house.orchestrator.say(**member("tv-1", "Living Room TV"))
        resync = {"kind": "resync", "text": "again", "device": "tv-1", "session": SESSION}
        await house.orchestrator.say(type="event", **resync)
        await house.settles(player, line)


async def test_a_state_that_fetches_a_player_brings_it_back(tmp_path: Path, autojump_clock: Clock) -> None:
    async with in_memory(tmp_path, TV) as house:
        player, _ = await house.playing()
        await player.engine.pause()
        await house.orchestrator.hears("report", note="hand_paused")
        line = house.line("paused", 650_000, 0.0, fetch=["tv-1"])
        await house.orchestrator.say(**line)
        await house.orchestrator.hears("ready", rev=2, parked_ms=650_000)
        assert player.truth_ms() == 650_000


async def test_a_stop_on_the_viewers_remote_in_a_pause_is_not_undone_by_the_resume(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    """Whoever then shows the film again is in step again."""
    async with in_memory(tmp_path, TV) as house:
        player, _ = await house.playing()
        await house.orchestrator.say(**house.line("paused", 650_000, 0.0))
        await house.orchestrator.hears("ready", rev=2, parked_ms=650_000)
        await trio.sleep(5)
        await player.engine.stop()
        await house.orchestrator.hears("report", note="hand_stopped")
        await house.orchestrator.say(**member("tv-1", "Living Room TV", away="stopped"))
        line = house.line("playing", 650_000)
        await house.orchestrator.say(**line)
        await trio.sleep(20)
        assert player.engine.cassette is None
        await player.engine.load(Cassette(house.screens["tv-1"].film), 0, paused=False)
        await house.orchestrator.hears("report", note="hand_played")
        await house.orchestrator.say(**member("tv-1", "Living Room TV"))
        await house.settles(player, line)


async def test_another_film_on_the_viewers_remote_is_a_viewer_who_left(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    """Nobody seeks in it, and the end of the party does not stop it."""
    async with in_memory(tmp_path, TV) as house:
        player, _ = await house.playing()
        await player.engine.load(Cassette(Film("77", 5_000_000)), 0, paused=False)
        await house.orchestrator.hears("report", note="hand_stopped")
        commands = len(house.commands())
        await house.orchestrator.say(**house.line("ended", 700_000, 0.0, why="end"))
        await house.until(lambda: not house.seats)
        assert player.engine.cassette is not None
        assert len(house.commands()) == commands


async def test_whoever_is_away_at_the_end_is_left_alone(tmp_path: Path, autojump_clock: Clock) -> None:
    async with in_memory(tmp_path, TV) as house:
        player, _ = await house.playing()
        await house.orchestrator.say(**member("tv-1", "Living Room TV", away="sought"))
        await house.until(lambda: not house.seats[0].in_step)
        await house.orchestrator.say(**house.line("ended", 700_000, 0.0, why="end"))
        await house.until(lambda: not house.seats)
        assert player.engine.is_moving()


async def test_who_comes_late_to_a_party_that_waits_to_be_asked_is_not_touched(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    async with in_memory(tmp_path, TV) as house:
        player = house.players["tv-1"]
        await house.seated(away="late")
        await house.orchestrator.say(**house.line("playing", 600_000))
        await house.until(lambda: house.seats and not house.seats[0].in_step)
        await trio.sleep(0.5)
        assert house.commands() == []
        await house.orchestrator.say(**member("tv-1", "Living Room TV"))
        resync = {"kind": "resync", "text": "again", "device": "tv-1", "session": SESSION}
        await house.orchestrator.say(type="event", **resync)
        await house.until(player.engine.is_moving)


# ------------------------------------------------------------------ the orchestrator comes and goes


@pytest.mark.parametrize("epoch", ["first", "second"])
async def test_a_film_goes_on_while_the_orchestrator_is_gone(
    tmp_path: Path, autojump_clock: Clock, epoch: str
) -> None:
    """It is in control again once it is back, also with another clock and with revisions that begin anew."""
    async with in_memory(tmp_path, TV) as house:
        player, line = await house.playing()
        orchestrator = house.orchestrator
        commands = len(house.commands())
        house.vanish()
        await house.until(lambda: not house.store.state.party.home.up)
        assert player.engine.is_moving()
        assert house.seats[0].in_step
        before_ms = house.drift_ms(player, line)
        if epoch == "second":
            orchestrator.epoch, house.rev = epoch, 0
            orchestrator.ahead_s -= 4000.0
            line = line | {"at": line["at"] - 4000.0}
        orchestrator.heard.clear()
        house.rev += 1
        line = line | {"rev": house.rev, "why": "restart"}
        orchestrator.on_hello[-1] = line
        house.come_back()
        await orchestrator.hears("report", rev=line["rev"], note="in_step")
        assert abs(house.drift_ms(player, line) - before_ms) < 200
        assert len(house.commands()) == commands, "a restart is not noticed on the screen"
        await orchestrator.say(**house.line("paused", 900_000, 0.0, why="seek"))
        await orchestrator.hears("ready", parked_ms=900_000)


async def test_a_pause_that_was_missed_is_caught_up_with(tmp_path: Path, autojump_clock: Clock) -> None:
    async with in_memory(tmp_path, TV) as house:
        player, _ = await house.playing()
        house.vanish()
        await house.until(lambda: not house.store.state.party.home.up)
        house.orchestrator.on_hello[-1] = house.line("paused", 620_000, 0.0, in_s=-5.0, why="pause")
        house.come_back()
        await house.orchestrator.hears("ready", parked_ms=620_000)
        assert player.truth_ms() == 620_000


async def test_a_hand_while_nobody_listens_is_told_later_and_not_undone(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    async with in_memory(tmp_path, TV) as house:
        player, line = await house.playing()
        house.vanish()
        await house.until(lambda: not house.store.state.party.home.up)
        await player.engine.pause()
        await house.until(
            lambda: (house.agent.home()["seats"][0]["report"] or {}).get("note") == "hand_paused"
        )
        house.orchestrator.heard.clear()
        house.rev += 1
        house.orchestrator.on_hello[-1] = line | {"rev": house.rev}
        house.come_back()
        await house.orchestrator.hears("report", note="hand_paused", rev=house.rev)
        assert not player.engine.is_moving()


async def test_a_session_that_the_orchestrator_knows_no_more_is_let_go_and_its_film_goes_on(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    async with in_memory(tmp_path, TV) as house:
        player, _ = await house.playing()
        house.vanish()
        await house.until(lambda: not house.store.state.party.home.up)
        house.orchestrator.on_hello, house.orchestrator.epoch = [], "second"
        house.come_back()
        await house.until(lambda: not house.seats)
        assert player.engine.is_moving()


async def test_garbage_changes_nothing(tmp_path: Path, autojump_clock: Clock) -> None:
    async with in_memory(tmp_path, TV) as house:
        player, line = await house.playing()
        for text in ("", "{", "[]", '{"type":"state"}', '{"type":"party"}', '{"type":"time","c0":1e308}'):
            await house.orchestrator.say_raw(text)
        await house.orchestrator.say(**line | {"rev": 0, "position_ms": 0})
        await house.orchestrator.say(**line | {"session": "zzzzzz", "rev": 99, "position_ms": 0})
        await house.orchestrator.hears("report", after=len(house.orchestrator.heard))
        assert house.store.state.party.home.up
        await house.settles(player, line)
