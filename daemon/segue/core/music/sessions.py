"""Hearing Plex: when to read the sessions, and what two readings say about each play.

Theory of operation. A webhook, a poll and a doubt all lead to the same thing, a reading of `/status/sessions`;
nothing else is believed. A reading replaces `observed_sessions`. `transitions` compares that with the plays the house
has been told of, and `rules.players_follow_their_sessions` turns each difference into one `PlexStateChanged`. So the
result depends on the last reading only: whatever was lost, doubled or came in another order ends in the same state.
"""

from collections.abc import Iterable

from msgspec.structs import replace as but

from segue.core.music.actions import PlexSession, PlexState, PlexStateChanged, SessionsRead, SessionsUnread
from segue.core.music.effects import FetchSessions
from segue.core.music.state import Idle, MusicState, Observed, Play, PlayKey, PlexLink, Reading
from segue.core.stamp import Stamp
from segue.core.timers import earliest, is_due
from segue.core.vocabulary import Out

BACK_OFF_MAX_S = 60.0
"""Longest pause between readings of a server that does not answer."""
REFUSED_AGAIN_S = 300.0
"""Pause after a refused token: asking more often mends nothing and fills the server's log."""


# ------------------------------------------------------------------ when to read


def want(state: MusicState, out: Out, why: str) -> MusicState:
    """Want a reading: at once, or as soon as the last one is over and the gap has passed."""
    plex, now_at = state.plex, out.stamp.now_at
    if not state.settings.plex_configured:
        return state
    if isinstance(plex.phase, Reading):
        return but(state, plex=but(plex, phase=but(plex.phase, again=True)))
    if now_at < plex.allowed_at:
        return but(state, plex=but(plex, due_at=plex.allowed_at))
    effect_id = out.add(FetchSessions(effect_id=out.next_id, why=why, because=out.stamp.seq))
    plex = but(
        plex,
        phase=Reading(effect_id),
        allowed_at=now_at + state.settings.read_gap_s,
        due_at=None,
        poll_at=None,
    )
    return but(state, plex=plex)


def hinted(state: MusicState, out: Out) -> MusicState:
    """Follow a webhook's hint: read now, and once more when the server has had time to agree with itself."""
    if not state.settings.plex_configured:
        return state
    recheck_at = out.stamp.now_at + state.settings.recheck_s
    return want(but(state, plex=but(state.plex, recheck_at=recheck_at)), out, "webhook")


def due(state: MusicState, out: Out) -> MusicState:
    """Do what the reading's deadlines ask for; nothing when none is due."""
    stamp = out.stamp
    plex = state.plex
    for moment, why in ((plex.due_at, "pending"), (plex.recheck_at, "recheck"), (plex.poll_at, "poll")):
        if is_due(moment, stamp.now_at):
            cleared = but(
                plex,
                due_at=None,
                recheck_at=None if is_due(plex.recheck_at, stamp.now_at) else plex.recheck_at,
                poll_at=None if is_due(plex.poll_at, stamp.now_at) else plex.poll_at,
            )
            return want(but(state, plex=cleared), out, why)
    return state


def next_deadline(plex: PlexLink) -> float | None:
    """Give the moment at which a reading may have to begin."""
    return earliest((plex.due_at, plex.recheck_at, plex.poll_at))


# ------------------------------------------------------------------ what was read


def read(state: MusicState, action: SessionsRead, stamp: Stamp) -> MusicState:
    """Take a whole reading in: who is not in it has stopped."""
    if not _is_ours(state.plex, action.effect_id):
        return state
    before = {_key(o.session): o for o in state.observed_sessions}
    observed = tuple(
        _observe(state, session, before.get(_key(session)), stamp)
        for session in _one_each(s for s in action.sessions if _concerns_us(state, s))
    )
    playing = any(o.session.state == "playing" for o in observed)
    poll_s = min(state.settings.poll_s, state.settings.poll_playing_s) if playing else state.settings.poll_s
    plex = but(
        state.plex,
        status="ok",
        detail="",
        failures=0,
        read_at=stamp.now_at,
        poll_at=stamp.now_at + poll_s,
        **_after_reading(state.plex, stamp),
    )
    return but(state, plex=plex, observed_sessions=observed, watched=watched(action.sessions))


AWAY_AFTER = 3
"""After so many vain readings nobody can be watching anything from there."""
WITH_PICTURE = frozenset({"movie", "episode", "clip"})
"""Types of what can be watched (`type` of `/status/sessions`)."""


def watched(found: Iterable[PlexSession]) -> tuple[str, ...]:
    """Name what is being watched, in any room or none. What is paused is not: it is felt at once when it goes on."""
    return tuple(
        sorted(
            session.title or "something"
            for session in found
            if session.media_type in WITH_PICTURE and session.state in ("playing", "buffering")
        )
    )


