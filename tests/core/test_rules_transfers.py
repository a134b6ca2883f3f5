"""The rule that lets copies give way to people who watch."""

import pytest
from msgspec.structs import replace as but

from segue.core import rules
from segue.core.ingest.actions import TransfersHeld
from segue.core.ingest.settings import IngestSettings
from segue.core.ingest.state import IngestState
from segue.core.music.state import MusicSettings, MusicState, PlexLink
from segue.core.state import State

PLEX = MusicSettings(plex_configured=True)


def house(music: MusicState, wish: str = "wait") -> State:
    settings = but(IngestSettings(), while_watching=wish)
    return State(music=music, ingest=but(IngestState(), settings=settings))


def test_nothing_is_copied_before_it_is_known_whether_anybody_watches() -> None:
    """The first reading of the sessions comes a moment after the start; a job may be there from before."""
    (held,) = rules.transfers_give_way_to_people_who_watch(house(MusicState(settings=PLEX)))
    assert held == TransfersHeld("wait", "whether anybody watches is not known yet")


@pytest.mark.parametrize(
    "music",
    [
        MusicState(),
        MusicState(settings=PLEX, plex=PlexLink(read_at=5.0)),
        MusicState(settings=PLEX, plex=PlexLink(failures=3, status="down")),
    ],
    ids=["no_plex", "nobody_watches", "plex_is_away"],
)
def test_copies_run_where_nobody_can_be_watching(music: MusicState) -> None:
    """A server that is away for good holds nothing up."""
    assert rules.transfers_give_way_to_people_who_watch(house(music)) == ()


def test_what_is_watched_is_named() -> None:
    """`seguectl why` can tell what a copy waits for."""
    music = MusicState(settings=PLEX, plex=PlexLink(read_at=5.0), watched=("Heat",))
    (held,) = rules.transfers_give_way_to_people_who_watch(house(music))
    assert held == TransfersHeld("wait", "Heat is being watched")


def test_whoever_ignores_it_is_not_held_up() -> None:
    """The setting `ignore` holds from the first moment."""
    assert rules.transfers_give_way_to_people_who_watch(house(MusicState(settings=PLEX), "ignore")) == ()
