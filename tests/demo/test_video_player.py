"""The simulated video player: what it does, what it says of that, and how far the two are apart."""

import math
import statistics

import httpx
import pytest
import trio

from segue.demo.video_profiles import PROFILES, Mishap, Troubles, seeded_mishaps
from tests.demo.video_house import FILM, exact, in_memory, on_sockets

# ------------------------------------------------------------------ on virtual time


async def test_a_film_runs_from_where_it_was_asked_to(autojump_clock: trio.abc.Clock) -> None:
    async with in_memory(exact()) as (player, hand):
        await hand.show(61_500)
        await trio.sleep(10)
        assert player.truth_ms() == pytest.approx(71_500, abs=1)
        video = await hand.video()
        assert (video["state"], video["ratingKey"], video["guid"]) == ("playing", "51", FILM.guid)
        assert (int(video["time"]), video["duration"]) == (71_500, "3600000")


async def test_seeks_and_starts_go_to_the_whole_second(autojump_clock: trio.abc.Clock) -> None:
    async with in_memory(exact(quantum_ms=1000)) as (player, hand):
        await hand.show(61_999)
        assert player.truth_ms() == 61_000
        await hand.send("playback/seekTo", offset=100_999)
        assert player.truth_ms() == 100_000


async def test_one_button_does_both(autojump_clock: trio.abc.Clock) -> None:
    """A second pause goes on; so does a play that comes while it plays stop it."""
    async with in_memory(exact(toggles=True)) as (player, hand):
        await hand.show(5000)
        moving = []
        for verb in ("pause", "pause", "play", "play"):
            await hand.send(f"playback/{verb}")
            moving.append(player.engine.is_moving())
        assert moving == [False, True, False, True]


async def test_two_buttons_do_not(autojump_clock: trio.abc.Clock) -> None:
    async with in_memory(exact()) as (player, hand):
        await hand.show(5000)
        for verb in ("pause", "pause"):
            await hand.send(f"playback/{verb}")
        assert not player.engine.is_moving()


async def test_a_film_that_loads_has_no_position(autojump_clock: trio.abc.Clock) -> None:
    async with in_memory("tvbox") as (_, hand):
        await hand.show(61_500)
        video = await hand.video()
        assert (video["state"], video.get("time")) == ("buffering", None)
        await trio.sleep(30)
        assert (await hand.video())["state"] == "playing"


async def test_at_zero_the_measured_player_says_that_it_loads(autojump_clock: trio.abc.Clock) -> None:
    async with in_memory(exact(zero_is_loading=True)) as (_, hand):
        await hand.show()
        await hand.send("playback/pause")
        assert (await hand.video())["state"] == "buffering"


async def test_a_timeline_shows_whole_frames(autojump_clock: trio.abc.Clock) -> None:
    async with in_memory(exact(step_ms=1000 / 24)) as (player, hand):
        await hand.show()
        await trio.sleep(1.03)
        assert int((await hand.video())["time"]) == 1000
        assert player.truth_ms() == pytest.approx(1030, abs=1)


async def test_a_slow_timeline_shows_what_was(autojump_clock: trio.abc.Clock) -> None:
    """It never leads, and lags by up to its refresh."""
    async with in_memory(exact(refresh_s=1.0)) as (player, hand):
        await hand.show()
        await trio.sleep(5)
        lags = []
        for _ in range(40):
            await trio.sleep(0.13)
            lags.append(player.truth_ms() - int((await hand.video())["time"]))
        assert 0 <= min(lags) < 200
        assert 800 < max(lags) <= 1001


async def test_a_silent_stall_is_not_seen_and_another_one_is(autojump_clock: trio.abc.Clock) -> None:
    async with in_memory(exact()) as (player, hand):
        await hand.show(5000)
        for shown, state in ((False, "playing"), (True, "buffering")):
            player.engine.stall(1.5, shown=shown)
            before = player.truth_ms()
            await trio.sleep(1)
            assert (await hand.video())["state"] == state
            assert player.truth_ms() == before
            await trio.sleep(1)
            assert player.engine.is_moving()


async def test_a_fast_clock_gains(autojump_clock: trio.abc.Clock) -> None:
    async with in_memory(exact(), clock_ppm=3000) as (player, hand):
        await hand.show()
        await trio.sleep(100)
        assert player.truth_ms() == pytest.approx(100_300, abs=1)


async def test_latencies_are_those_of_the_profile(autojump_clock: trio.abc.Clock) -> None:
    """The measured player: median seek 46 ms; the same seed gives the same ones."""
    runs = []
    for _ in range(2):
        async with in_memory("shim", seed=7) as (player, hand):
            await hand.show(1000)
            await trio.sleep(10)
            stands = []
            for n in range(60):
                before = trio.current_time()
                await player.engine.seek(60_000 + n)
                while not player.engine.is_moving():
                    await trio.sleep(0.001)
                stands.append(trio.current_time() - before)
            runs.append(stands)
    assert 0.03 < statistics.median(runs[0]) < 0.07
    assert runs[0] == pytest.approx(runs[1], abs=0.002)


async def test_the_end_of_a_film_is_its_end(autojump_clock: trio.abc.Clock) -> None:
    async with in_memory(exact()) as (player, hand):
        await hand.show(FILM.duration_ms - 2000)
        await trio.sleep(3)
        assert (await hand.video()) == {"type": "video", "state": "stopped"}
        assert math.isnan(player.truth_ms())


