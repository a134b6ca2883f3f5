"""Puts a configuration together: file, environment, secrets, places, checks. All problems come at once."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from segue.config.checks import Check, check, warnings_of
from segue.config.draft import Draft, room_label
from segue.config.environment import read_environment
from segue.config.passkeys import read_passkeys
from segue.config.schema import (
    SECTIONS,
    Config,
    HeosConfig,
    JournalConfig,
    LogConfig,
    MusicConfig,
    PlexConfig,
    ServerConfig,
)
from segue.config.schema_ingest import DownloadsConfig, IngestConfig, MatchConfig, TmdbConfig
from segue.config.schema_party import IrcConfig, PartyAgentConfig, PartyConfig
from segue.config.schema_room import RoomConfig
from segue.config.secret_files import SECRET_KEYS, SecretKey, check_inline, read_secret
from segue.config.toml_file import parse_toml, read_text
from segue.config.values import read_section
from segue.errors import ConfigError
from segue.secret import Secret

SYSTEM_FILE = Path("/etc/segue/segue.toml")
SYSTEM_SOCKET_DIR = Path("/run/segue-ctl")
"""Made by the socket unit; never the service's own runtime directory, which systemd empties at a restart."""


def default_config_paths(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Name the files that are looked for when none is named, in order."""
    home = Path(environ.get("XDG_CONFIG_HOME") or _home(environ) / ".config")
    return (SYSTEM_FILE, home / "segue" / "segue.toml")


def find_config(environ: Mapping[str, str]) -> Path | None:
    """Find the file to read: the first that is there. Nothing: the environment alone serves."""
    for path in default_config_paths(environ):
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return path  # it is there but closed to us: reading it says so, and no other file takes its place
        return path
    return None


def load_config(path: Path | None, environ: Mapping[str, str], more: Sequence[Check] = ()) -> Config:
    """Read the configuration from a file (or none) and the environment.

    `more` are checks of those who know what a setting means to them.

    Raises `ConfigError` with every problem that was found. Nothing of the outside is changed.
    """
    draft = Draft(source=str(path) if path is not None else "")
    if path is not None:
        text = read_text(path, draft)
        draft.unreadable = text is None
        if text is not None:
            parse_toml(text.text, draft)
            check_inline(draft, text.mode, environ)
    read_environment(environ, draft)
    config = _build(draft, environ)
    if not draft.unreadable:
        check(config, draft, more)
    if draft.problems:
        raise ConfigError(sorted(draft.problems, key=lambda p: (p.line is None, p.line or 0, p.column or 0)))
    warnings = (*draft.warnings, *warnings_of(config))
    return msgspec.structs.replace(config, path=draft.source, warnings=warnings, notes=tuple(draft.notes))


def _build(draft: Draft, environ: Mapping[str, str]) -> Config:
    """Make the typed settings of all that is usable; what is not has its default, and a problem."""
    base = Path(draft.source).absolute().parent if draft.source else Path.cwd()
    values = {name: read_section(name, name, draft.sections.get(name, {}), draft) for name in PLAIN}
    server = values["server"]
    for section, key in FILES:
        if values[section].get(key):
            values[section][key] = _absolute(values[section][key], base, environ)
    for section, key in FOLDERS:
        if values[section].get(key):
            values[section][key] = tuple(_absolute(path, base, environ) for path in values[section][key])
    server["state_dir"] = server.get("state_dir") or default_state_dir(environ)
    server["control_socket"] = server.get("control_socket") or default_control_socket(
        environ, server["state_dir"]
    )
    for secret in SECRET_KEYS:
        values[secret.section][secret.name] = _secret(secret, values[secret.section], environ, draft)
    server["api_token_file"] = server.get("api_token_file") or str(Path(server["state_dir"], "api-token"))
    return Config(
        server=ServerConfig(**server),
        plex=PlexConfig(**values["plex"]),
        heos=HeosConfig(**values["heos"]),
        rooms=tuple(_rooms(draft)),
        music=MusicConfig(**values["music"]),
        ingest=IngestConfig(**values["ingest"]),
        match=MatchConfig(**values["match"]),
        tmdb=TmdbConfig(**values["tmdb"]),
        downloads=DownloadsConfig(**values["downloads"]),
        party=PartyConfig(**values["party"]),
        party_agent=PartyAgentConfig(**values["party.agent"]),
        irc=IrcConfig(**values["irc"]),
        passkeys=read_passkeys(values["party"].get("passkeys_file", ""), environ, draft),
        journal=JournalConfig(**values["journal"]),
        log=LogConfig(**values["log"]),
    )


PLAIN = tuple(name for name in SECTIONS if name != "room")
FILES = (
    ("server", "state_dir"),
    ("server", "control_socket"),
    ("server", "webhook_secret_file"),
    ("server", "api_token_file"),
    ("plex", "token_file"),
    ("tmdb", "api_key_file"),
    ("downloads", "qbittorrent_password_file"),
    ("downloads", "transmission_password_file"),
    ("party", "passkeys_file"),
    ("party.agent", "passkey_file"),
    ("party.agent", "invite_file"),
    ("party.agent", "tls_ca_file"),
    ("irc", "tls_ca_file"),
    ("irc", "password_file"),
    ("irc", "sasl_password_file"),
)
FOLDERS = (("ingest", "watch"), ("ingest", "movies"), ("ingest", "shows"))
"""Keys that name paths: relative ones start at the configuration file's directory."""


def _rooms(draft: Draft) -> Iterator[RoomConfig]:
    for index, (given, where) in enumerate(zip(draft.rooms, draft.room_wheres, strict=True)):
        label = room_label(given, index)
        values = read_section("room", label, given, draft)
        if "name" in values:
            yield RoomConfig(**values)
        elif "name" not in given:
            draft.refuse(
                where, f"{label}.name", "each room needs a name", hint='For example: name = "living"'
            )


def _secret(
    key: SecretKey, values: dict[str, Any], environ: Mapping[str, str], draft: Draft
) -> Secret | None:
    return read_secret(key, values.get(key.name), values.get(f"{key.name}_file", ""), environ, draft)


# ------------------------------------------------------------------ places


def _home(environ: Mapping[str, str]) -> Path:
    home = environ.get("HOME")
    return Path(home) if home else Path.home()


def _absolute(path: str, base: Path, environ: Mapping[str, str]) -> str:
    if path == "~" or path.startswith("~/"):
        path = f"{_home(environ)}{path[1:]}"
    return os.path.normpath(base / path)


def default_state_dir(environ: Mapping[str, str]) -> str:
    """Name the directory that systemd made for us, else one in the user's home."""
    given = environ.get("STATE_DIRECTORY", "").split(":")[0]
    if given:
        return given
    return str(Path(environ.get("XDG_STATE_HOME") or _home(environ) / ".local" / "state", "segue"))


def default_control_socket(environ: Mapping[str, str], state_dir: str) -> str:
    """Name the control socket: the system's where its directory is ours to write, else the user's own."""
    if os.geteuid() == 0 or os.access(SYSTEM_SOCKET_DIR, os.W_OK):
        return str(SYSTEM_SOCKET_DIR / "ctl.sock")
    runtime = environ.get("XDG_RUNTIME_DIR")
    return str(Path(runtime, "segue", "ctl.sock") if runtime else Path(state_dir, "ctl.sock"))
