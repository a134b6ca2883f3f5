"""One simulated player, driven by a clock that the test holds."""

import itertools
import random
from urllib.parse import parse_qsl

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from segue.demo.heos_media import RECEIVER_INPUTS, STATIONS, Input, Track, make_tracks
from segue.demo.heos_player import Player
from segue.demo.heos_protocol import Event, RefusalError

CD = Input("inputs/cd", "CD")


class Bench:
    """A player on a bench: its clock, its ear, and the events it told."""

    def __init__(self, **fields: object) -> None:
        self.now = 100.0
        self.events: list[Event] = []
        self.player = Player(pid=1, **fields)  # type: ignore[arg-type]
        self.player.join(lambda: self.now, self.events.append, random.Random(1))

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.player.expire(self.now)

    def told(self) -> list[str]:
        """Events since the last look, without the player id."""
        told = [
            f"{event.name} {event.message.removeprefix('pid=1').lstrip('&')}".strip() for event in self.events
        ]
        self.events.clear()
        return told


def test_a_level_is_told_once_with_mute_and_clamped_by_the_receivers_limit() -> None:
    bench = Bench(level=30, level_limit=60)
    bench.player.set_level(31, "command")
    bench.player.set_level(31, "command")
    bench.player.set_level(90, "knob")
    assert bench.told() == [
        "player_volume_changed level=31&mute=off",
        "player_volume_changed level=60&mute=off",
    ]
    assert [(each.level, each.by) for each in bench.player.level_history] == [(31, "command"), (60, "knob")]


def test_a_command_leaves_mute_alone_and_the_knob_ends_it() -> None:
    bench = Bench(level=30)
    bench.player.set_mute(True)
    bench.player.set_level(20, "command")
    bench.player.set_level(20, "knob")
    assert bench.told() == [
        "player_volume_changed level=30&mute=on",
        "player_volume_changed level=20&mute=on",
        "player_volume_changed level=20&mute=off",
    ]


def test_progress_comes_every_five_seconds_in_whole_seconds() -> None:
    bench = Bench(queue=make_tracks(1, length_s=12.5))
    bench.player.play_queue(1)
    bench.told()
    bench.wait(3.3)
    bench.player.set_state("pause")
    bench.wait(60.0)
    bench.player.set_state("play")
    bench.wait(5.0)
    assert bench.told() == [
        "player_state_changed state=pause",
        "player_state_changed state=play",
        "player_now_playing_progress cur_pos=8000&duration=12500",
    ]
    bench.wait(4.2)
    assert bench.told() == ["player_state_changed state=stop"]


def test_a_url_has_no_duration_and_older_entries_follow_it() -> None:
    """This is how old "Url Stream" entries come back (music-assistant/server#3219)."""
    bench = Bench()
    bench.player.play_url("http://a/1.flac", 7.0)
    bench.player.play_url("http://a/2.flac", 7.0)
    payload, _ = bench.player.now_playing()
    assert (payload["type"], payload["song"], payload["qid"], payload["sid"]) == (
        "song",
        "Url Stream",
        1,
        1024,
    )
    bench.told()
    bench.wait(7.0)
    assert bench.told() == [
        "player_now_playing_progress cur_pos=5000&duration=0",
        "player_now_playing_changed",
    ]
    assert isinstance(bench.player.playing, Track)
    assert bench.player.playing.url == "http://a/1.flac"
    bench.wait(7.0)
    assert bench.player.state == "stop"


def test_a_url_that_is_too_long_cannot_be_downloaded() -> None:
    bench = Bench()
    bench.player.play_url("http://a/" + "x" * 300, None)
    assert bench.player.state == "stop"
    assert "player_playback_error error=Could Not Download" in bench.told()


def test_playing_from_standby_wakes_the_receiver_after_its_time() -> None:
    bench = Bench(powered=False, wake_s=4.0)
    bench.player.play(CD)
    bench.wait(3.9)
    assert (bench.player.powered, bench.told()) == (False, [])
    bench.wait(0.1)
    assert bench.player.listens_to == "inputs/cd"
    assert bench.told() == ["player_state_changed state=play", "player_now_playing_changed"]
    assert bench.player.powered


