"""What the settings are, for documents; and what differs between two configurations, for a reload."""

import json
from typing import NamedTuple

import msgspec

from segue.config.environment import variable_of
from segue.config.schema import SECTIONS, Config, attribute_of
from segue.config.section import Section
from segue.config.values import Key, keys_of

RESTART_KEYS = frozenset(
    {
        "server.listen",
        "server.control_socket",
        "server.state_dir",
        "server.connections_max",
        "server.connections_per_address_max",
        "server.api_token",
        "server.api_token_file",
        "journal.keep_days",
        "journal.keep_mb",
        "log.format",
    }
)
"""Settings that a running process cannot take up: they belong to sockets and to an open database."""


class Setting(NamedTuple):
    """One row of the reference table."""

    section: str
    key: str
    type: str
    default: str
    """As the file would have it; empty for what is not set, `required` for a room's name."""
    meaning: str
    unit: str

    @property
    def variable(self) -> str:
        """The environment variable that sets it; `NAME` stands for the room's name."""
        return variable_of("room.NAME" if self.section == "room" else self.section, self.key)


UNITS = {
    "_s": "s",
    "_ms": "ms",
    "_mb": "MB",
    "_mb_per_s": "MB/s",
    "_gb": "GB",
    "_min": "minutes",
    "_days": "days",
    "level": "level",
    "_step": "levels",
    "_levels_max": "levels",
}


def describe_settings() -> tuple[Setting, ...]:
    """List every setting, in the order of the schema."""
    return tuple(_setting(key) for section in SECTIONS for key in keys_of(section).values())


def _setting(key: Key) -> Setting:
    unit = next(
        (unit for ending, unit in UNITS.items() if key.name.endswith(ending) and not key.is_textual), ""
    )
    if key.section == "log":
        unit = ""
    return Setting(key.section, key.name, key.expected.removeprefix("a "), _default(key), key.meaning, unit)


def _default(key: Key) -> str:
    if key.default is msgspec.NODEFAULT:
        return "required"
    if key.default is None:
        return ""
    return json.dumps(key.default)


def settings_table() -> str:
    """Write the reference as Markdown, one table a section."""
    lines: list[str] = []
    for section, struct in SECTIONS.items():
        head = "[[room]]" if section == "room" else f"[{section}]"
        lines += [f"## `{head}`", "", (struct.__doc__ or "").splitlines()[0], ""]
        lines += ["| key | type | unit | default | meaning |", "| --- | --- | --- | --- | --- |"]
        for setting in describe_settings():
            if setting.section == section:
                default = f"`{setting.default}`" if setting.default else ""
                meaning = setting.meaning.replace("|", "\\|")
                row = (f"`{setting.key}`", setting.type, setting.unit, default, meaning)
                lines.append(f"| {' | '.join(row)} |")
        lines.append("")
    return "\n".join(lines)


# ------------------------------------------------------------------ reload


def changed_keys(old: Config, new: Config) -> list[str]:
    """Name what differs between two configurations; names only, no values."""
    before, after = _flat(old), _flat(new)
    return [
        key for key in dict.fromkeys((*before, *after)) if before.get(key, _ABSENT) != after.get(key, _ABSENT)
    ]


def needs_restart(changed: list[str]) -> list[str]:
    """Pick the keys that only a restart takes up."""
    return [key for key in changed if key in RESTART_KEYS]


_ABSENT = object()


def _flat(config: Config) -> dict[str, object]:
    flat: dict[str, object] = {}
    for name in SECTIONS:
        if name != "room":
            flat.update(_section(name, getattr(config, attribute_of(name))))
    flat["party.passkeys"] = config.passkeys
    for room in config.rooms:
        flat.update(_section(f"room[{room.name}]", room))
    return flat


def _section(label: str, section: Section) -> dict[str, object]:
    return {f"{label}.{key}": getattr(section, key) for key in section.__struct_fields__}
