"""Owns the listening sockets, and what the doors need of the house behind them."""

import ipaddress
import os
from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from segue import __version__
from segue.actors.webhook_listener import WebhookListener
from segue.adapters.plex_xml import PlayerInfo, Session
from segue.core.music.actions import WebhookHeard
from segue.core.music.sessions import is_player
from segue.interfaces.answers import error, ok
from segue.interfaces.confirm import Confirmations
from segue.interfaces.control import Policy
from segue.interfaces.door import IngestDesk, PartyParts
from segue.interfaces.moment import Moment
from segue.interfaces.views import Json, Surroundings
from segue.interfaces.webhook import BadWebhook, read_plex_webhook, secret_matches
from segue.runtime.clock import Clock
from segue.runtime.counters import Counters
from segue.runtime.store import Store

WEBHOOKS_AT_ONCE = 16
"""Webhooks that are read at the same time; Plex sends one after the other."""
KNOWN_EVENTS = frozenset(
    {
        "media.play",
        "media.pause",
        "media.resume",
        "media.stop",
        "media.scrobble",
        "media.rate",
        "library.new",
        "library.on.deck",
        "admin.database.backup",
        "admin.database.corrupted",
        "device.new",
        "playback.started",
    }
)
"""Plex support, article 115002267687; anything else is counted and ignored."""


class WebhookRules(msgspec.Struct, frozen=True):
    """Who may send webhooks."""

    secret: str = ""
    sources: tuple[str, ...] = ()
    """Addresses that may send; empty: any."""

    def __repr__(self) -> str:
        return f"WebhookRules(sources={self.sources})"


class FrontDoor:
    """Implements `interfaces.http_api.HouseDoor`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        listener: WebhookListener,
        counters: Counters,
        *,
        players: Callable[[], Awaitable[tuple[tuple[PlayerInfo, ...], tuple[Session, ...]]]],
        why: Callable[[str | None, int], Awaitable[Json]],
        reload: Callable[[], Awaitable[Json]],
        journal_figures: Callable[[], tuple[int, int]],
        ingest: Callable[[], IngestDesk],
        party: Callable[[], PartyParts] = PartyParts,
        more_counters: Callable[[], dict[str, int]] = dict,
    ) -> None:
        self._store = store
        self._clock = clock
        self._listener = listener
        self._counters = counters
        self._players = players
        self._why = why
        self._reload = reload
        self._journal_figures = journal_figures
        self._more_counters = more_counters
        self._ingest = ingest
        self._party = party
        self.confirmations = Confirmations(clock.now_at)
        self._webhooks = 0
        self.policy = Policy()
        self.webhooks = WebhookRules()
        self.plex_url = ""
        self.heos_configured = False

    @property
    def store(self) -> Store:
        """Where actions go and snapshots come from."""
        return self._store

    @property
    def ingest(self) -> IngestDesk:
        """Looks up what the ingest's doors ask for; another one after a reload."""
        return self._ingest()

    @property
    def party(self) -> PartyParts:
        """The orchestrator and the agent, where they are; others after a reload."""
        return self._party()

    def moment(self) -> Moment:
        """Now, on both clocks."""
        return Moment(self._clock.now_at(), self._clock.wall_at())

    def surroundings(self) -> Surroundings:
        """What a status says beyond the state."""
        rows, segment = self._journal_figures()
        return Surroundings(
            version=__version__,
            pid=os.getpid(),
            plex_url=self.plex_url,
            heos_configured=self.heos_configured,
            journal_rows=rows,
            journal_segment=segment,
            counters=self._counters.snapshot() | self._more_counters(),
        )

    async def players(self) -> Json:
        """Look up the players: those that take commands, those that play, those of the HEOS system."""
        music = self._store.state.music
        clients, sessions = await self._players()
        found = {
            c.player_id: _plex_player(c.player_id, c.title, c.product, c.platform, c.host) for c in clients
        }
        for s in sessions:
            known = _plex_player(
                s.player_id, s.player_title, s.player_product, s.player_platform, s.player_address
            )
            found[s.player_id] = found.get(s.player_id, known) | {"state": s.state}
        for entry in found.values():
            names = [
                r.name for r in music.rooms if is_player(r.settings.plex_player, entry["id"], entry["title"])
            ]
            entry["room"] = names[0] if names else None
        pids = {r.receiver.heos_player_id: r.name for r in music.rooms}
        heos = [
            {
                "player_id": p.heos_player_id,
                "name": p.name,
                "model": p.model,
                "ip": p.ip,
                "room": pids.get(p.heos_player_id),
            }
            for p in music.heos_players
        ]
        return {"schema": "segue.players/1", "plex": list(found.values()), "heos": heos}

    async def why(self, room: str | None, limit: int) -> Json:
        """Read the last acts and their causes."""
        return await self._why(room, limit)

    async def reload(self) -> Json:
        """Read the configuration again."""
        return await self._reload()

    # ---------------------------------------------------------------- webhooks

    async def webhook(self, request: Request, secret: str | None) -> Response:
        """Take a Plex webhook: judge its secret before a byte of it is read, answer before anything is done."""
        denied = self._judge(request, secret)
        if denied is not None:
            return denied
        if self._webhooks >= WEBHOOKS_AT_ONCE:
            self._counters.count("webhooks_turned_away")
            return error(
                429, "too_many_webhooks", f"{WEBHOOKS_AT_ONCE} webhooks are being read.", "Send it again."
            )
        self._webhooks += 1
        try:
            hook = await read_plex_webhook(request.headers.get("content-type", ""), request.stream())
        except BadWebhook as problem:
            self._counters.count(f"webhooks_refused_{problem.status}")
            return error(problem.status, problem.code, problem.message, problem.hint)
        finally:
            self._webhooks -= 1
        known = hook.event in KNOWN_EVENTS
        self._counters.count(f"webhooks_{hook.event}" if known else "webhooks_unknown_event")
        if hook.event.startswith(("media.", "playback.")):
            self._listener.hear(WebhookHeard(hook.event, hook.player_id, hook.rating_key))
        return ok({"schema": "segue.webhook/1", "event": hook.event})

    def _judge(self, request: Request, secret: str | None) -> Response | None:
        wanted = self.webhooks.secret
        if wanted and secret is None:
            return error(
                401, "no_secret", "The webhook's secret is missing.", "Append it: /webhooks/plex/SECRET."
            )
        matches = secret_matches(secret or "", wanted) if wanted else secret is None
        if not matches or not self._is_source(request):
            self._counters.count("webhooks_wrong_secret")
            return error(404, "not_found", "There is nothing here.")
        return None

    def _is_source(self, request: Request) -> bool:
        if not self.webhooks.sources or request.client is None:
            return True
        try:
            address = ipaddress.ip_address(request.client.host)
        except ValueError:
            return False
        return any(address in ipaddress.ip_network(source) for source in self.webhooks.sources)


def _plex_player(player_id: str, title: str, product: str, platform: str, address: str) -> Json:
    return {
        "id": player_id,
        "title": title,
        "product": product,
        "platform": platform,
        "address": address,
        "state": "",
        "room": None,
    }
