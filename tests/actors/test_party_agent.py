"""The party agent on real sockets: a scripted orchestrator, a simulated Plex server, simulated players."""

from pathlib import Path

import pytest
import trio

from segue.core.party.home import HomeSeat
from segue.demo.plex_catalogue import make_film
from segue.demo.video_player import SimulatedVideo
from tests.helpers.party_stage import PASSKEY, SESSION, Heard, Stage, member, stage

TV = ("tv-1", "Living Room TV", "shim")
BOX = ("box-1", "Bedroom Box", "shim")


async def seated(house: Stage, *devices: tuple[str, str]) -> None:
    """Start the agent and give it its seats."""
    house.orchestrator.on_hello = [member(*device) for device in devices or [("tv-1", "Living Room TV")]]
    house.start_agent()
    await house.orchestrator.hears("hello")


async def playing(house: Stage, position_ms: int = 600_000) -> tuple[SimulatedVideo, Heard]:
    """Have the film run in step."""
    player = house.players["tv-1"]
    await seated(house)
    line = house.line("playing", position_ms)
    await house.orchestrator.say(**line)
    await house.orchestrator.hears("report", note="in_step")
    await house.settles(player, line)
    return player, line


def seats(house: Stage) -> tuple[HomeSeat, ...]:
    """What this house knows of its players in parties."""
    return house.store.state.party.home.seats


# ------------------------------------------------------------------ an evening


async def test_a_film_is_gathered_parked_and_released_on_the_line(tmp_path: Path) -> None:
    async with stage(tmp_path, TV) as house:
        orchestrator, player = house.orchestrator, house.players["tv-1"]
        await seated(house)
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


async def test_it_says_who_it_is_in_headers_and_what_it_drives(tmp_path: Path) -> None:
    async with stage(tmp_path, TV, BOX) as house:
        house.start_agent(authorized=("Bedroom Box",))
        await house.orchestrator.hears(
            "hello", username="alice", devices=[{"id": "box-1", "title": "Bedroom Box"}]
        )
        headers = house.orchestrator.headers[0]
        assert headers["x-username"] == "alice"
        assert headers["authorization"] == f"Bearer {PASSKEY}"
        assert PASSKEY not in house.orchestrator.url
        assert all("passkey" not in hello for hello in house.orchestrator.heard)


async def test_pause_seek_and_resume_arrive_at_the_player(tmp_path: Path) -> None:
    async with stage(tmp_path, TV) as house:
        player, _ = await playing(house)
        await house.orchestrator.say(**house.line("paused", 900_000, 0.0, why="seek"))
        await house.orchestrator.hears("ready", rev=2, parked_ms=900_000)
        assert not player.engine.is_moving()
        assert player.truth_ms() == 900_000
        line = house.line("playing", 900_000, in_s=0.9)
        await house.orchestrator.say(**line)
        await house.settles(player, line)


async def test_a_home_that_comes_late_is_in_step_and_a_viewer_may_be_a_little_later(tmp_path: Path) -> None:
    async with stage(tmp_path, TV) as house:
        player = house.players["tv-1"]
        await seated(house)
        await house.orchestrator.say(**member("tv-1", "Living Room TV", offset_ms=1000))
        line = house.line("playing", 60_000, in_s=-1000.0)
        await house.orchestrator.say(**line)
        await house.until(
            lambda: abs(house.drift_ms(player, line) + 1000) < 200 and player.engine.is_moving()
        )


async def test_the_end_stops_the_player_and_the_house_hears_of_it(tmp_path: Path) -> None:
    async with stage(tmp_path, TV) as house:
        player, _ = await playing(house)
        assert seats(house) == (
            HomeSeat(SESSION, "tv-1", "Living Room TV", "playing", film="A Long Evening"),
        )
        await house.orchestrator.say(**house.line("ended", 700_000, 0.0, why="end"))
        await house.until(lambda: player.engine.cassette is None)
        await house.until(lambda: not seats(house))


