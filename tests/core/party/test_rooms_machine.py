"""Whatever people, agents and clocks do in whatever order: a party's promises hold."""

import os
from typing import Any

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from segue.core.party import due, reducer
from segue.core.party.actions import (
    ClientConnected,
    ClientDisconnected,
    ClockStepped,
    HandSeen,
    SeatReady,
    SeatReported,
)
from segue.core.party.effects import PublishState
from segue.core.party.requests import (
    AddRequested,
    CreateRequested,
    IgnoreRequested,
    OffsetRequested,
    PauseRequested,
    QueueRequested,
    RemoveRequested,
    ResumeRequested,
    ResyncRequested,
    RoleRequested,
    RulesRequested,
    ScheduleRequested,
    SeekRequested,
    SkipRequested,
    StartRequested,
    StopRequested,
)
from segue.core.party.settings import Device, Film, IntermissionRules, PartyRules, PartySettings
from segue.core.party.state import (
    Ended,
    Gathering,
    Intermission,
    Lobby,
    Party,
    PartyState,
    Playing,
    Report,
    Waiting,
    durable,
    revived,
)
from segue.core.stamp import Stamp
from segue.core.vocabulary import EffectBase
from segue.runtime.rows import digest

EXAMPLES = int(os.environ.get("SEGUE_EXAMPLES", "80"))
USERS = ("ann", "bob", "cob", "old")
USER = st.sampled_from(USERS)
WHO = st.sampled_from(("", *USERS))
FILMS = (
    Film(duration_ms=9 * 3_600_000, guid="plex://movie/1"),
    Film(duration_ms=90_000, guid="plex://movie/2"),
)
SETTINGS = PartySettings(parties_max=2)


