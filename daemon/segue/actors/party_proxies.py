"""Where a visitor really comes from, with reverse proxies in between."""

import ipaddress
from collections.abc import Sequence

import msgspec

from segue.interfaces.party_visitor import Visitor

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
HOPS_MAX = 16
"""Entries of X-Forwarded-For that are looked at, from the end: the one that the nearest proxy wrote."""


class Place(msgspec.Struct, frozen=True):
    """Where a visitor comes from, as far as it can be believed."""

    address: str
    loopback: bool
    """From this machine, and directly."""
    secure: bool
    """Nobody on the way can have read along: TLS up to a trusted proxy, or from this machine."""

    @property
    def address_key(self) -> str:
        """What failures are counted by: an address, of IPv6 the network that one customer has (RFC 6177)."""
        found = parsed(self.address)
        if isinstance(found, ipaddress.IPv6Address):
            return f"address {ipaddress.IPv6Network((int(found) >> 64 << 64, 64))}"
        return f"address {self.address}"


class Proxies:
    """The reverse proxies whose word is believed."""

    def __init__(self, trusted: Sequence[str]) -> None:
        """Take addresses and networks. Raises `ValueError` for what is neither."""
        self._networks = [ipaddress.ip_network(text, strict=False) for text in trusted]

    def place(self, visitor: Visitor) -> Place:
        """Tell where a visitor comes from."""
        peer = parsed(visitor.address)
        if peer is None or not visitor.forwarded:
            here = peer is not None and peer.is_loopback
            return Place(str(peer or visitor.address), loopback=here, secure=here)
        if not self._trusts(peer):
            return Place(str(peer), loopback=False, secure=False)
        proto = visitor.forwarded_proto.rpartition(",")[2].strip().lower()
        return Place(
            self._source(peer, visitor.forwarded_for), loopback=False, secure=proto in ("https", "wss")
        )

    def _source(self, peer: Address, forwarded_for: str) -> str:
        """Go back from the nearest hop as long as the one that named it is trusted."""
        source = peer
        for text in reversed(forwarded_for.split(",")[-HOPS_MAX:]):
            hop = parsed(text.strip())
            if hop is None or not self._trusts(source):
                break
            source = hop
        return str(source)

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


def parsed(text: str) -> Address | None:
    """Read an address, with the port or brackets that some proxies write; IPv4 in IPv6 is IPv4."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found
