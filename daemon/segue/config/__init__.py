"""The configuration: what can be set, and how it is read.

`load_config` reads a TOML file and the environment into a frozen `Config`, or raises a `ConfigError` that names
every problem with its place. `schema` says what can be set; `toml_file` and `environment` write down in a `draft` what
was given, `values` makes typed values of it, `secret_files` fetches secrets, `checks` looks for contradictions, and
`load` puts it all together. `describe` writes the reference and compares two configurations.
"""

from segue.config.checks import Finding, Listen, parse_listen
from segue.config.describe import (
    RESTART_KEYS,
    Setting,
    changed_keys,
    describe_settings,
    needs_restart,
    settings_table,
)
from segue.config.load import default_config_paths, find_config, load_config
from segue.config.schema import (
    Config,
    HeosConfig,
    JournalConfig,
    LogConfig,
    MusicConfig,
    PlexConfig,
    ServerConfig,
)
from segue.config.schema_room import RoomConfig
from segue.config.secret_files import kept_api_token

__all__ = [
    "RESTART_KEYS",
    "Config",
    "Finding",
    "HeosConfig",
    "JournalConfig",
    "Listen",
    "LogConfig",
    "MusicConfig",
    "PlexConfig",
    "RoomConfig",
    "ServerConfig",
    "Setting",
    "changed_keys",
    "default_config_paths",
    "describe_settings",
    "find_config",
    "kept_api_token",
    "load_config",
    "needs_restart",
    "parse_listen",
    "settings_table",
]