class PartyMachine(RuleBasedStateMachine):
    """Up to two parties, four users, and links that die and come back."""

    def __init__(self) -> None:
        super().__init__()
        self.state, self.seq, self.now_at, self.wall_at = PartyState(), 0, 50.0, 1_800_000_000.0
        self.links: dict[str, str] = {}
        self.revs: dict[str, int] = {}
        self.ended: dict[str, Party] = {}
        self.waits: dict[str, list[float]] = {}
        self._step(lambda stamp: reducer.configure(self.state, SETTINGS, stamp))

    def _step(self, step: Any) -> list[EffectBase]:
        self.seq += 1
        stamp = Stamp(self.seq, self.now_at, self.wall_at, self.seq * 7919)
        before, fingerprint = self.state, digest(self.state)
        again = step(stamp)
        self.state, effects = step(stamp)
        assert (digest(again[0]), again[1]) == (digest(self.state), effects), (
            "the same step twice is the same"
        )
        assert digest(before) == fingerprint, "a step changed what was before it"
        ids = [effect.effect_id for effect in effects]
        assert len(ids) == len(set(ids))
        self._told(effects)
        return list(effects)

    def _told(self, effects: list[EffectBase]) -> None:
        """Revisions rise, one a state, and each state that is told is possible."""
        for effect in effects:
            if not isinstance(effect, PublishState):
                continue
            line, film = effect.frame.line, effect.film
            assert 0 <= line.position_ms <= film.duration_ms
            assert line.rate == (1.0 if effect.phase == "playing" else 0.0)
            assert line.at_s <= self.now_at + 20.0 or effect.phase == "gathering"
            if not effect.to:
                assert line.rev > self.revs.get(effect.party_id, 0), "revisions rise"
                self.revs[effect.party_id] = line.rev
                if effect.frame.why == "stall":
                    self.waits.setdefault(effect.party_id, []).append(self.now_at)

    def act(self, action: Any) -> list[EffectBase]:
        return self._step(lambda stamp: reducer.reduce(self.state, action, stamp))

    def party(self, data: st.DataObject) -> Party:
        return data.draw(st.sampled_from(list(self.state.parties.values())))

    # ---------------------------------------------------------------- the world

    @initialize()
    def a_party_is_made(self) -> None:
        for username in USERS:
            self.connect(username)
        rules = PartyRules(stall="wait", open=True)
        self.act(CreateRequested(FILMS, None, "ann", rules))
        for username in USERS[1:]:
            self.act(AddRequested(party_id=next(iter(self.state.parties)), username=username))

    @rule(user=USER)
    def connect(self, user: str) -> None:
        self.links[user] = f"{user}-{self.seq}"
        protocol: Any = "old" if user == "old" else "ours"
        self.act(ClientConnected(user, self.links[user], (Device(f"{user}-tv", f"{user} TV"),), protocol))

    @rule(user=USER)
    def disconnect(self, user: str) -> None:
        self.act(ClientDisconnected(user, self.links.get(user, "")))

    @rule(user=USER)
    def an_old_link_ends(self, user: str) -> None:
        before = self.state.clients
        self.act(ClientDisconnected(user, "long ago"))
        assert self.state.clients == before

    @rule(
        is_open=st.booleans(),
        stall=st.sampled_from(["wait", "follow"]),
        in_s=st.sampled_from([None, 5.0, 400.0]),
    )
    def create(self, is_open: bool, stall: Any, in_s: float | None) -> None:
        starts_at = None if in_s is None else self.wall_at + in_s
        self.act(CreateRequested(FILMS, starts_at, "ann", PartyRules(open=is_open, stall=stall)))

    @precondition(lambda self: self.state.parties)
    @rule(data=st.data(), who=WHO, kind=st.sampled_from([StartRequested, PauseRequested, ResumeRequested]))
    def transport(self, data: st.DataObject, who: str, kind: Any) -> None:
        self.act(kind(party_id=self.party(data).party_id, who=who))

    @precondition(lambda self: self.state.parties)
    @rule(data=st.data())
    def pause_twice(self, data: st.DataObject) -> None:
        party = self.party(data)
        if isinstance(party.phase, Lobby | Ended):
            return
        self.act(PauseRequested(party_id=party.party_id))
        once = self.state.parties[party.party_id]
        self.act(PauseRequested(party_id=party.party_id))
        twice = self.state.parties[party.party_id]
        assert (once.frame, once.phase) == (twice.frame, twice.phase), "a double pause counts once"

    @precondition(lambda self: self.state.parties)
    @rule(data=st.data(), kind=st.sampled_from([StopRequested, SkipRequested]), who=WHO)
    def lead(self, data: st.DataObject, kind: Any, who: str) -> None:
        self.act(kind(party_id=self.party(data).party_id, who=who))

    @precondition(lambda self: self.state.parties)
    @rule(data=st.data(), who=WHO, position_ms=st.integers(-10, 33_000_000))
    def seek(self, data: st.DataObject, who: str, position_ms: int) -> None:
        self.act(SeekRequested(party_id=self.party(data).party_id, who=who, position_ms=position_ms))

    @precondition(lambda self: self.state.parties)
    @rule(data=st.data(), user=USER, who=WHO, what=st.integers(0, 8))
    def set_up(self, data: st.DataObject, user: str, who: str, what: int) -> None:
        party = self.party(data)
        base: dict[str, Any] = {"party_id": party.party_id, "who": who}
        action: Any = (
            AddRequested(**base, username=user),
            RemoveRequested(**base, username=user),
            RoleRequested(
                **base, username=user, role=data.draw(st.sampled_from(["host", "cohost", "guest"]))
            ),
            IgnoreRequested(**base, username=user, ignored=data.draw(st.booleans())),
            OffsetRequested(**base, username=user, offset_ms=data.draw(st.integers(-3000, 3000))),
            ResyncRequested(**base, username=data.draw(st.sampled_from(["", user]))),
            QueueRequested(**base, films=FILMS[: data.draw(st.integers(0, 2))]),
            ScheduleRequested(**base, wall_starts_at=self.wall_at + data.draw(st.floats(-100, 1000))),
            RulesRequested(
                **base,
                rules=PartyRules(
                    stall="wait", intermissions=IntermissionRules(times_s=(60, 300), length_s=30, guard_s=0)
                ),
            ),
        )[what]
        self.act(action)

    @precondition(lambda self: self.state.parties)
    @rule(data=st.data(), user=USER, problem=st.sampled_from(["", "", "no_film"]), old=st.booleans())
    def ready(self, data: st.DataObject, user: str, problem: str, old: bool) -> None:
        party = self.party(data)
        rev = party.rev - old
        self.act(SeatReady(user, self.links[user], party.party_id, f"{user}-tv", rev, 0, problem))

    @precondition(lambda self: self.state.parties)
    @rule(
        data=st.data(),
        user=USER,
        note=st.sampled_from(["stalled", "in_step", "parked", ""]),
        ms=st.integers(0, 10**7),
    )
    def report(self, data: st.DataObject, user: str, note: str, ms: int) -> None:
        party = self.party(data)
        report = Report(party.rev, "playing", note=note, position_ms=ms, parking_ms=700)
        self.act(SeatReported(user, self.links[user], party.party_id, f"{user}-tv", report))

    @precondition(lambda self: self.state.parties)
    @rule(data=st.data(), user=USER, did=st.sampled_from(["paused", "played", "sought", "stopped"]))
    def hand(self, data: st.DataObject, user: str, did: Any) -> None:
        self.act(HandSeen(user, self.links[user], self.party(data).party_id, f"{user}-tv", did, 40_000))

    @rule(seconds=st.sampled_from([0.1, 1, 3.1, 11, 61, 700, 4000, 40_000]))
    def time_passes(self, seconds: float) -> None:
        until_at = self.now_at + seconds
        for _ in range(2000):
            due_at = reducer.next_deadline(self.state)
            if due_at is None or due_at > until_at:
                break
            self.wall_at += max(0.0, due_at - self.now_at)
            self.now_at = max(self.now_at, due_at)
            before = self.state
            self._step(lambda stamp: reducer.expire(self.state, stamp))
            assert self.state is not before, "a deadline that came to nothing"
        else:
            raise AssertionError("deadlines without end")
        self.wall_at += until_at - self.now_at
        self.now_at = until_at

    @rule(seconds=st.sampled_from([5.0, 700.0, 50_000.0]))
    def the_machine_slept(self, seconds: float) -> None:
        self.now_at += seconds
        self.wall_at += seconds
        self._step(lambda stamp: reducer.expire(self.state, stamp))

    @rule(seconds=st.sampled_from([-4000.0, -1.0, 1.0, 4000.0]))
    def the_clock_is_set(self, seconds: float) -> None:
        self.wall_at += seconds
        self.act(ClockStepped())

    @rule(gone_s=st.sampled_from([0.5, 100.0, 5000.0]))
    def the_process_dies(self, gone_s: float) -> None:
        self.state = revived(durable(self.state))
        self.links = dict.fromkeys(USERS, "none")
        self.wall_at += gone_s
        self.now_at = 10.0
        self.waits.clear()
        self.ended.clear()
        self._step(lambda stamp: reducer.configure(self.state, SETTINGS, stamp))

    @rule()
    def spurious_wake_up(self) -> None:
        before = self.state
        if (due_at := reducer.next_deadline(before)) is None or due_at > self.now_at:
            assert self._step(lambda stamp: reducer.expire(self.state, stamp)) == []
            assert self.state is before

    # ---------------------------------------------------------------- the promises

    @invariant()
    def nobody_waits_without_a_deadline(self) -> None:
        for party in self.state.parties.values():
            if isinstance(party.phase, Gathering | Waiting | Intermission | Playing):
                at = reducer.next_deadline(self.state)
                assert at is not None
            match party.phase:
                case Waiting(until_at=until_at):
                    assert until_at <= self.now_at + 10.0
                case Gathering(go_at=go_at):
                    assert go_at <= self.now_at + 10.0 + 1e-6
                case Intermission(release_at=release_at):
                    assert release_at <= max(self.now_at, party.frame.line.at_s) + 600.0 + 4000.0

    @invariant()
    def what_is_due_is_done(self) -> None:
        at = reducer.next_deadline(self.state)
        assert at is None or at > self.now_at - 50_001

    @invariant()
    def there_is_at_most_one_host(self) -> None:
        for party in self.state.parties.values():
            assert sum(member.role == "host" for member in party.members) <= 1
            names = [member.username for member in party.members]
            assert len(names) == len(set(names))

    @invariant()
    def a_host_that_is_lost_is_succeeded(self) -> None:
        for party in self.state.parties.values():
            host = next((m for m in party.members if m.role == "host"), None)
            if isinstance(party.phase, Lobby | Ended) or host is None or due.heir(party) is None:
                continue
            at = self.state.due_at
            overdue = host.gone_at is not None and host.gone_at + 10.0 <= self.now_at
            assert not overdue or (at is not None and at <= self.now_at)

    @invariant()
    def ended_parties_stay_ended(self) -> None:
        for party_id, before in self.ended.items():
            after = self.state.parties.get(party_id)
            assert after is None or (after.phase, after.frame) == (before.phase, before.frame)
        self.ended = {k: p for k, p in self.state.parties.items() if isinstance(p.phase, Ended)}

    @invariant()
    def presence_is_what_links_say(self) -> None:
        for party in self.state.parties.values():
            if not isinstance(party.phase, Ended):
                for member in party.members:
                    assert member.present == (member.username in self.state.clients)

    @invariant()
    def at_most_three_waits_an_hour(self) -> None:
        for moments in self.waits.values():
            for at in moments:
                assert sum(at - 3600.0 < other <= at for other in moments) <= 3

    @invariant()
    def what_is_kept_can_be_read_again(self) -> None:
        if self.state.asleep is None:
            kept = durable(self.state)
            assert durable(revived(kept)) == kept

    @invariant()
    def one_plan_a_party(self) -> None:
        """The next intermission is one moment, ahead of where the line begins, and never one that was held."""
        for party in self.state.parties.values():
            if isinstance(party.phase, Playing) and party.phase.boundary_ms is not None:
                assert party.phase.boundary_ms not in party.held
                assert party.phase.boundary_ms > party.frame.line.position_ms


TestPartyMachine = PartyMachine.TestCase
TestPartyMachine.settings = hypothesis_settings(max_examples=EXAMPLES, stateful_step_count=40, deadline=None)
