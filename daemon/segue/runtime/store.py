"""The store: the event bus, and the only place where the state changes.

For every action, in this order and without an `await` in between:

1. **stamp** it: sequence number, clocks, entropy;
2. **reduce** it (`core/reducer.py`);
3. **settle**: ask the rules, and reduce what they want, until they want nothing (at most 8 rounds);
4. **journal**: hand all these steps to the journal as one unit;
5. **publish** the state and the steps to the subscribers;
6. **issue** the effects to the actors that own them. Those marked `after_commit` wait until the journal says that their
   step is on disk; if that takes longer than `late_s` they are dropped with an outcome, and the house acts without.
   While the journal is late or failed they are dropped at once.

`dispatch` is a plain function: trio cannot interleave, so a step is atomic, and the whole of it can be tested without
a loop. What an owner dispatches while effects are issued is queued and follows at once.

The store promises that every action is reduced exactly once and in the order of dispatch, and that every effect that
can finish has exactly one outcome. It does not promise that a subscriber sees each step: a slow one loses the oldest
and is told so by a fresh snapshot.
"""

from collections import deque
from collections.abc import Callable, Sequence

import msgspec
import trio

from segue.core import reducer, rules
from segue.core.actions import Action, DeadlineDue, Domain
from segue.core.effects import dropped
from segue.core.stamp import Stamp, cause_of
from segue.core.state import State
from segue.core.system.actions import JournalChanged
from segue.core.vocabulary import Accept, EffectBase, Refuse
from segue.runtime.clock import Clock, HouseClock
from segue.runtime.journal import Entry, Journal

Deliver = Callable[[EffectBase], None]


class CoreError(Exception):
    """The core raised: a programmer's error. The process ends with a non-zero code and starts again."""

    def __init__(self, domain: str, seq: int, action: Action, error: Exception) -> None:
        super().__init__(f"step {seq}, {action_type(action)}: {type(error).__name__}: {error}")
        self.domain = domain
        self.seq = seq
        self.action = action


class Step(msgspec.Struct, frozen=True):
    """What one dispatch did: the action's own step first, then what the rules added."""

    entries: tuple[Entry, ...]

    @property
    def seq(self) -> int:
        """Number of the action's own step."""
        return self.entries[0].stamp.seq

    @property
    def refusal(self) -> Refuse | None:
        """Why the request was turned down, if it was."""
        return next((e for e in self.entries[0].effects if isinstance(e, Refuse)), None)

    @property
    def acceptance(self) -> Accept | None:
        """What the request sets in motion, in words."""
        return next((e for e in self.entries[0].effects if isinstance(e, Accept)), None)


class Subscription:
    """A reader's place: the steps since it last looked, at most `limit` of them."""

    def __init__(self, limit: int) -> None:
        self._steps: deque[Entry] = deque(maxlen=limit)
        self._arrived = trio.Event()
        self.lost = False
        """True when steps were lost because the reader was slow; it should begin again from a snapshot."""

    def put(self, entries: Sequence[Entry]) -> None:
        """Add steps; the oldest give way."""
        self.lost = self.lost or len(self._steps) + len(entries) > (self._steps.maxlen or 0)
        self._steps.extend(entries)
        self._arrived.set()

    async def get(self) -> list[Entry]:
        """Wait for steps and take them all."""
        while not self._steps:
            self._arrived = trio.Event()
            await self._arrived.wait()
        taken = list(self._steps)
        self._steps.clear()
        return taken


