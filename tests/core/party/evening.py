"""A party, driven by a test that speaks for people, agents and two clocks."""

from typing import Any, TypeVar

from segue.core.party import reducer
from segue.core.party.actions import ClientConnected, ClientDisconnected, HandSeen, SeatReady, SeatReported
from segue.core.party.effects import PublishState
from segue.core.party.requests import AddRequested, CreateRequested, StartRequested
from segue.core.party.settings import Device, Film, PartyRules, PartySettings
from segue.core.party.state import Party, PartyState, Report, Seat, durable, revived
from segue.core.stamp import Stamp
from segue.core.vocabulary import EffectBase, Refuse

FILM = Film(duration_ms=7_200_000, guid="plex://movie/1", filename="Film.mkv", title="Film")
SHORT = Film(duration_ms=60_000, guid="plex://movie/2", title="Short")
E = TypeVar("E", bound=EffectBase)
Did = Any


class Evening:
    """The slice, its clocks, and everything it ever wanted done."""

    def __init__(self, settings: PartySettings | None = None) -> None:
        self.state, self.seq, self.now_at, self.wall_at = PartyState(), 0, 1000.0, 1_800_000_000.0
        self.effects: list[EffectBase] = []
        self.last_step: list[EffectBase] = []
        self.links = 0
        self._step(lambda stamp: reducer.configure(self.state, settings or PartySettings(), stamp))

    # ---------------------------------------------------------------- the loop

    def _step(self, step: Any) -> list[EffectBase]:
        self.seq += 1
        self.state, effects = step(Stamp(self.seq, self.now_at, self.wall_at, self.seq * 7919))
        self.last_step = list(effects)
        self.effects += effects
        return self.last_step

    def act(self, action: Any) -> list[EffectBase]:
        return self._step(lambda stamp: reducer.reduce(self.state, action, stamp))

    def later(self, seconds: float) -> None:
        """Let time pass, with every deadline on the way."""
        until_at = self.now_at + seconds
        for _ in range(10_000):
            due_at = reducer.next_deadline(self.state)
            if due_at is None or due_at > until_at:
                break
            self._pass(max(0.0, due_at - self.now_at))
            self._step(lambda stamp: reducer.expire(self.state, stamp))
        else:
            raise AssertionError("deadlines without end")
        self._pass(until_at - self.now_at)

    def _pass(self, seconds: float) -> None:
        self.now_at += seconds
        self.wall_at += seconds

    def restart(self, gone_s: float = 1.0) -> None:
        """Lose the process: a new one has another monotonic timeline and what was written down."""
        kept = durable(self.state)
        self.wall_at += gone_s
        self.now_at = 500.0
        self.state = revived(kept)
        self._step(lambda stamp: reducer.configure(self.state, PartySettings(), stamp))

    # ---------------------------------------------------------------- people and agents

    def create(self, *films: Film, wall_starts_at: float | None = None, host: str = "", **rules: Any) -> str:
        self.act(CreateRequested(films or (FILM,), wall_starts_at, host, PartyRules(**rules)))
        return list(self.state.parties)[-1] if self.state.parties else ""

    def connect(self, username: str, link_id: str = "", **more: Any) -> str:
        self.links += 1
        link_id = link_id or f"{username}-{self.links}"
        devices = more.pop("devices", (Device(f"{username}-tv", f"{username}'s TV"),))
        self.act(ClientConnected(username, link_id, devices, **more))
        return link_id

    def drop(self, username: str) -> None:
        self.act(ClientDisconnected(username, self.state.clients[username].link_id))

    def party_of(self, *usernames: str, film: Film = FILM, **rules: Any) -> str:
        """Make a party whose first member is the host, with everybody connected, in the lobby."""
        party_id = self.create(film, host=usernames[0], **rules)
        for username in usernames[1:]:
            self.act(AddRequested(party_id=party_id, username=username))
        for username in usernames:
            self.connect(username)
        return party_id

    def running(self, *usernames: str, film: Film = FILM, **rules: Any) -> str:
        """The same, with the film begun."""
        party_id = self.party_of(*usernames, film=film, **rules)
        self.act(StartRequested(party_id=party_id))
        for username in usernames:
            self.ready(username)
        self.later(1.0)
        return party_id

    def _from(self, username: str) -> tuple[str, str, str, str]:
        return username, self.state.clients[username].link_id, self.party.party_id, f"{username}-tv"

    def ready(self, username: str, rev: int | None = None, problem: str = "") -> None:
        rev = self.party.rev if rev is None else rev
        self.act(SeatReady(*self._from(username), rev, 0, problem, problem))

    def report(self, username: str, **fields: Any) -> None:
        self.act(SeatReported(*self._from(username), Report(**({"rev": self.party.rev} | fields))))

    def stall(self, username: str) -> None:
        self.report(username, state="playing", note="stalled")

    def recover(self, username: str) -> None:
        self.report(username, state="playing", note="in_step")

    def hand(self, username: str, did: Did, position_ms: int | None = None) -> None:
        self.act(HandSeen(*self._from(username), did, position_ms))

    # ---------------------------------------------------------------- what is seen

    @property
    def party(self) -> Party:
        """The newest party."""
        return list(self.state.parties.values())[-1]

    @property
    def phase(self) -> str:
        return self.party.phase_name

    @property
    def position_s(self) -> float:
        """Where the film is now."""
        return self.party.frame.line.position_s(self.now_at)

    def seat(self, username: str) -> Seat:
        member = self.party.member(username)
        assert member is not None
        return member.seats[0]

    def role(self, username: str) -> str:
        member = self.party.member(username)
        assert member is not None
        return member.role

    def all(self, kind: type[E]) -> list[E]:
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def last(self, kind: type[E]) -> E:
        return self.all(kind)[-1]

    def told(self, to: str = "") -> PublishState:
        """The last state that was told to all, or to one."""
        return [effect for effect in self.all(PublishState) if effect.to == to][-1]

    @property
    def refused(self) -> str:
        """The code with which the last step refused something."""
        return next((effect.code for effect in self.last_step if isinstance(effect, Refuse)), "")
