"""The running actors: each under its supervisor, with an inbox that outlives it, so that no effect lacks an owner."""

from collections.abc import Awaitable, Callable, Iterable

import trio

from segue.core.actions import Action
from segue.runtime.inbox import Inbox
from segue.runtime.store import Store
from segue.runtime.supervisor import keep


class Running:
    """Actors by name; whoever is run again takes the place of the one that was there."""

    def __init__(self, store: Store, owners: Iterable[str]) -> None:
        """`owners` are those whom effects are delivered to (`EffectBase.owner`)."""
        self._store = store
        self._nursery: trio.Nursery | None = None
        self._scopes: dict[str, trio.CancelScope] = {}
        self.inboxes = {owner: Inbox(store.drop) for owner in owners}
        for owner, inbox in self.inboxes.items():
            store.own(owner, inbox.put)

    def start(self, nursery: trio.Nursery) -> None:
        """Run actors in here from now on."""
        self._nursery = nursery

    def run(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Run an actor under its supervisor, in place of the one that was there."""
        self.end(name)
        self._scopes[name] = scope = trio.CancelScope()
        self.soon(self._keep, name, run, scope)

    def end(self, *names: str) -> None:
        """End actors; what they had in hand gets its outcome."""
        for name in names:
            scope = self._scopes.pop(name, None)
            if scope is not None:
                scope.cancel()
                if name in self.inboxes:
                    self.inboxes[name].drop_in_hand("its settings changed")

    def soon(self, run: Callable[..., Awaitable[object]], *arguments: object) -> None:
        """Run something beside; before the start there is nothing to run it in, and it is left."""
        if self._nursery is not None:
            self._nursery.start_soon(run, *arguments)

    def post(self, action: Action) -> None:
        """Tell the core something on a supervisor's behalf."""
        self._store.post(action, by="supervisor")

    async def _keep(self, name: str, run: Callable[[], Awaitable[None]], scope: trio.CancelScope) -> None:
        with scope:
            await keep(name, run, self.post, self.inboxes.get(name))
