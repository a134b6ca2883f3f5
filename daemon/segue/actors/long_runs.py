"""Verifying and adopting: runs over a whole library that may take hours, one at a time, and can be ended early."""

import re
from collections.abc import Awaitable
from typing import Literal

import trio

from segue.adapters.files import orders
from segue.adapters.files.mover_client import Mover
from segue.adapters.files.trouble import MoveFailed
from segue.adapters.tree import FoundFile, Names, TreeError, scan
from segue.core.ingest.actions import LongRunEnded, LongRunProgressed
from segue.core.ingest.arrivals import Arrivals
from segue.core.ingest.effects import RunAdopt, RunVerify
from segue.core.ingest.records import HistoryRecord, RecordedFile
from segue.runtime.archive import Archive, ArchiveError, KnownFile
from segue.runtime.store import Store

BY = "actor:ingest_worker"
PAGE = 200
"""Files of one order to the mover."""
PROBLEMS_TOLD = 100
PROGRESS_S = 1.0
VERIFY_JOB = "verify"


class _Account:
    """What a run has found so far."""

    def __init__(self, store: Store, effect_id: str) -> None:
        self._store = store
        self._effect_id = effect_id
        self._told_at = trio.current_time()
        self.files, self.ok, self.total = 0, 0, 0
        self.bytes, self.bytes_total = 0, 0
        self.problems: list[str] = []
        self.problem_count = 0

    def problem(self, text: str) -> None:
        """Note something that is not as it should be."""
        self.problem_count += 1
        if len(self.problems) < PROBLEMS_TOLD:
            self.problems.append(text)

    def tell(self, *, more_bytes: int = 0) -> None:
        """Tell the house how far it is, about once a second."""
        now_at = trio.current_time()
        if now_at - self._told_at < PROGRESS_S:
            return
        self._told_at = now_at
        self._store.dispatch(
            LongRunProgressed(
                self._effect_id, self.files, self.total, self.bytes + more_bytes, self.bytes_total
            ),
            by=BY,
        )

    def ended(self, error: str = "") -> LongRunEnded:
        """Give the outcome."""
        return LongRunEnded(
            self._effect_id, self.files, self.ok, tuple(self.problems), self.problem_count, error
        )


