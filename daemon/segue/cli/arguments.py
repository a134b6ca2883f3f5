"""The command line: which command it names, and what it says to it.

Only the parser of the command that was named is built, because building all of them takes longer than the command.
"""

from __future__ import annotations

import argparse
import sys

from segue import __version__
from segue.cli.commands import COMMANDS, COMMON, GROUPS, Command, Option, command_named
from segue.cli.errors import CtlError, usage
from segue.cli.paint import columns_of_terminal
from segue.cli.words import capitalised

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

DESCRIPTION = "Looks at segued, the daemon that conducts the house, and tells it what to do."
HYPHEN = "\0-"
"""Stands before a number instead of its hyphen, so that `-10` is not taken for an option; no argument can hold it."""
EXIT_CODES = (
    (0, "done"),
    (1, "segued refused or failed; the message says why"),
    (2, "the command line makes no sense"),
    (3, "segued could not be reached"),
    (4, "not permitted"),
)


class Parser(argparse.ArgumentParser):
    """A parser whose errors are raised, so that they are told like all others."""

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong with the command line."""
        raise usage(
            _with_hyphens(f"{capitalised(message)}."),
            f"`{self.prog} --help` shows what it takes.",
        )


def parse(argv: list[str]) -> tuple[Command, argparse.Namespace]:
    """Read a command line. Raises `CtlError`, and `SystemExit` after help or version was printed."""
    argv = [_without_hyphen(word) for word in argv]
    at = _command_at(argv)
    if at is None:
        _overview(argv)
    name = argv[at]
    if name == "help":
        argv, name = _help_for(argv[at + 1 :])
        at = 0
    command = command_named(name)
    if command is None:
        raise _unknown(name)
    options = parser_of(command).parse_intermixed_args([*argv[:at], *argv[at + 1 :]])
    for name, value in vars(options).items():
        if isinstance(value, str):
            setattr(options, name, _with_hyphens(value))
    options.words = [_with_hyphens(word) for word in options.words]
    return command, options


def _without_hyphen(word: str) -> str:
    """Keep `-10` and `-1:30` from being taken for options."""
    return HYPHEN + word[1:] if word[:1] == "-" and word[1:2].isdigit() else word


def _with_hyphens(words: str) -> str:
    return words.replace(HYPHEN, "-")


def _command_at(argv: list[str]) -> int | None:
    """Find the first word that is neither an option nor the value of one."""
    with_value = {flag for option in COMMON if option.value for flag in option.flags}
    skip = False
    for at, word in enumerate(argv):
        if skip:
            skip = False
        elif word in with_value:
            skip = True
        elif not word.startswith("-"):
            return at
    return None


def _help_for(rest: list[str]) -> tuple[list[str], str]:
    if not rest:
        print(overview())
        raise SystemExit(0)
    return [rest[0], "--help"], rest[0]


def _overview(argv: list[str]) -> NoReturn:
    """Answer a command line without a command."""
    if "--version" in argv:
        print(f"seguectl {__version__}")
        raise SystemExit(0)
    if "-h" in argv or "--help" in argv:
        print(overview())
        raise SystemExit(0)
    if sys.stderr is not None:
        print(overview(), file=sys.stderr)
    raise SystemExit(2)


def _unknown(name: str) -> CtlError:
    from difflib import get_close_matches

    near = get_close_matches(name, [command.name for command in COMMANDS], 1)
    hint = f"Did you mean `seguectl {near[0]}`?" if near else "`seguectl --help` lists the commands."
    return usage(f"There is no command {name!r}.", hint)


def parser_of(command: Command) -> Parser:
    """Build the parser of one command."""
    prog = f"seguectl {command.name}"
    text = f"{capitalised(command.summary)}. {command.details}".strip()
    parser = Parser(
        prog=prog,
        usage=f"{prog} {command.words} [options]".replace("  ", " "),
        description=text,
        epilog=_examples(command),
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    parser.add_argument("words", nargs="*", help=argparse.SUPPRESS)
    for option in options_of(command):
        _add(parser, option)
    return parser


def options_of(command: Command) -> list[Option]:
    """Give the options that a command takes: its own, and the common ones that it does not describe anew."""
    own = {flag for option in command.options for flag in option.flags}
    return [*command.options, *(option for option in COMMON if option.flags[0] not in own)]


def _add(parser: Parser, option: Option) -> None:
    if not option.value:
        parser.add_argument(*option.flags, action="store_true", help=option.help)
        return
    note = f" (default {option.default})" if option.default is not None else ""
    parser.add_argument(*option.flags, metavar=option.value, default=option.default, help=option.help + note)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the examples as they are, and folds the description.

    It knows its width, because argparse makes one for every option and would import `shutil` to find out.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=min(columns_of_terminal() or 80, 100) - 2)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n" in text:
            return super()._fill_text(text, width, indent)
        return argparse.HelpFormatter._fill_text(self, text, width, indent)


def _examples(command: Command) -> str | None:
    if not command.examples:
        return None
    cells = max(len(line) for line, _ in command.examples)
    return "examples:\n" + "\n".join(f"  {line:<{cells}}   {what}" for line, what in command.examples)


def overview() -> str:
    """Write what there is, on one page."""
    cells = max(len(command.name) for command in COMMANDS)
    lines = ["usage: seguectl [options] COMMAND ...", "", DESCRIPTION]
    for heading, commands in GROUPS:
        lines += ["", f"{heading[:1].lower()}{heading[1:]}:"]
        lines += [f"  {command.name:<{cells}}  {command.summary}" for command in commands]
    lines += ["", "options of every command:"]
    shown = [(f"{', '.join(option.flags)} {option.value}".rstrip(), option.help) for option in COMMON]
    shown += [
        ("-h, --help", "show help; after a command, about that command"),
        ("--version", "show the version"),
    ]
    cells = max(len(flags) for flags, _ in shown)
    lines += [f"  {flags:<{cells}}  {what}" for flags, what in shown]
    lines += ["", f"exit codes: {'; '.join(f'{code} {what}' for code, what in EXIT_CODES)}"]
    return "\n".join(lines)
