"""Watch parties as the configuration has them at present: the orchestrator, this home's agent, and IRC."""

from pathlib import Path

from segue import wiring, wiring_party
from segue.actors.irc_announcer import IrcAnnouncer
from segue.actors.party_agent import PartyAgent
from segue.actors.party_gate import PasskeyGate
from segue.actors.party_orchestrator import PartyOrchestrator
from segue.adapters.http_client import HttpClient
from segue.adapters.irc import IrcClient
from segue.config import Config
from segue.interfaces.door import PartyParts
from segue.interfaces.views import Json
from segue.running import Running
from segue.runtime.clock import HouseClock
from segue.runtime.store import Store

OWNER = "party_orchestrator"
"""Whom the effects of parties are delivered to."""
AGENT, IRC = "party_agent", "irc_announcer"
GATE_KEYS = frozenset(
    {"party.passkey_validation_url", "party.passkeys", "party.trusted_proxies", "party.require_tls"}
)


class OutsideParty:
    """The orchestrator lives as long as the process: a reload cuts nobody off who may still come in."""

    def __init__(
        self, store: Store, clock: HouseClock, actors: Running, state_dir: Path, config: Config
    ) -> None:
        self._store, self._clock, self._actors = store, clock, actors
        self._state_dir = state_dir
        self._config = config
        self._web: HttpClient | None = None
        self._plex_http: HttpClient | None = None
        self._agent: PartyAgent | None = None
        self.gate = PasskeyGate(clock.now_at, clock.wall_at, lambda: store.state.party)
        self.orchestrator = PartyOrchestrator(store, clock, self.gate, server=config.party.app_name)
        self.orchestrator.hosting = config.party.host
        store.own(OWNER, self.orchestrator.deliver)

    @property
    def parts(self) -> PartyParts:
        """What the doors of parties need."""
        party = self._config.party
        return PartyParts(
            hub=self.orchestrator,
            live=self.orchestrator if party.host else None,
            desk=self._agent,
            invitation_url=party.invitation_url,
            invite_days=party.invite_days,
        )

    def start(self) -> None:
        """Start everything that is configured."""
        self._open_gate()
        self._actors.run(OWNER, self.orchestrator.run)
        self._start_agent()
        self._start_irc()

    def change(self, config: Config, changed: list[str]) -> None:
        """Start anew what a reload changed, and leave the rest alone."""
        before, self._config = self._config, config
        self.orchestrator.hosting = config.party.host
        if any(key in GATE_KEYS for key in changed):
            self._open_gate()
            self.orchestrator.review()
        if any(key.startswith(("party.agent.", "plex.")) for key in changed) or _drives(before) != _drives(
            config
        ):
            self._start_agent()
        if any(key.startswith("irc.") for key in changed):
            self._start_irc()

    def _open_gate(self) -> None:
        """Let in whom the configuration lets in."""
        if self._web is not None:
            self._actors.soon(self._web.aclose)
        self._web = HttpClient(wiring.USER_AGENT)
        self.gate.change(
            wiring_party.gate_settings(self._config), wiring_party.passkey_service(self._config, self._web)
        )

    def _start_agent(self) -> None:
        """Start this home's agent. Without a name or an invitation it waits for one, and does nothing."""
        self._actors.end(AGENT)
        if self._plex_http is not None:
            self._actors.soon(self._plex_http.aclose)
        self._agent = self._plex_http = None
        if not self._config.party_agent.enabled:
            return
        self._plex_http = HttpClient(wiring.USER_AGENT, verify_tls=self._config.plex.verify_tls)
        client_id = wiring.client_identifier(self._state_dir)
        plex = wiring_party.home_plex(self._config, self._plex_http, client_id)
        self._agent = PartyAgent(
            self._store, wiring_party.agent_settings(self._config, self._state_dir), plex
        )
        self._actors.run(AGENT, self._agent.run)

    def _start_irc(self) -> None:
        self._actors.end(IRC)
        settings = wiring_party.irc_settings(self._config)
        if settings is None:
            return
        announcer = IrcAnnouncer(
            self._store,
            self._actors.inboxes[IRC],
            lambda hear: IrcClient(settings, hear),
            self._clock,
            self._find_film,
        )
        self._actors.run(IRC, announcer.run)

    async def _find_film(self, text: str) -> list[Json]:
        """Look a film up on the house's Plex, with whichever agent runs."""
        return [] if self._agent is None else await self._agent.find_film(text)


def _drives(config: Config) -> tuple[str, ...]:
    return wiring_party.authorized_clients(config)
