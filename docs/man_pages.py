"""segued(8) and segue.toml(5), made from the parser of the command line and from the schema of the settings."""

import argparse
import json

from docs.man_party import hosting
from segue import __version__
from segue.__main__ import parser
from segue.app import CORE_FAILED
from segue.cli.roff import Page, bold, escape
from segue.config import schema
from segue.config.describe import RESTART_KEYS, Setting, describe_settings
from segue.config.environment import WELL_KNOWN
from segue.config.passkeys import CREDENTIAL as PASSKEYS
from segue.config.secret_files import SECRET_KEYS
from segue.errors import ConfigError, StartError

MAKER = "python -m docs.generate"
SIGNALS = (
    (
        "SIGTERM, SIGINT",
        "End: levels go home, open requests get [server] grace_s. A second one ends at once.",
    ),
    ("SIGHUP", "Read the configuration again, as `seguectl reload` does. A broken one changes nothing."),
    ("SIGABRT", "The watchdog's: every thread's stack is written to the log, and the process ends."),
)
EXIT_CODES = (
    (0, "Ended as it was told, or what was asked for is done."),
    (StartError.exit_code, "It could not start, or what was asked for failed; the message says why."),
    (
        ConfigError.exit_code,
        "The configuration or the command line is wrong; it will be so a second later, too.",
    ),
    (CORE_FAILED, "An error of segue itself. Start it again; what made it fail is in the log."),
)
ENVIRONMENT = (
    ("SEGUE_SECTION__KEY", "Any setting; goes before the file. See `segue.toml`(5)."),
    (", ".join(WELL_KNOWN), "As other programs around Plex use them; SEGUE_... goes before them."),
    ("STATE_DIRECTORY", "Where the database and the journal are kept, unless [server] state_dir says it."),
    (
        "CREDENTIALS_DIRECTORY",
        "Where systemd puts credentials: "
        + ", ".join([*(s.credential for s in SECRET_KEYS), PASSKEYS])
        + ".",
    ),
    ("LISTEN_FDS, LISTEN_FDNAMES", "Sockets that systemd brings: `http` and `control`."),
    ("NOTIFY_SOCKET, WATCHDOG_USEC", "Where systemd wants to hear how it is, and how often."),
    ("XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_RUNTIME_DIR", "Where a segued of one's own has its things."),
)
FILES = (
    ("/etc/segue/segue.toml", "The configuration."),
    ("$XDG_CONFIG_HOME/segue/segue.toml", "The same, tried when the first is not there."),
    ("/run/segue-ctl/ctl.sock", "The control socket of the system's segued."),
    ("$XDG_RUNTIME_DIR/segue/ctl.sock", "The control socket of a segued of one's own."),
    ("/var/lib/segue", "The state directory of the system's segued: database, journal, api-token."),
)


# ------------------------------------------------------------------ segued(8)


def segued_8() -> str:
    """Write the page of the daemon."""
    command = parser()
    page = Page("segued", 8, "segue", f"segue {__version__}", maker=MAKER)
    page.section("NAME")
    page.raw(f"segued \\- {escape('conduct a house built around Plex')}")
    page.section("SYNOPSIS")
    page.raw(f"{bold('segued')} [\\fIoptions\\fR]")
    page.raw(".br")
    page.raw(f"{bold('segued replay')} [\\fISEGMENT\\fR]")
    page.section("DESCRIPTION")
    page.text(
        "segued listens to a Plex Media Server and to a HEOS system, and acts in the house: it fades, switches inputs, "
        "and gives back what it took. It hosts watch parties for friends in other homes, and keeps this home's players "
        "in step with theirs. seguectl(1) shows what it does, and why."
    )
    page.text(
        "Without options it is the daemon. It runs in the foreground and logs to the journal under systemd, else to "
        "standard error. It needs no rights: any user may run it."
    )
    page.text(command.epilog or "")
    page.section("OPTIONS")
    for option in command._actions:
        _item(page, bold(_flags(option)), _help(option))
    page.item("replay [SEGMENT]", "The same as --replay; without a SEGMENT, the latest.")
    hosting(page)
    _looked_up(page)
    page.section("SEE ALSO")
    page.raw(f"{bold('seguectl')}(1), {bold('segue.toml')}(5), {bold('systemd.socket')}(5)")
    return str(page)


def _looked_up(page: Page) -> None:
    for title, entries in (
        ("SIGNALS", SIGNALS),
        ("EXIT STATUS", [(str(code), what) for code, what in EXIT_CODES]),
        ("ENVIRONMENT", ENVIRONMENT),
        ("FILES", FILES),
    ):
        page.section(title)
        for head, what in entries:
            _item(page, bold(head), what)


