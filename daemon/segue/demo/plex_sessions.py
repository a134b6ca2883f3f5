"""Who plays what, as far as the players told the server: `/:/timeline` in, `/status/sessions` out.

The position of a session is the one last reported, so it stands still for ten seconds and then jumps. A session is made
by the first report of a player and ends with its report of `stopped`. Between them it keeps its key, also when the item
changes: Plexamp reports one track after the other under one session identifier.

A report can come into view later than it came in: that is how a session lags behind its webhook, lingers after its
end, or is there for one second only.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from segue.demo.plex_document import Node
from segue.demo.plex_faults import Faults
from segue.demo.plex_library import Item
from segue.demo.plex_render import item_node, media_node

State = Literal["playing", "paused", "buffering", "stopped"]
Event = Literal["media.play", "media.pause", "media.resume", "media.stop", "media.scrobble"]

STATES: Final = ("playing", "paused", "buffering", "stopped")
SCROBBLE_PART: Final = 0.9
"""From this part of its length on an item counts as played."""
FORGET_S: Final = 180.0
"""A player that says nothing for so long has gone; its session ends without a word. The real time is not known."""


@dataclass(frozen=True)
class Account:
    """A user of the server. Only the owner may read the sessions."""

    id: int
    name: str
    owner: bool = False

    @property
    def thumb(self) -> str:
        """Address of the user's picture; nothing is there."""
        return f"https://plex.tv/users/{self.id:016x}/avatar?c=1700000000"


@dataclass(frozen=True)
class PlayerInfo:
    """How a player describes itself in its `X-Plex-...` headers, and where it calls from."""

    machine_identifier: str
    title: str
    product: str = "Plexamp"
    platform: str = "Linux"
    platform_version: str = "6.1"
    device: str = "Linux"
    model: str = "x86_64"
    vendor: str = ""
    version: str = "4.12.3"
    address: str = "127.0.0.1"


@dataclass(frozen=True)
class Report:
    """One `/:/timeline` of a player."""

    item: Item
    state: State
    time_ms: int
    play_queue_id: str = ""
    play_queue_item_id: str = ""


@dataclass(frozen=True)
class Happening:
    """What a report means, for webhooks: the event and what the session said then."""

    event: Event
    session: "Session"
    report: Report


@dataclass(eq=False)
class Session:
    """One player's playing, from its first report to its last."""

    key: str
    session_id: str
    """The player's own name for it."""
    player: PlayerInfo
    account: Account | None
    reports: list[tuple[float, Report]] = field(default_factory=list)
    """When each came or comes into view; at least one."""
    reported_at: float = 0.0
    settled: State = "stopped"
    """What its item was last seen doing, apart from buffering; `stopped` until it was seen playing."""
    scrobbled: bool = False
    termination: str | None = None
    """Why the administrator ended it; the player is told with its next report."""
    node: Callable[["Session", Report], Node] | None = None
    """Writes it in an unusual way (`plex_oddities`)."""

    @property
    def last(self) -> Report:
        """What the player said last."""
        return self.reports[-1][1]

    def shown(self, now: float) -> Report | None:
        """What a reader sees: the newest report in view, or nothing before the first one or after the end."""
        in_view = [report for at, report in self.reports if at <= now]
        return in_view[-1] if in_view and in_view[-1].state != "stopped" else None

    def ended(self, now: float) -> bool:
        """Whether its end is in view."""
        at, report = self.reports[-1]
        return report.state == "stopped" and at <= now


