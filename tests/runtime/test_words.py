"""Every action has its line."""

from typing import get_args

import pytest

from segue.core.actions import Action
from segue.core.music import actions as music
from segue.core.system.actions import ActorFailed
from segue.runtime import words
from segue.runtime.words import who, words_for
from tests.runtime.steps import CD, PID, song


def test_every_action_has_words() -> None:
    """A new action without a line would break `why`, so it breaks this test first."""
    assert set(words._WORDS) == set(get_args(Action))


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (music.WebhookHeard("media.play"), "webhook media.play"),
        (music.WebhookHeard(""), "webhook"),
        (music.SessionsRead("1.0", ()), "Plex was asked: nothing plays"),
        (
            music.SessionsRead("1.0", (song(), song("paused", "2"), song(), song())),
            (
                'Plex was asked: Plexamp playing "Track 100" by The Loopbacks,'
                ' Plexamp paused "Track 2" by The Loopbacks and 2 more'
            ),
        ),
        (music.SessionsUnread("1.0", "down", "timed out"), "Plex could not be asked: down (timed out)"),
        (
            music.ReceiverRead(PID, None, None, "stop", music.Source()),
            "the receiver was read: an unknown level, nothing known",
        ),
        (music.ReceiverRead(PID, 7, True, "play", CD), "the receiver was read: level 7, muted, inputs/cd"),
        (music.VolumeChanged(PID, 55, muted=False), "the receiver says: level 55"),
        (music.HeosPlayersRead(()), "HEOS has no player"),
        (
            music.HeosLinkChanged(up=False, host="192.0.2.1", reason="reset"),
            "HEOS at 192.0.2.1 is gone (reset)",
        ),
        (ActorFailed("heos_controller", "OSError: x", 1.0), "heos_controller failed (OSError: x)"),
    ],
)
def test_what_happened_is_said_plainly(action: Action, text: str) -> None:
    assert words_for(action, "actor:x") == text


@pytest.mark.parametrize(
    ("by", "action", "text"),
    [
        ("uid:1000", music.PauseRequested("-"), "somebody (uid 1000) asked: pause"),
        ("token:192.0.2.7", music.VolumeRequested("-", 18), "somebody (192.0.2.7) asked: level 18"),
        ("uid:0", music.MuteRequested("-"), "somebody (uid 0) asked: mute or unmute"),
        ("uid:0", music.MuteRequested("-", muted=False), "somebody (uid 0) asked: unmute"),
        ("uid:0", music.FadeRequested("-", 5, 2.5), "somebody (uid 0) asked: fade to level 5 in 2.5 s"),
        ("uid:0", music.SeekRequested("-", 61_500), "somebody (uid 0) asked: go to 61.5 s"),
    ],
)
def test_who_asked_is_named(by: str, action: Action, text: str) -> None:
    assert words_for(action, by) == text


def test_an_unknown_somebody_is_somebody() -> None:
    assert [who(""), who("token:"), who("store")] == ["somebody", "somebody", "store"]
