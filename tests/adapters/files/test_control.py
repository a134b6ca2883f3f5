import threading

import pytest

from segue.adapters.files import control
from segue.adapters.files.control import CHUNK_BYTES, CHUNK_BYTES_MIN, Gate, Meter
from segue.adapters.files.orders import Progress
from segue.adapters.files.trouble import MoveFailed

PATIENCE_S = 30.0


def test_an_open_gate_lets_large_chunks_through() -> None:
    assert Gate().chunk() == CHUNK_BYTES


@pytest.mark.parametrize(
    ("bytes_per_s", "chunk"),
    [(1, CHUNK_BYTES_MIN), (8_000_000, 2_000_000), (10**12, CHUNK_BYTES), (None, CHUNK_BYTES)],
)
def test_a_limit_makes_chunks_small(bytes_per_s: int | None, chunk: int) -> None:
    gate = Gate()
    gate.limit(bytes_per_s)
    assert gate.chunk() == chunk


class Waiter:
    """Asks a gate in a thread."""

    def __init__(self, gate: Gate) -> None:
        self.result: int | MoveFailed | None = None
        self._thread = threading.Thread(target=self._ask, args=(gate,))
        self._thread.start()

    def _ask(self, gate: Gate) -> None:
        try:
            self.result = gate.chunk()
        except MoveFailed as error:
            self.result = error

    def waits(self) -> bool:
        self._thread.join(0.05)
        return self._thread.is_alive()

    def done(self) -> "int | MoveFailed | None":
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        return self.result


def test_a_pause_holds_until_it_ends() -> None:
    gate = Gate()
    gate.pause(paused=True)
    waiter = Waiter(gate)
    assert waiter.waits()
    gate.pause(paused=False)
    assert waiter.done() == CHUNK_BYTES


def test_a_pause_does_not_keep_from_cancelling() -> None:
    gate = Gate()
    gate.pause(paused=True)
    waiter = Waiter(gate)
    gate.cancel()
    found = waiter.done()
    assert isinstance(found, MoveFailed)
    assert found.kind == "cancelled"


def test_bytes_over_the_limit_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour's worth of bytes holds; lifting the limit lets go at once."""
    gate = Gate()
    gate.limit(1000)
    gate.moved(3_600_000)
    waiter = Waiter(gate)
    assert waiter.waits()
    gate.limit(None)
    assert waiter.done() == CHUNK_BYTES


def test_what_was_moved_without_a_limit_is_not_charged_later() -> None:
    gate = Gate()
    gate.moved(10**15)
    gate.limit(8_000_000)
    assert gate.chunk() == 2_000_000


def test_progress_is_told_a_few_times_a_second_and_at_each_phase() -> None:
    now = [0.0]
    told: list[Progress] = []
    meter = Meter(told.append, lambda: now[0])
    meter.total_bytes = 100
    meter.enter("copying", "/a")
    for _ in range(100):
        now[0] += 0.01
        meter.add(1)
    meter.enter("syncing", "/a")
    assert [p.phase for p in told] == ["copying"] * (len(told) - 1) + ["syncing"]
    assert 4 <= len(told) <= 2 + 1.0 / control.TELL_EVERY_S
    assert (told[-1].done_bytes, told[-1].total_bytes, told[-1].path) == (100, 100, "/a")
    assert [p.done_bytes for p in told] == sorted(p.done_bytes for p in told)