class Sessions:
    """All sessions of the server. `now` is monotonic time."""

    def __init__(self, faults: Faults, *, now: Callable[[], float]) -> None:
        self._faults = faults
        self._now = now
        self._sessions: list[Session] = []
        self._keys = itertools.count(1)

    def report(
        self, player: PlayerInfo, session_id: str, account: Account | None, report: Report
    ) -> tuple[Session | None, list[Happening]]:
        """Take a player's report; give its session and what it means. `stopped` out of nowhere means nothing."""
        session = self._find(player.machine_identifier, session_id)
        if session is None:
            if report.state == "stopped":
                return None, []
            session = self.begin(player, session_id, account)
        before = session.last if session.reports else None
        happenings = _happenings(session, before, report)
        self._show(session, report)
        session.player, session.account = player, account
        if session.termination is not None:
            self._sessions.remove(session)
        return session, happenings

    def begin(self, player: PlayerInfo, session_id: str, account: Account | None) -> Session:
        """Make a session that has no report yet."""
        session = Session(str(next(self._keys)), session_id, player, account)
        self._sessions.append(session)
        return session

    def put(self, session: Session, *reports: tuple[float, Report]) -> Session:
        """Put a session in place by hand, with reports that come into view so many seconds from now."""
        now = self._now()
        session.reports += [(now + delay_s, report) for delay_s, report in reports]
        session.reported_at = now + max(delay_s for delay_s, _ in reports)
        return session

    def shown(self) -> list[tuple[Session, Report]]:
        """Give the sessions in view, each with what it shows."""
        now = self._now()
        self._forget(now)
        seen = [(session, session.shown(now)) for session in self._sessions if session.termination is None]
        return [(session, report) for session, report in seen if report is not None]

    def find(self, session_id: str) -> Session | None:
        """Find a session by the player's name for it."""
        return next((each for each in self._sessions if each.session_id == session_id), None)

    def restart(self) -> None:
        """Forget everything, and count the keys from 1 again, as a server does that starts."""
        self._sessions.clear()
        self._keys = itertools.count(1)

    def _find(self, machine_identifier: str, session_id: str) -> Session | None:
        self._forget(self._now())
        for session in self._sessions:
            same = (session.player.machine_identifier, session.session_id) == (machine_identifier, session_id)
            if same and not (session.reports and session.last.state == "stopped"):
                return session
        return None

    def _show(self, session: Session, report: Report) -> None:
        faults, now = self._faults, self._now()
        session.reported_at = now
        if report.state == "stopped" and faults.stale_sessions:
            return
        delay_s = faults.sessions_lag_s + (faults.linger_s if report.state == "stopped" else 0.0)
        old = [entry for entry in session.reports if entry[0] <= now]
        session.reports = old[-1:] + [entry for entry in session.reports if entry[0] > now]
        session.reports.append((now + delay_s, report))

    def _forget(self, now: float) -> None:
        if not self._faults.stale_sessions:
            self._sessions = [each for each in self._sessions if not self._is_over(each, now)]

    def _is_over(self, session: Session, now: float) -> bool:
        return bool(session.reports) and (session.ended(now) or now - session.reported_at > FORGET_S)


def session_node(session: Session, report: Report, faults: Faults) -> Node:
    """Write a session: the item in full, then who plays it, and on what."""
    if session.node is not None:
        return session.node(session, report)
    item = report.item
    node = item_node(
        item, media=False, full=True, extra={"sessionKey": session.key, "viewOffset": report.time_ms}
    )
    node.attributes["librarySectionID"] = str(item.section.key)
    if item.file is not None:
        node.children.insert(0, media_node(item, item.file, full=True, selected=True))
    node.children += who_nodes(session, report, faults)
    return node


def who_nodes(session: Session, report: Report, faults: Faults | None = None) -> list[Node]:
    """Write the user, if there is one, the player and the connection of a session."""
    nodes = [_player_node(session, report)]
    account = session.account
    if account is not None and not (faults and faults.missing_user):
        nodes.insert(0, Node("User", {"id": str(account.id), "thumb": account.thumb, "title": account.name}))
    bandwidth = report.item.file.bitrate if report.item.file else 0
    nodes.append(Node("Session", {"id": session.session_id, "bandwidth": bandwidth, "location": "lan"}))
    return nodes


def _player_node(session: Session, report: Report) -> Node:
    player = session.player
    return Node(
        "Player",
        {
            "address": player.address,
            "device": player.device,
            "machineIdentifier": player.machine_identifier,
            "model": player.model,
            "platform": player.platform,
            "platformVersion": player.platform_version,
            "product": player.product,
            "profile": player.product,
            "remotePublicAddress": "203.0.113.7",
            "state": report.state,
            "title": player.title,
            "vendor": player.vendor,
            "version": player.version,
            "local": True,
            "relayed": False,
            "secure": True,
            "userID": session.account.id if session.account else None,
        },
    )


CHANGES: Final[Mapping[tuple[State, State], Event]] = {
    ("playing", "paused"): "media.pause",
    ("paused", "playing"): "media.resume",
    ("playing", "stopped"): "media.stop",
    ("paused", "stopped"): "media.stop",
}
"""What webhooks say. Buffering is no state of its own here: it is what was before it."""


def _happenings(session: Session, before: Report | None, report: Report) -> list[Happening]:
    """Say what a report changes, and note it in the session."""
    events: list[Event] = []
    if before is None or before.item is not report.item:
        session.settled, session.scrobbled = "stopped", False
    length_ms = report.item.duration_ms or 0
    started = session.settled != "stopped" or report.state == "playing"
    if started and length_ms and report.time_ms >= length_ms * SCROBBLE_PART and not session.scrobbled:
        session.scrobbled = True
        events.append("media.scrobble")
    if report.state == "playing" and session.settled == "stopped":
        events.append("media.play")
    elif (session.settled, report.state) in CHANGES:
        events.append(CHANGES[session.settled, report.state])
    if report.state != "buffering" and (session.settled != "stopped" or report.state == "playing"):
        session.settled = report.state
    return [Happening(event, session, report) for event in events]