@pytest.mark.parametrize("change_of_mind", ["stop", "standby", "other"])
def test_what_was_about_to_start_is_forgotten_when_somebody_changes_his_mind(change_of_mind: str) -> None:
    bench = Bench(powered=True, start_s=2.0)
    bench.player.play(CD)
    bench.wait(1.0)
    match change_of_mind:
        case "stop":
            bench.player.stop()
        case "standby":
            bench.player.power(False)
        case _:
            bench.player.play(STATIONS[0])
    bench.wait(10.0)
    assert bench.player.playing is (STATIONS[0] if change_of_mind == "other" else None)


def test_radio_and_inputs_know_no_pause() -> None:
    bench = Bench()
    for what in (STATIONS[0], CD):
        bench.player.play(what)
        with pytest.raises(RefusalError):
            bench.player.set_state("pause")
        assert bench.player.state == "play"


def test_an_input_plays_without_a_clock_and_radio_with_one() -> None:
    bench = Bench()
    bench.player.play(CD)
    assert bench.player.next_deadline() is None
    bench.player.play(STATIONS[0])
    bench.told()
    bench.wait(5.0)
    assert bench.told() == ["player_now_playing_progress cur_pos=5000&duration=0"]


def test_an_input_that_heos_does_not_know_is_only_seen_as_a_stop() -> None:
    bench = Bench()
    bench.player.play(STATIONS[0])
    bench.told()
    bench.player.receiver_selects("HDMI 5")
    assert bench.player.listens_to == "HDMI 5"
    assert bench.told() == ["player_state_changed state=stop"]
    assert bench.player.now_playing()[0]["station"] == STATIONS[0].name


def test_standby_is_seen_as_a_stop() -> None:
    bench = Bench()
    bench.player.play(CD)
    bench.told()
    bench.player.power(False)
    assert bench.told() == ["player_state_changed state=stop"]


def test_stale_media_are_reported_until_a_second_announcement() -> None:
    bench = Bench()
    bench.player.play(STATIONS[0])
    bench.told()
    bench.player.play_url("http://a/1.flac", None, stale_s=2.0)
    assert bench.player.now_playing()[0]["type"] == "station"
    assert bench.told() == ["player_queue_changed", "player_now_playing_changed"]
    bench.wait(2.0)
    assert bench.told() == ["player_now_playing_changed"]
    assert bench.player.now_playing()[0]["song"] == "Url Stream"


def test_the_queue_goes_round_only_when_told_to() -> None:
    bench = Bench(queue=make_tracks(3))
    bench.player.play_queue(3)
    with pytest.raises(RefusalError):
        bench.player.skip(1)
    bench.player.set_play_mode("on_all", False)
    bench.player.skip(1)
    assert bench.player.playing is bench.player.queue[0]
    bench.player.set_play_mode("on_one", True)
    bench.wait(180.0)
    assert bench.player.playing is bench.player.queue[0]
    assert [event for event in bench.told() if "mode" in event] == [
        "repeat_mode_changed repeat=on_all",
        "repeat_mode_changed repeat=on_one",
        "shuffle_mode_changed shuffle=on",
    ]


def test_entries_move_as_a_block_to_the_destination() -> None:
    bench = Bench(queue=make_tracks(5))
    bench.player.move([4, 2], 1)
    assert [track.song for track in bench.player.queue] == ["Song 4", "Song 2", "Song 1", "Song 3", "Song 5"]


def test_clearing_an_empty_queue_is_refused() -> None:
    with pytest.raises(RefusalError) as caught:
        Bench().player.clear()
    assert caught.value.error_id == 4


