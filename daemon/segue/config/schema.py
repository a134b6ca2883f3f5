"""Every setting: its section, type, limits, default, and what it means.

This file is the whole truth about settings: the strict reader, the test of `config.example.toml` and the reference
tables all go by it. A setting is a field; its meaning is the `description` of its annotation, and its unit is the end
of its name (`_s` seconds, `_ms` milliseconds, `_mb` megabytes of a million bytes, `_days`, `level` 0-100 of the
receiver's scale).
"""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from segue.config.schema_ingest import DownloadsConfig, IngestConfig, MatchConfig, TmdbConfig
from segue.config.schema_party import IrcConfig, PartyAgentConfig, PartyConfig
from segue.config.schema_room import RoomConfig
from segue.config.section import Section
from segue.secret import Secret

TimeoutS = Annotated[float, Meta(ge=0.1, le=60)]
Port = Annotated[int, Meta(ge=1, le=65535)]
Uid = Annotated[int, Meta(ge=0, le=4294967294)]
Texts = tuple[str, ...]


class ServerConfig(Section, frozen=True, kw_only=True):
    """The daemon itself: where it listens, where it keeps things, who may do what."""

    listen: Annotated[
        str,
        Meta(
            description="Address and port of the HTTP server; `[::]:3001` for all of IPv6 and IPv4, empty for no TCP "
            "at all. Anything but loopback needs a webhook secret. A systemd socket unit goes before it."
        ),
    ] = "127.0.0.1:3001"
    control_socket: Annotated[
        str,
        Meta(
            description="Path of the Unix socket that `seguectl` uses. Empty: `/run/segue-ctl/ctl.sock` where that is "
            "ours to write, else `$XDG_RUNTIME_DIR/segue/ctl.sock`. A systemd socket unit goes before it."
        ),
    ] = ""
    state_dir: Annotated[
        str,
        Meta(
            description="Directory for the database and the journal. Empty: `$STATE_DIRECTORY`, else "
            "`$XDG_STATE_HOME/segue`, else `~/.local/state/segue`."
        ),
    ] = ""
    webhook_secret_file: Annotated[
        str,
        Meta(
            description="File that holds the webhook secret; the credential `webhook-secret` goes before it."
        ),
    ] = ""
    webhook_secret: Annotated[
        Secret | None,
        Meta(
            description="What the webhook's address must end with: `/webhooks/plex/SECRET`. At least 16 letters, "
            "digits, `-` and `_`. With one, Plex is asked less often (see `plex.poll_s`)."
        ),
    ] = None
    api_token_file: Annotated[
        str,
        Meta(
            description="File that holds the token of TCP callers; the credential `api-token` goes before it. Empty: "
            "`api-token` in the state directory, made at the first start."
        ),
    ] = ""
    api_token: Annotated[
        Secret | None, Meta(description="The token of TCP callers itself; at least 16 characters.")
    ] = None
    allowed_hosts: Annotated[
        Texts,
        Meta(
            description="Names by which browsers may call this server, beside its addresses and `localhost`. A page on "
            "another name is refused (DNS rebinding)."
        ),
    ] = ()
    write_uids: Annotated[
        tuple[Uid, ...],
        Meta(
            description="User ids that may change things through the control socket; with `write_groups` also "
            "empty, whoever may open the socket."
        ),
    ] = ()
    write_groups: Annotated[
        Texts, Meta(description="Names of groups whose members may change things through the control socket.")
    ] = ()
    webhook_sources: Annotated[
        Texts,
        Meta(
            description="Addresses or networks that may send webhooks, such as `192.0.2.7` or `192.0.2.0/24`; empty: "
            "any that knows the secret."
        ),
    ] = ()
    grace_s: Annotated[
        float, Meta(ge=0, le=60, description="How long open requests may take to end when the daemon stops.")
    ] = 3.0
    connections_max: Annotated[
        int,
        Meta(
            ge=8,
            le=10000,
            description="Connections at one time on TCP; an agent in a watch party holds one.",
        ),
    ] = 256
    connections_per_address_max: Annotated[
        int,
        Meta(
            ge=1,
            le=10000,
            description="The same from one address; all who come through a reverse proxy come from its.",
        ),
    ] = 64


