"""Reads the configuration file: TOML, with the place of every key, and every mistake at once.

`tomllib` tells neither where a key stands nor more than the first mistake. So the text is cut into statements (a
header, or a key with its value), and `tomllib` reads each one alone: what is broken is named by its line, and all the
rest still counts. Whether the file as a whole is valid TOML stays for `tomllib` to say.
"""

import os
import re
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from segue.config.draft import Draft, Given, Where, refuse_section, shorten
from segue.config.schema import SECTIONS

FILE_BYTES_MAX = 1024 * 1024
"""A house of a hundred rooms needs 50 kB; whatever is larger is another file."""


class ConfigText(NamedTuple):
    """A file's text and its permission bits."""

    text: str
    mode: int


def read_text(path: Path, draft: Draft) -> ConfigText | None:
    """Read a configuration file; a problem is written down, and nothing comes back."""
    where = Where(str(path))
    try:
        descriptor = os.open(
            path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
        )  # never waits for a pipe's writer
        with os.fdopen(descriptor, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISCHR(mode)):
                draft.refuse(where, "", "expected a regular file")
                return None
            data = file.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        draft.refuse(where, "", "there is no such file", hint="config.example.toml is a good start.")
        return None
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else str(problem)
        draft.refuse(where, "", f"cannot be read: {reason}", hint=f"It is read as user {os.geteuid()}.")
        return None
    if len(data) > FILE_BYTES_MAX:
        draft.refuse(where, "", f"expected at most {FILE_BYTES_MAX} bytes")
        return None
    try:
        return ConfigText(data.decode("utf-8-sig").replace("\r\n", "\n"), stat.S_IMODE(mode))
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        draft.refuse(Where(str(path), line), "", f"expected UTF-8, got the byte 0x{data[problem.start]:02x}")
        return None


# ------------------------------------------------------------------ statements


class Statement(NamedTuple):
    """A header or a key with its value; lines and columns count from 1."""

    line: int
    column: int
    text: str