async def test_the_next_film_of_the_queue_takes_the_place_of_the_first(tmp_path: Path) -> None:
    async with stage(tmp_path, TV) as house:
        player, _ = await playing(house)
        second = house.server.arrives("movie", make_film("The Second One", 2004, 1800))
        body = {"duration_ms": second.duration_ms, "guid": second.guid, "title": second.title}
        await house.orchestrator.say(**house.line("gathering", 5000, 0.0, film=body, item=1))
        await house.orchestrator.hears("ready", rev=2, parked_ms=5000)
        cassette = player.engine.cassette
        assert cassette is not None
        assert cassette.film.title == "The Second One"


# ------------------------------------------------------------------ people first


async def test_a_pause_on_the_viewers_remote_is_told_and_not_undone(tmp_path: Path) -> None:
    """Nobody touches the player until its viewer presses play; then it is in step again."""
    async with stage(tmp_path, TV) as house:
        player, line = await playing(house)
        await player.engine.pause()
        paused = await house.orchestrator.hears("report", note="hand_paused")
        assert abs(paused["position_ms"] - player.truth_ms()) < 100
        await house.orchestrator.say(**member("tv-1", "Living Room TV", away="paused"))
        await house.until(lambda: seats(house) and not seats(house)[0].in_step)
        commands = len(player.face.heard)
        await house.orchestrator.say(**house.line("playing", 800_000))
        await trio.sleep(1.5)
        assert not player.engine.is_moving()
        assert len(player.face.heard) == commands
        line = house.line("playing", 800_000)
        await house.orchestrator.say(**line)
        await player.engine.play()
        await house.orchestrator.hears("report", note="hand_played")
        await house.orchestrator.say(**member("tv-1", "Living Room TV"))
        resync = {"kind": "resync", "text": "again", "device": "tv-1", "session": SESSION}
        await house.orchestrator.say(type="event", **resync)
        await house.settles(player, line)


async def test_a_state_that_fetches_a_player_brings_it_back(tmp_path: Path) -> None:
    async with stage(tmp_path, TV) as house:
        player, _ = await playing(house)
        await player.engine.pause()
        await house.orchestrator.hears("report", note="hand_paused")
        line = house.line("paused", 650_000, 0.0, fetch=["tv-1"])
        await house.orchestrator.say(**line)
        await house.orchestrator.hears("ready", rev=2, parked_ms=650_000)
        assert player.truth_ms() == 650_000


async def test_another_film_on_the_viewers_remote_is_a_viewer_who_left(tmp_path: Path) -> None:
    """Nobody seeks in it, and the end of the party does not stop it."""
    async with stage(tmp_path, TV) as house:
        player, _ = await playing(house)
        other = house.server.arrives("movie", make_film("Something Else", 1999, 5000))
        key = f"/library/metadata/{other.rating_key}"
        query = {"key": key, "protocol": "http", "address": house.server.host, "offset": "0"}
        query |= {"port": str(house.server.port), "containerKey": key, "token": house.server.token}
        await player.face._play_media(query)
        await house.orchestrator.hears("report", note="hand_stopped")
        commands = len(player.face.heard)
        await house.orchestrator.say(**house.line("ended", 700_000, 0.0, why="end"))
        await house.until(lambda: not seats(house))
        assert player.engine.cassette is not None
        assert len(player.face.heard) == commands


async def test_whoever_is_away_at_the_end_is_left_alone(tmp_path: Path) -> None:
    async with stage(tmp_path, TV) as house:
        player, _ = await playing(house)
        await house.orchestrator.say(**member("tv-1", "Living Room TV", away="sought"))
        await house.until(lambda: not seats(house)[0].in_step)
        await house.orchestrator.say(**house.line("ended", 700_000, 0.0, why="end"))
        await house.until(lambda: not seats(house))
        assert player.engine.is_moving()


async def test_who_comes_late_to_a_party_that_waits_to_be_asked_is_not_touched(tmp_path: Path) -> None:
    async with stage(tmp_path, TV) as house:
        player = house.players["tv-1"]
        house.orchestrator.on_hello = [member("tv-1", "Living Room TV", away="late")]
        house.start_agent()
        await house.orchestrator.say(**house.line("playing", 600_000))
        await house.until(lambda: seats(house) and not seats(house)[0].in_step)
        await trio.sleep(0.5)
        assert player.face.heard == []
        await house.orchestrator.say(**member("tv-1", "Living Room TV"))
        resync = {"kind": "resync", "text": "again", "device": "tv-1", "session": SESSION}
        await house.orchestrator.say(type="event", **resync)
        await house.until(player.engine.is_moving)


