"""Drives Plex players by Companion. An answer is only an answer: what happened is what the sessions say later."""

from typing import Protocol

import trio

from segue.adapters.companion import MediaType, PlayerAddress, Sent, Verb
from segue.adapters.plex_xml import PlayerInfo, PlexError
from segue.core.actions import Action
from segue.core.music.actions import PlayerCommandDone, PlayerCommandFailed
from segue.core.music.effects import CommandPlayer
from segue.runtime.inbox import Inbox
from segue.runtime.store import Store

BY = "actor:player_remote"
COMPANION_PORT = 32500
"""Where players listen for Companion when nothing else is known (Plexamp; plex-for-kodi and others say theirs)."""
VERBS: dict[str, Verb] = {
    "play": "play",
    "pause": "pause",
    "stop": "stop",
    "next": "skipNext",
    "previous": "skipPrevious",
    "seek": "seekTo",
}


class Remote(Protocol):
    """The part of the Companion adapter that this actor needs."""

    async def command(
        self,
        player: PlayerAddress,
        verb: Verb,
        *,
        offset_ms: int | None = None,
        media_type: MediaType = "music",
    ) -> Sent:
        """Tell a player to do something; says by which route."""


class Clients(Protocol):
    """The part of the Plex adapter that knows the players' addresses."""

    async def clients(self) -> tuple[PlayerInfo, ...]:
        """List the players that can be driven."""


class PlayerRemote:
    """Owns the remote control of the Plex players."""

    def __init__(
        self, store: Store, inbox: Inbox, remote: Remote, clients: Clients, *, direct: bool = True
    ) -> None:
        """`direct` false: commands go by the server only, whatever address a player has."""
        self._direct = direct
        self._store = store
        self._inbox = inbox
        self._remote = remote
        self._clients = clients
        self._known: dict[str, PlayerAddress] = {}

    async def run(self) -> None:
        """Carry out commands, each room's in their order."""
        while True:
            effect = await self._inbox.get()
            if isinstance(effect, CommandPlayer):
                outcome = await self._command(effect)
                self._inbox.done(effect)
                self._store.dispatch(outcome, by=BY)

    async def _command(self, effect: CommandPlayer) -> Action:
        started_at = trio.current_time()
        player = await self._find(effect)
        try:
            sent = await self._remote.command(
                player, VERBS[effect.verb], offset_ms=effect.position_ms, media_type=effect.media_type
            )
        except PlexError as error:
            self._known.pop(effect.player_id, None)
            return PlayerCommandFailed(effect.effect_id, effect.room, "unreachable", str(error))
        return PlayerCommandDone(effect.effect_id, effect.room, sent.route, trio.current_time() - started_at)

    async def _find(self, effect: CommandPlayer) -> PlayerAddress:
        """Find where a player listens: what it announced to the server, else the usual port of its address."""
        if not self._direct:
            return PlayerAddress(effect.player_id)
        known = self._known.get(effect.player_id)
        if known is not None:
            return known
        try:
            clients = await self._clients.clients()
        except PlexError:  # the server may still relay to the player
            clients = ()
        for client in clients:
            if effect.player_id in (client.player_id, client.title):
                found = PlayerAddress(client.player_id, client.host, client.port or COMPANION_PORT)
                self._known[effect.player_id] = found
                return found
        return PlayerAddress(effect.player_id, effect.player_address, COMPANION_PORT)
