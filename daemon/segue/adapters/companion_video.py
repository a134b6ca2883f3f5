"""Driving one video player by Plex Companion, for somebody who counts in milliseconds.

Theory of operation. A command is sent once. Its answer proves little: some players answer 200 and refuse, some obey and
never answer, some take `pause` for "the other one". So a command gives a `CommandSent` that says when it went out and
whether anything came back, on the caller's clock, and the caller looks at the timeline. No call takes longer than
`CALL_S`; what is not known by then is *unknown*, and a poll says more. How a request finds its way is
`companion_line`'s affair.

Reference: the Companion protocol as players and controllers speak it (`/player/playback/*`, `/player/timeline/*`).
"""

import math
from collections.abc import Callable, Mapping
from contextlib import suppress

import msgspec
import trio

from segue.adapters.companion import PlayerRefused, Route
from segue.adapters.companion_line import ENOUGH_S, Controller, PlayerLine
from segue.adapters.companion_queue import LIBRARY, PlayQueue, item_uri
from segue.adapters.companion_quirks import Quirks, quirks_of
from segue.adapters.companion_timeline import Polled, Timeline, parse_video
from segue.adapters.http_client import HttpClient, Origin
from segue.adapters.plex_xml import PlayerInfo, PlexError, PlexUnreadable, parse_clients
from segue.secret import Secret

CALL_S = 2.0
"""Longest duration of any call, both ways together, in seconds. After it: unknown, poll."""
POLL_WAIT_S = 31.0
"""Longest wait for a poll that waits for news, in seconds: players answer after 30 at the latest."""
SUBSCRIPTION_REFRESH_S = 30.0
"""How often a subscription is to be renewed, in seconds: players forget one after 90."""
SEEK_MS_MAX = 7 * 24 * 3600 * 1000
NEEDS_POLL = 406
"""Status of a player that takes commands only from who has polled lately."""


class CommandSent(msgspec.Struct, frozen=True):
    """A command went out. Whether the player obeyed is seen in its timeline, never here.

    Times are in seconds on the caller's clock.
    """

    command_id: int
    route: Route
    answered: bool
    """False when the deadline passed, or the connection ended, after the command was sent: *unknown*."""
    requested_at: float
    answered_at: float


