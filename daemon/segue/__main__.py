"""`segued`: reads the command line, and either checks, replays, plays the demo, or is the daemon."""

import argparse
import gc
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from segue import __version__
from segue.errors import SegueError

LEVELS = ("debug", "info", "warning", "error")
INVITE_FILE = "SEGUE_PARTY__AGENT__INVITE_FILE"
"""The variable of the setting that `--invite-file` stands for."""


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    made = argparse.ArgumentParser(
        prog="segued",
        description="Conducts a house built around Plex: fades, sources, levels.",
        epilog="Without --config: /etc/segue/segue.toml, then $XDG_CONFIG_HOME/segue/segue.toml, "
        "then the environment alone (see segue.toml(5)).",
    )
    made.add_argument("--version", action="version", version=f"segued {__version__}")
    made.add_argument("--config", type=Path, metavar="FILE", help="the configuration")
    made.add_argument("--log-level", choices=LEVELS, help="the least important lines that are written")
    made.add_argument(
        "--invite-file", type=Path, metavar="FILE", help="an invitation to a watch party (a link, in a file)"
    )
    what = made.add_mutually_exclusive_group()
    what.add_argument(
        "--check-config", action="store_true", help="say every error of the configuration, and end"
    )
    what.add_argument(
        "--agent",
        action="store_true",
        help="be only this home's part in watch parties: host none, and leave the rest of the house alone",
    )
    what.add_argument("--demo", action="store_true", help="play a short evening on a simulated house")
    what.add_argument(
        "--replay",
        metavar="SEGMENT",
        help="run a journal again and prove that the same state comes out: a number, `latest`, or a file",
    )
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives the exit code (0 done, 1 failed, 2 usage or configuration, 70 an error of ours)."""
    options = parser().parse_args(_with_replay(sys.argv[1:] if arguments is None else list(arguments)))
    try:
        if options.check_config:
            return _check(options.config, _environ(options.invite_file))
        if options.replay:
            return _replay(options.replay, options.config)
        if options.demo:
            return _demo(options.log_level)
        return _daemon(options)
    except SegueError as error:
        from segue import listening, logs

        logs.complain(f"segued: {error}")
        listening.turn_away(error)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def _with_replay(arguments: list[str]) -> list[str]:
    """Take `segued replay SEGMENT` as well, before or after the options, since it reads better than an option."""
    for index, word in enumerate(arguments):
        if word == "replay" and (index == 0 or arguments[index - 1] not in ("--config", "--log-level")):
            segment = arguments[index + 1 : index + 2] or ["latest"]
            if segment[0].startswith("-"):
                return [*arguments[:index], "--replay", "latest", *arguments[index + 1 :]]
            return [*arguments[:index], "--replay", *segment, *arguments[index + 2 :]]
    return arguments


def _environ(invite_file: Path | None) -> Mapping[str, str]:
    """Give the environment, with what the command line puts over it."""
    if invite_file is None:
        return os.environ
    return {**os.environ, INVITE_FILE: str(invite_file.absolute())}


def _check(path: Path | None, environ: Mapping[str, str]) -> int:
    """Say every problem of the configuration at once."""
    from segue.config import find_config
    from segue.wiring import load

    config = load(path or find_config(environ), environ)
    for warning in config.warnings:
        print(f"warning: {warning}")
    where = config.path or "the environment"
    print(f"{where}: the configuration is good ({len(config.rooms)} rooms).")
    return 0


def _replay(segment: str, path: Path | None) -> int:
    """Run a segment again, out of the state directory or out of a file."""
    from segue.config import find_config, load_config
    from segue.runtime.replay import ReplayRefusedError, replay

    config = load_config(path or find_config(os.environ), os.environ)
    place = Path(config.server.state_dir)
    try:
        report = replay(segment, place)
    except ReplayRefusedError as error:
        print(f"segued: {error}", file=sys.stderr)
        return 1
    if report.mismatch is None:
        print(
            f"Segment {report.segment}: {report.rows} steps, the same again ({report.rows_per_s:,.0f} a second)."
        )
        return 0
    wrong = report.mismatch
    print(f"Segment {report.segment}: step {wrong.seq} ({wrong.type}) differs in {wrong.part}.")
    print(f"  action:   {wrong.action}\n  recorded: {wrong.recorded}\n  replayed: {wrong.replayed}")
    for line in wrong.lines:
        print(f"  {line}")
    return 1


def _demo(log_level: str | None) -> int:
    """Play the demo: the daemon and the simulated house in one process."""
    from segue.demo.evening import main as play

    return play(log_level)


def _daemon(options: argparse.Namespace) -> int:
    """Be the daemon."""
    gc.disable()  # Importing makes much and drops little: looking for garbage would cost a tenth of the start.
    import trio

    from segue import app

    gc.freeze()  # What was imported stays; the collector need not look at it again.
    gc.enable()
    given = app.Options(config=options.config, log_level=options.log_level, agent_only=options.agent)
    return trio.run(app.run, given, _environ(options.invite_file))


if __name__ == "__main__":
    sys.exit(main())
