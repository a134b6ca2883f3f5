"""Settings from the environment: `SEGUE_PLEX__URL`, `SEGUE_ROOM__LIVING__PLEX_PLAYER`, and names that others know too.

They go before the file, so that a container or a first try needs no file at all.
"""

from collections.abc import Mapping

from segue.config.draft import Draft, Given, Where, refuse_key, refuse_section
from segue.config.schema import SECTIONS, attribute_of
from segue.config.values import Key, keys_of

PREFIX = "SEGUE_"

WELL_KNOWN = {
    "PLEX_URL": ("plex", "url"),
    "PLEX_TOKEN": ("plex", "token"),
    "PLEX_INGEST_DIR": ("ingest", "watch"),
    "PLEX_AUTO_INGEST": ("ingest", "auto"),
    "PLEX_CONFIDENCE_THRESHOLD": ("ingest", "threshold"),
    "PLEX_STABILITY_TIMEOUT": ("ingest", "stability_s"),
    "TMDB_API_KEY": ("tmdb", "api_key"),
    "PASSKEY_VALIDATION_URL": ("party", "passkey_validation_url"),
    "ORC_SERVER_URL": ("party.agent", "orchestrator"),
    "ORC_PASSKEY": ("party.agent", "passkey"),
    "ORC_USERNAME": ("party.agent", "username"),
    "ORC_AUTHORIZED_CLIENTS": ("party.agent", "authorized_clients"),
    "IRC_SERVER": ("irc", "server"),
    "IRC_PORT": ("irc", "port"),
    "IRC_CHANNEL": ("irc", "channel"),
    "IRC_NICK": ("irc", "nick"),
}
"""Names that other programs around Plex use, taken as they are; `SEGUE_...` goes before them."""

MEDIA_ROOT = "PLEX_MEDIA_ROOT"
"""Stands for both libraries at once: its folders `Movies` and `TV Shows`."""

WELL_KNOWN_LATER = ("TAUTULLI_URL", "TAUTULLI_API_KEY")
"""Names whose sections come with later releases. They may be there for another program, so they are passed over."""


def read_environment(environ: Mapping[str, str], draft: Draft) -> None:
    """Put what the environment says over what the file said."""
    for name, (section, key) in WELL_KNOWN.items():
        if environ.get(name):
            _set(draft, draft.sections.setdefault(section, {}), keys_of(section)[key], name, environ[name])
    _read_media_root(environ, draft)
    for name in WELL_KNOWN_LATER:
        if environ.get(name):
            draft.notes.append(
                f"{name} is set, but its section comes with a later release; it is passed over."
            )
    for name in sorted(environ):
        if name.startswith(PREFIX):
            _read_own(draft, name, environ[name])


def _read_media_root(environ: Mapping[str, str], draft: Draft) -> None:
    root = environ.get(MEDIA_ROOT, "").rstrip("/")
    if root:
        section, keys = draft.sections.setdefault("ingest", {}), keys_of("ingest")
        _set(draft, section, keys["movies"], MEDIA_ROOT, f"{root}/Movies")
        _set(draft, section, keys["shows"], MEDIA_ROOT, f"{root}/TV Shows")


def _read_own(draft: Draft, name: str, text: str) -> None:
    parts = name.removeprefix(PREFIX).lower().split("__")
    where = Where(name)
    match parts:
        case [plain]:
            _refuse_single_underscore(draft, where, plain)
        case ["room", room, key]:
            _read_room(draft, where, room, key, text)
        case ["room", *_]:
            hint = "For example: SEGUE_ROOM__LIVING__PLEX_PLAYER."
            draft.refuse(where, "room", "expected a room's name and a key", hint=hint)
        case [*path, key] if (section := ".".join(path)) in SECTIONS:
            keys = keys_of(section)
            if key in keys:
                _set(draft, draft.sections.setdefault(section, {}), keys[key], name, text)
            elif not _refuse_single_underscore(draft, where, f"{section}_{key}"):
                refuse_key(draft, where, section, section, key)
        case [section, inner, _] if any(known.startswith(f"{section}.") for known in SECTIONS):
            refuse_section(draft, where, f"{section}.{inner}")
        case [section, *_] if section in SECTIONS:
            draft.refuse(
                where, section, "expected a section and a key", hint=f"For example: {example(section)}."
            )
        case [section, *_]:
            refuse_section(draft, where, section)


def _read_room(draft: Draft, where: Where, room: str, key: str, text: str) -> None:
    keys = keys_of("room")
    if key not in keys:
        refuse_key(draft, where, "room", f"room[{room}]", key)
        return
    target = next((r for r in draft.rooms if variable_part(r) == room), None)
    if target is None:
        target = draft.new_room(where)
        target["name"] = Given(room, where, is_text=True)
    _set(draft, target, keys[key], where.source, text)


def variable_part(room: Mapping[str, Given]) -> str:
    """Give a room's name as the environment can write it, which knows no hyphen."""
    given = room.get("name")
    return str(given.value).lower().replace("-", "_").replace(" ", "_") if given is not None else ""


def _set(draft: Draft, target: dict[str, Given], key: Key, variable: str, text: str) -> None:
    """Set one key, except that an empty variable sets nothing where empty is no value."""
    if text == "" and not key.is_textual:
        draft.notes.append(f"{variable} is empty; it is passed over.")
        return
    target[key.name] = Given(text, Where(variable), is_text=True)


def _refuse_single_underscore(draft: Draft, where: Where, plain: str) -> bool:
    """Refuse `SEGUE_PLEX_URL`, which is surely meant; other names (`SEGUE_SOCKET`) are somebody else's."""
    for section in SECTIONS:
        key = plain.removeprefix(f"{attribute_of(section)}_")
        if key != plain and key in keys_of(section):
            draft.refuse(
                where,
                f"{section}.{key}",
                "expected two underscores before the key",
                suggestion=variable_of(section, key),
            )
            return True
    return False


def variable_of(section: str, key: str) -> str:
    """Name the variable of a setting."""
    return f"{PREFIX}{section.replace('.', '__')}__{key}".upper()


def example(section: str) -> str:
    """Name one variable of a section."""
    return variable_of(section, next(iter(keys_of(section))))
