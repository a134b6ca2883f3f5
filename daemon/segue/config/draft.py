"""What was given, by whom and where, before any of it is believed."""

from dataclasses import dataclass, field
from typing import NamedTuple

from segue.config.schema import LATER_ROOM_KEYS, LATER_SECTIONS, SECTIONS
from segue.errors import ConfigProblem

LATER = "comes with a later release; take it out for now"


class Where(NamedTuple):
    """The place of a setting: a file with line and column, or an environment variable."""

    source: str
    line: int | None = None
    column: int | None = None


class Given(NamedTuple):
    """One setting as it was written."""

    value: object
    where: Where
    is_text: bool = False
    """True for what comes from the environment, where everything is text."""


@dataclass
class Draft:
    """The settings so far, and everything that is wrong with them so far."""

    source: str = ""
    """The file's path; empty without one."""
    sections: dict[str, dict[str, Given]] = field(default_factory=dict)
    rooms: list[dict[str, Given]] = field(default_factory=list)
    room_wheres: list[Where] = field(default_factory=list)
    problems: list[ConfigProblem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    """Keys that have a problem already: nothing is concluded from them."""
    unreadable: bool = False
    """Part of the file could not be read at all, so what is missing may only seem so."""

    def refuse(
        self, where: Where, key: str, expected: str, *, got: str = "", suggestion: str = "", hint: str = ""
    ) -> None:
        """Write down one problem."""
        self.broken.add(key)
        self.problems.append(
            ConfigProblem(
                source=where.source,
                line=where.line,
                column=where.column,
                key=key,
                expected=expected,
                got=got,
                suggestion=suggestion,
                hint=hint,
            )
        )

    def new_room(self, where: Where) -> dict[str, Given]:
        """Begin a room."""
        self.rooms.append({})
        self.room_wheres.append(where)
        return self.rooms[-1]

    def where(self, key: str) -> Where:
        """Find where `plex.url` was set; the file as a whole (or the environment) when it was not."""
        section, _, name = key.rpartition(".")
        given = self.sections.get(section, {}).get(name)
        return given.where if given is not None else Where(self.source or "environment")


def room_label(room: dict[str, Given], index: int) -> str:
    """Name a room for a message: `room[living]`, or `room[#2]` while it has no usable name."""
    given = room.get("name")
    if given is not None and isinstance(given.value, str) and given.value.isprintable() and given.value:
        return f"room[{given.value[:40]}]"
    return f"room[#{index + 1}]"


def closest(word: str, candidates: list[str]) -> str:
    """Find what was probably meant; empty when nothing is near."""
    from difflib import get_close_matches  # only a mistake needs it

    plain = word.lower().replace("-", "_")
    near = get_close_matches(plain, candidates, n=1, cutoff=0.6)
    return near[0] if near else ""


def refuse_section(draft: Draft, where: Where, name: str) -> None:
    """Refuse a section that does not exist, or not yet."""
    shown = shorten(name)
    if name in LATER_SECTIONS:
        draft.refuse(where, name, f"[{shown}] {LATER}")
        return
    near = closest(name, list(SECTIONS))
    suggestion = "" if not near else "[[room]]" if near == "room" else f"[{near}]"
    draft.refuse(where, shown, "there is no such section", suggestion=suggestion)


def refuse_key(draft: Draft, where: Where, section: str, label: str, key: str) -> None:
    """Refuse a key that its section does not have; its value is not shown, it may be a misspelt secret."""
    path = f"{label}.{shorten(key)}"
    if section == "room" and key in LATER_ROOM_KEYS:
        draft.refuse(where, path, f"this key {LATER}")
        return
    if f"{section}.{key}" in SECTIONS:
        draft.refuse(where, path, f"expected a section: [{section}.{key}]")
        return
    near = closest(key, list(SECTIONS[section].__struct_fields__))
    elsewhere = [name for name, kind in SECTIONS.items() if key in kind.__struct_fields__]
    if elsewhere:
        head = "[[room]]" if elsewhere[0] == "room" else f"[{elsewhere[0]}]"
        draft.refuse(where, path, "there is no such key here", hint=f"It belongs to {head}.")
    else:
        draft.refuse(where, path, "there is no such key", suggestion=near)


def shorten(text: str, limit: int = 60) -> str:
    """Show a text in one short line without control characters."""
    if not text.isprintable():
        text = ascii(text)[1:-1]
    return text if len(text) <= limit else text[: limit - 3] + "..."
