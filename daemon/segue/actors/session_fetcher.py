"""Reads `/status/sessions` when the core wants it, one reading at a time."""

from typing import Protocol

import trio

from segue.adapters.plex import PlexRefused, PlexUnavailable
from segue.adapters.plex_xml import PlexUnreadable, Session
from segue.core.music.actions import PlexSession, PlexState, SessionsRead, SessionsUnread
from segue.core.music.effects import FetchSessions
from segue.runtime.inbox import Inbox
from segue.runtime.store import Store

BY = "actor:session_fetcher"
STATES: dict[str, PlexState] = {
    "playing": "playing",
    "paused": "paused",
    "buffering": "buffering",
    "stopped": "stopped",
    "error": "stopped",
}
"""Plex' player states (facts of `/status/sessions` and notifications); any other one counts as buffering."""


class PlexSessions(Protocol):
    """The part of the Plex adapter that this actor needs."""

    async def sessions(self) -> tuple[Session, ...]:
        """Read the sessions; raises when they cannot be known."""


class SessionFetcher:
    """Owns the question "what plays?"; the core decides when it is asked."""

    def __init__(self, store: Store, inbox: Inbox, plex: PlexSessions) -> None:
        self._store = store
        self._inbox = inbox
        self._plex = plex

    async def run(self) -> None:
        """Read whenever asked. What cannot be read is an action too: unknown, never nothing."""
        while True:
            effect = await self._inbox.get()
            if isinstance(effect, FetchSessions):
                outcome = await self._read(effect)
                self._inbox.done(effect)
                self._store.dispatch(outcome, by=BY)

    async def _read(self, effect: FetchSessions) -> SessionsRead | SessionsUnread:
        started_at = trio.current_time()
        try:
            sessions = await self._plex.sessions()
        except PlexRefused as error:
            return SessionsUnread(effect.effect_id, "refused", str(error))
        except PlexUnreadable as error:
            return SessionsUnread(effect.effect_id, "unreadable", str(error))
        except PlexUnavailable as error:
            return SessionsUnread(effect.effect_id, "down", str(error))
        took_s = trio.current_time() - started_at
        return SessionsRead(effect.effect_id, tuple(to_core(s) for s in sessions), took_s)


def to_core(session: Session) -> PlexSession:
    """Say an adapter's session in the core's words."""
    return PlexSession(
        player_id=session.player_id,
        session_key=session.session_key,
        rating_key=session.rating_key,
        state=STATES.get(session.state, "buffering"),
        player_title=session.player_title,
        player_product=session.player_product,
        player_address=session.player_address,
        media_type=session.media_type,
        title=session.title,
        artist=session.artist,
        album=session.album,
        duration_ms=None if session.live else session.duration_ms,
        position_ms=session.position_ms or 0,
    )