def test_removing_what_plays_stops_it() -> None:
    bench = Bench(queue=make_tracks(2))
    bench.player.play_queue(1)
    bench.told()
    bench.player.remove([1])
    assert bench.told() == [
        "player_queue_changed",
        "player_state_changed state=stop",
        "player_now_playing_changed",
    ]
    assert bench.player.now_playing() == ({}, [])


class PlayerMachine(RuleBasedStateMachine):
    """Whatever is done to it, a player stays a player."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(wake_s=1.5, start_s=0.5)
        self.player = self.bench.player

    @rule(level=st.integers(-20, 120), by=st.sampled_from(["command", "knob"]))
    def set_level(self, level: int, by: str) -> None:
        self.player.set_level(level, by)

    @rule(what=st.sampled_from([*STATIONS, *RECEIVER_INPUTS]))
    def play(self, what: Input) -> None:
        self.player.play(what)

    @rule(length=st.none() | st.floats(0.5, 30.0))
    def play_url(self, length: float | None) -> None:
        self.player.play_url("http://a/1.flac", length)

    @rule(count=st.integers(1, 3), criteria=st.sampled_from(["now", "next", "end", "replace"]))
    def add(self, count: int, criteria: str) -> None:
        self.player.add(make_tracks(count, length_s=4.0), criteria)  # type: ignore[arg-type]

    @rule(state=st.sampled_from(["play", "pause", "stop"]))
    def set_state(self, state: str) -> None:
        self._or_refused(lambda: self.player.set_state(state))  # type: ignore[arg-type]

    @rule(step=st.sampled_from([1, -1]))
    def skip(self, step: int) -> None:
        self._or_refused(lambda: self.player.skip(step))  # type: ignore[arg-type]

    @rule(number=st.integers(0, 4), other=st.integers(0, 4))
    def move(self, number: int, other: int) -> None:
        self._or_refused(lambda: self.player.move([number], other))

    @rule(number=st.integers(0, 4))
    def remove(self, number: int) -> None:
        self._or_refused(lambda: self.player.remove([number]))

    @rule(on=st.booleans())
    def power(self, on: bool) -> None:
        self.player.power(on)

    @rule(repeat=st.sampled_from(["off", "on_all", "on_one"]), shuffle=st.booleans())
    def mode(self, repeat: str, shuffle: bool) -> None:
        self.player.set_play_mode(repeat, shuffle)  # type: ignore[arg-type]

    @rule(seconds=st.floats(0.0, 40.0))
    def wait(self, seconds: float) -> None:
        self.bench.wait(seconds)

    @precondition(lambda self: self.player.next_deadline() is not None)
    @rule()
    def wait_for_the_next_deadline(self) -> None:
        due = self.player.next_deadline()
        assert due is not None
        self.bench.now = max(self.bench.now, due)
        self.player.expire(self.bench.now)

    def _or_refused(self, act) -> None:  # type: ignore[no-untyped-def]
        before = (self.player.state, self.player.playing, list(self.player.queue))
        try:
            act()
        except RefusalError:
            assert before == (self.player.state, self.player.playing, list(self.player.queue))

    @invariant()
    def nothing_is_overdue(self) -> None:
        self.player.expire(self.bench.now)
        due = self.player.next_deadline()
        assert due is None or due > self.bench.now

    @invariant()
    def level_is_a_level(self) -> None:
        assert 0 <= self.player.level <= 100

    @invariant()
    def standby_is_silent(self) -> None:
        assert self.player.powered or self.player.state == "stop"

    @invariant()
    def what_was_told_is_what_is(self) -> None:
        """The last event of each kind agrees with the state."""
        for event in self.bench.events:
            values = dict(parse_qsl(event.message))
            if event.name == "player_now_playing_progress":
                assert int(values["cur_pos"]) % 1000 == 0
        states = [
            dict(parse_qsl(e.message))["state"] for e in self.bench.events if e.name == "player_state_changed"
        ]
        assert not states or states[-1] == self.player.state
        assert all(one != two for one, two in itertools.pairwise(states))


PlayerMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestPlayerMachine = PlayerMachine.TestCase
