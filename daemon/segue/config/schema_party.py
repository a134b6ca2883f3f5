"""The settings of watch parties: what a house that hosts them allows, its own agent, and announcements on IRC."""

from typing import Annotated, Literal
from urllib.parse import urlsplit, urlunsplit

from msgspec import Meta

from segue.config.section import Section
from segue.secret import Secret

Texts = tuple[str, ...]
Port = Annotated[int, Meta(ge=1, le=65535)]

USERNAME_CHARACTERS_MAX = 64
PASSKEY_CHARACTERS_MAX = 512
"""Limits of the watch-party protocol, section "Who speaks"."""
WEBSOCKET_PATH = "/ws"
SCHEMES = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}
"""How the address of an orchestrator may begin, and what it then is."""


def websocket_url(url: str) -> str:
    """Give the WebSocket address that is meant: `http` is taken as `ws`, `https` as `wss`, no path as `/ws`.

    Gives an empty text, and what is no such address, back as it is.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    scheme = SCHEMES.get(parts.scheme)
    if scheme is None or not parts.netloc:
        return url
    path = WEBSOCKET_PATH if parts.path in ("", "/") else parts.path
    return urlunsplit((scheme, parts.netloc, path, parts.query, parts.fragment))


class PartyConfig(Section, frozen=True, kw_only=True):
    """Watch parties that this house hosts for friends. What a party's host may change is only where a party starts."""

    host: Annotated[
        bool,
        Meta(description="false: no parties are hosted here; the agent may still be in those of others."),
    ] = True
    passkey_validation_url: Annotated[
        str,
        Meta(
            description="Where passkeys are checked: `{username, passkey}` is posted there, and `200` with "
            '`{"valid": true}` lets the user in. Goes before the table.'
        ),
    ] = ""
    passkeys_file: Annotated[
        str,
        Meta(
            description="File with one `user:passkey` a line, for those who have no such service; the credential "
            "`party-passkeys` goes before it. With neither only this machine and invitations come in."
        ),
    ] = ""
    app_name: Annotated[
        str,
        Meta(
            max_length=64,
            description="What this house is called towards its guests.",
            extra={"expected": "a text of at most 64 characters"},
        ),
    ] = "segue"
    public_url: Annotated[
        str,
        Meta(
            description="Address by which friends reach this house, such as `wss://party.example.org`; it stands in "
            "invitations. No path is `/ws`."
        ),
    ] = ""
    trusted_proxies: Annotated[
        Texts,
        Meta(
            description="Addresses or networks of reverse proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are "
            "believed."
        ),
    ] = ("127.0.0.1", "::1")
    require_tls: Annotated[
        bool, Meta(description="true: whoever comes from another machine without TLS is turned away.")
    ] = False
    open: Annotated[
        bool, Meta(description="true: everybody in a party may pause, resume and seek; false: its hosts.")
    ] = False
    join: Annotated[
        Literal["invited", "anyone"],
        Meta(
            description="Who may join a party: whoever was added or has an invitation; anyone who was let in here."
        ),
    ] = "invited"
    late: Annotated[
        Literal["attach", "ask"],
        Meta(
            description="Whoever comes after the start: is put in step by itself; only once it asks for it."
        ),
    ] = "attach"
    stall: Annotated[
        Literal["follow", "wait"],
        Meta(
            description="When a film stalls in one home: that home catches up alone; the group waits a little."
        ),
    ] = "follow"
    start_grace_s: Annotated[
        float, Meta(ge=0, le=120, description="How long a start waits for those who are not ready.")
    ] = 10.0
    catch_up_s: Annotated[
        float,
        Meta(ge=0, le=86400, description="How late a planned start may still happen, after an outage."),
    ] = 900.0
    intermissions: Annotated[bool, Meta(description="Whether a party pauses by itself in a long film.")] = (
        True
    )
    intermission_length_s: Annotated[
        int, Meta(ge=0, le=3600, description="Length of an intermission; 0 is none.")
    ] = 600
    intermission_first_s: Annotated[
        int, Meta(ge=60, le=86400, description="Moment of the film at which the first one is.")
    ] = 3600
    intermission_every_s: Annotated[
        int, Meta(ge=60, le=86400, description="How much of the film is between two of them.")
    ] = 3600
    intermission_remain_s: Annotated[
        int,
        Meta(
            ge=0,
            le=86400,
            description="After the first, one is held only where more than this remains of the film.",
        ),
    ] = 1800
    intermission_guard_s: Annotated[
        int,
        Meta(
            ge=0,
            le=86400,
            description="None at all, not even the first, where less than this remains; 0 is the plain rule.",
        ),
    ] = 600
    parties_max: Annotated[
        int, Meta(ge=1, le=1000, description="Parties at the same time, those that wait for their start too.")
    ] = 50
    members_max: Annotated[int, Meta(ge=1, le=1000, description="Members of one party.")] = 100
    invite_days: Annotated[
        int,
        Meta(ge=1, le=30, description="How long an invitation holds that says nothing else."),
    ] = 7
    succession_s: Annotated[
        float,
        Meta(ge=1, le=600, description="How long a host may be gone before the next in line takes over."),
    ] = 10.0
    stall_s: Annotated[
        float, Meta(ge=1, le=60, description="With `stall` `wait`: a shorter stall is not waited for.")
    ] = 3.0
    wait_s: Annotated[
        float, Meta(ge=1, le=60, description="The same: longest wait for one stall, whatever happens.")
    ] = 10.0
    waits_per_hour: Annotated[
        int, Meta(ge=0, le=60, description="The same: so often in an hour, at most.")
    ] = 3

    @property
    def invitation_url(self) -> str:
        """`public_url` as it stands in an invitation; empty when it is."""
        return websocket_url(self.public_url)