TOKEN = re.compile(
    r"""
    (?P<string> \"{3} (?:\\.|[^\\])*? (?:\"{3,5}|\Z)
              | '{3} .*? (?:'{3,5}|\Z)
              | \" (?:\\[^\n]|[^"\\\n])* (?:\"|(?=\n)|\Z)
              | ' [^'\n]* (?:'|(?=\n)|\Z) )
  | (?P<comment> \#[^\n]* )
  | (?P<open> [\[{] ) | (?P<close> [\]}] )
  | (?P<newline> \n ) | (?P<space> [ \t]+ ) | (?P<other> [^\s\[\]{}"'\#]+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)


def statements(text: str) -> Iterator[Statement]:
    """Cut a text into statements. A header ends with its line, a value where its brackets and quotes are closed."""
    start: int | None = None
    is_header, depth = False, 0
    line, counted = 1, 0
    for token in TOKEN.finditer(text):
        kind = token.lastgroup
        if start is None:
            if kind in ("newline", "space", "comment"):
                continue
            start, depth, is_header = token.start(), 0, token.group() == "["
            line += text.count("\n", counted, start)
            counted = start
        if kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
        elif kind == "newline" and (is_header or depth <= 0):
            yield Statement(line, start - text.rfind("\n", 0, start), text[start : token.start()])
            start = None
    if start is not None:
        yield Statement(line, start - text.rfind("\n", 0, start), text[start:])


# ------------------------------------------------------------------ what is wrong with the TOML

PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
BARE_TEXT = re.compile(r"([A-Za-z0-9_.\-]+)[ \t]*=[ \t]*[A-Za-z/~.$]")


class TomlError(NamedTuple):
    """Why a text is not TOML, and where in it."""

    message: str
    line: int = 1
    column: int = 1


def loads(text: str) -> dict[str, Any] | TomlError:
    """Read TOML, with every way in which `tomllib` can fail as one kind of answer."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        return TomlError("nested too deeply")
    except tomllib.TOMLDecodeError as problem:
        message = str(problem)
        place = PLACE.search(message)
        if place is None:
            return TomlError(message)
        message = message[: place.start()]
        if place[1]:
            return TomlError(message, int(place[1]), int(place[2]))
        return TomlError(message, text.count("\n") + 1, len(text) - text.rfind("\n"))
    except ValueError:  # Python's own limit on the digits of an integer
        return TomlError("a number has too many digits")


def _refuse_toml(draft: Draft, statement: Statement, error: TomlError) -> None:
    column = error.column + (statement.column - 1 if error.line == 1 else 0)
    at = Where(draft.source, statement.line + error.line - 1, column)
    bare = BARE_TEXT.match(statement.text)
    hint = f'Text is written in quotes: {bare[1]} = "..."' if bare else ""
    message = error.message[:1].lower() + error.message[1:]
    draft.refuse(at, "", f"this is not valid TOML: {message}", hint=hint)
    draft.unreadable = True


# ------------------------------------------------------------------ into a draft


def parse_toml(text: str, draft: Draft) -> None:
    """Fill a draft from a file's text. Mistakes of every kind are written down, none is raised."""
    whole = loads(text)
    reader = _Reader(draft)
    for statement in statements(text):
        part = loads(statement.text)
        if not isinstance(part, TomlError):
            reader.read(part, statement)
        elif isinstance(whole, TomlError):
            _refuse_toml(draft, statement, part)
            reader.lose(statement)
    if isinstance(whole, TomlError) and not reader.explained:
        _refuse_toml(draft, Statement(1, 1, ""), whole)


def _opened(table: dict[str, Any]) -> tuple[str, Any]:
    """Give the section that a header names, with what it leaves: `[party.agent]` is a section, `[plex.x]` is none."""
    (name, inner), *_ = table.items()
    if isinstance(inner, dict) and inner and any(known.startswith(f"{name}.") for known in SECTIONS):
        (child, below), *_ = inner.items()
        return f"{name}.{child}", below
    return name, inner


class _Reader:
    """Puts statements in their places."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.target: dict[str, Given] | None = None
        """The section that keys go to; nothing before the first header and below a refused one."""
        self.at_top = True
        self.label = ""
        self.headers: dict[str, Where] = {}
        self.explained = False
        """A mistake was found that `tomllib` rejects the whole file for."""

    def lose(self, statement: Statement) -> None:
        """Go on after a statement that nobody can read; what stands below a lost header is passed over."""
        self.explained = True
        if statement.text.startswith("["):
            self.at_top, self.target = False, None

    def read(self, table: dict[str, Any], statement: Statement) -> None:
        where = Where(self.draft.source, statement.line, statement.column)
        if statement.text.startswith("["):
            self.at_top = False
            self.open(table, where)
            return
        for key, value in table.items():
            if self.at_top:
                self.assign_top(key, value, where)
            elif self.target is not None:
                self.assign(self.target, key, value, where)

    def open(self, table: dict[str, Any], where: Where) -> None:
        """Begin the section that a header names."""
        name, inner = _opened(table)
        self.target = None
        if name not in SECTIONS:
            refuse_section(self.draft, where, name)
        elif name == "room":
            if isinstance(inner, list):
                self.target, self.label = self.draft.new_room(where), "room"
            else:
                key = next(iter(inner), "living") if isinstance(inner, dict) else "living"
                hint = f'Write [[room]], and below it name = "{shorten(key)}".'
                self.draft.refuse(where, "room", "each room has a [[room]] of its own", hint=hint)
        elif isinstance(inner, list) or inner:
            hint = f"Write [{name}], once, and the keys below it."
            self.draft.refuse(where, name, "this section is one plain table", hint=hint)
        elif name in self.headers:
            self.explained = True
            first = self.headers[name].line
            self.draft.refuse(
                where, name, f"[{name}] was begun on line {first} already", hint="Write it once."
            )
        else:
            self.headers[name] = where
            self.target, self.label = self.draft.sections.setdefault(name, {}), name

    def assign_top(self, key: str, value: Any, where: Where) -> None:
        """Take a key from before the first header: `plex.url = ...` and `plex = {...}` are sections too."""
        owners = [name for name, kind in SECTIONS.items() if key in kind.__struct_fields__]
        if key == "room" and isinstance(value, list) and all(isinstance(room, dict) for room in value):
            for room in value:
                target, self.label = self.draft.new_room(where), "room"
                for inner, item in room.items():
                    self.assign(target, inner, item, where)
        elif key in SECTIONS and key != "room" and isinstance(value, dict):
            self.assign_all(key, value, where)
        elif key == "room":
            self.draft.refuse(where, "room", "each room has a [[room]] of its own")
        elif key in SECTIONS:
            self.draft.refuse(where, key, f"expected a section: [{key}]")
        elif owners:
            head = "[[room]]" if owners[0] == "room" else f"[{owners[0]}]"
            self.draft.refuse(
                where, key, "this key stands outside of any section", hint=f"Put it below {head}."
            )
        else:
            refuse_section(self.draft, where, key)

    def assign_all(self, section: str, table: dict[str, Any], where: Where) -> None:
        """Take a section that is written as the value of a key."""
        before, self.label = self.label, section
        for key, value in table.items():
            self.assign(self.draft.sections.setdefault(section, {}), key, value, where)
        self.label = before

    def assign(self, target: dict[str, Given], key: str, value: Any, where: Where) -> None:
        """Set one key, once."""
        if f"{self.label}.{key}" in SECTIONS and isinstance(value, dict):
            self.assign_all(f"{self.label}.{key}", value, where)
        elif key in target:
            self.explained = True
            first = target[key].where.line
            path = f"{self.label}.{shorten(key)}"
            self.draft.refuse(where, path, f"was set on line {first} already", hint="Keep one of the two.")
        else:
            target[key] = Given(value, where)
