"""An invitation to a watch party: one link that holds all that an agent needs, and a secret.

`segue-party:?at=<percent-encoded address>&party=<six characters>&token=<token>`. Whoever has it can join as one user,
so it is kept in a file that only its owner can read, and is never shown.
"""

import re
from typing import ClassVar
from urllib.parse import parse_qs

import msgspec

from segue import logs
from segue.actors.party_socket import Address, AddressError, parse_address
from segue.errors import SegueError
from segue.interfaces.party_translation import hashed
from segue.secret import Secret

SCHEME = "segue-party:"
LINK_CHARACTERS_MAX = 2000
TOKEN_CHARACTERS_MAX = 128
_PARTY = re.compile(r"[a-z0-9]{6}\Z")


class InvitationError(SegueError):
    """A text that is no invitation. The text is not repeated: there may be a secret in it."""

    code: ClassVar[str] = "bad_invitation"


class Invitation(msgspec.Struct, frozen=True):
    """What a link says."""

    at: Address
    party_id: str
    token: Secret

    @property
    def token_hash(self) -> str:
        """What it can be known by without giving it away."""
        return hashed(self.token.reveal())


def read_invitation(link: str) -> Invitation:
    """Read a link. Raises `InvitationError`."""
    text = link.strip()
    shape = f"It begins with {SCHEME} and holds at, party and token; copy all of it."
    if not text.startswith(SCHEME) or len(text) > LINK_CHARACTERS_MAX:
        raise InvitationError("This is no invitation to a party.", shape)
    query = text[len(SCHEME) :].lstrip("/").removeprefix("?")
    try:
        parts = parse_qs(query, keep_blank_values=True, strict_parsing=True, max_num_fields=16)
    except ValueError:
        raise InvitationError("This invitation cannot be read.", shape) from None
    at, party_id, token = (parts.get(name, [""])[0] for name in ("at", "party", "token"))
    if not _PARTY.match(party_id):
        raise InvitationError("This invitation names no party.", shape)
    if not token or len(token) > TOKEN_CHARACTERS_MAX or not token.isascii() or not token.isprintable():
        raise InvitationError("This invitation holds no token.", shape)
    logs.register_secret(Secret(token))
    try:
        address = parse_address(at)
    except AddressError as error:
        raise InvitationError(
            f"This invitation leads nowhere: {error.message}", "Ask for a new one."
        ) from None
    return Invitation(address, party_id, Secret(token))
