"""One turn of an agent: what it remembers, what it orders, and the only places where a player is commanded.

A `Turn` lives for one call of `controller.advance` and is never seen outside.
"""

from typing import Any, Literal

import msgspec

from segue.core.party.sync.agent import Agent, Measuring, Releasing, Step
from segue.core.party.sync.messages import Load, Note, Order, Pause, Play, SeekTo, SetRate, Why
from segue.core.party.sync.phase import flush
from segue.core.party.sync.target import GroupLine

SEEN_AGE_MAX_S = 2.5
"""An answer older than this verifies nothing."""
SETTLE_S = 0.8
"""So long after a command an answer that contradicts it may still be an old one."""
SETTLE_MAX_S = 4.0
TRIES_MAX = 5
OURS_S = 3.0
"""A state within this time of a command of ours may be our own doing; later it is the viewer's hand."""


class Turn:
    """The agent as it changes, and the orders so far."""

    __slots__ = ("agent", "note", "noted_s", "now_s", "orders")

    def __init__(self, agent: Agent, now_s: float) -> None:
        self.agent = agent
        self.now_s = now_s
        self.orders: list[Order] = []
        self.note: Note = ""
        self.noted_s: float | None = None

    def put(self, **changes: Any) -> None:
        """Change what is remembered."""
        self.agent = msgspec.structs.replace(self.agent, **changes)

    def become(self, step: Step) -> None:
        """Go on to another step."""
        self.put(step=step)

    def say(self, note: Note, position_s: float | None = None) -> None:
        """Put a note into the next report."""
        self.note = note
        self.noted_s = position_s

    # ---------------------------------------------------------------- the line

    @property
    def line(self) -> GroupLine:
        """The group's line; steps that need it exist only where there is one."""
        assert self.agent.line is not None
        return self.agent.line

    def group_s(self, at_s: float) -> float:
        """Give where this player should be at a moment of our clock."""
        return self.line.position_s(self.agent.clock.server_s(at_s)) - self.agent.trim_s

    def reached_at_s(self, position_s: float) -> float:
        """Tell when, on our clock, this player should come to a position."""
        return self.agent.clock.ours_s(self.line.reached_at_s(position_s + self.agent.trim_s))

    @property
    def group_moves(self) -> bool:
        """Whether the film should be running right now."""
        server_s = self.agent.clock.server_s(self.now_s)
        return (server_s >= self.line.at_s) is (self.line.rate > 0.0)

    # ---------------------------------------------------------------- samples

    def forget_samples(self, keep: int = 0) -> None:
        """Believe only what is asked from now on."""
        phase_from_s = self.agent.phase_from_s if keep else self.now_s
        self.put(phase=flush(self.agent.phase, keep), phase_from_s=phase_from_s)

    def measure(self, step: Measuring) -> None:
        """Start to measure anew."""
        self.forget_samples()
        self.become(step)

    # ---------------------------------------------------------------- commands

    def _number(self) -> int:
        self.put(commands=self.agent.commands + 1, moved_at_s=self.now_s)
        return self.agent.commands

    def seek(self, position_s: float, why: Why) -> None:
        """Order a seek."""
        self.orders.append(SeekTo(self._number(), max(0, round(position_s * 1000)), why))

    def load(self, position_s: float) -> None:
        """Order the film of the line. It will play when it is there."""
        self.put(asked="playing", asked_at_s=self.now_s, asked_tries=1)
        self.orders.append(Load(self._number(), self.line.media, max(0, round(position_s * 1000)), "join"))

    def set_rate(self, rate: float, why: Why) -> None:
        """Order a playback rate."""
        self.orders.append(SetRate(self._number(), rate, why))

    def verified(self) -> Literal["playing", "paused"] | None:
        """Give the state that the timeline proves, or None while it may still be telling of the past.

        What was asked for and then seen is proven. The contrary is proven only after the command had time.
        """
        agent = self.agent
        seen = agent.seen
        if seen is None or seen.sent_at_s < agent.asked_at_s or self.now_s - seen.at_s > SEEN_AGE_MAX_S:
            return None
        if seen.state not in ("playing", "paused"):
            return None
        state: Literal["playing", "paused"] = "playing" if seen.state == "playing" else "paused"
        if (
            agent.asked is None
            or state == agent.asked
            or seen.sent_at_s >= agent.asked_at_s + self._settle_s()
        ):
            return state
        return None

    @property
    def settled(self) -> bool:
        """Whether what was last asked for was also seen so late that it is no old news."""
        agent = self.agent
        return agent.asked is None or agent.obeyed_at_s >= agent.asked_at_s + self._settle_s()

    def _settle_s(self) -> float:
        agent = self.agent
        latency_s = agent.learned.unpause_s if agent.asked == "playing" else agent.learned.pause_s
        patience = 1.5 ** max(0, agent.asked_tries - 1)
        return min(SETTLE_MAX_S, max(SETTLE_S, 4 * latency_s + 0.3) * patience)

    def ensure(self, wanted: Literal["playing", "paused"], why: Why) -> bool:
        """Tell whether the player verifiably is in a state, and command it if it verifiably is not.

        A player that toggles is commanded only if the contrary is verified; one that does not may be told once blindly.
        """
        agent = self.agent
        verified = self.verified()
        if verified == wanted:
            return True
        again = agent.asked == wanted
        blind = agent.learned.toggles is False and not again
        if (verified is not None or blind) and not (again and agent.asked_tries >= TRIES_MAX):
            self.put(asked=wanted, asked_at_s=self.now_s, asked_tries=agent.asked_tries + 1 if again else 1)
            number = self._number()
            self.orders.append(Play(number, why) if wanted == "playing" else Pause(number, why))
        return False

    def try_pause(self) -> None:
        """Order a pause of a player that is paused, to learn whether it toggles."""
        self.put(asked="paused", asked_at_s=self.now_s, asked_tries=1)
        self.orders.append(Pause(self._number(), "rehearse"))

    def release(self, step: Releasing) -> None:
        """Send `play`, as far as it is allowed now, and verify it."""
        self.ensure("playing", step.why)
        self.become(step)