class PlexConfig(Section, frozen=True, kw_only=True):
    """The Plex Media Server that is listened to."""

    url: Annotated[
        str, Meta(description="Address of the server, such as `http://127.0.0.1:32400`. Empty: no Plex.")
    ] = ""
    token_file: Annotated[
        str, Meta(description="File that holds the token; the credential `plex-token` goes before it.")
    ] = ""
    token: Annotated[
        Secret | None,
        Meta(
            description="The token itself (X-Plex-Token); a file of its own or a credential is the better place."
        ),
    ] = None
    account_url: Annotated[str, Meta(description="Where accounts are kept; another value is for tests.")] = (
        "https://plex.tv"
    )
    timeout_s: Annotated[TimeoutS, Meta(description="Longest wait for one answer of the server.")] = 3.0
    poll_s: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="How often the sessions are read without any other reason: at least 1. 0: 5 s without a "
            "webhook secret, 60 s with one.",
        ),
    ] = 0.0
    verify_tls: Annotated[
        bool,
        Meta(
            description="Check the certificate of an `https` server; false only for one of your own making."
        ),
    ] = True
    companion_direct: Annotated[
        bool,
        Meta(
            description="Command players directly first (Plex Companion), by the server second; false: by the "
            "server only."
        ),
    ] = True


class HeosConfig(Section, frozen=True, kw_only=True):
    """The HEOS system: receivers and speakers of Denon and Marantz."""

    enabled: Annotated[bool, Meta(description="false: leave HEOS alone, whatever the rooms say.")] = True
    host: Annotated[
        str,
        Meta(description="Address of one device, the steadiest (wired) one. Empty: found by itself (SSDP)."),
    ] = ""
    port: Annotated[Port, Meta(description="Port of the HEOS command line.")] = 1255
    failover_hosts: Annotated[
        Texts,
        Meta(
            description="Addresses of further devices of the same system, tried in turn when the first is gone."
        ),
    ] = ()
    heartbeat_s: Annotated[
        float,
        Meta(
            ge=1,
            le=300,
            description="How often a silent connection is tested; a dead one is found within two.",
        ),
    ] = 10.0
    command_timeout_s: Annotated[
        TimeoutS, Meta(description="Longest wait for the answer to one command.")
    ] = 5.0


class MusicConfig(Section, frozen=True, kw_only=True):
    """How sound is decided, for all rooms."""

    fade_step_levels_max: Annotated[
        int, Meta(ge=1, le=20, description="Levels that one step of a fade may jump.")
    ] = 2
    human_window_s: Annotated[
        float,
        Meta(
            ge=0.1,
            le=30,
            description="How long after its answer a level of ours may still come back as an echo; "
            "another level is a person's hand, and wins.",
        ),
    ] = 2.0
    confirm_s: Annotated[
        float, Meta(ge=0.5, le=60, description="How long a commanded change may take to be observed.")
    ] = 5.0
    resume_gap_s: Annotated[
        float,
        Meta(
            ge=0, le=30, description="A shorter silence is a seek or a change of tracks: it brings no fade."
        ),
    ] = 1.5
    stale_after_s: Annotated[
        float,
        Meta(
            ge=10,
            le=86400,
            description="A session that claims to play but stands still for so long is forgotten.",
        ),
    ] = 300.0


class JournalConfig(Section, frozen=True, kw_only=True):
    """What `seguectl why` answers from."""

    keep_days: Annotated[int, Meta(ge=1, le=3650, description="How long actions are kept.")] = 7
    keep_mb: Annotated[int, Meta(ge=16, le=65536, description="How much is kept at most.")] = 256
    late_ms: Annotated[
        int,
        Meta(
            ge=10,
            le=10000,
            description="A commit that takes longer counts as late: sound then acts without a fade.",
        ),
    ] = 250