class VideoRemote:
    """The remote control of one video player. Calls may overlap; each ends within `call_s`.

    Every method raises `PlayerUnreachable` or `PlayerRefused` when it is certain that nothing was done, and
    `ValueError` for arguments that cannot be.
    """

    def __init__(
        self,
        http: HttpClient,
        player: PlayerInfo,
        plex_url: str,
        token: Callable[[], str],
        client_identifier: str,
        *,
        player_token: Callable[[], str] | None = None,
        quirks: Quirks | None = None,
        clock: Callable[[], float] = trio.current_time,
        call_s: float = CALL_S,
    ) -> None:
        """`token` is for the server alone; a player gets `player_token`, or none. `clock` stamps the results."""
        self.player = player
        self.quirks = quirks or quirks_of(player.product, player.platform)
        self._line = PlayerLine(
            http,
            player,
            Origin.parse(plex_url),
            token,
            client_identifier,
            player_token=player_token,
            server_only=self.quirks.server_only,
            clock=clock,
        )
        self._call_s = call_s
        self._command_id = 0
        self._media_command_id = 0
        """Of the last `playMedia`."""
        self._polled_at = -math.inf
        """When the last poll was answered, on trio's clock."""

    # ------------------------------------------------------------ commands

    async def play(self) -> CommandSent:
        """Go on. On a toggling player this pauses one that plays: send it only if the timeline says otherwise."""
        return await self._command("play")

    async def pause(self) -> CommandSent:
        """Pause. On a toggling player this resumes one that is paused."""
        return await self._command("pause")

    async def stop(self) -> CommandSent:
        """Stop, and leave the film."""
        return await self._command("stop")

    async def seek_to(self, position_ms: int) -> CommandSent:
        """Go to a position, in ms. Many players go to the whole second below."""
        return await self._command("seekTo", {"offset": _position(position_ms)})

    async def skip_to(self, key: str) -> CommandSent:
        """Go to another item of the queue, by the path of its key."""
        return await self._command("skipTo", {"key": _path(key)})

    async def set_parameters(self, *, volume: int) -> CommandSent:
        """Set the player's own volume, 0-100."""
        if not 0 <= volume <= 100:
            raise ValueError(f"a volume is 0 to 100, not {volume}")
        return await self._command("setParameters", {"volume": volume})

    async def set_streams(self, *, audio_id: str = "", subtitle_id: str = "") -> CommandSent:
        """Choose the language or the subtitles, by the server's stream ids; subtitles `0` are none."""
        chosen = {"audioStreamID": audio_id, "subtitleStreamID": subtitle_id}
        return await self._command("setStreams", {name: given for name, given in chosen.items() if given})

    async def play_media(
        self,
        queue: PlayQueue,
        server_id: str,
        token: Secret,
        *,
        offset_ms: int = 0,
        seen_at: Origin | None = None,
        paused: bool = False,
    ) -> CommandSent:
        """Show a film from a position, in ms. `seen_at` is the server as the player reaches it, if not as we do.

        `paused` (begin standing still) is understood by players that make queues themselves; others begin to play. The
        position may be ignored: look. Timelines of before the film are marked `stale` from here on.
        """
        where = seen_at or self._line.server
        query: dict[str, str | int] = {
            "machineIdentifier": server_id,
            "protocol": where.scheme,
            "address": where.host,
            "port": where.port,
            "offset": _position(offset_ms),
        }
        if "playqueues-creation" in self.player.capabilities:
            verb = "createPlayQueue"
            query |= {
                "uri": item_uri(server_id, queue.rating_key),
                "source": server_id,
                "paused": int(paused),
            }
        else:
            # Without containerKey the request kills one family of players.
            verb = "playMedia"
            query |= {"providerIdentifier": LIBRARY, "key": _path(queue.key)}
            query |= {"containerKey": queue.container_key}
        if token:
            query["token"] = token.reveal()
        return await self._command_media(verb, query)

    async def _command_media(self, verb: str, query: Mapping[str, str | int]) -> CommandSent:
        """Send what changes the film: timelines with lower numbers are about the one before."""
        before = self._media_command_id
        self._media_command_id = self._command_id + 1
        try:
            return await self._command(verb, query)
        except PlexError:
            self._media_command_id = before
            raise

    # ------------------------------------------------------------ what it does

    async def poll(self, *, wait: bool = False) -> Polled:
        """Ask what the player shows; with `wait`, at its next news, which takes up to 30 s.

        Raises also `PlexUnreadable`. Then it is *unknown* what the player does.
        """
        self._command_id += 1
        query: dict[str, str | int] = {"wait": int(wait), "commandID": self._command_id}
        wait_s = POLL_WAIT_S if wait else 0.0
        heard, body = await self._line.ask("/player/timeline/poll", query, self._call_s, wait_s=wait_s)
        self._polled_at = trio.current_time()
        timeline = parse_video(body)
        self._note(timeline)
        written_at = None if timeline is None else timeline.command_id
        stale = written_at is not None and written_at < self._media_command_id
        return Polled(timeline, heard.requested_at, heard.answered_at, stale=stale)

    async def subscribe(self, port: int) -> CommandSent:
        """Ask for pushes to `/:/timeline` on a port of ours; to be renewed every `SUBSCRIPTION_REFRESH_S`."""
        if not 0 < port < 65536:
            raise ValueError(f"port {port} is not between 1 and 65535")
        query: dict[str, str | int] = {"protocol": "http", "port": port}
        return await self._send("/player/timeline/subscribe", query, "ear")

    async def unsubscribe(self) -> CommandSent:
        """End the subscription."""
        return await self._send("/player/timeline/unsubscribe", {}, "ear")

    async def resources(self) -> PlayerInfo:
        """Ask the player what it is (`/resources`). Raises also `PlexUnreadable`."""
        _, body = await self._line.ask("/resources", {}, self._call_s, direct_only=True)
        for info in parse_clients(body):
            return msgspec.structs.replace(info, host=self.player.host, port=self.player.port)
        raise PlexUnreadable("the player does not say what it is")

    # ------------------------------------------------------------ sending

    async def _command(self, verb: str, query: Mapping[str, str | int] | None = None) -> CommandSent:
        return await self._send(f"/player/playback/{verb}", {"type": "video", **(query or {})}, "hand")

    async def _send(self, path: str, query: Mapping[str, str | int], controller: Controller) -> CommandSent:
        """Send a command within one deadline; where a player wants to be polled first, poll it first."""
        until = trio.current_time() + self._call_s
        if self._is_forgotten():
            await self._be_seen(self._call_s / 2)
        try:
            return await self._send_once(path, query, controller, until)
        except PlayerRefused as error:
            if error.code != NEEDS_POLL:
                raise
        await self._be_seen(max(0.0, until - trio.current_time()) / 2)
        return await self._send_once(path, query, controller, until)

    async def _send_once(
        self, path: str, query: Mapping[str, str | int], controller: Controller, until: float
    ) -> CommandSent:
        self._command_id += 1
        command_id = self._command_id
        left_s = max(ENOUGH_S, until - trio.current_time())
        heard = await self._line.tell(path, {**query, "commandID": command_id}, left_s, controller)
        answered = heard.response is not None
        return CommandSent(command_id, heard.route, answered, heard.requested_at, heard.answered_at)

    def _is_forgotten(self) -> bool:
        """Whether the player has heard no poll of ours for longer than it remembers one."""
        every_s = self.quirks.polled_every_s
        return every_s is not None and trio.current_time() - self._polled_at > every_s

    async def _be_seen(self, longest_s: float) -> None:
        """Poll, whatever comes of it."""
        with trio.move_on_after(longest_s), suppress(PlexError):
            await self.poll()

    def _note(self, timeline: Timeline | None) -> None:
        """Move our count past the player's own: another controller of our name, or we before a restart, was further."""
        if timeline is not None and timeline.command_id is not None:
            self._command_id = max(self._command_id, timeline.command_id)


async def stay_subscribed(remote: VideoRemote, port: int, *, every_s: float = SUBSCRIPTION_REFRESH_S) -> None:
    """Keep a subscription alive until cancelled, and end it then. What fails is tried again at the next renewal."""
    try:
        while True:
            with suppress(PlexError):  # pushes are hints: who polls misses nothing
                await remote.subscribe(port)
            await trio.sleep(every_s)
    finally:
        with trio.move_on_after(1.0, shield=True), suppress(PlexError):
            await remote.unsubscribe()


# ------------------------------------------------------------------ small helpers


def _position(position_ms: int) -> int:
    if not 0 <= position_ms <= SEEK_MS_MAX:
        raise ValueError(f"a position is 0 to {SEEK_MS_MAX} ms, not {position_ms}")
    return position_ms


def _path(key: str) -> str:
    if not key.startswith("/") or len(key) > 1000:
        raise ValueError(f"{key[:80]!r} is no key of an item: those look like /library/metadata/1")
    return key
