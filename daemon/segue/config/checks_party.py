"""What must be true of the settings of watch parties together, and what works but is probably not meant so."""

import ipaddress
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from segue.config.checks_ingest import Trouble
from segue.config.passkeys import problem_of_username
from segue.config.schema import Config
from segue.config.schema_party import PASSKEY_CHARACTERS_MAX, SCHEMES, PartyConfig, websocket_url

IRC_CHANNEL = re.compile(r"[#&][^\x00-\x20,:\x07]{1,49}")
"""RFC 2812, section 1.3: at most 50 characters, no blank, comma or colon."""
IRC_NICK = re.compile(r"[A-Za-z\[\]\\`_^{|}][A-Za-z0-9\[\]\\`_^{|}-]{0,29}")
"""RFC 2812, section 2.3.1; servers of today allow 30 characters."""
PLAIN_IRC_PORT = 6667
INVITATION = "segue-party:"
ProblemOfUrl = Callable[[str], str]


def troubles(
    config: Config, problem_of_url: ProblemOfUrl, is_host: Callable[[str], bool]
) -> Iterator[Trouble]:
    """Find every contradiction of the settings of watch parties."""
    yield from _addresses(config, problem_of_url)
    yield from _agent(config)
    yield from _irc(config, is_host)
    for key, path in (
        ("party.agent.tls_ca_file", config.party_agent.tls_ca_file),
        ("irc.tls_ca_file", config.irc.tls_ca_file),
    ):
        if path and not (Path(path).is_file() and os.access(path, os.R_OK)):
            hint = f"It is read as user {os.geteuid()}; a relative path starts at the configuration file."
            yield Trouble(key, "expected a certificate in a file that can be read", f'"{path}"', hint)


def _addresses(config: Config, problem_of_url: ProblemOfUrl) -> Iterator[Trouble]:
    party = config.party
    if party.passkey_validation_url and (problem := problem_of_url(party.passkey_validation_url)):
        yield Trouble("party.passkey_validation_url", problem)
    for key, url in (
        ("party.public_url", party.public_url),
        ("party.agent.orchestrator", config.party_agent.orchestrator),
    ):
        if url and (problem := problem_of_websocket(url, problem_of_url)):
            yield Trouble(key, problem)
    for proxy in party.trusted_proxies:
        try:
            ipaddress.ip_network(proxy)
        except ValueError:
            expected = "expected addresses or networks, such as 192.0.2.7 or 192.0.2.0/24"
            yield Trouble("party.trusted_proxies", expected, f'"{proxy}"')


def problem_of_websocket(url: str, problem_of_url: ProblemOfUrl) -> str:
    """Say why a text is not the address of an orchestrator; empty when it is. Never shows the text."""
    scheme, colon, rest = websocket_url(url).partition("://")
    if not colon or scheme not in SCHEMES:
        return "expected an address that begins with wss:// or ws://"
    problem = problem_of_url(f"http://{rest}")
    return problem.replace("http://192.0.2.7:32400", "wss://party.example.org")


def _agent(config: Config) -> Iterator[Trouble]:
    agent = config.party_agent
    if agent.username and (problem := problem_of_username(agent.username)):
        yield Trouble("party.agent.username", problem, f"{len(agent.username)} characters")
    elif not agent.username.isascii() or agent.username != agent.username.strip():
        expected = "expected ASCII characters without blanks around them: it is told in an HTTP header"
        yield Trouble("party.agent.username", expected, f'"{agent.username}"')
    if agent.passkey is not None and len(agent.passkey.reveal()) > PASSKEY_CHARACTERS_MAX:
        yield Trouble("party.agent.passkey", f"expected at most {PASSKEY_CHARACTERS_MAX} characters")
    if agent.invite is not None and not agent.invite.reveal().startswith(INVITATION):
        yield Trouble(
            "party.agent.invite",
            f"expected an invitation, which begins with {INVITATION}",
            hint="`seguectl party invite` prints one, on the machine of the house that hosts.",
        )


