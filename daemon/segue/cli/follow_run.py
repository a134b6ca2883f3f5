"""Following `verify` or `adopt` to its end."""

from __future__ import annotations

import time

from segue.cli.bars import CELLS_MAX, Amounts, bar, progress
from segue.cli.call import Call
from segue.cli.errors import REFUSED
from segue.cli.fields import Json, number, record, text, whole
from segue.cli.follow import Follower, clipped, run
from segue.cli.paint import columns_of_terminal
from segue.cli.queue_render import long_run

INGEST = "/api/v1/ingest"


def follow_run(call: Call, kind: str) -> None:
    """Follow a long run to its end; ends with 1 when it found problems or did not come to its end."""
    follower = RunFollower(call, kind)
    run(call, follower)
    if not call.json:
        for line in long_run(follower.seen, call.paint, columns_of_terminal()):
            print(line)
    if follower.failed:
        raise SystemExit(REFUSED)


class RunFollower(Follower):
    """Follows one long run."""

    def __init__(self, call: Call, kind: str) -> None:
        super().__init__(call.house, call.paint, as_json=call.json)
        self.kind = kind
        self.seen: Json = {}
        self._began_at = time.monotonic()
        self._began_bytes: float | None = None
        self._quarter = 0

    def heard(self, frame: Json) -> bool:
        """Take an event."""
        kind = text(frame.get("type"))
        if kind == "ingest.long_run_progressed":
            self._progressed(record(frame.get("data")))
            return False
        return kind in ("snapshot", "ingest.long_run_ended")

    def _progressed(self, data: Json) -> None:
        self.seen = {**self.seen, **data}
        how = self._amounts()
        share = how.share if how.total else self._share_of_files()
        quarter = int(share * 4)
        if not self.draws and self._quarter < quarter < 4:
            done, total = whole(self.seen.get("files_done")) or 0, whole(self.seen.get("files_total")) or 0
            self.say(f"{self.kind}: {int(share * 100)} %, {done:,} of {total:,} files")
        self._quarter = quarter

    def look(self) -> bool:
        """Read how far it is."""
        found = record(self.house.get(INGEST).data.get("run"))
        if text(found.get("kind")) == self.kind:
            self.seen = found
            if found.get("running") is True:
                return True
        self.failed = bool(whole(self.seen.get("problem_count"))) or bool(self.seen.get("error"))
        self.show_json({"schema": "segue.run/1", **self.seen})
        return False

    def _amounts(self) -> Amounts:
        done, total = number(self.seen.get("bytes_done")), number(self.seen.get("bytes_total"))
        now = time.monotonic()
        if self._began_bytes is None and done is not None:
            self._began_at, self._began_bytes = now, done
        took_s = now - self._began_at
        per_s = ((done or 0.0) - (self._began_bytes or 0.0)) / took_s if took_s > 1 else None
        return Amounts(done, total, per_s)

    def _share_of_files(self) -> float:
        done, total = number(self.seen.get("files_done")) or 0.0, number(self.seen.get("files_total")) or 0.0
        return min(max(done / total, 0.0), 1.0) if total > 0 else 0.0

    def picture(self, columns: int) -> list[str]:
        """Draw how far it is: by bytes, or by files where none are read."""
        done, total = whole(self.seen.get("files_done")) or 0, whole(self.seen.get("files_total")) or 0
        lines = [
            self.paint("bold", clipped(f"{self.kind}: {done:,} of {total:,} files", columns, self.paint))
        ]
        how = self._amounts()
        if how.total:
            return [*lines, progress(how, columns, self.paint)]
        return [*lines, bar(self._share_of_files(), min(columns, CELLS_MAX), self.paint)]
