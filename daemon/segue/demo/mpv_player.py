"""A real player behind a Companion face: a headless mpv that is no kinder than a television.

The film is really decoded and really takes its time; seeks, pauses and starts are mpv's own. The face takes whole
seconds, has one button for play and pause, shows whole frames, and ignores the first offset it is given. The truth is
mpv's audio clock (`audio-pts`), which runs between frames where the timeline cannot.
"""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Final, Self

import trio

from segue.demo.mpv_ipc import MpvError, MpvIpc, running_mpv
from segue.demo.video_device import VideoDevice
from segue.demo.video_engine import Cassette, Film, Shown
from segue.demo.video_profiles import PROFILES, Profile, Troubles

PROFILE: Final = replace(PROFILES["shim"], name="mpv")


@dataclass(frozen=True)
class Truth:
    """Where the film really is: `position_ms` at `at` of trio's clock, give or take `within_s`."""

    at: float
    position_ms: float
    within_s: float


class MpvEngine:
    """The player's inside."""

    def __init__(self) -> None:
        self._mpv: MpvIpc | None = None
        self._cassette: Cassette | None = None
        self._wants_to_run = False
        self._stalled_until = 0.0
        self._is_loading = False
        self._changed = trio.Event()

    def connect(self, mpv: MpvIpc) -> None:
        """Take the mpv that is to play."""
        self._mpv = mpv

    @property
    def mpv(self) -> MpvIpc:
        """The player that is driven, for those who want to ask it something."""
        if self._mpv is None:
            raise MpvError("the player is not running")
        return self._mpv

    def happened(self, event: str, details: dict[str, Any]) -> None:
        """Take note of an event of mpv."""
        if event == "playback-restart":
            self._is_loading = False
        elif event == "end-file" and details.get("reason") in ("eof", "error"):
            self._cassette, self._wants_to_run, self._is_loading = None, False, False
        else:
            return
        self._tell()

    # ------------------------------------------------------------ the truth

    async def truth(self) -> Truth | None:
        """Ask mpv's audio clock; nothing while it has none."""
        before = trio.current_time()
        seconds = await self.mpv.get("audio-pts")
        after = trio.current_time()
        if seconds is None:
            return None
        return Truth((before + after) / 2, 1000 * float(seconds), (after - before) / 2)

    # ------------------------------------------------------------ commands

    @property
    def cassette(self) -> Cassette | None:
        """What is in it."""
        return self._cassette

    @property
    def wants_to_run(self) -> bool:
        """What its pause button says."""
        return self._wants_to_run

    async def load(self, cassette: Cassette, position_ms: int, *, paused: bool) -> None:
        """Show a film from a position. A file that mpv cannot open ends at once."""
        self._cassette, self._wants_to_run, self._is_loading = cassette, not paused, True
        await self.mpv.set("pause", paused)
        await self.mpv.set("start", f"{position_ms / 1000:.3f}")
        await self.mpv.command("loadfile", cassette.film.file, "replace")
        self._tell()

    async def play(self) -> None:
        """Go on."""
        await self._button(run=True)

    async def pause(self) -> None:
        """Stand still."""
        await self._button(run=False)

    async def _button(self, *, run: bool) -> None:
        if self._cassette is not None:
            self._wants_to_run = run
            if not self._is_stalled():
                await self.mpv.set("pause", not run)
            self._tell()

    async def stop(self) -> None:
        """Leave the film."""
        self._cassette, self._wants_to_run, self._is_loading = None, False, False
        await self.mpv.command("stop")
        self._tell()

    async def seek(self, position_ms: int) -> None:
        """Go to a position, exactly."""
        if self._cassette is not None:
            await self.mpv.command("seek", position_ms / 1000, "absolute+exact")
            self._tell()

    async def stall(self, for_s: float) -> None:
        """Stand still for so long and say nothing of it; returns when that is over."""
        self._stalled_until = max(self._stalled_until, trio.current_time() + for_s)
        await self.mpv.set("pause", value=True)
        await trio.sleep(for_s)
        if not self._is_stalled():  # a longer one may have begun meanwhile
            await self.mpv.set("pause", not self._wants_to_run)

    async def run_at_rate(self, clock_ppm: float) -> None:
        """Let its clock run too fast by so many millionths from now on."""
        await self.mpv.set("speed", 1.0 + clock_ppm / 1e6)

    def _is_stalled(self) -> bool:
        return trio.current_time() < self._stalled_until

    # ------------------------------------------------------------ what it says

    async def shown(self) -> Shown:
        """Say what it does. The position is the frame's; `playing` is what the button says, whatever moves."""
        if self._cassette is None:
            return Shown("stopped")
        seconds = None if self._is_loading else await self.mpv.get("time-pos")
        if seconds is None or (time_ms := int(1000 * float(seconds))) <= 0:
            return Shown("buffering")
        return Shown("playing" if self._wants_to_run else "paused", time_ms)

    def changed(self) -> trio.Event:
        """Give what is set when it next does something else."""
        return self._changed

    def _tell(self) -> None:
        self._changed.set()
        self._changed = trio.Event()


class MpvVideo(VideoDevice):
    """mpv as a player on the network. `films` say where their files are, by rating key."""

    def __init__(
        self,
        films: Mapping[str, Film],
        *,
        profile: Profile = PROFILE,
        troubles: Troubles | None = None,
        clock_ppm: float = 0.0,
        **more: Any,
    ) -> None:
        """Unless told otherwise its only trouble is that it ignores the first offset."""
        self.engine = MpvEngine()
        self._clock_ppm = clock_ppm
        self._mpv_stack = AsyncExitStack()
        super().__init__(
            self.engine, profile, films=films, troubles=troubles or Troubles(ignore_offsets=1), **more
        )

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self.engine.connect(await stack.enter_async_context(running_mpv(self.engine.happened)))
            await self.engine.run_at_rate(self._clock_ppm)
            await super().__aenter__()
            self._mpv_stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        try:
            return await super().__aexit__(kind, error, trace)
        finally:
            await self._mpv_stack.__aexit__(kind, error, trace)

    async def truth(self) -> Truth | None:
        """Where the film really is, by mpv's own clock."""
        return await self.engine.truth()
