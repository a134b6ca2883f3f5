"""How players differ from one another and from the protocol: data, one row a product, with where it is known from.

A row is a warning and not a promise. Whoever drives a player looks at its timeline all the same, and learns what no
table knows: how long a seek takes, and where it ends. A product that is not listed gets `UNKNOWN`, which assumes that
one button does both play and pause (so that no command is sent on suspicion) and nothing of its seeks.
"""

import re

import msgspec


class Quirks(msgspec.Struct, frozen=True, kw_only=True):
    """What to expect of a player."""

    toggles: bool = True
    """`play` and `pause` may be one button: sent to a player that is already there, they do the opposite."""
    seek_quantum_ms: int | None = None
    """Seeks end on a multiple of this, in ms; `None` where it has to be learned."""
    ignores_start_offset: bool = False
    """Known to begin at 0 whatever `playMedia` says, at times: look, and seek."""
    server_only: bool = False
    """Takes commands from its server alone; a direct one is refused, or obeyed and never answered."""
    answers_late: frozenset[str] = frozenset()
    """Commands that take effect although the call hangs."""
    polled_every_s: float | None = None
    """Refuses commands of controllers that have not polled for so long, in seconds."""
    known_from: str = ""
    """Who says so."""


UNKNOWN = Quirks(known_from="nobody: assumed")

_TABLE: tuple[tuple[str, str, Quirks], ...] = (
    # product, platform (regular expressions that match from the beginning), what to expect
    (
        "Plex MPV Shim",
        "",
        Quirks(toggles=True, seek_quantum_ms=1000, known_from="plex-mpv-shim 1.11.0, measured"),
    ),
    (
        "Plex HTPC",
        "macos|osx",
        Quirks(
            server_only=True,
            ignores_start_offset=True,
            polled_every_s=80.0,
            answers_late=frozenset({"play", "pause", "seekTo", "playMedia"}),
            known_from="python-plexapi #1292, #1460, #244, reported",
        ),
    ),
    (
        "Plex HTPC",
        "",
        Quirks(
            server_only=True,
            polled_every_s=80.0,
            answers_late=frozenset({"play", "pause", "seekTo", "playMedia"}),
            known_from="python-plexapi #1292, #244, reported",
        ),
    ),
    (
        "Plex Media Player|ptp",
        "",
        Quirks(polled_every_s=80.0, known_from="python-plexapi #244, reported"),
    ),
    (
        "Plex for iOS|Plex for iPad",
        "",
        Quirks(
            server_only=True,
            answers_late=frozenset({"seekTo"}),
            known_from="python-plexapi #1004, reported",
        ),
    ),
    (
        "Plex for LG",
        "",
        Quirks(ignores_start_offset=True, known_from="python-plexapi #1460, reported"),
    ),
)


def quirks_of(product: str, platform: str = "") -> Quirks:
    """Look up what to expect of a player, by what it calls itself. The first row that fits counts."""
    for product_pattern, platform_pattern, quirks in _TABLE:
        if re.match(product_pattern, product, re.IGNORECASE) and re.match(
            platform_pattern, platform, re.IGNORECASE
        ):
            return quirks
    return UNKNOWN
