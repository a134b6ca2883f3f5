"""Keeps the actors alive: one that fails is started again, later and later, and said once."""

from collections.abc import Awaitable, Callable

import trio

from segue.core.actions import Action
from segue.core.system.actions import ActorFailed, ActorRecovered
from segue.runtime.inbox import Inbox
from segue.runtime.store import CoreError

Post = Callable[[Action], None]
Run = Callable[[], Awaitable[None]]

BACK_OFF_MIN_S = 1.0
BACK_OFF_MAX_S = 15.0
PROVED_AFTER_S = 30.0
"""An actor that has run for so long since it failed counts as well again."""


async def keep(name: str, run: Run, post: Post, inbox: Inbox | None = None) -> None:
    """Run an actor for ever. What it held when it fell over gets its outcome, so that nobody waits for it.

    An error of the core is not an actor's: it goes up and ends the process.
    """
    wait_s = BACK_OFF_MIN_S
    failed = False
    while True:
        started_at = trio.current_time()
        try:
            async with trio.open_nursery() as nursery:
                if failed:
                    nursery.start_soon(_say_when_proved, name, post)
                await run()
                nursery.cancel_scope.cancel()
            return
        except* CoreError:
            raise
        except* Exception as group:
            error = _first(group)
            if trio.current_time() - started_at >= PROVED_AFTER_S:
                wait_s = BACK_OFF_MIN_S
            if inbox is not None:
                inbox.drop_in_hand(f"{name} fell over")
            post(ActorFailed(name, f"{type(error).__name__}: {error}", wait_s))
            failed = True
        await trio.sleep(wait_s)
        wait_s = min(wait_s * 2, BACK_OFF_MAX_S)


async def _say_when_proved(name: str, post: Post) -> None:
    await trio.sleep(PROVED_AFTER_S)
    post(ActorRecovered(name))


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    """Give the first error of a group, however deep."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