class LongRuns:
    """The run under way, if there is one."""

    def __init__(self, store: Store, mover: Mover, archive: Archive) -> None:
        self._store = store
        self._mover = mover
        self._archive = archive
        self._scope = trio.CancelScope()

    def stop(self) -> None:
        """End the run early."""
        self._scope.cancel()

    async def verify(self, effect: RunVerify) -> LongRunEnded:
        """Read the files of the history and compare them with what was written down."""
        account = _Account(self._store, effect.effect_id)
        return await self._until_stopped(account, self._verify(effect.path, account))

    async def adopt(self, effect: RunAdopt) -> LongRunEnded:
        """Write the files of a library into the history, as far as it does not know them."""
        account = _Account(self._store, effect.effect_id)
        return await self._until_stopped(account, self._adopt(effect, account))

    async def _until_stopped(self, account: _Account, run: Awaitable[None]) -> LongRunEnded:
        error = ""
        with trio.CancelScope() as self._scope:
            try:
                await run
            except (MoveFailed, ArchiveError, TreeError, OSError) as failure:
                error = str(failure)
        if self._scope.cancelled_caught:
            error = "it was stopped"
        return account.ended(error)

    # ---------------------------------------------------------------- verify

    async def _verify(self, below: str, account: _Account) -> None:
        account.total = (await self._archive.counts())[1]
        after = ("", -1)
        while True:
            page = await self._archive.files_below(below.rstrip("/"), after, PAGE)
            if not page:
                return
            after = (page[-1].record_id, page[-1].number)
            await self._verify_page(page, account)

    async def _verify_page(self, page: list[KnownFile], account: _Account) -> None:
        files = tuple(orders.VerifyFile(f.root, f.path, f.size, f.sha256) for f in page)
        order = orders.Verify(job=VERIFY_JOB, files=files)
        verified = await self._mover.run(order, lambda p: account.tell(more_bytes=p.done_bytes))
        for known, found in zip(page, verified.files, strict=True):
            account.files += 1
            account.bytes += found.size
            if found.status in ("ok", "read"):
                account.ok += 1
                if found.status == "read" and not known.sha256:
                    await self._archive.note_sha256(known, found.sha256)
            else:
                account.problem(f"{known.root}/{known.path} {_said(known, found)}")
        account.tell()

    # ---------------------------------------------------------------- adopt

    async def _adopt(self, effect: RunAdopt, account: _Account) -> None:
        arrivals = Arrivals()
        names = Names(arrivals.folder_left, arrivals.file_left)
        for root in effect.roots:
            found = await scan(root, names)
            account.total += len(found.files)
            for problem in found.problems:
                account.problem(problem.text)
            for file in found.files:
                await self._adopt_file(root, file, effect, account)

    async def _adopt_file(self, root: str, file: FoundFile, effect: RunAdopt, account: _Account) -> None:
        path = file.path.removeprefix(root.rstrip("/") + "/")
        account.files += 1
        account.bytes += file.size
        account.tell()
        if not await self._archive.has_file(root, path):
            sha256 = await self._sha256(root, path) if effect.checksums else ""
            await self._archive.record(_adopted(root, path, file, sha256))
        wrong = naming_problem(path, "show" if root in effect.shows else "film")
        if wrong:
            account.problem(f"{file.path} {wrong}")
        else:
            account.ok += 1

    async def _sha256(self, root: str, path: str) -> str:
        order = orders.Verify(job=VERIFY_JOB, files=(orders.VerifyFile(root, path),))
        verified = await self._mover.run(order)
        return verified.files[0].sha256


def _adopted(root: str, path: str, file: FoundFile, sha256: str) -> HistoryRecord:
    """Make the entry of a file that was there before: its id is made of the file, so that it is written once."""
    title = path.rpartition("/")[2].rpartition(".")[0]
    recorded = RecordedFile(source="", root=root, path=path, size=file.size, sha256=sha256, method="adopted")
    return HistoryRecord(
        record_id=f"adopt-{file.device:x}-{file.inode:x}-{file.mtime_ns:x}",
        kind="adopt",
        wall_at=file.mtime_ns / 1e9,
        title=title,
        files=(recorded,),
    )


def _said(known: KnownFile, found: orders.VerifiedFile) -> str:
    match found.status:
        case "missing":
            return "is not there any more."
        case "size":
            return f"has {found.size} bytes; {known.size} were written down."
        case "content":
            return "does not hold what was written down: its checksum is another."
        case _:
            return f"cannot be read: {found.detail or 'no reason is given'}."


_YEAR = re.compile(r"[(\[](?:18|19|20)\d\d[)\]]")
_EPISODE = re.compile(
    r"s\d{1,4}[ ._-]?e\d{1,4}|(?<!\d)\d{1,2}x\d{2,3}(?!\d)|\d{4}-\d\d-\d\d|\d\d-\d\d-\d{4}", re.IGNORECASE
)


def naming_problem(path: str, kind: Literal["film", "show"]) -> str:
    """Say what Plex would not read in a path of a library, relative to its root; empty when it reads it.

    By Plex' rules a film has its year in its folder's name or its own, an episode its numbers or its date.
    """
    folders, _, name = path.rpartition("/")
    if kind == "film":
        if _YEAR.search(name) or _YEAR.search(folders):
            return ""
        return "has no year in its name or its folder's: Plex may take it for another film."
    if not folders:
        return "lies in the library itself: an episode belongs into its show's folder."
    return "" if _EPISODE.search(name) else "has neither season and episode nor a date in its name."
