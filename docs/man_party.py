"""What segued(8) says of hosting a watch party. The proxy's configuration is that of `party.md`, which a test runs."""

import re
from pathlib import Path

from segue.cli.roff import Page, escape

GUIDE = Path(__file__).parent / "party.md"
PASSKEYS = (
    "Friends in other homes come in with an invitation, a link for one person that seguectl party invite makes; or "
    "with a username and a passkey. Passkeys are checked by the service of [party] passkey_validation_url, to which "
    '{"username", "passkey"} is posted and which answers 200 with {"valid": true}; without one, by the table of '
    "[party] passkeys_file: user:passkey, one a line. With neither, and without an invitation, only this machine comes "
    "in."
)
PROXY = (
    "segued speaks no TLS. A reverse proxy on the same machine passes on /ws, a WebSocket, and nothing else. It must "
    "set X-Forwarded-For: whoever comes with such a header is not taken for this machine, and needs a passkey or an "
    "invitation. [party] public_url is the proxy's address, such as wss://party.example.org; it stands in "
    "invitations. For nginx:"
)
FRIENDS = (
    "A friend runs segued with --agent, a configuration with the address and token of their Plex server, a username "
    "and the players in [party.agent], and the link in [party.agent] invite_file; or gives the link to a segued that "
    "runs there with seguectl party join. No port has to be open in their home."
)


def hosting(page: Page) -> None:
    """Write the section."""
    page.section("HOSTING A WATCH PARTY")
    page.text(PASSKEYS)
    page.text(PROXY)
    page.raw(".RS")
    page.raw(".nf")
    for line in nginx():
        page.raw(escape(line) or ".sp")
    page.raw(".fi")
    page.raw(".RE")
    page.text(FRIENDS)
    page.text("Then, in the week before and on the evening:")
    for command, what in (
        (
            'seguectl party create "Paper Harbour" --host alice --at "fri 20:30"',
            "the film, and when it begins",
        ),
        ("seguectl party invite", "a link for one friend"),
        ("seguectl party show", "the lobby: who is ready, and what the others are missing"),
        ("seguectl party watch", "everybody's drift, live"),
    ):
        page.example(command, what)


def nginx() -> list[str]:
    """Give the configuration of nginx out of the guide, without its comments."""
    (block,) = re.findall(r"```nginx\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    return [line for line in block.splitlines() if not line.strip().startswith("#")]
