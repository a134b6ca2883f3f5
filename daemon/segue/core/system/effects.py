"""What the system domain wants done."""

from typing import ClassVar

from segue.core.vocabulary import EffectBase, Say


class FeedWatchdog(EffectBase, frozen=True, kw_only=True, tag="feed_watchdog"):
    """Tell the service manager that the reducer's path is alive (sd_notify `WATCHDOG=1`)."""

    owner: ClassVar[str] = "service_manager"


SystemEffects = FeedWatchdog | Say
