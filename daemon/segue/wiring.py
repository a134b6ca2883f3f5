"""From the configuration to the parts: what each adapter, door and domain is given. Decides nothing."""

import grp
import os
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from segue import __version__, logs, wiring_ingest
from segue.actors.front_door import WebhookRules
from segue.adapters.companion import Companion
from segue.adapters.heos import HeosEvent, HeosSystem
from segue.adapters.heos_discovery import discover
from segue.adapters.http_client import HttpClient
from segue.adapters.plex import PlexServer
from segue.adapters.plex_library import PlexLibrary
from segue.config import Config, RoomConfig, kept_api_token, load_config
from segue.core.music.state import MusicSettings, RoomSettings
from segue.interfaces.control import Policy
from segue.runtime.http import Limits as HttpLimits
from segue.runtime.ledger import Limits
from segue.secret import Secret

USER_AGENT = f"segue/{__version__}"


def load(path: Path | None, environ: Mapping[str, str]) -> Config:
    """Read the configuration, with the checks of those who use it. Raises `ConfigError`."""
    return load_config(path, environ, (wiring_ingest.templates_are_templates,))


# ------------------------------------------------------------------ the core's settings


def music(config: Config) -> MusicSettings:
    """Give the music domain its settings."""
    return MusicSettings(
        rooms=tuple(_room(room) for room in config.rooms),
        plex_configured=bool(config.plex.url),
        poll_s=config.plex_poll_s,
        poll_playing_s=min(10.0, config.plex_poll_s),
        step_levels_max=config.music.fade_step_levels_max,
        human_window_s=config.music.human_window_s,
        confirm_s=config.music.confirm_s,
        resume_gap_s=config.music.resume_gap_s,
        stale_after_s=config.music.stale_after_s,
    )


def _room(room: RoomConfig) -> RoomSettings:
    return RoomSettings(
        name=room.name,
        plex_player=room.plex_player,
        heos_player=room.heos_player,
        input=room.input,
        max_level=room.max_level,
        fade_in_s=room.fade_in_s,
        fade_out_s=room.fade_out_s,
        start_level=room.start_level,
        volume_step=room.volume_step,
        take_over=room.take_over,
        trust_idle=room.trust_idle,
        wake=room.wake,
        restore_after_s=room.restore_after_s,
        fade_on=room.fade_on,
        music_inputs=room.music_inputs,
        film_player=room.film_player,
        film_input=room.film_input,
        film_level=room.film_level,
        intermission_music=room.intermission_music,
        intermission_level=room.intermission_level,
        restore_music=room.restore_music,
    )


def journal_limits(config: Config) -> Limits:
    """Give the journal its bounds."""
    return Limits(keep_days=config.journal.keep_days, keep_mb=config.journal.keep_mb)


# ------------------------------------------------------------------ adapters


def plex_server(config: Config, http: HttpClient, client_id: str) -> PlexServer:
    """Make the Plex adapter."""
    return PlexServer(
        config.plex.url, revealing(config.plex.token), client_id, http, sessions_s=config.plex.timeout_s
    )


def plex_library(config: Config, http: HttpClient, client_id: str) -> PlexLibrary:
    """Make the adapter of Plex' libraries."""
    return PlexLibrary(config.plex.url, revealing(config.plex.token), client_id, http)


def companion(config: Config, http: HttpClient, client_id: str) -> Companion:
    """Make the Companion adapter."""
    return Companion(http, config.plex.url, revealing(config.plex.token), client_id)


def revealing(secret: Secret | None) -> Callable[[], str]:
    """Give a secret to somebody who asks for it at each use, and keeps it nowhere."""
    return lambda: secret.reveal() if secret is not None else ""


def heos_system(config: Config, hear: Callable[[HeosEvent], None]) -> HeosSystem:
    """Make the HEOS adapter: for the configured addresses, or for whatever answers a search."""
    return HeosSystem(
        (config.heos.host, *config.heos.failover_hosts) if config.heos.host else (),
        port=config.heos.port,
        heartbeat_s=config.heos.heartbeat_s,
        command_timeout_s=config.heos.command_timeout_s,
        on_event=hear,
        find_hosts=None if config.heos.host else _found_hosts,
    )


async def _found_hosts() -> tuple[str, ...]:
    return tuple(found.host for found in await discover())


# ------------------------------------------------------------------ doors


def http_limits(config: Config) -> HttpLimits:
    """Give the HTTP server its bounds."""
    server = config.server
    return HttpLimits(
        connections=server.connections_max, connections_per_ip=server.connections_per_address_max
    )


def webhook_rules(config: Config) -> WebhookRules:
    """Say who may send webhooks."""
    secret = config.server.webhook_secret
    return WebhookRules(
        secret=secret.reveal() if secret is not None else "", sources=config.server.webhook_sources
    )


def policy(config: Config, api_token: str) -> Policy:
    """Say who may do what. A group that does not exist lets nobody in."""
    gids = set()
    for name in config.server.write_groups:
        try:
            gids.add(grp.getgrnam(name).gr_gid)
        except KeyError:
            gids.add(-1)
    uids = set(config.server.write_uids)
    if uids or gids:
        uids.add(os.geteuid())  # our own reload command (systemd's ExecReload=) runs as this user
    return Policy(api_token=api_token, write_uids=frozenset(uids), write_gids=frozenset(gids))


def api_token(config: Config) -> str:
    """Give the token of TCP callers: the configured one, else one that is made at the first start."""
    token = config.server.api_token or kept_api_token(Path(config.server.api_token_file))
    logs.register_secret(token)
    return token.reveal()


def client_identifier(state_dir: Path) -> str:
    """Give what Plex knows this installation by, for ever (`X-Plex-Client-Identifier`)."""
    path = state_dir / "client-identifier"
    with suppress(FileNotFoundError):
        text = path.read_text().strip()
        if text:
            return text
    text = str(uuid.uuid4())
    path.write_text(text + "\n")
    return text


def register_secrets(config: Config) -> None:
    """Tell the log what it must never show."""
    for secret in config.secrets:
        logs.register_secret(secret)
