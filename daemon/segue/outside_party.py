"""Watch parties as the configuration has them at present: the orchestrator, this home's agent, and IRC."""

from pathlib import Path

from segue import wiring, wiring_party
from segue.actors.party_gate import PasskeyGate
from segue.actors.party_orchestrator import PartyOrchestrator
from segue.adapters.http_client import HttpClient
from segue.config import Config
from segue.interfaces.door import PartyParts
from segue.running import Running
from segue.runtime.clock import HouseClock
from segue.runtime.store import Store

OWNER = "party_orchestrator"
"""Whom the effects of parties are delivered to."""
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
            invitation_url=party.invitation_url,
            invite_days=party.invite_days,
        )

    def start(self) -> None:
        """Start everything that is configured."""
        self._open_gate()
        self._actors.run(OWNER, self.orchestrator.run)

    def change(self, config: Config, changed: list[str]) -> None:
        """Start anew what a reload changed, and leave the rest alone."""
        self._config = config
        self.orchestrator.hosting = config.party.host
        if any(key in GATE_KEYS for key in changed):
            self._open_gate()
            self.orchestrator.review()

    def _open_gate(self) -> None:
        """Let in whom the configuration lets in."""
        if self._web is not None:
            self._actors.soon(self._web.aclose)
        self._web = HttpClient(wiring.USER_AGENT)
        self.gate.change(
            wiring_party.gate_settings(self._config), wiring_party.passkey_service(self._config, self._web)
        )