# ------------------------------------------------------------------ the orchestrator comes and goes


@pytest.mark.parametrize("epoch", ["first", "second"])
async def test_a_film_goes_on_while_the_orchestrator_is_gone(tmp_path: Path, epoch: str) -> None:
    """It is in control again once it is back, also with another clock and with revisions that begin anew."""
    async with stage(tmp_path, TV) as house:
        player, line = await playing(house)
        orchestrator = house.orchestrator
        commands = len(player.face.heard)
        orchestrator.vanish()
        await house.until(lambda: not house.store.state.party.home.up)
        assert player.engine.is_moving()
        assert seats(house)[0].in_step
        before_ms = house.drift_ms(player, line)
        if epoch == "second":
            orchestrator.epoch, house.rev = epoch, 0
            orchestrator.ahead_s -= 4000.0
            line = line | {"at": line["at"] - 4000.0}
        orchestrator.heard.clear()
        house.rev += 1
        line = line | {"rev": house.rev, "why": "restart"}
        orchestrator.on_hello[-1] = line
        await house.nursery.start(orchestrator.serve)
        await orchestrator.hears("report", rev=line["rev"], note="in_step")
        assert abs(house.drift_ms(player, line) - before_ms) < 200
        assert len(player.face.heard) == commands, "a restart is not noticed on the screen"
        await orchestrator.say(**house.line("paused", 900_000, 0.0, why="seek"))
        await orchestrator.hears("ready", parked_ms=900_000)


async def test_a_pause_that_was_missed_is_caught_up_with(tmp_path: Path) -> None:
    async with stage(tmp_path, TV) as house:
        player, _ = await playing(house)
        house.orchestrator.vanish()
        await house.until(lambda: not house.store.state.party.home.up)
        house.orchestrator.on_hello[-1] = house.line("paused", 620_000, 0.0, in_s=-5.0, why="pause")
        await house.nursery.start(house.orchestrator.serve)
        await house.orchestrator.hears("ready", parked_ms=620_000)
        assert player.truth_ms() == 620_000


async def test_a_hand_while_nobody_listens_is_told_later_and_not_undone(tmp_path: Path) -> None:
    async with stage(tmp_path, TV) as house:
        player, line = await playing(house)
        house.orchestrator.vanish()
        await house.until(lambda: not house.store.state.party.home.up)
        await player.engine.pause()
        assert house.agent is not None
        await house.until(
            lambda: (house.agent.home()["seats"][0]["report"] or {}).get("note") == "hand_paused"  # type: ignore[union-attr]
        )
        house.orchestrator.heard.clear()
        house.rev += 1
        house.orchestrator.on_hello[-1] = line | {"rev": house.rev}
        await house.nursery.start(house.orchestrator.serve)
        await house.orchestrator.hears("report", note="hand_paused", rev=house.rev)
        assert not player.engine.is_moving()


async def test_a_session_that_the_orchestrator_knows_no_more_is_let_go_and_its_film_goes_on(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, TV) as house:
        player, _ = await playing(house)
        house.orchestrator.vanish()
        await house.until(lambda: not house.store.state.party.home.up)
        house.orchestrator.on_hello, house.orchestrator.epoch = [], "second"
        await house.nursery.start(house.orchestrator.serve)
        await house.until(lambda: not seats(house))
        assert player.engine.is_moving()


async def test_garbage_changes_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path, TV) as house:
        player, line = await playing(house)
        for text in ("", "{", "[]", '{"type":"state"}', '{"type":"party"}', '{"type":"time","c0":1e308}'):
            await house.orchestrator.say_raw(text)
        await house.orchestrator.say(**line | {"rev": 0, "position_ms": 0})
        await house.orchestrator.say(**line | {"session": "zzzzzz", "rev": 99, "position_ms": 0})
        await house.orchestrator.hears("report", after=len(house.orchestrator.heard))
        assert house.store.state.party.home.up
        await house.settles(player, line)
