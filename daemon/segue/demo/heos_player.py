"""One simulated HEOS player: power, level, queue, and a playback clock.

Nothing here waits. What will happen by itself (waking up, the end of a song, the progress report every five seconds)
is a moment in `next_deadline`, and `expire` does what is due; `heos_speaker` owns the only clock. Everything that
clients are to hear of goes through `_tell` as an event, in the order a well-behaved device keeps: queue, play state,
now playing.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from segue.demo.heos_media import (
    RECEIVER_INPUTS,
    URL_LENGTH_MAX,
    Input,
    Playable,
    Station,
    Track,
    now_playing,
    url_track,
)
from segue.demo.heos_protocol import ErrorId, Event, RefusalError, query

PROGRESS_EVERY_S: Final = 5.0
"""Devices report their position this often, in whole seconds (home-assistant/core logs, pyheos#98)."""
NETWORK: Final = "net"
"""The receiver's own name for listening to HEOS itself."""
DEFAULT_PID: Final = -1428708007

PlayState = Literal["play", "pause", "stop"]
Repeat = Literal["off", "on_all", "on_one"]
AddCriteria = Literal["now", "next", "end", "replace"]


@dataclass(frozen=True)
class LevelChange:
    """One change of the level: when (seconds of the speaker's clock), to what, and who: `command` or `knob`."""

    at: float
    level: int
    by: str


@dataclass(frozen=True)
class PendingStart:
    """Something that will begin to play when the player has woken up or filled its buffer."""

    what: Playable
    at: float


@dataclass(eq=False)
class Player:
    """One player of the household. The fields are its identity, its settings, and what it is doing now.

    `wake_s` is how long it takes from standby to sound (openHAB saw 4 s), `start_s` how long it buffers before a new
    thing plays. `quick_selects` maps 1-6 to a name and an input. `listens_to` is what the receiver really listens to:
    an input, or `net`; HEOS itself cannot ask for it.
    """

    pid: int = DEFAULT_PID
    name: str = "Living Room"
    model: str = "Denon AVR-X3700H"
    ip: str = "127.0.12.55"
    serial: str = "BBW27191012345"
    version: str = "3.34.410"
    network: str = "wired"
    lineout: int = 1
    powered: bool = True
    level: int = 30
    level_limit: int = 100
    muted: bool = False
    inputs: Sequence[Input] = RECEIVER_INPUTS
    wake_s: float = 4.0
    start_s: float = 0.0
    quick_selects: dict[int, tuple[str, str]] = field(
        default_factory=lambda: {number: (f"Quick Select {number}", "inputs/cd") for number in range(1, 7)}
    )
    state: PlayState = "stop"
    playing: Playable | None = None
    queue: list[Track] = field(default_factory=list)
    repeat: Repeat = "off"
    shuffle: bool = False
    listens_to: str = NETWORK
    level_history: list[LevelChange] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._now: Callable[[], float] = lambda: 0.0
        self._emit: Callable[[Event], None] = lambda _event: None
        self._rng = random.Random(self.pid)
        self._position_s = 0.0  # where the playback clock stood at `_since`
        self._since = 0.0
        self._progress_at: float | None = None
        self._pending: PendingStart | None = None
        self._stale: tuple[tuple[dict[str, Any], list[Any]], float] | None = None

    def join(self, now: Callable[[], float], emit: Callable[[Event], None], rng: random.Random) -> None:
        """Give the player the household's clock, its ear and its dice."""
        self._now, self._emit, self._rng = now, emit, rng

    # ------------------------------------------------------------ identity and sound

    def info(self, group_id: int | None) -> dict[str, Any]:
        """The player as `get_players` lists it (section 4.2.1); `gid` only while it is grouped."""
        info: dict[str, Any] = {"name": self.name, "pid": self.pid}
        if group_id is not None:
            info["gid"] = group_id
        info |= {"model": self.model, "version": self.version, "ip": self.ip, "network": self.network}
        return info | {"lineout": self.lineout, "serial": self.serial}

    def set_level(self, level: int, by: str) -> None:
        """Change the level, 0-100, within the receiver's own limit; a person's turn of the knob also ends mute."""
        level = max(0, min(level, self.level_limit))
        unmutes = by == "knob" and self.muted
        if level == self.level and not unmutes:
            return
        if level != self.level:
            self.level_history.append(LevelChange(self._now(), level, by))
        self.level = level
        self.muted = self.muted and not unmutes
        self._tell_volume()

    def set_mute(self, muted: bool) -> None:
        """Mute or unmute; the level stays."""
        if muted != self.muted:
            self.muted = muted
            self._tell_volume()

    def set_play_mode(self, repeat: Repeat, shuffle: bool) -> None:
        """Change repeat and shuffle; one event for each that changed."""
        if repeat != self.repeat:
            self.repeat = repeat
            self._tell("repeat_mode_changed", repeat=repeat)
        if shuffle != self.shuffle:
            self.shuffle = shuffle
            self._tell("shuffle_mode_changed", shuffle="on" if shuffle else "off")

    def power(self, on: bool) -> None:
        """Switch on or to standby. HEOS has no word for power: clients only see the music stop."""
        if on == self.powered:
            return
        self.powered = on
        if not on:
            self.stop()

    # ------------------------------------------------------------ playing

    @property
    def position_s(self) -> float:
        """Where in the song or stream the player is, in seconds."""
        return self._position_at(self._now())

    def now_playing(self) -> tuple[dict[str, Any], list[Any]]:
        """Payload and options of `get_now_playing_media`, still the old ones while those are stale."""
        if self._stale is not None:
            return self._stale[0]
        return now_playing(self.playing, self._queue_id())

    def play(self, what: Playable, *, stale_s: float = 0.0) -> None:
        """Begin to play `what`, waking up first. The latest request wins.

        `stale_s`: for so long clients are still told of what played before (music-assistant/support#5503).
        """
        now = self._now()
        if stale_s > 0:
            self._stale = (self.now_playing(), now + stale_s)
        delay_s = self.start_s + (0.0 if self.powered else self.wake_s)
        if delay_s <= 0:
            self._begin(what, now)
            return
        self._stop_clock(self.position_s)
        self._since = now
        self._pending = PendingStart(what, now + delay_s)

    def play_url(self, url: str, length_s: float | None, *, stale_s: float = 0.0) -> None:
        """Play a url. It becomes the first entry of the queue, and older entries will follow it."""
        entry = url_track(url, length_s)
        self.queue.insert(0, entry)
        self._tell("player_queue_changed")
        self.play(entry, stale_s=stale_s)

    def set_state(self, state: PlayState) -> None:
        """Play, pause or stop what is there. Radio and inputs know no pause.

        Raises RefusalError: nothing to play, or a pause of what cannot pause.
        """
        if state == "stop":
            self.stop()
        elif state == "pause":
            if not isinstance(self.playing, Track):
                raise RefusalError(ErrorId.NOT_EXECUTED)
            self._pause()
        elif self.state != "play" or not self.powered:
            self._resume()

    def stop(self) -> None:
        """Stop, and forget what was about to start."""
        self._pending = None
        self._stop_clock(0.0)
        self._set_state("stop")

    def fail_playback(self, error: str) -> None:
        """Report an error that a person may read, and stop (section 5.7)."""
        self._tell("player_playback_error", error=error)
        self.stop()

    def receiver_selects(self, name: str) -> None:
        """A person chose an input at the receiver. One that HEOS does not know is seen as a stop only."""
        known = next((each for each in self.inputs if each.media_id == name), None)
        self.powered = True
        if known is not None:
            self.play(known)
        else:
            self.stop()
            self.listens_to = name

    # ------------------------------------------------------------ the queue

    def play_queue(self, queue_id: int) -> None:
        """Play one entry, 1 to the size of the queue. Raises RefusalError for another."""
        self.play(self.queue[self._index(queue_id)])

    def add(self, tracks: Iterable[Track], criteria: AddCriteria) -> None:
        """Add entries and, for `now` and `replace`, play the first of them (section 4.4.11)."""
        entries = [track.copy() for track in tracks]
        if not entries:
            raise RefusalError(ErrorId.DATA_NOT_AVAILABLE)
        if criteria == "replace":
            self.queue.clear()
        place = len(self.queue) if criteria in ("end", "replace") else self._queue_id()
        self.queue[place:place] = entries
        self._tell("player_queue_changed")
        if criteria in ("now", "replace"):
            self.play(entries[0])

    def remove(self, queue_ids: Iterable[int]) -> None:
        """Remove entries; removing the one that plays stops it. Raises RefusalError for an unknown one."""
        gone = [self.queue[self._index(queue_id)] for queue_id in queue_ids]
        self.queue = [track for track in self.queue if not any(track is each for each in gone)]
        self._tell("player_queue_changed")
        if any(self.playing is each for each in gone):
            self.playing = None
            self.stop()
            self._tell("player_now_playing_changed")

    def clear(self) -> None:
        """Empty the queue; an empty one is refused (music-assistant/server#3295)."""
        if not self.queue:
            raise RefusalError(ErrorId.DATA_NOT_AVAILABLE)
        self.remove(range(1, len(self.queue) + 1))

    def move(self, queue_ids: Sequence[int], destination: int) -> None:
        """Move entries so that the first of them becomes number `destination` (section 4.2.20)."""
        self._index(destination)
        moved = [self.queue[self._index(queue_id)] for queue_id in queue_ids]
        rest = [track for track in self.queue if not any(track is each for each in moved)]
        place = min(destination - 1, len(rest))
        self.queue = rest[:place] + moved + rest[place:]
        self._tell("player_queue_changed")

    def skip(self, step: Literal[1, -1]) -> None:
        """Go to the next or the previous entry. Raises RefusalError where there is none."""
        entry = self._neighbour(step)
        if entry is None:
            raise RefusalError(ErrorId.DATA_NOT_AVAILABLE)
        self.play(entry)

    # ------------------------------------------------------------ time

    def next_deadline(self) -> float | None:
        """When something will happen by itself, in seconds of the household's clock; None for never."""
        moments = (
            self._pending.at if self._pending else None,
            self._stale[1] if self._stale else None,
            self._progress_at,
            self._ends_at(),
        )
        return min((at for at in moments if at is not None), default=None)

    def expire(self, now: float) -> None:
        """Do everything that is due by `now`, each at its own moment; calls in between change nothing."""
        while (due := self.next_deadline()) is not None and due <= now:
            if self._pending is not None and self._pending.at <= due:
                self._begin(self._pending.what, due)
            elif self._stale is not None and self._stale[1] <= due:
                self._stale = None
                self._tell("player_now_playing_changed")
            elif self._progress_at is not None and self._progress_at <= due:
                self._report_progress(due)
            else:
                self._end_of_track(due)

    def _begin(self, what: Playable, at: float) -> None:
        self._pending = None
        self.powered = True
        self.playing = what
        self.listens_to = what.media_id if isinstance(what, Input) else NETWORK
        if isinstance(what, Track) and what.url is not None and len(what.url) > URL_LENGTH_MAX:
            self.fail_playback("Could Not Download")
            return
        self._start_clock(0.0, at)
        self._set_state("play")
        self._tell("player_now_playing_changed")

    def _resume(self) -> None:
        if self.playing is None and not self.queue:
            raise RefusalError(ErrorId.NOT_EXECUTED)
        if self.playing is None or not self.powered:
            self.play(self.playing or self.queue[0])
            return
        self._start_clock(self._position_s, self._now())
        self._set_state("play")

    def _pause(self) -> None:
        if self.state == "play":
            self._stop_clock(self.position_s)
            self._set_state("pause")

    def _end_of_track(self, at: float) -> None:
        entry = self.playing if self.repeat == "on_one" else self._neighbour(1)
        if entry is None:
            self._stop_clock(0.0)
            self._set_state("stop")
        else:
            self._begin(entry, at)

    def _report_progress(self, at: float) -> None:
        self._progress_at = at + PROGRESS_EVERY_S
        position_ms = int(self._position_at(at) + 0.001) * 1000
        duration_ms = self.playing.duration_ms if isinstance(self.playing, Track) else 0
        self._tell("player_now_playing_progress", cur_pos=position_ms, duration=duration_ms)

    def _start_clock(self, position_s: float, at: float) -> None:
        self._position_s, self._since = position_s, at
        self._progress_at = at + PROGRESS_EVERY_S if isinstance(self.playing, Track | Station) else None

    def _stop_clock(self, position_s: float) -> None:
        self._position_s, self._progress_at = position_s, None

    def _position_at(self, at: float) -> float:
        return self._position_s + (at - self._since if self.state == "play" else 0.0)

    def _ends_at(self) -> float | None:
        if self.state != "play" or self._pending is not None:
            return None
        if not isinstance(self.playing, Track) or self.playing.length_s is None:
            return None
        return self._since + self.playing.length_s - self._position_s

    # ------------------------------------------------------------ small things

    def _neighbour(self, step: int) -> Track | None:
        here = self._queue_id() - 1
        if not self.queue or here < 0:
            return None
        if self.shuffle and step > 0:
            return self._rng.choice(self.queue)
        place = here + step
        if self.repeat == "on_all":
            place %= len(self.queue)
        return self.queue[place] if 0 <= place < len(self.queue) else None

    def _queue_id(self) -> int:
        """Number of the entry that plays, 0 when what plays is not in the queue."""
        return next((number for number, each in enumerate(self.queue, 1) if each is self.playing), 0)

    def _index(self, queue_id: int) -> int:
        if not 1 <= queue_id <= len(self.queue):
            raise RefusalError(ErrorId.OUT_OF_RANGE)
        return queue_id - 1

    def _set_state(self, state: PlayState) -> None:
        if state != self.state:
            self.state = state
            self._tell("player_state_changed", state=state)

    def _tell_volume(self) -> None:
        self._tell("player_volume_changed", level=self.level, mute="on" if self.muted else "off")

    def _tell(self, name: str, **values: object) -> None:
        self._emit(Event(name, query({"pid": self.pid, **values})))
