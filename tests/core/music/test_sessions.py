"""Hearing Plex: whatever is lost, doubled or out of order, the house ends up knowing the same."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from segue.core.actions import ConfigLoaded
from segue.core.music.actions import PlexSession, PlexStateChanged, SessionsRead, SessionsUnread, WebhookHeard
from segue.core.music.effects import FetchSessions
from segue.core.music.state import Idle, RoomSettings
from tests.helpers.world import World

ROOM = RoomSettings("living", plex_player="Plexamp", heos_player="Living Room")


def session(state: str = "playing", *, key: str = "7", item: str = "100", **more: object) -> PlexSession:
    return PlexSession("plexamp-1", key, item, state, "Plexamp", media_type="track", **more)  # type: ignore[arg-type]


def world() -> World:
    made = World(ROOM)
    read(made)
    return made


def read(made: World, *sessions: PlexSession) -> list[PlexStateChanged]:
    """Let the next reading show these sessions, and give what the house was told."""
    before = len(made.journal.entries)
    pending = [e for e in made.waiting if isinstance(e, FetchSessions)]
    while not pending:
        due = made.next_due()
        assert due is not None
        made.turn_clock(max(0.0, due - made.clock.now))
        pending = [e for e in made.waiting if isinstance(e, FetchSessions)]
    made.waiting.remove(pending[0])
    made.dispatch(SessionsRead(pending[0].effect_id, sessions))
    return [e.action for e in made.journal.entries[before:] if isinstance(e.action, PlexStateChanged)]


def test_what_plays_when_we_come_is_no_start() -> None:
    made = World(ROOM)
    assert read(made, session()) == []
    assert made.room.activity == "playing"


def test_a_vanished_session_has_stopped() -> None:
    made = world()
    assert [n.state for n in read(made, session())] == ["playing"]
    assert [n.state for n in read(made)] == ["stopped"]
    assert made.room.activity == "stopped"


def test_the_next_track_starts_before_the_last_one_stops() -> None:
    made = world()
    read(made, session(item="100"))
    told = read(made, session(item="101"))
    assert [(n.rating_key, n.state) for n in told] == [("101", "playing"), ("100", "stopped")]


def test_a_restarted_server_ends_the_old_session() -> None:
    made = world()
    read(made, session(key="7"))
    told = read(made, session(key="1"))
    assert [(n.session_key, n.state) for n in told] == [("1", "playing"), ("7", "stopped")]
    assert made.room.activity == "playing"


def test_buffering_is_no_news_of_a_play_that_goes_on() -> None:
    made = world()
    read(made, session())
    assert read(made, session("buffering")) == []
    assert made.room.activity == "playing"


def test_the_player_may_be_named_by_its_title_in_any_case() -> None:
    made = World(RoomSettings("living", plex_player="pLEXAMP"))
    read(made)
    assert len(read(made, session())) == 1


def test_a_player_of_no_room_is_nobodys_business() -> None:
    made = World(RoomSettings("living", plex_player="another"))
    read(made)
    assert read(made, session()) == []
    assert made.store.state.music.observed_sessions == ()


def test_a_reading_that_failed_is_unknown_and_not_nothing() -> None:
    made = world()
    read(made, session())
    made.dispatch(WebhookHeard("media.stop"))
    while not (pending := [e for e in made.waiting if isinstance(e, FetchSessions)]):
        made.turn_clock(0.1)
    made.waiting.remove(pending[0])
    before = len(made.journal.entries)
    made.dispatch(SessionsUnread(pending[0].effect_id, "unreadable", "root is html"))
    assert not [e for e in made.journal.entries[before:] if isinstance(e.action, PlexStateChanged)]
    assert made.room.activity == "playing"


def test_a_session_that_stands_still_for_minutes_has_stopped_until_it_moves() -> None:
    made = world()
    read(made, session(duration_ms=200_000, position_ms=5_000))
    told: list[PlexStateChanged] = []
    for _ in range(40):
        told += read(made, session(duration_ms=200_000, position_ms=5_000))
    assert [n.state for n in told] == ["stopped"]
    assert [n.state for n in read(made, session(duration_ms=200_000, position_ms=6_000))] == ["playing"]


def test_live_television_never_moves_and_is_not_stale() -> None:
    made = world()
    read(made, session(duration_ms=None))
    assert all(read(made, session(duration_ms=None)) == [] for _ in range(40))


def test_a_late_outcome_of_a_former_reading_is_nobodys() -> None:
    made = world()
    read(made, session())
    before = made.store.state
    made.dispatch(SessionsRead("1.0", ()))
    assert made.store.state is before


def test_a_storm_of_webhooks_is_a_handful_of_readings() -> None:
    """500 webhooks in half a second: at most one reading at once, one pending, and a gap in between."""
    made = world()
    made.turn_clock(1)
    made.waiting.clear()
    fetches = 0
    for n in range(500):
        made.dispatch(WebhookHeard("media.play" if n % 2 else "media.pause"))
        made.turn_clock(0.001)
        if made.waiting:
            fetches += 1
            effect = made.waiting.pop()
            made.dispatch(SessionsRead(effect.effect_id, (session("paused"),)))
    made.session = session("playing")
    while made.waiting or made.store.state.music.plex.recheck_at:
        made.turn_clock(0.1)
        if made.waiting:
            fetches += 1
            made.answer()
    assert fetches <= 10
    assert made.room.activity == "playing"


def test_a_refused_token_is_not_tried_again_for_minutes() -> None:
    made = world()
    effect_id = ask(made)
    made.dispatch(SessionsUnread(effect_id, "refused", "401"))
    for _ in range(50):
        made.dispatch(WebhookHeard("media.play"))
        made.turn_clock(2)
    assert not [e for e in made.waiting if isinstance(e, FetchSessions)]
    made.turn_clock(250)
    assert [e for e in made.waiting if isinstance(e, FetchSessions)]


def test_a_reload_tries_a_refused_token_again_at_once() -> None:
    """The person who put a new token in its place need not wait for five minutes."""
    made = world()
    made.dispatch(WebhookHeard("media.play"))
    made.dispatch(SessionsUnread(ask(made), "refused", "401"))
    made.dispatch(ConfigLoaded(made.store.state.music.settings))
    assert [e for e in made.waiting if isinstance(e, FetchSessions)]
    assert read(made, session())
    assert made.store.state.music.plex.status == "ok"


def test_a_server_that_is_down_is_asked_less_and_less() -> None:
    made = world()
    moments = []
    for _ in range(9):
        effect_id = ask(made)
        moments.append(made.clock.now)
        made.dispatch(SessionsUnread(effect_id, "down", "refused"))
    gaps = [b - a for a, b in pairwise(moments)]
    assert gaps[0] <= 1.4
    assert all(g <= 60 * 1.31 for g in gaps)
    assert gaps[-1] > 40


def ask(made: World) -> str:
    """Wait for the next reading and give its id, without answering."""
    while True:
        pending = [e for e in made.waiting if isinstance(e, FetchSessions)]
        if pending:
            made.waiting.remove(pending[0])
            return pending[0].effect_id
        due = made.next_due()
        assert due is not None
        made.turn_clock(max(0.0, due - made.clock.now))


STORY = [
    (),
    (session("buffering", item="1"),),
    (session("playing", item="1"),),
    (session("paused", item="1"),),
    (session("playing", item="1"),),
    (session("playing", item="2"),),
    (session("playing", item="2", key="8"),),
]


@given(
    order=st.permutations(range(len(STORY))),
    lost=st.sets(st.integers(0, len(STORY) - 1), max_size=3),
    doubled=st.sets(st.integers(0, len(STORY) - 1), max_size=2),
)
@settings(max_examples=150, deadline=None)
def test_any_order_loss_and_doubling_ends_in_the_same_state(
    order: list[int], lost: set[int], doubled: set[int]
) -> None:
    """Only the last reading counts, and each real transition is told exactly once."""
    made = world()
    for index in order:
        for _ in range(2 if index in doubled else 1):
            if index not in lost:
                told = read(made, *STORY[index])
                keys = [(n.session_key, n.rating_key) for n in told]
                assert len(keys) == len(set(keys))
    read(made, session("playing", item="9"))
    music = made.store.state.music
    assert [(p.told.rating_key, p.told.state) for p in music.plays] == [("9", "playing")]
    assert made.room.activity == "playing"
    assert isinstance(music.plex.phase, Idle)
