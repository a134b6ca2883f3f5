"""The mover process: `python -m segue.adapters.files.mover`. One order in, one answer out, and it ends.

It is a process and not a thread because a disk may hang: a thread in such a call can be neither stopped nor waited for.
When its input ends, its daemon is gone, and it cancels: the end of a pipe comes whatever became of the daemon.
`PR_SET_PDEATHSIG` would not do: it fires when the *thread* ends that made the process, and the daemon makes its
processes from threads that come and go.
"""

import contextlib
import os
import signal
import sys
import threading
from typing import assert_never

import msgspec

from segue.adapters.files import system
from segue.adapters.files.control import Gate, Work
from segue.adapters.files.looking import inspect, sweep, verify
from segue.adapters.files.orders import (
    Answer,
    Control,
    DropSource,
    Failed,
    Inspect,
    Lines,
    Orders,
    Sweep,
    Transfer,
    Undo,
    Verify,
)
from segue.adapters.files.taking_back import drop_source, undo
from segue.adapters.files.transfer import transfer
from segue.adapters.files.trouble import MoveFailed, from_os_error


def carry_out(order: Orders, work: Work) -> Answer:
    """Do what an order says. Raise `MoveFailed`."""
    match order:
        case Transfer():
            return transfer(order, work)
        case DropSource():
            return drop_source(order, work)
        case Undo():
            return undo(order, work)
        case Verify():
            return verify(order, work)
        case Sweep():
            return sweep(order, work)
        case Inspect():
            return inspect(order)
    assert_never(order)


class _Output:
    """Lines to the daemon. When nobody reads them any more, the work is to end."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._encoder = msgspec.json.Encoder()

    def say(self, line: Lines) -> None:
        """Write a line."""
        data = memoryview(self._encoder.encode(line) + b"\n")
        try:
            while data:
                data = data[os.write(1, data) :]
        except OSError:
            self._gate.cancel()


def _listen(gate: Gate, rest: bytes) -> None:
    """Obey the controls until the input ends; a line that is none is passed over."""
    decoder = msgspec.json.Decoder(Control)
    data = rest
    while True:
        *lines, data = data.split(b"\n")
        for line in lines:
            with contextlib.suppress(msgspec.MsgspecError):
                _obey(decoder.decode(line), gate)
        more = os.read(0, 4096)
        if not more:
            return gate.cancel()
        data += more


def _obey(control: Control, gate: Gate) -> None:
    if control.cancel:
        gate.cancel()
    if control.pause is not None:
        gate.pause(paused=control.pause)
    if not isinstance(control.limit_bytes_per_s, msgspec.UnsetType):
        gate.limit(control.limit_bytes_per_s)


def _read_order() -> tuple[bytes, bytes]:
    """Read the first line, and what came with it."""
    data = b""
    while b"\n" not in data:
        more = os.read(0, 1 << 16)
        if not more:
            break
        data += more
    line, _, rest = data.partition(b"\n")
    return line, rest


def _answer(line: bytes, work: Work) -> Answer | Failed:
    try:
        order = msgspec.json.decode(line, type=Orders)
    except msgspec.MsgspecError as error:
        return Failed("bad_order", "", f"the order cannot be read: {error}")
    if order.gentle:
        system.give_way()
    try:
        return carry_out(order, work)
    except MoveFailed as error:
        return Failed.of(error)
    except OSError as error:
        return Failed.of(from_os_error(error, str(error.filename or "")))


def main() -> int:
    """Take one order, carry it out, tell."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's; the daemon hears it, too, and decides
    gate = Gate()
    output = _Output(gate)
    work = Work(gate, output.say)
    # In a thread: a handler may not wait for a lock that the code beneath it holds.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=gate.cancel).start())
    line, rest = _read_order()
    threading.Thread(target=_listen, args=(gate, rest), name="controls", daemon=True).start()
    answer = _answer(line, work)
    output.say(answer)
    return 1 if isinstance(answer, Failed) else 0


if __name__ == "__main__":
    sys.exit(main())
