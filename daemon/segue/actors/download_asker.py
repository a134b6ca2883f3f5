"""Asks the download clients what is complete, when the core wants to know."""

from collections.abc import Callable, Mapping
from typing import Literal, Protocol

import trio

from segue.adapters.downloads import Download, DownloadsError
from segue.core.ingest.actions import DownloadsRead
from segue.core.ingest.effects import AskDownloads
from segue.runtime.inbox import Inbox
from segue.runtime.store import Store

BY = "actor:download_asker"
ASK_S = 15.0
ClientName = Literal["qbittorrent", "transmission"]


class Client(Protocol):
    """The part of a download client's adapter that this actor needs."""

    async def downloads(self) -> tuple[Download, ...]:
        """Read what there is; raises `DownloadsError`."""


class DownloadAsker:
    """Owns the question "is it all there?"."""

    def __init__(
        self,
        store: Store,
        inbox: Inbox,
        clients: Mapping[ClientName, Client],
        to_ours: Callable[[str], str] = lambda path: path,
    ) -> None:
        """`to_ours` turns a path of the client's into one of ours."""
        self._store = store
        self._inbox = inbox
        self._clients = clients
        self._to_ours = to_ours

    async def run(self) -> None:
        """Ask all of them whenever asked."""
        while True:
            effect = await self._inbox.get()
            if isinstance(effect, AskDownloads):
                for name, client in self._clients.items():
                    self._store.dispatch(await self._ask(name, client), by=BY)
            self._inbox.done(effect)

    async def _ask(self, name: ClientName, client: Client) -> DownloadsRead:
        try:
            with trio.fail_after(ASK_S):
                found = await client.downloads()
        except DownloadsError as error:
            return DownloadsRead(name, error=str(error))
        except trio.TooSlowError:
            return DownloadsRead(name, error=f"no answer within {ASK_S:g} s")
        return DownloadsRead(
            name,
            complete=tuple(self._to_ours(d.path) for d in found if d.complete),
            incomplete=tuple(self._to_ours(d.path) for d in found if not d.complete),
        )