def _flags(option: argparse.Action) -> str:
    flags = ", ".join(option.option_strings)
    if option.nargs == 0:
        return flags
    value = option.metavar or "|".join(option.choices or ()) or option.dest.upper()
    return f"{flags} {value}"


def _help(option: argparse.Action) -> str:
    text = option.help or ""
    return f"{text[:1].upper()}{text[1:]}".rstrip(".") + "."


# ------------------------------------------------------------------ segue.toml(5)


def segue_toml_5() -> str:
    """Write the page of the configuration."""
    page = Page("segue.toml", 5, "segue", f"segue {__version__}", maker=MAKER)
    page.section("NAME")
    page.raw(f"segue.toml \\- {escape('what segued is told about the house')}")
    page.section("DESCRIPTION")
    page.text(
        "A file in TOML. It is looked for at /etc/segue/segue.toml, then at $XDG_CONFIG_HOME/segue/segue.toml "
        "(~/.config where that is not set); without one the environment alone serves. Nothing has to be set but a "
        "room's name. What is not known is refused, with its line. Relative paths start at the file's directory."
    )
    page.text(
        "segued --check-config finds every mistake at once. seguectl reload takes a changed file up; what only a "
        "restart takes up is marked below. A level is 0 to 100 on the receiver's own scale."
    )
    for section in schema.SECTIONS:
        page.section(f"[[{section}]]" if section == "room" else f"[{section}]")
        page.raw(marked((schema.SECTIONS[section].__doc__ or "").splitlines()[0]))
        for setting in describe_settings():
            if setting.section == section:
                _setting(page, setting)
    _around_the_file(page)
    return str(page)


def _setting(page: Page, setting: Setting) -> None:
    unit = f", {setting.unit}" if setting.unit in ("s", "ms", "MB", "days") else ""
    default = "required" if setting.default == "required" else f"default {_default(setting)}"
    head = f"{bold(setting.key)} ({escape(setting.type + unit)}; {escape(default)})"
    again = " Needs a restart." if f"{setting.section}.{setting.key}" in RESTART_KEYS else ""
    _item(page, head, setting.meaning + again)


def _default(setting: Setting) -> str:
    """Write a default as a file would have it; a text that is empty and a value that is missing look alike."""
    value = json.loads(setting.default) if setting.default else None
    return "none" if value is None or value in ("", []) else setting.default


def _around_the_file(page: Page) -> None:
    page.section("ENVIRONMENT")
    page.text(
        "Every setting can come from the environment, which goes before the file: SEGUE_ and the section, two "
        "underscores, the key; for a room its name in between. Lists are written with commas."
    )
    page.example("SEGUE_PLEX__URL=http://192.0.2.5:32400", "the server")
    page.example("SEGUE_ROOM__LIVING__MAX_LEVEL=60", "a limit of the room named living")
    page.example("SEGUE_PARTY__AGENT__USERNAME=alice", "a section within a section")
    page.section("SECRETS")
    page.text(
        "A secret is looked for as a systemd credential, then in its file, then in the environment and here."
    )
    for secret in SECRET_KEYS:
        section = f"[{secret.section}] {secret.name}"
        _item(
            page, bold(section), f"Credential `{secret.credential}`, or the file that {section}_file names."
        )
    _item(
        page,
        bold("[party] passkeys"),
        f"Credential `{PASSKEYS}`, or the file that [party] passkeys_file names: user:passkey, one a line.",
    )
    page.text("A file that everybody may read is refused. No secret is taken from the command line.")
    page.section("EXAMPLES")
    page.text("One room: Plexamp on a small computer that is wired to the CD input of a receiver.")
    page.raw(".RS")
    page.raw(".nf")
    for line in EXAMPLE.strip().splitlines():
        page.raw(escape(line) or ".sp")
    page.raw(".fi")
    page.raw(".RE")
    page.section("SEE ALSO")
    page.raw(f"{bold('segued')}(8), {bold('seguectl')}(1)")


EXAMPLE = """
[plex]
url = "http://192.0.2.5:32400"
token_file = "plex-token"

[[room]]
name = "living"
plex_player = "Plexamp living room"
heos_player = "Living Room"
input = "inputs/cd"
max_level = 60
"""
"""A configuration that a test checks with the real reader."""


def _item(page: Page, head: str, what: str) -> None:
    """Write an entry whose text marks words with backticks, as the code does."""
    page.raw(".TP")
    page.raw(head)
    page.raw(marked(what))


def marked(text: str) -> str:
    """Turn `words in backticks` into bold ones."""
    parts = text.split("`")
    line = "".join(bold(part) if place % 2 else escape(part) for place, part in enumerate(parts))
    return f"\\&{line}" if line.startswith(".") else line
