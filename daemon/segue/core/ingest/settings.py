"""The ingest domain's settings, as the configuration gives them."""

from typing import Literal

import msgspec

from segue.core.ingest.arrivals import ArrivalRules
from segue.core.ingest.naming import NamingSettings
from segue.core.ingest.records import TransferMethod
from segue.core.ingest.weighing import MatchSettings

WhileWatching = Literal["wait", "slow", "ignore"]
Upgrade = Literal["replace", "keep-both", "review"]


class IngestSettings(msgspec.Struct, frozen=True):
    """What the person wants of the ingest."""

    watch: tuple[str, ...] = ()
    """Roots below which new media arrives, absolute."""
    movies: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
    """Library roots, absolute, the first one with room goes first."""
    auto: bool = False
    match: MatchSettings = MatchSettings()
    naming: NamingSettings = NamingSettings()
    arrivals: ArrivalRules = ArrivalRules()
    rescan_s: float = 600.0
    poll_s: float = 45.0
    stability_s: float = 60.0
    unknown_stability_s: float = 600.0
    """How long a file must be quiet whose structure cannot be checked and that nobody has called complete."""
    transfer: TransferMethod = "copy"
    upgrade: Upgrade = "review"
    while_watching: WhileWatching = "wait"
    slow_bytes_per_s: int = 20_000_000
    spare_bytes: int = 1_000_000_000
    """Room that is left free on a library's disk."""
    reread: bool = False
    undo_s: float = 30 * 86400.0
    plex_configured: bool = False
    tmdb_configured: bool = False
    clients_configured: bool = False
    """True where a download client can be asked what is complete."""
    identify_at_once: int = 4
    probe_patience_s: float = 86400.0
    """How long a broken structure is waited for before it counts as broken for good."""
    scan_delay_s: float = 5.0
    """How long a folder must be quiet before Plex is told of it, so that a season makes one scan."""