def not_read_yet(state: MusicState) -> bool:
    """Tell whether the first reading since the start is still awaited; not any more once Plex counts as away."""
    return state.settings.plex_configured and state.plex.read_at is None and state.plex.failures < AWAY_AFTER


def unread(state: MusicState, action: SessionsUnread, stamp: Stamp) -> MusicState:
    """Take a failed reading in: the last good one stands, and the next try comes later and later."""
    if not _is_ours(state.plex, action.effect_id):
        return state
    failures = state.plex.failures + 1
    if action.reason == "refused":
        wait_s = REFUSED_AGAIN_S
    else:
        wait_s = min(2.0 ** min(failures - 1, 10), BACK_OFF_MAX_S) * stamp.jitter(0.3)
    status = "down" if action.reason == "dropped" else action.reason
    plex = but(
        state.plex,
        status=status,
        detail=action.detail,
        failures=failures,
        poll_at=stamp.now_at + wait_s,
        **_after_reading(state.plex, stamp),
    )
    if action.reason == "refused":
        plex = but(plex, due_at=None, recheck_at=None, allowed_at=stamp.now_at + REFUSED_AGAIN_S)
    return but(state, plex=plex, watched=() if failures >= AWAY_AFTER else state.watched)


def _is_ours(plex: PlexLink, effect_id: str) -> bool:
    """Tell whether an outcome belongs to the reading under way: a late one from before is nobody's."""
    return isinstance(plex.phase, Reading) and plex.phase.effect_id == effect_id


def _after_reading(plex: PlexLink, stamp: Stamp) -> dict[str, object]:
    """Go back to idle; a reading that was asked for meanwhile begins when the gap allows."""
    again = isinstance(plex.phase, Reading) and plex.phase.again
    return {"phase": Idle(), "due_at": max(stamp.now_at, plex.allowed_at) if again else plex.due_at}


def _key(session: PlexSession) -> PlayKey:
    return (session.player_id, session.session_key, session.rating_key)


def _one_each(sessions: Iterable[PlexSession]) -> Iterable[PlexSession]:
    """Keep one entry of each play, whatever the server lists twice."""
    return {_key(s): s for s in sessions}.values()


def _concerns_us(state: MusicState, session: PlexSession) -> bool:
    """Tell whether a session plays on a room's player, named by machine identifier or by title."""
    return any(
        is_player(r.settings.plex_player, session.player_id, session.player_title) for r in state.rooms
    )


def is_player(name: str, player_id: str, player_title: str) -> bool:
    """Tell whether a configured name (machine identifier, or title in any case) means this player."""
    return bool(name) and (name == player_id or name.casefold() == player_title.casefold())


def _observe(state: MusicState, session: PlexSession, before: Observed | None, stamp: Stamp) -> Observed:
    """Note since when the position stands still, and whether that is too long for something that plays.

    Live television has no duration and never moves.
    """
    still = (
        before is not None
        and before.session.position_ms == session.position_ms
        and before.session.state == session.state
    )
    moved_at = before.moved_at if before is not None and still else stamp.now_at
    stale = (
        session.state == "playing"
        and session.duration_ms is not None
        and stamp.now_at - moved_at >= state.settings.stale_after_s
    )
    return Observed(session=session, moved_at=moved_at, seen_at=stamp.now_at, stale=stale)


# ------------------------------------------------------------------ what it means


def transitions(state: MusicState) -> tuple[PlexStateChanged, ...]:
    """Say what has changed since the house was last told: starts before ends.

    A player that goes on to the next track ends one play and starts another; told in this order the room
    never sees silence between them.
    """
    told = {play.key: play for play in state.plays}
    seen = {
        _key(o.session): o.session
        for o in state.observed_sessions
        if not o.stale and o.session.state != "stopped"
    }
    begun = [
        changed(session, state_now)
        for key, session in seen.items()
        if (state_now := _told_state(session, told.get(key))) is not None
    ]
    ended = [but(play.told, state="stopped") for key, play in told.items() if key not in seen]
    return tuple(begun + ended)


def _told_state(session: PlexSession, told: Play | None) -> PlexState | None:
    """Give the state that has to be told, if any. Buffering is no news of a play that goes on."""
    if told is None:
        return session.state
    if session.state in ("buffering", told.told.state):
        return None
    return session.state


def changed(session: PlexSession, state: PlexState) -> PlexStateChanged:
    """Make the news out of a session."""
    return PlexStateChanged(
        player_id=session.player_id,
        player_title=session.player_title,
        player_product=session.player_product,
        state=state,
        title=session.title,
        artist=session.artist,
        album=session.album,
        duration_ms=session.duration_ms,
        position_ms=session.position_ms,
        session_key=session.session_key,
        rating_key=session.rating_key,
    )
