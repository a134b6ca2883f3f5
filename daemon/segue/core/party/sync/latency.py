"""What a player is like: how long it takes to obey, how exact it is, what it cannot do.

Learned from what the player did, kept per player model, and written down as it is (a plain msgspec struct), so that
the next evening begins where the last one ended. Everything has a start value that is wrong for somebody, an update
that forgets slowly, and a clamp, so that no single lie of a timeline can spoil it.
"""

import msgspec

LATENCY_MIN_S = 0.005
LATENCY_MAX_S = 1.5
SEEK_MIN_S = 0.02
SEEK_MAX_S = 8.0
LOAD_MIN_S = 0.2
LOAD_MAX_S = 15.0
PARK_GAIN = 0.3
PARK_OF_LOAD, PARK_BESIDE_S = 0.45, 0.3
"""Before any seek was seen: parking takes this part of what loading took, and this much more."""
GAIN_MIN = 0.2
"""How much of a new observation is taken over once a player is known; the first ones weigh more."""
LATE_S = 0.3
"""A release that lands farther behind than this was not slow to unpause: its seek had not finished."""


class Learned(msgspec.Struct, frozen=True):
    """A player model's habits. Seconds unless the name says otherwise."""

    unpause_s: float = 0.03
    unpause_seen: int = 0
    pause_s: float = 0.03
    pause_seen: int = 0
    seek_s: float = 0.5
    """From `seekTo` on a playing player to picture and sound at the new place."""
    seek_seen: int = 0
    seek_sigma_s: float = 0.05
    """How far a seek misses what was expected of it."""
    park_s: float = 2.0
    """How long after a seek a paused player can be released without being late: a high quantile, not a mean."""
    load_s: float = 1.5
    load_seen: int = 0
    release_sigma_s: float = 0.04
    """How far a release misses."""
    quantum_ms: int | None = None
    """Seeks land on multiples of this (1 or 1000); None until it was tried."""
    toggles: bool | None = None
    """Whether a second `pause` resumes; None until it was tried, and treated as if it did."""
    refresh_s: float = 0.0
    """The timeline moves in steps of this; 0 when it follows the film."""
    speed: bool = False
    """Whether the player takes a playback rate. Told by its kind, never tried."""

    @property
    def quantum(self) -> int:
        """The quantum to reckon with: whole seconds until the player proved to be finer."""
        return self.quantum_ms or 1000


def gain(seen: int, least: float = GAIN_MIN) -> float:
    """Give the weight of the next observation: all of the first, half of the second, never less than `least`."""
    return max(least, 1.0 / (seen + 1))


def clamp(value: float, least: float, most: float) -> float:
    """Keep a value within its bounds."""
    return min(max(value, least), most)


def released(model: Learned, error_s: float, *, parked: bool) -> Learned:
    """Learn from a release: `error_s` ahead (+) or behind (-) of where it should have been.

    `parked` says that the release followed a seek, so that lateness may mean a seek that had not finished.
    """
    if parked and error_s < -(LATE_S + 2 * model.release_sigma_s):
        return msgspec.structs.replace(model, park_s=clamp(model.park_s - 0.6 * error_s, 0.1, SEEK_MAX_S))
    weight = gain(model.unpause_seen)
    error_s = clamp(error_s, -0.6, 0.6)
    sigma_s = model.release_sigma_s
    if model.unpause_seen:
        sigma_s = 0.85 * sigma_s + 0.15 * 1.25 * abs(error_s)
    return msgspec.structs.replace(
        model,
        unpause_s=clamp(model.unpause_s - weight * error_s, LATENCY_MIN_S, LATENCY_MAX_S),
        unpause_seen=model.unpause_seen + 1,
        release_sigma_s=clamp(sigma_s, 0.01, 0.4),
        park_s=clamp(model.park_s * 0.97, 0.1, SEEK_MAX_S) if parked else model.park_s,
    )


def stopped(model: Learned, overrun_s: float) -> Learned:
    """Learn from a pause that stood still `overrun_s` behind (+: later in the film than) what was aimed at."""
    weight = gain(model.pause_seen)
    return msgspec.structs.replace(
        model,
        pause_s=clamp(model.pause_s + weight * clamp(overrun_s, -1.0, 1.0), LATENCY_MIN_S, LATENCY_MAX_S),
        pause_seen=model.pause_seen + 1,
    )


def sought(model: Learned, surplus_s: float) -> Learned:
    """Learn from a seek that took `surplus_s` longer than `seek_s`."""
    weight = gain(model.seek_seen, 0.25)
    spread_s = model.seek_sigma_s
    if model.seek_seen:
        spread_s = 0.7 * spread_s + 0.3 * min(1.5, 1.25 * abs(surplus_s))
    seek_s = clamp(model.seek_s + weight * surplus_s, SEEK_MIN_S, SEEK_MAX_S)
    park_s = model.park_s if model.seek_seen else clamp(seek_s, 0.1, SEEK_MAX_S)
    return msgspec.structs.replace(
        model,
        seek_s=seek_s,
        seek_seen=model.seek_seen + 1,
        seek_sigma_s=clamp(spread_s, 0.01, 1.5),
        park_s=park_s,
    )


def parked(model: Learned, took_s: float) -> Learned:
    """Learn from a seek of a paused player that was seen to stand only after `took_s`."""
    if took_s <= model.park_s:
        return model
    return msgspec.structs.replace(
        model, park_s=clamp(model.park_s + PARK_GAIN * (took_s - model.park_s), 0.1, SEEK_MAX_S)
    )


def loaded(model: Learned, took_s: float) -> Learned:
    """Learn how long the film took from the command to its first movement. Who loads quickly seeks quickly, too."""
    weight = gain(model.load_seen, 0.3)
    load_s = clamp(model.load_s + weight * (took_s - model.load_s), LOAD_MIN_S, LOAD_MAX_S)
    park_s = model.park_s
    if model.load_seen == model.seek_seen == 0:
        park_s = clamp(PARK_OF_LOAD * load_s + PARK_BESIDE_S, 0.1, park_s)
    return msgspec.structs.replace(model, load_s=load_s, load_seen=model.load_seen + 1, park_s=park_s)
