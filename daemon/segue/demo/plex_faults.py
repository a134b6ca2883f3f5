"""What can be wrong with a Plex server: a set of switches, changed while it runs."""

import re
from dataclasses import dataclass, field
from typing import Final, Literal

BodyFault = Literal[
    "html",
    "truncated",
    "cut",
    "invalid_bytes",
    "control_characters",
    "empty",
    "huge",
    "no_sessions",
    "laughs",
    "doctype",
    "external_entity",
]

ERROR_PAGE: Final = (
    b"<html><head><title>Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
)
LAUGHS: Final = (
    b'<?xml version="1.0"?>\n<!DOCTYPE MediaContainer [<!ENTITY a0 "ha">'
    + b"".join(b'<!ENTITY a%d "%s">' % (level, b"&a%d;" % (level - 1) * 10) for level in range(1, 11))
    + b']>\n<MediaContainer size="1" title1="&a10;"><Track title="&a10;"/></MediaContainer>\n'
)
"""Ten levels of ten: twenty thousand million characters when expanded."""
DOCTYPE: Final = b'<!DOCTYPE MediaContainer [<!ENTITY server "a small joke">]>\n'
TITLE: Final = re.compile(rb' title="|"title": "')
"""Where a title begins, in XML and in JSON."""
EXTERNAL: Final = b'<!DOCTYPE MediaContainer [<!ENTITY server SYSTEM "file:///etc/hostname">]>\n'


@dataclass
class WebhookFaults:
    """What can go wrong between the server and those who hear its webhooks. Durations are in seconds."""

    lose_next: int = 0
    """So many of the next hooks are never sent."""
    lose: float = 0.0
    """Part of all others that is never sent, 0 to 1."""
    delay_s: float = 0.0
    """Hooks come so much later."""
    reorder_s: float = 0.0
    """Every other hook comes so much later than its successor."""
    duplicate: bool = False
    """Every hook comes twice, to the letter."""
    double_fire: bool = False
    """Every hook comes once for the user's own webhooks and once for those of the server's owner."""
    drop: frozenset[str] = frozenset()
    """Events that are never sent, e.g. `{"media.stop"}`."""


@dataclass
class Faults:
    """What is wrong at the moment; the defaults are a server in the best of health. Durations are in seconds.

    A server that is down is no switch: see `PlexServer.shut_down` and `PlexServer.restart`.
    """

    # ------------------------------------------------ requests
    hit: tuple[str, ...] = ("/",)
    """Beginnings of the paths that the four faults below hit."""
    slow_s: float = 0.0
    """The answer takes so long."""
    hang: bool = False
    """Requests are accepted and never answered."""
    unauthorized: bool = False
    """No token is good."""
    starting: bool = False
    """The server is still starting: 503 (section "Maintenance" of its answers)."""

    # ------------------------------------------------ answers
    body: BodyFault | None = None
    """What is wrong with the body of an otherwise good answer. With `cut` the connection ends in the middle of it."""
    body_paths: tuple[str, ...] = ("/status/sessions",)
    """Beginnings of the paths of which the body is hit."""
    huge_bytes: int = 16 * 1024 * 1024
    """Size of a `huge` body."""

    # ------------------------------------------------ sessions
    stale_sessions: bool = False
    """Sessions never end, whatever the player says."""
    missing_user: bool = False
    """Sessions do not say whose they are."""
    sessions_lag_s: float = 0.0
    """What a player reports can be read so much later; its webhook comes at once."""
    linger_s: float = 0.0
    """A session that has ended can be read for so long."""
    no_players: bool = False
    """`/clients` is empty, although players are there."""

    # ------------------------------------------------ scans
    scan_delay_s: float = 0.05
    """A scan takes so long before it sees anything."""
    lose_scans: int = 0
    """So many of the next scans are ordered, answered, and never carried out."""

    webhooks: WebhookFaults = field(default_factory=WebhookFaults)

    def hits(self, path: str) -> bool:
        """Whether a request for this path meets the faults of requests."""
        return path.startswith(self.hit)

    def body_fault(self, path: str) -> BodyFault | None:
        """What is wrong with the body of an answer for this path."""
        return self.body if path.startswith(self.body_paths) else None


def spoil(fault: BodyFault, body: bytes, huge_bytes: int) -> bytes:
    """Do to the body of an answer what the fault says. (`cut` is done to the connection.)"""
    declaration, _, root = body.partition(b"\n")
    spoilt: dict[str, bytes] = {
        "html": ERROR_PAGE,
        "truncated": body[: len(body) * 2 // 3],
        "cut": body,
        "empty": b"",
        "no_sessions": b'<MediaContainer size="0"/>',
        "laughs": LAUGHS,
        "invalid_bytes": _into_a_title(body, b"\xff\xc3("),
        "control_characters": _into_a_title(body, b"\x01\x0b\x1f"),
        "doctype": b"\n".join([declaration, DOCTYPE + _into_a_title(root, b"&server;")]),
        "external_entity": b"\n".join([declaration, EXTERNAL + _into_a_title(root, b"&server;")]),
    }
    if fault == "huge":
        return body + b"\n" * (huge_bytes - len(body))
    return spoilt[fault]


def _into_a_title(body: bytes, stuff: bytes) -> bytes:
    """Put something into the first title of a document, or into a new attribute of its root."""
    title = TITLE.search(body)
    if title:
        return body[: title.end()] + stuff + body[title.end() :]
    return body.replace(b"<MediaContainer ", b'<MediaContainer title1="' + stuff + b'" ', 1)
