"""Events in plain words, one after the other."""

from typing import Any

import pytest

from segue.cli.narrate import Line, Narrator
from segue.cli.paint import Paint
from tests.cli import answers


class Teller:
    """A narrator that knows two rooms, and a clock for it."""

    def __init__(self, *rooms: Any, verbose: bool = False) -> None:
        self.narrator = Narrator(verbose=verbose)
        self.narrator.snapshot(answers.status(*rooms), 0.0)
        self.now = 0.0
        self.seq = 0

    def hears(self, kind: str, after: float = 0.0, **data: Any) -> list[str]:
        """What is said when this event comes, so many seconds after the last."""
        self.now += after
        self.seq += 1
        told = self.narrator.settle(self.now)
        told += self.narrator.event({"type": kind, "seq": self.seq, "at": self.now, "data": data}, self.now)
        return _words(told)

    def waits(self, for_s: float = 1.0) -> list[str]:
        self.now += for_s
        return _words(self.narrator.settle(self.now))


def _words(lines: list[Line]) -> list[str]:
    return [f"{line.room}: {line.words}" for line in lines]


PLEXAMP: dict[str, Any] = {"player_id": "plex-living", "player_title": "Plexamp", "player_product": "Plexamp"}


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("music.heos_link_changed", {"up": True, "host": "h"}, "house: the HEOS system at h is connected"),
        (
            "music.source_changed",
            {"heos_player_id": 101, "source": {"input": "inputs/tv"}},
            "living: input cd → tv",
        ),
        (
            "music.source_changed",
            {"heos_player_id": 202, "source": {"input": "", "title": "Song", "artist": "Band"}},
            'kitchen: HEOS streams "Song" by Band',
        ),
        (
            "music.playback_failed",
            {"heos_player_id": 101, "text": "no"},
            "living: the receiver could not play: no",
        ),
        (
            "music.command_failed",
            {"room": "living", "reason": "timeout", "detail": "2 s"},
            "living: the receiver did not do it: timeout (2 s)",
        ),
        (
            "music.player_command_failed",
            {"room": "living", "reason": "unreachable"},
            "living: the player did not do it: unreachable",
        ),
        (
            "music.fades_allowed",
            {"allowed": False, "because": "late"},
            "house: levels do not fade for now: late",
        ),
        ("music.volume_requested", {"room": "living", "level": 30}, "living: somebody asks for level 30"),
        (
            "music.volume_step_requested",
            {"room": "living", "direction": "up"},
            "living: somebody asks for one step up",
        ),
        (
            "music.skip_requested",
            {"room": "living", "direction": "next"},
            "living: somebody asks for the next title",
        ),
        (
            "music.seek_requested",
            {"room": "living", "position_ms": 83_000},
            "living: somebody asks to seek to 1:23",
        ),
        (
            "music.mute_requested",
            {"room": "living", "muted": False},
            "living: somebody asks to be heard again",
        ),
        ("music.source_requested", {"room": "living", "input": "inputs/tv"}, "living: somebody asks for tv"),
        (
            "music.fade_requested",
            {"room": "living", "to_level": 3, "duration_s": 60.0},
            "living: somebody asks to fade to 3 over 1 min 0 s",
        ),
        (
            "effect.select_source",
            {"room": "living", "why": "player_start", "source": {"input": "inputs/cd"}},
            "living: switches to cd (player start)",
        ),
        ("effect.say", {"level": "info", "text": "Room kitchen: left alone."}, "kitchen: left alone."),
        ("effect.say", {"level": "info", "text": "Stopping."}, "house: Stopping."),
        (
            "system.journal_changed",
            {"status": "late", "detail": "400 ms"},
            "house: the journal is late: 400 ms",
        ),
        (
            "system.actor_failed",
            {"actor": "heos_controller", "error": "KeyError", "again_in_s": 1.0},
            "house: heos controller failed (KeyError); started again in 1.0 s",
        ),
        ("system.reload_refused", {"problems": "a\nb"}, "house: the configuration was not reloaded: a b"),
    ],
)
def test_what_is_said(kind: str, data: dict[str, Any], words: str) -> None:
    assert Teller().hears(kind, **data) == [words]


def test_playing_pausing_and_going_on() -> None:
    teller = Teller(answers.idle_room("living"))
    title: dict[str, Any] = {"title": "T", "artist": "A", "rating_key": "5"}
    said = [
        teller.hears("music.plex_state_changed", **PLEXAMP, state=s, **title)
        for s in ("playing", "paused", "playing")
    ]
    assert [words for (words,) in said] == [
        'living: Plexamp plays "T" by A',
        'living: Plexamp pauses "T" by A',
        'living: Plexamp goes on with "T" by A',
    ]
    assert teller.hears("music.plex_state_changed", **PLEXAMP, state="buffering", **title) == []
    assert teller.hears("music.plex_state_changed", **PLEXAMP, state="stopped", **title) == [
        "living: Plexamp stops"
    ]


def test_a_player_of_no_room_is_told_as_the_houses() -> None:
    assert Teller().hears(
        "music.plex_state_changed", player_id="phone", player_title="Phone", state="playing"
    ) == ["house: Phone plays something"]