async def test_mishaps_happen_at_their_moments(autojump_clock: trio.abc.Clock) -> None:
    async with in_memory(exact()) as (player, hand):
        await hand.show()
        await player.live_through([Mishap(10, "stall", 2.0), Mishap(20, "stall", 3.0)])
        await trio.sleep(10)
        assert player.truth_ms() == pytest.approx(25_000, abs=1)


def test_mishaps_of_a_seed_are_the_same_and_not_too_many() -> None:
    """Nine to fourteen an hour over four players, as in the model."""
    hour = [list(seeded_mishaps(seed, 3600)) for seed in range(40)]
    assert hour[3] == list(seeded_mishaps(3, 3600))
    assert 2.0 < statistics.mean(len(each) for each in hour) < 4.5
    assert all(0.8 <= m.for_s <= 5.0 for each in hour for m in each)


# ------------------------------------------------------------------ troubles


async def test_an_offset_is_ignored_as_often_as_it_is_told(autojump_clock: trio.abc.Clock) -> None:
    async with in_memory(exact(), troubles=Troubles(ignore_offsets=1)) as (player, hand):
        starts = []
        for _ in range(2):
            await hand.show(61_000)
            starts.append(player.truth_ms())
        assert starts == [0, 61_000]


@pytest.mark.parametrize(
    ("trouble", "moves"), [("lie", True), ("refuse", True), ("drop", False), ("hang", False)]
)
async def test_what_is_answered_says_nothing_of_what_is_done(trouble: str, moves: bool) -> None:
    """On real sockets, where connections end."""
    async with on_sockets(exact()) as (player, hand):
        await hand.show(5000)
        getattr(player.troubles, trouble).add("pause")
        answered = "never"
        with trio.move_on_after(0.3):
            try:
                answered = (await hand.send("playback/pause")).text
            except httpx.HTTPError:
                answered = "cut"
        assert player.engine.is_moving() == moves
        expected = {"lie": 'code="200"', "refuse": 'code="500"', "drop": "cut", "hang": "never"}
        assert expected[trouble] in answered


@pytest.mark.parametrize(
    ("name", "reply"), [("tvbox", b"OK"), ("tvslow", b'status="OK">'), ("shim", b"<Response")]
)
async def test_success_has_many_words(autojump_clock: trio.abc.Clock, name: str, reply: bytes) -> None:
    async with in_memory(name) as (_, hand):
        answer = await hand.send("playback/pause")
        assert (answer.status_code, reply in answer.content) == (200, True)


async def test_who_has_not_polled_is_refused(autojump_clock: trio.abc.Clock) -> None:
    async with in_memory(exact(), troubles=Troubles(polled_every_s=80.0)) as (_, hand):
        assert (await hand.send("playback/pause")).status_code == 406
        await hand.video()
        assert (await hand.send("playback/pause")).status_code == 200
        await trio.sleep(81)
        assert (await hand.send("playback/pause")).status_code == 406


async def test_a_film_without_a_queue_is_not_shown(autojump_clock: trio.abc.Clock) -> None:
    async with in_memory(exact()) as (player, hand):
        await hand.send("playback/playMedia", key=FILM.key)
        assert player.engine.cassette is None


async def test_a_timeline_may_be_wrong_all_the_time(autojump_clock: trio.abc.Clock) -> None:
    async with in_memory(exact(), troubles=Troubles(bias_ms=700, claims="paused")) as (_, hand):
        await hand.show(5000)
        video = await hand.video()
        assert video["state"] == "paused"
        assert int(video["time"]) == pytest.approx(5700, abs=1)


async def test_a_player_that_makes_queues_may_begin_paused(autojump_clock: trio.abc.Clock) -> None:
    async with in_memory(exact(creates_queues=True)) as (player, hand):
        uri = f"server://s/com.plexapp.plugins.library{FILM.key}"
        await hand.send("playback/createPlayQueue", uri=uri, offset=5000, paused=1)
        await trio.sleep(10)
        assert player.truth_ms() == 5000
        assert (await hand.video())["state"] == "paused"


# ------------------------------------------------------------------ on the network


async def test_a_vanished_player_is_not_there_and_plays_on() -> None:
    async with on_sockets(exact()) as (player, hand):
        await hand.show()
        port = player.port
        await player.vanish()
        with pytest.raises(httpx.HTTPError):
            await hand.video()
        before = player.truth_ms()
        await player.come_back()
        assert player.port == port
        assert (await hand.video())["state"] == "playing"
        assert player.truth_ms() > before


async def test_a_poll_waits_for_news() -> None:
    async with on_sockets(exact()) as (player, hand):
        await hand.show(5000)
        await hand.send("playback/pause")
        async with trio.open_nursery() as nursery:
            heard: list[dict[str, str]] = []

            async def wait() -> None:
                heard.append(await hand.video(wait=1))

            nursery.start_soon(wait)
            await trio.sleep(0.2)
            assert heard == []
            await player.engine.seek(90_000)
        assert heard[0]["time"] == "90000"


async def test_the_measured_player_ends_the_connection_after_each_answer() -> None:
    async with on_sockets(PROFILES["shim"]) as (_, hand):
        answer = await hand.send("timeline/poll")
        assert answer.headers["connection"] == "close"
