"""What an actor is asked to do: a bounded queue in which a newer wish may take the place of an older one."""

from collections.abc import Callable

import trio

from segue.core.vocabulary import EffectBase

OnDropped = Callable[[EffectBase, str], None]


class Inbox:
    """Effects for one actor. Never blocks who puts, never grows without end, never loses one in silence.

    An effect with a `coalesce_key` replaces a waiting one of the same key, in its place in the queue. What is replaced,
    does not fit, or was in hand when the actor fell over goes to `on_dropped`, whose caller turns it into an outcome.
    """

    def __init__(self, on_dropped: OnDropped, *, limit: int = 64) -> None:
        self._waiting: dict[tuple[str, ...], EffectBase] = {}
        self._in_hand: dict[str, EffectBase] = {}
        self._arrived = trio.Event()
        self._on_dropped = on_dropped
        self._limit = limit

    def put(self, effect: EffectBase) -> None:
        """Queue an effect."""
        key = effect.coalesce_key() or ("#", effect.effect_id)
        older = self._waiting.get(key)
        if older is None and len(self._waiting) >= self._limit:
            self._on_dropped(effect, f"more than {self._limit} effects wait")
            return
        self._waiting[key] = effect
        self._arrived.set()
        if older is not None:
            self._on_dropped(older, "a newer one took its place")

    async def get(self) -> EffectBase:
        """Wait for the next effect and take it in hand; the actor says `done` when it has its outcome."""
        while not self._waiting:
            self._arrived = trio.Event()
            await self._arrived.wait()
        key = next(iter(self._waiting))
        effect = self._waiting.pop(key)
        self._in_hand[effect.effect_id] = effect
        return effect

    def done(self, effect: EffectBase) -> None:
        """Let go of an effect whose outcome is known."""
        self._in_hand.pop(effect.effect_id, None)

    def drop_in_hand(self, reason: str) -> None:
        """Give up what the actor held when it fell over."""
        held, self._in_hand = list(self._in_hand.values()), {}
        for effect in held:
            self._on_dropped(effect, reason)

    def __len__(self) -> int:
        return len(self._waiting)