def _irc(config: Config, is_host: Callable[[str], bool]) -> Iterator[Trouble]:
    irc = config.irc
    if irc.server and not is_host(irc.server):
        hint = "The port has a key of its own." if ":" in irc.server else ""
        expected = "expected a host's name or address, without scheme and port"
        yield Trouble("irc.server", expected, f'"{irc.server}"', hint)
    if irc.server and not irc.channel:
        yield Trouble(
            "irc.channel", "announcements need a channel, and none is set", hint='channel = "#films"'
        )
    if irc.channel and not IRC_CHANNEL.fullmatch(irc.channel):
        expected = "expected a channel: # or &, then 1 to 49 characters without blank, comma and colon"
        yield Trouble("irc.channel", expected, f'"{irc.channel}"')
    if not IRC_NICK.fullmatch(irc.nick):
        expected = "expected a nick: a letter, then at most 29 letters, digits and []\\`_^{|}-"
        yield Trouble("irc.nick", expected, f'"{irc.nick}"')
    if bool(irc.sasl_username) != (irc.sasl_password is not None):
        yield Trouble(
            "irc.sasl_password" if irc.sasl_username else "irc.sasl_username",
            "an account needs a name and a password",
            hint="Set both sasl_username and sasl_password_file, or neither.",
        )
    elif irc.sasl_username and not irc.tls:
        yield Trouble(
            "irc.sasl_username", "an account's password is only sent over TLS", hint="Set tls = true."
        )


# ------------------------------------------------------------------ warnings


def warnings_of(config: Config, listens_beyond: bool) -> Iterator[str]:
    """What works, but is probably not meant so. `listens_beyond`: other machines can reach the HTTP server."""
    yield from _warnings_of_hosting(config, listens_beyond)
    yield from _warnings_of_agent(config)
    irc = config.irc
    if irc.server and not irc.tls and not is_loopback(irc.server):
        yield "irc.tls is false: whoever stands between here and the IRC server can read and write along."
    if irc.server and irc.tls and irc.port == PLAIN_IRC_PORT:
        yield f"irc.port is {PLAIN_IRC_PORT}, which is without TLS nearly everywhere; with TLS it is 6697."


def _warnings_of_hosting(config: Config, listens_beyond: bool) -> Iterator[str]:
    party = config.party
    validator = party.passkey_validation_url
    if not party.host:
        return
    if validator and urlsplit(validator).scheme == "http" and not is_loopback(host_of(validator)):
        yield "party.passkey_validation_url is http: whoever stands between can read passkeys."
    if validator and config.passkeys:
        yield "party.passkeys_file is not asked, because there is a party.passkey_validation_url."
    wanted = bool(party.public_url) or (listens_beyond and party != PartyConfig())
    if wanted and not validator and not config.passkeys:
        yield (
            "There is neither party.passkey_validation_url nor a table of passkeys: to parties here only this "
            "machine comes in, and who has an invitation."
        )
    public = party.invitation_url
    if public.startswith("ws:") and not is_loopback(host_of(public)):
        yield "party.public_url is without TLS: invitations and passkeys go over the line as they are."


def _warnings_of_agent(config: Config) -> Iterator[str]:
    agent = config.party_agent
    if not agent.enabled:
        return
    if agent.invite_file and agent.invite is None:
        yield "party.agent.invite_file is not there: there is no invitation until it is (then `seguectl reload`)."
    url = agent.orchestrator_url
    beyond = bool(url) and not is_loopback(host_of(url))
    if url.startswith("ws:") and beyond and agent.passkey is not None:
        yield "party.agent.orchestrator is without TLS: whoever stands between can read the passkey."
    if (url or agent.passkey is not None) and not agent.wanted:
        yield "party.agent has no username: it waits for an invitation (`seguectl party join`)."
    if agent.username and beyond and agent.passkey is None and agent.invite is None:
        yield "party.agent has no passkey: another house lets nobody in without one, or an invitation."
    if agent.username and not url and not config.party.host:
        yield "party.agent.orchestrator is empty, and party.host is false: there is no house to be with."
    if agent.wanted and not config.plex.url:
        yield "party.agent takes part in parties, but plex.url is not set: it finds no film."


def host_of(url: str) -> str:
    """Give an address' host; empty when it has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