class LogConfig(Section, frozen=True, kw_only=True):
    """What is written to the log."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="The least important lines that are written."),
    ] = "info"
    format: Annotated[
        Literal["auto", "console", "json", "journal"],
        Meta(
            description="`auto`: the journal's own fields under systemd, colours on a terminal, plain lines elsewhere."
        ),
    ] = "auto"


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was configured, checked and complete. Paths are absolute, secrets are read."""

    server: ServerConfig = ServerConfig()
    plex: PlexConfig = PlexConfig()
    heos: HeosConfig = HeosConfig()
    rooms: tuple[RoomConfig, ...] = ()
    music: MusicConfig = MusicConfig()
    ingest: IngestConfig = IngestConfig()
    match: MatchConfig = MatchConfig()
    tmdb: TmdbConfig = TmdbConfig()
    downloads: DownloadsConfig = DownloadsConfig()
    party: PartyConfig = PartyConfig()
    party_agent: PartyAgentConfig = PartyAgentConfig()
    irc: IrcConfig = IrcConfig()
    journal: JournalConfig = JournalConfig()
    log: LogConfig = LogConfig()
    passkeys: Mapping[str, Secret] = msgspec.field(default_factory=dict)
    """The table of `party.passkeys_file`, by username."""
    path: str = ""
    """The file that was read; empty when the environment alone served."""
    warnings: tuple[str, ...] = ()
    """What works, but is probably not meant so."""
    notes: tuple[str, ...] = ()
    """What was passed over in silence; for the debug log."""

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """All secrets, so that the log can know what to mask."""
        found = (
            self.plex.token,
            self.server.webhook_secret,
            self.server.api_token,
            self.tmdb.api_key,
            self.downloads.qbittorrent_password,
            self.downloads.transmission_password,
            self.party_agent.passkey,
            self.party_agent.invite,
            self.irc.password,
            self.irc.sasl_password,
            *self.passkeys.values(),
        )
        return tuple(secret for secret in found if secret is not None)

    @property
    def plex_poll_s(self) -> float:
        """How often the sessions are read without any other reason, with 0 (automatic) worked out."""
        if self.plex.poll_s > 0:
            return self.plex.poll_s
        return POLL_WITHOUT_WEBHOOK_S if self.server.webhook_secret is None else POLL_WITH_WEBHOOK_S

    @property
    def heos_wanted(self) -> bool:
        """Whether there is a reason to look for a HEOS system."""
        return self.heos.enabled and (bool(self.heos.host) or any(room.heos_player for room in self.rooms))


POLL_WITHOUT_WEBHOOK_S = 5.0
POLL_WITH_WEBHOOK_S = 60.0
"""With a webhook, reading by the clock only catches what a lost webhook would have told."""

SECTIONS: dict[str, type[Section]] = {
    "server": ServerConfig,
    "plex": PlexConfig,
    "heos": HeosConfig,
    "room": RoomConfig,
    "music": MusicConfig,
    "ingest": IngestConfig,
    "match": MatchConfig,
    "tmdb": TmdbConfig,
    "downloads": DownloadsConfig,
    "party": PartyConfig,
    "party.agent": PartyAgentConfig,
    "irc": IrcConfig,
    "journal": JournalConfig,
    "log": LogConfig,
}
"""Every section by its name in the file, in the order of the documentation; `Config` has it as `attribute_of` says."""


def attribute_of(section: str) -> str:
    """Name the field of `Config` that holds a section: `party_agent` for `party.agent`."""
    return section.replace(".", "_")


LATER_SECTIONS = frozenset({"library", "tautulli"})
"""Sections of later releases: refused, because a setting that does nothing is worse than none."""
LATER_ROOM_KEYS = frozenset({"idle_off_min", "loudness", "receiver", "sources"})
