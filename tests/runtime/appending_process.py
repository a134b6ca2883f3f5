"""A process that keeps a journal until it is killed or told to end; run by the durability tests.

Usage: `python -m tests.runtime.appending_process DIRECTORY STEPS [BALLAST]`. Prints `committed SEQ`, `failed TEXT`
and, at a clean end, `closed LAST_SEQ LOST`. With a ballast file it removes that file at the first failure, which gives
a full disk its room back.
"""

import os
import sys
import time
from pathlib import Path

import trio

from segue.core.music.actions import PauseRequested, VolumeChanged
from segue.runtime.sqlite_journal import SqliteJournal
from tests.runtime.steps import PID, Steps, song


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def live(steps: Steps, n: int) -> None:
    """Let something happen: a level each time, now and then a start or a pause with its fade."""
    if n % 10 == 0:
        steps.plex(song("playing" if n % 20 else "paused", position_ms=n))
    elif n % 10 == 5:
        steps.take(PauseRequested("living"), by="uid:1000")
    steps.take(VolumeChanged(PID, n % 60, muted=False))


async def main(directory: Path, count: int, ballast: Path | None) -> None:
    journal = SqliteJournal(directory)
    committed = trio.Event()
    last = 0

    def on_failed(text: str) -> None:
        say(f"failed {text}")
        if ballast is not None:
            ballast.unlink(missing_ok=True)

    def on_committed(seq: int) -> None:
        say(f"committed {seq}")
        if seq >= last and last:
            committed.set()

    journal.listen(on_committed, on_failed)
    journal.note_start()
    steps = Steps(journal.load_durable().state, first_seq=journal.next_seq)
    steps.clock.wall_minus_now = time.time() - steps.clock.at  # retention would drop what is years old
    steps.begin()
    sent = 0
    for n in range(count):
        live(steps, n)
        for append in steps.appends[sent:]:
            journal.append(append)
        sent = len(steps.appends)
        await trio.lowlevel.checkpoint()
        while journal.status().waiting > 300:
            await trio.sleep(0.001)
    last = steps.entries[-1].stamp.seq
    with trio.fail_after(60):
        if journal.status().waiting:
            await committed.wait()
    journal.note_clean_stop()
    closed = await journal.aclose(30)
    assert closed
    say(f"closed {last} {journal.status().lost}")


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else None)
