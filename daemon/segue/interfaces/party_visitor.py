"""Who stands at the door of the watch parties: where a connection comes from, and whether it may come in."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from segue.interfaces.party_protocol import CLOSE_POLICY
from segue.secret import Secret

CLOSE_LATER = 1013
"""Try again later (IANA's registry of WebSocket close codes)."""

FORWARDING = ("forwarded", "x-forwarded-for", "x-real-ip", "x-forwarded-proto", "x-forwarded-host", "via")
"""Headers that reverse proxies add (RFC 7239, RFC 9110 and older habits). Whoever sends one did not come directly."""

Way = Literal["socket", "loopback", "passkey", "invite"]


class Visitor(msgspec.Struct, frozen=True):
    """Where a connection comes from, as the kernel says; and what its headers claim, which may be lies."""

    address: str = ""
    """Of the other end of the TCP connection; empty on the control socket."""
    on_socket: bool = False
    """Whether it came over the control socket, from somebody who may change things here."""
    forwarded: bool = False
    """Whether it claims to come through a reverse proxy."""
    forwarded_for: str = ""
    forwarded_proto: str = ""


def visitor(address: str, headers: Mapping[str, str], *, on_socket: bool = False) -> Visitor:
    """Make a visitor of a handshake; header names are in lower case."""
    return Visitor(
        address=address,
        on_socket=on_socket,
        forwarded=any(name in headers for name in FORWARDING),
        forwarded_for=headers.get("x-forwarded-for", ""),
        forwarded_proto=headers.get("x-forwarded-proto", ""),
    )


class Admitted(msgspec.Struct, frozen=True):
    """A user was let in; and by what, so that it can be looked at again."""

    username: str
    way: Way
    visitor: Visitor
    passkey: Secret


class TurnedAway(msgspec.Struct, frozen=True):
    """A user was not let in, and what to say about it."""

    code: str
    message: str
    hint: str = ""
    close: int = CLOSE_POLICY
    retry_after_s: int | None = None
    """When it makes sense to come back, in whole seconds; nothing where waiting does not help."""