def fade(teller: Teller, levels: range, why: str, room: str = "living") -> list[str]:
    said = []
    for level in levels:
        said += teller.hears("effect.set_volume", 0.04, room=room, level=level, why=why)
        said += teller.hears("music.volume_changed", 0.01, heos_player_id=101, level=level, muted=False)
    return said


def test_a_fade_is_told_when_it_is_over() -> None:
    teller = Teller()
    assert fade(teller, range(29, 19, -1), "pause") == []
    assert teller.waits(0.5) == []
    assert teller.waits() == ["living: volume 30 → 20 (fading out: pause, 0.5 s)"]
    assert teller.waits() == []


def test_a_fade_that_becomes_another_is_told_as_far_as_it_came() -> None:
    teller = Teller()
    fade(teller, range(29, 19, -1), "pause")
    assert fade(teller, range(20, 26), "player_start") == [
        "living: volume 30 → 20 (fading out: pause, 0.5 s)"
    ]
    assert teller.waits() == ["living: volume 20 → 25 (fading in: player start, 0.3 s)"]


def test_a_hand_in_a_fade_is_told_apart_from_it() -> None:
    teller = Teller()
    fade(teller, range(29, 24, -1), "pause")
    assert teller.hears("music.volume_changed", 0.1, heos_player_id=101, level=40, muted=False) == [
        "living: volume 30 → 25 (fading out: pause, 0.2 s)"
    ]
    teller.hears("music.volume_changed", 0.1, heos_player_id=101, level=45, muted=False)
    assert teller.waits() == ["living: volume 25 → 45 by hand"]


def test_a_hand_is_told_before_what_follows_it() -> None:
    teller = Teller()
    teller.hears("music.volume_changed", heos_player_id=101, level=40, muted=False)
    assert teller.hears("music.pause_requested", 0.1, room="living") == [
        "living: volume 30 → 40 by hand",
        "living: somebody asks to pause",
    ]


def test_two_requests_are_two_lines() -> None:
    teller = Teller()
    said = []
    for because, level in ((7, 32), (9, 35)):
        said += teller.hears("effect.set_volume", room="living", level=level, why="asked", because=because)
        said += teller.hears("music.volume_changed", heos_player_id=101, level=level, muted=False)
    assert said + teller.waits() == ["living: volume 30 → 32 (asked)", "living: volume 32 → 35 (asked)"]


def test_one_step_that_was_asked_for_is_no_fade() -> None:
    teller = Teller()
    teller.hears("effect.set_volume", room="living", level=32, why="asked")
    teller.hears("music.volume_changed", heos_player_id=101, level=32, muted=False)
    assert teller.waits() == ["living: volume 30 → 32 (asked)"]


def test_the_same_level_again_is_no_news() -> None:
    teller = Teller()
    teller.hears("music.volume_changed", heos_player_id=101, level=30, muted=False)
    assert teller.waits() == []


def test_a_mute_is_told_at_once() -> None:
    teller = Teller()
    changed = [
        teller.hears("music.volume_changed", heos_player_id=101, level=30, muted=m)
        for m in (True, True, False)
    ]
    assert changed == [["living: is muted"], [], ["living: is heard again"]]


def test_what_the_daemon_says_of_an_event_is_not_said_twice() -> None:
    narrator = Narrator()
    link = {"type": "music.heos_link_changed", "seq": 4, "data": {"up": True, "host": "h"}}
    said = {
        "type": "effect.say",
        "seq": 4,
        "data": {"level": "info", "text": "The HEOS system at h is connected."},
    }
    assert len(narrator.event(link, 0.0)) == 1
    assert narrator.event(said, 0.0) == []
    assert len(narrator.event({**said, "seq": 5}, 0.0)) == 1


def test_a_receiver_that_came_later_is_learnt_from_what_is_sent_to_it() -> None:
    teller = Teller(answers.room(heos_player=None, level=None))
    teller.hears("effect.read_receiver", room="living", heos_player_id=77, why="connected")
    teller.hears(
        "music.receiver_read", heos_player_id=77, level=20, muted=False, source={"input": "inputs/cd"}
    )
    teller.hears("music.volume_changed", heos_player_id=77, level=22, muted=False)
    assert teller.waits() == ["living: volume 20 → 22 by hand"]


def test_that_plex_does_not_answer_is_said_once() -> None:
    teller = Teller()
    assert teller.hears("music.sessions_read") == []
    assert teller.hears("music.sessions_unread", reason="down") == ["house: Plex does not answer"]
    assert teller.hears("music.sessions_unread", reason="down") == []
    assert teller.hears("music.sessions_read") == ["house: Plex answers again"]


def test_a_line_is_laid_out_in_columns() -> None:
    narrator = Narrator()
    narrator.snapshot(answers.status(answers.room("conservatory")), 0.0)
    line = narrator.layout(Line(1_700_000_000.0, "den", "volume 1 → 2"), Paint(on=False, unicode=False))
    assert line.endswith(" den           volume 1 -> 2")