class Store:
    """Holds the state, and turns actions into steps."""

    def __init__(
        self,
        state: State,
        journal: Journal,
        *,
        clock: Clock | None = None,
        first_seq: int = 1,
        late_s: float = 0.25,
    ) -> None:
        self.state = state
        self._journal = journal
        self._clock = clock or HouseClock()
        self._seq = first_seq - 1
        self.late_s = late_s
        self._committed_seq = first_seq - 1
        self._owners: dict[str, Deliver] = {}
        self._subscriptions: set[Subscription] = set()
        self._waiting: deque[tuple[int, float, EffectBase]] = deque()
        self._posted: deque[tuple[Action, str]] = deque()
        self._busy = False
        self._sleeps_until: float | None = None
        self._woken = trio.Event()
        self._failure: CoreError | None = None
        self._failed = trio.Event()
        journal.listen(self._on_committed, self._on_failed)

    # ---------------------------------------------------------------- owners and readers

    def own(self, owner: str, deliver: Deliver) -> None:
        """Name who carries out the effects of one owner; `deliver` must not block."""
        if owner in self._owners:
            raise ValueError(f"two owners named {owner!r}")
        self._owners[owner] = deliver

    def subscribe(self, *, limit: int = 1024) -> Subscription:
        """Begin to read the steps; pair with `unsubscribe`."""
        subscription = Subscription(limit)
        self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Stop reading."""
        self._subscriptions.discard(subscription)

    # ---------------------------------------------------------------- actions

    def dispatch(self, action: Action, *, by: str) -> Step:
        """Take an action through all six stages and say what it did. Not to be called by an owner in `deliver`."""
        if self._failure is not None:
            raise self._failure
        if self._busy:
            raise RuntimeError("dispatch inside of a step; use post")
        self._busy = True
        try:
            step = self._take(action, by)
            while self._posted:
                self._take(*self._posted.popleft())
        except CoreError as error:
            self._failure = error
            self._failed.set()
            raise
        finally:
            self._busy = False
        self._wake_for_deadline()
        return step

    def post(self, action: Action, *, by: str) -> None:
        """Dispatch now, or right after the step under way."""
        if self._busy:
            self._posted.append((action, by))
        else:
            self.dispatch(action, by=by)

    def drop(self, effect: EffectBase, detail: str) -> None:
        """Turn an effect that nobody will carry out into its outcome."""
        outcome = dropped(effect, "dropped", detail)
        if outcome is not None:
            self.post(outcome, by="store")

    def _take(self, action: Action, by: str) -> Step:
        entries = [self._reduce(action, by, cause_of(getattr(action, "effect_id", "")), "")]
        self._settle(entries)
        self._journal.append(entries)
        for subscription in self._subscriptions:
            subscription.put(entries)
        for entry in entries:
            for effect in entry.effects:
                self._issue(entry.stamp, effect)
        return Step(tuple(entries))

    def _reduce(self, action: Action, by: str, cause: int | None, rule: str) -> Entry:
        self._seq += 1
        clock = self._clock
        stamp = Stamp(self._seq, clock.now_at(), clock.wall_at(), clock.entropy())
        before = self.state
        try:
            self.state, effects = reducer.reduce(before, action, stamp)
        except Exception as error:
            raise CoreError(action_type(action).partition(".")[0], self._seq, action, error) from error
        return Entry(stamp, action, tuple(effects), before, self.state, cause, rule, by)

    def _settle(self, entries: list[Entry]) -> None:
        first = entries[0]
        if first.after is first.before:
            return
        for _ in range(rules.ROUNDS_MAX):
            wish = self._wish(first)
            if wish is None:
                return
            rule, actions = wish
            entries.extend(self._reduce(a, "rule", first.stamp.seq, rule.__name__) for a in actions)
        wish = self._wish(first)
        if wish is not None:
            error = RuntimeError(f"the rules do not settle: {wish[0].__name__} still wants something")
            raise CoreError("house", self._seq, first.action, error)

    def _wish(self, first: Entry) -> tuple[rules.Rule, tuple[Action, ...]] | None:
        try:
            return rules.enabled(self.state)
        except Exception as error:
            raise CoreError("house", self._seq, first.action, error) from error

    async def wait_failed(self) -> CoreError:
        """Wait until the core has raised, whoever dispatched: the process must end, not only a visitor's request."""
        await self._failed.wait()
        assert self._failure is not None
        return self._failure

    # ---------------------------------------------------------------- effects

    def _issue(self, stamp: Stamp, effect: EffectBase) -> None:
        if effect.after_commit and stamp.seq > self._committed_seq:
            if self.state.system.journal == "ok":
                self._waiting.append((stamp.seq, stamp.now_at, effect))
            else:
                self._turn_away(effect, self.state.system.journal_detail)
            return
        deliver = self._owners.get(effect.owner)
        if deliver is not None:
            deliver(effect)
        elif effect.owner != "door":
            self.drop(effect, f"nobody owns {effect.owner} here")

    def _on_committed(self, seq: int) -> None:
        """Hear that all steps up to a number are on disk: what waited for them may go."""
        self._committed_seq = max(self._committed_seq, seq)
        while self._waiting and self._waiting[0][0] <= self._committed_seq:
            _, _, effect = self._waiting.popleft()
            deliver = self._owners.get(effect.owner)
            if deliver is not None:
                deliver(effect)
        if self.state.system.journal != "ok" and not self._waiting:
            self.post(JournalChanged("ok"), by="journal")

    def _on_failed(self, error: str) -> None:
        """Hear that a commit failed: act without what needs a memory."""
        self._let_waiting_go("failed", error)

    def _let_waiting_go(self, status: str, detail: str) -> None:
        waiting, self._waiting = list(self._waiting), deque()
        self.post(JournalChanged("failed" if status == "failed" else "late", detail), by="journal")
        for _, _, effect in waiting:
            self._turn_away(effect, detail)

    def _turn_away(self, effect: EffectBase, detail: str) -> None:
        """Tell the house that the journal cannot remember this effect in time."""
        outcome = dropped(effect, "commit_late", detail)
        if outcome is not None:
            self.post(outcome, by="store")

    # ---------------------------------------------------------------- deadlines

    async def run(self) -> None:
        """Wake the core at its deadlines, for ever. Sleeps without any tick in between."""
        while True:
            due = self._next_moment()
            self._sleeps_until = due
            self._woken = trio.Event()
            if due is None:
                await self._woken.wait()
            else:
                with trio.move_on_at(due):
                    await self._woken.wait()
                await trio.lowlevel.checkpoint()
            self._sleeps_until = None
            self._wake_core()

    def _next_moment(self) -> float | None:
        due = reducer.next_deadline(self.state)
        moments = [due[0]] if due is not None else []
        if self._waiting:
            moments.append(self._waiting[0][1] + self.late_s)
        return min(moments, default=None)

    def _wake_core(self) -> None:
        """Tell the core of each deadline that has come."""
        now_at = self._clock.now_at()
        if self._waiting and self._waiting[0][1] + self.late_s <= now_at:
            self._let_waiting_go("late", f"a commit takes longer than {self.late_s * 1000:.0f} ms")
        due = reducer.next_deadline(self.state)
        if due is None or due[0] > now_at:
            return
        moment, domain = due
        self.dispatch(DeadlineDue(domain), by="store")
        self._check_progress(moment, domain)

    def _check_progress(self, moment: float, domain: Domain) -> None:
        """Stop a core that asks for the same past moment again: the loop would spin for ever."""
        again = reducer.next_deadline(self.state)
        if again == (moment, domain):
            error = RuntimeError(f"the {domain} deadline at {moment} stays due")
            raise CoreError(domain, self._seq, DeadlineDue(domain), error)

    def _wake_for_deadline(self) -> None:
        due = self._next_moment()
        if due is not None and (self._sleeps_until is None or due < self._sleeps_until):
            self._woken.set()


def action_type(action: Action) -> str:
    """Give an action's name on the wire: `music.volume_changed`."""
    return str(type(action).__struct_config__.tag)
