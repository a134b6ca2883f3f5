"""seguectl(1), made from the table of commands."""

from __future__ import annotations

from segue import __version__
from segue.cli.arguments import DESCRIPTION, EXIT_CODES
from segue.cli.client import SYSTEM_SOCKET
from segue.cli.commands import COMMANDS, COMMON, GROUPS, ROOM, Command, Option
from segue.cli.roff import Page, bold, escape
from segue.cli.words import capitalised

ENVIRONMENT = (
    ("SEGUE_SOCKET", "The path of segued's control socket, unless --socket or --url is given."),
    ("SEGUE_URL", "segued's address on TCP, unless an option or SEGUE_SOCKET names where it is."),
    (
        "SEGUE_TOKEN_FILE",
        "The file of the API token for TCP. The token itself cannot be given: others could read it.",
    ),
    ("NO_COLOR", "When it is set, nothing is coloured."),
    ("XDG_RUNTIME_DIR", "Where a segued of one's own has its socket."),
)
FILES = (
    (SYSTEM_SOCKET, "The control socket of the system's segued. Its group may use it."),
    (
        "$XDG_RUNTIME_DIR/segue/ctl.sock",
        "The control socket of a segued of one's own, tried when the first is not there.",
    ),
)


def seguectl_1() -> str:
    """Write the page."""
    page = Page("seguectl", 1, "segue", f"segue {__version__}")
    page.section("NAME")
    page.raw(f"seguectl \\- {escape('look at the house that segued conducts, and tell it what to do')}")
    page.section("SYNOPSIS")
    page.raw(f"{bold('seguectl')} [\\fIoptions\\fR] \\fIcommand\\fR [\\fIroom\\fR] [\\fIvalue\\fR]")
    page.section("DESCRIPTION")
    page.text(DESCRIPTION)
    page.text(
        "A command that concerns a room takes the room's name first. With one room in the house the name may be left "
        "out; with several, segued refuses and lists them. Where a room's name could be taken for a level, a position "
        "or an input, --room says it beyond doubt."
    )
    page.text(
        "A command that concerns files takes paths as segued sees them; relative ones begin at the present folder. "
        "What changes files asks first, and without a terminal needs --yes."
    )
    page.section("COMMANDS")
    for heading, commands in GROUPS:
        page.subsection(heading)
        for command in commands:
            _command(page, command)
    page.section("OPTIONS")
    page.text("These may stand before the command or after it.")
    for option in COMMON:
        page.item(_head(option), _sentence(option))
    page.item(
        _head(ROOM),
        "For a command that concerns a room: the room, where its name could be taken for something else.",
    )
    page.item("-h, --help", "Show help; after a command, about that command.")
    page.item("--version", "Show the version.")
    _reference(page)
    page.section("SEE ALSO")
    page.raw(f"{bold('segued')}(8), {bold('segue.toml')}(5)")
    return str(page)


def _reference(page: Page) -> None:
    """Write what is looked up: exit codes, environment, files, examples."""
    page.section("EXIT STATUS")
    for code, what in EXIT_CODES:
        page.item(str(code), f"{capitalised(what)}.")
    page.item("130", "Ended by Ctrl-C, which ends no job; watch, which has no other end, gives 0 then.")
    page.section("ENVIRONMENT")
    for name, what in ENVIRONMENT:
        page.item(name, what)
    page.section("FILES")
    for name, what in FILES:
        page.item(name, what)
    page.section("EXAMPLES")
    for command in COMMANDS:
        for line, what in command.examples:
            page.example(line, what)


def _command(page: Page, command: Command) -> None:
    page.item(f"{command.name} {command.words}".rstrip(), f"{capitalised(command.summary)}.")
    if command.details:
        page.raw(".sp")
        page.raw(escape(command.details))
    for option in (option for option in command.options if option is not ROOM):
        page.inner_item(_head(option), _sentence(option))


def _head(option: Option) -> str:
    return ", ".join(f"{flag} {option.value}".rstrip() for flag in option.flags)


def _sentence(option: Option) -> str:
    note = f" The default is {option.default}." if option.default is not None else ""
    return f"{capitalised(option.help)}.{note}"
