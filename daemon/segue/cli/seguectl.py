"""The entry of seguectl: read the command line, do it, and say in an exit code how it went."""

from __future__ import annotations

import os
import sys

from segue.cli.arguments import parse
from segue.cli.call import Call, print_json
from segue.cli.client import House, targets
from segue.cli.errors import DONE, INTERRUPTED, REFUSED, CtlError
from segue.cli.words import seconds

TIMEOUT_S_MAX = 3600.0


def main(argv: list[str] | None = None) -> int:
    """Run seguectl and give its exit code."""
    argv = sys.argv[1:] if argv is None else argv
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # always a TextIOWrapper here
    code = DONE
    try:
        try:
            _run(argv)
        except CtlError as error:
            code = error.exit_code
            _tell(error, as_json=_wants_json(argv))
        except SystemExit as end:  # help was shown
            code = end.code if isinstance(end.code, int) else DONE
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()  # whoever read it has seen enough, as `| head` does: no failure
    except KeyboardInterrupt:
        code = INTERRUPTED
    except OSError as error:
        code = REFUSED
        _say(f"seguectl: The output cannot be written: {error.strerror or error}.")
        _drop_output()
    return code


def _wants_json(argv: list[str]) -> bool:
    """Tell whether a program reads the output, even when the command line could not be understood."""
    return "--json" in argv or "--format=json" in argv or "--format json" in " ".join(argv)


def _run(argv: list[str]) -> None:
    command, options = parse(argv)
    answer_s = seconds(options.timeout, "--timeout", TIMEOUT_S_MAX)
    house = House(targets(options.socket, options.url, options.token_file), answer_s)
    command.run(Call(command.name, house, options))


def _tell(error: CtlError, *, as_json: bool) -> None:
    """Say what went wrong and what to do: to a person on stderr, to a program as the one shape of answer."""
    if as_json:
        import json

        words = {"code": error.code, "message": error.message, "hint": error.hint}
        print_json(error.answer or json.dumps({"ok": False, "error": words}, ensure_ascii=False))
        return
    from segue.cli.paint import paint_for

    first, *more = error.message.splitlines() or [""]
    lines = [f"{paint_for(sys.stderr)('red', 'seguectl:')} {first}", *more]
    lines += [f"  {line}" for line in error.hint.splitlines()]
    if sys.stdout is not None:
        sys.stdout.flush()
    for line in lines:
        _say(line)


def _say(line: str) -> None:
    if sys.stderr is not None:
        print(line, file=sys.stderr)


def _drop_output() -> None:
    """Let what is still buffered go nowhere, so that Python does not complain about it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


if __name__ == "__main__":
    sys.exit(main())
