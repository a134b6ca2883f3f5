"""Which Host header we answer to: the defence against DNS rebinding.

A web page of a stranger can make a name of its own resolve to our address and then talk to us with the
browser's blessing, but it cannot choose the Host header: that carries the stranger's name. So we answer to
addresses, to `localhost`, and to the names that the configuration lists.
"""

from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address

from segue.runtime.http.errors import HttpError

AllowedHosts = Callable[[str], bool]
"""Says whether a lower-case name without port is one of ours."""


@lru_cache(maxsize=64)
def host_name(authority: bytes) -> str | None:
    """Give the name or address in a Host field (RFC 9110, section 7.2), in lower case, without port and
    brackets.

    Nothing when it is malformed. The last few are remembered: parsing an address costs more than all the rest
    of the check.
    """
    try:
        text = authority.decode("ascii").lower()
    except UnicodeDecodeError:
        return None
    if text.startswith("["):
        name, bracket, port = text[1:].partition("]")
        if not bracket or not _is_address(name):
            return None
    else:
        name, colon, port = text.partition(":")
        port = colon + port
    if port and not (port[0] == ":" and (port[1:] == "" or (port[1:].isdecimal() and len(port) <= 6))):
        return None
    return name.removesuffix(".") or None


@lru_cache(maxsize=64)
def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def check_host(authority: bytes, allowed: AllowedHosts | None) -> None:
    """Refuse a Host that is neither an address, nor `localhost`, nor one of ours.

    Raises:
        HttpError: with status 400 or 421.
    """
    name = host_name(authority)
    if name is None:
        raise HttpError(
            400, "bad_request", "the Host header is malformed", "send the name of this machine, and a port"
        )
    if name == "localhost" or _is_address(name) or (allowed is not None and allowed(name)):
        return
    raise HttpError(
        421,
        "misdirected_host",
        "the Host header is not one of ours",
        "use the address, or add the name to the allowed hosts in the [server] section",
    )
