"""What the parts of the party agent need of one another, and the words between the synchronisation and the wire."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

import trio

from segue import logs
from segue.actors.party_home import HomePlayer, HomeSeen
from segue.actors.party_kept import KeptPlayers
from segue.actors.party_media import Match, Missing
from segue.actors.party_player import Screen
from segue.core.actions import Action
from segue.core.party.sync.agent import Agent
from segue.core.party.sync.clock import ServerClock
from segue.core.party.sync.messages import Note
from segue.core.party.sync.messages import Report as SyncReport
from segue.interfaces.party_protocol import FilmBody, Report, UpMessage
from segue.runtime.store import CoreError

if TYPE_CHECKING:
    from segue.actors.party_seat import Seat

DAY_MS = 24 * 3600 * 1000
RESTART_S = 5.0
"""Before what fell over is begun anew, in seconds."""
SPAN_MS = 600_000
"""Longest span of the protocol (`sigma_ms`, `parking_ms`)."""


class Household(Protocol):
    """What a seat needs of the agent around it."""

    @property
    def clock(self) -> ServerClock:
        """The orchestrator's clock."""

    @property
    def players(self) -> KeptPlayers:
        """What is remembered of players."""

    def say(self, message: UpMessage) -> bool:
        """Tell the orchestrator; false when there is no connection."""

    def post(self, action: Action) -> None:
        """Tell this house."""

    def drives(self, device_id: str, seat: "Seat") -> bool:
        """Take a player, unless another seat has it."""

    def lets_go(self, device_id: str, seat: "Seat") -> None:
        """Give a player free."""

    async def look(self, younger_than_s: float) -> HomeSeen:
        """Look around in this home, or remember what was seen a moment ago."""

    async def find(self, film: FilmBody) -> Match | Missing:
        """Find the item for a film."""

    def screen(self, player: HomePlayer, match: Match) -> Screen:
        """Give a player to drive."""


def wire_report(session: str, device: str, report: SyncReport, note: Note, agent: Agent) -> Report:
    """Write a report, held to the protocol's limits."""
    position_ms = report.position_ms
    if position_ms is None and agent.seen is not None and agent.seen.position_s is not None:
        position_ms = round(agent.seen.position_s * 1000)
    drift_ms = None if report.drift_s is None else round(report.drift_s * 1000)
    return Report(
        session=session,
        device=device,
        rev=max(0, report.rev),
        state=report.state,
        drift_ms=None if drift_ms is None else max(-DAY_MS, min(DAY_MS, drift_ms)),
        sigma_ms=None if report.sigma_s is None else _span_ms(report.sigma_s),
        samples=report.samples,
        note=note,
        step=report.step[:32],
        position_ms=None if position_ms is None else max(0, min(DAY_MS, position_ms)),
        parking_ms=_span_ms(report.park_s),
        rtt_ms=_rtt_ms(agent.clock),
    )


def _rtt_ms(clock: ServerClock) -> int | None:
    """Give the middle of the last round trips to the orchestrator; nothing before the first."""
    trips_s = sorted(
        p.received_s - p.sent_s - (p.server_sent_s - p.server_received_s) for p in clock.probes[-5:]
    )
    return _span_ms(trips_s[len(trips_s) // 2]) if trips_s else None


def _span_ms(span_s: float) -> int:
    return max(0, min(SPAN_MS, round(span_s * 1000)))


async def guarded(run: Callable[[], Awaitable[object]], what: str) -> bool:
    """Run something whose failure is nobody else's: a fault of ours is written down. Says whether it got to its end."""
    ended = False
    try:
        await run()
        ended = True
    except* CoreError:
        raise  # not an actor's: it ends the process
    except* Exception as group:
        logs.get_logger("party_agent").error(f"{what} fell over.", exc_info=group)
    return ended


async def kept_alive(run: Callable[[], Awaitable[object]], what: str) -> None:
    """The same, again and again until it comes to its end."""
    while True:
        if await guarded(run, what):
            return
        await trio.sleep(RESTART_S)