class PartyAgentConfig(Section, frozen=True, kw_only=True):
    """This home's part in watch parties: it drives the home's own players. On where it has a name or an invitation."""

    enabled: Annotated[bool, Meta(description="false: this home takes part in no party.")] = True
    orchestrator: Annotated[
        str,
        Meta(
            description="Address of the house that hosts, such as `wss://party.example.org`; `https` is taken as "
            "`wss`, no path as `/ws`. Empty: this house itself."
        ),
    ] = ""
    username: Annotated[str, Meta(description="Who this home is in parties; 1 to 64 characters.")] = ""
    passkey_file: Annotated[
        str, Meta(description="File that holds the passkey; the credential `party-passkey` goes before it.")
    ] = ""
    passkey: Annotated[
        Secret | None, Meta(description="The passkey itself; none is needed for this house itself.")
    ] = None
    invite_file: Annotated[
        str,
        Meta(description="File that holds an invitation link; the credential `party-invite` goes before it."),
    ] = ""
    invite: Annotated[Secret | None, Meta(description="The invitation link itself.")] = None
    authorized_clients: Annotated[
        Texts,
        Meta(
            description="Titles or machine identifiers of the players that parties may drive, the preferred one "
            "first. Empty: each room's `film_player`, else its `plex_player`."
        ),
    ] = ()
    gdm: Annotated[
        bool, Meta(description="Look for players in the home's network too (GDM), beside asking Plex.")
    ] = True
    tls_ca_file: Annotated[
        str,
        Meta(
            description="Certificate that the orchestrator's is checked against, if it is one of its own making."
        ),
    ] = ""

    @property
    def orchestrator_url(self) -> str:
        """`orchestrator` as it is connected to; empty for this house itself."""
        return websocket_url(self.orchestrator)

    @property
    def wanted(self) -> bool:
        """Whether the configuration alone says that this home takes part."""
        return self.enabled and (bool(self.username) or self.invite is not None)


class IrcConfig(Section, frozen=True, kw_only=True):
    """Announcements of parties on IRC, and commands from there."""

    server: Annotated[str, Meta(description="Name or address of the IRC server. Empty: no IRC.")] = ""
    port: Annotated[Port, Meta(description="Its port; 6697 is with TLS.")] = 6697
    tls: Annotated[bool, Meta(description="false: everything goes over the line as it is.")] = True
    tls_ca_file: Annotated[
        str,
        Meta(description="Certificate that the server's is checked against, if it is one of its own making."),
    ] = ""
    channel: Annotated[str, Meta(description="Channel to announce in, such as `#films`.")] = ""
    nick: Annotated[str, Meta(description="The bot's name; a taken one gets `_` behind it.")] = "segue"
    password_file: Annotated[
        str,
        Meta(
            description="File that holds the server's password; the credential `irc-password` goes before it."
        ),
    ] = ""
    password: Annotated[Secret | None, Meta(description="The server's password itself.")] = None
    sasl_username: Annotated[str, Meta(description="Account to log in to (SASL PLAIN), over TLS only.")] = ""
    sasl_password_file: Annotated[
        str,
        Meta(
            description="File that holds the account's password; the credential `irc-sasl-password` goes before it."
        ),
    ] = ""
    sasl_password: Annotated[Secret | None, Meta(description="The account's password itself.")] = None
