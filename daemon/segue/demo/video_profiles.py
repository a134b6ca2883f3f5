"""What simulated video players are like, and what can go wrong with them.

The profile `shim` is measured at a real player (Plex MPV Shim 1.11 over libmpv 0.35, a film of 24 frames a second);
the other three are guesses at kinds of devices. Latencies are medians in seconds with the sigma of a lognormal.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal


@dataclass(frozen=True)
class Latency:
    """How long something takes: lognormal, `median_s` and the sigma of its logarithm."""

    median_s: float
    sigma: float

    def draw(self, rng: random.Random) -> float:
        """Give one duration, in seconds; at most ten medians, since tests have an end."""
        if self.median_s <= 0:
            return 0.0
        return min(self.median_s * math.exp(rng.gauss(0.0, self.sigma)), 10 * self.median_s)


@dataclass(frozen=True)
class Profile:
    """One kind of player."""

    name: str
    product: str
    platform: str
    seek: Latency
    pause: Latency
    unpause: Latency
    start: Latency
    poll_rtt_s: float
    quantum_ms: int = 1
    """Seeks and starts go to the multiple below."""
    step_ms: float = 1.0
    """Its timeline shows multiples of this: a frame, or a ms."""
    refresh_s: float = 0.0
    """Its timeline is renewed so often and in between shows what was; 0: it is live."""
    toggles: bool = False
    """`play` and `pause` are one button."""
    zero_is_loading: bool = False
    """At position 0 it says that it buffers, and no time."""
    poll_ends_subscription: bool = False
    """A poll in the name of a subscriber ends the subscription."""
    reply: Literal["xml", "ok", "broken"] = "xml"
    """What it answers to a command that it takes."""
    closes: bool = False
    """It ends the connection after each answer, as HTTP/1.0 does."""
    creates_queues: bool = False
    """It takes `createPlayQueue`, which can begin paused."""
    device_class: str = "pc"

    @property
    def capabilities(self) -> str:
        """Its `protocolCapabilities`."""
        more = ",playqueues-creation" if self.creates_queues else ""
        return f"timeline,playback,navigation,playqueues{more}"


PROFILES: Final[dict[str, Profile]] = {
    "shim": Profile(
        name="shim",
        product="Plex MPV Shim",
        platform="Linux",
        seek=Latency(0.046, 0.5),
        pause=Latency(0.006, 0.6),
        unpause=Latency(0.012, 0.9),
        start=Latency(0.60, 0.25),
        poll_rtt_s=0.025,
        quantum_ms=1000,
        step_ms=1000 / 24,
        toggles=True,
        zero_is_loading=True,
        poll_ends_subscription=True,
        closes=True,
    ),
    "tvbox": Profile(
        name="tvbox",
        product="Plex for Android (TV)",
        platform="Android",
        seek=Latency(0.70, 0.35),
        pause=Latency(0.12, 0.4),
        unpause=Latency(0.18, 0.4),
        start=Latency(2.5, 0.3),
        poll_rtt_s=0.030,
        reply="ok",
        creates_queues=True,
        device_class="stb",
    ),
    "tvslow": Profile(
        name="tvslow",
        product="Plex for Samsung",
        platform="Tizen",
        seek=Latency(1.3, 0.4),
        pause=Latency(0.25, 0.4),
        unpause=Latency(0.35, 0.4),
        start=Latency(4.0, 0.35),
        poll_rtt_s=0.060,
        quantum_ms=1000,
        refresh_s=1.0,
        reply="broken",
        device_class="tv",
    ),
    "xcode": Profile(
        name="xcode",
        product="Plex for Android (Mobile)",
        platform="Android",
        seek=Latency(2.6, 0.35),
        pause=Latency(0.10, 0.4),
        unpause=Latency(0.20, 0.4),
        start=Latency(5.0, 0.3),
        poll_rtt_s=0.030,
        reply="ok",
        device_class="phone",
    ),
}


@dataclass
class Troubles:
    """What is wrong with a player at the moment; the defaults are its good days. Verbs are those of the protocol."""

    ignore_offsets: int = 0
    """So many of the next films begin at 0, whatever was asked for."""
    hang: set[str] = field(default_factory=set)
    """Verbs that are obeyed and never answered (`poll` is one, too)."""
    lie: set[str] = field(default_factory=set)
    """Verbs that are answered and not obeyed."""
    refuse: set[str] = field(default_factory=set)
    """Verbs that are answered 200 with a 500 inside."""
    drop: set[str] = field(default_factory=set)
    """Verbs at which the connection ends, after they were obeyed."""
    late_s: float = 0.0
    """Answers come so much later."""
    bias_ms: int = 0
    """The timeline is wrong by so much, all the time."""
    claims: str = ""
    """The state that the timeline names, whatever is so."""
    garbage: bytes | None = None
    """What polls are answered with."""
    server_only: bool = False
    """Commands are taken from the server's relay alone."""
    polled_every_s: float | None = None
    """Who has not polled for so long is refused with 406."""


@dataclass(frozen=True)
class Mishap:
    """Something that happens to a player by itself, `at_s` seconds after it is switched on."""

    at_s: float
    kind: Literal["stall", "buffering", "vanish"]
    """A stall that the timeline does not show, one that it does, or a player that is gone for a while."""
    for_s: float


def seeded_mishaps(seed: int, until_s: float, *, first_s: float = 300.0) -> Iterator[Mishap]:
    """Give stalls of 0.8 to 5 s, a minute and an exponential quarter of an hour apart; the same for the same seed."""
    rng = random.Random(seed)
    at_s = first_s + rng.expovariate(1 / 900)
    while at_s < until_s:
        yield Mishap(at_s, rng.choice(("stall", "buffering")), rng.uniform(0.8, 5.0))
        at_s += 60.0 + rng.expovariate(1 / 900)
