"""Everything that can be wrong with a simulated HEOS device, as switches that a test may turn at run time.

`Faults` is plain data plus the small decisions that follow from it; the connections ask it, it does nothing itself.
What happens once (a reset, a pulled plug, a reboot) is a method of `HeosSpeaker` instead. `EventFilter` is the lossy
way that events take from the device to its clients. Each fault names where it was seen, when it was.
"""

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field

from segue.demo.heos_protocol import LINE_END, Command, ErrorId, Event


@dataclass
class Faults:
    """What is wrong at the moment; the defaults are a device in the best of health. Durations are in seconds.

    Names that end in `_next` are counters: so many of the next commands are hit, then the fault is over.
    """

    # ------------------------------------------------ how long a command takes
    latency_s: float = 0.0
    """Mean time from a command to its effect and answer."""
    latency_jitter: float = 0.3
    """Half-width of the spread around the mean, as a part of it."""
    slow: dict[str, float] = field(default_factory=dict)
    """Extra time for single commands, e.g. `{"browse/play_stream": 1.0}`."""
    under_process: bool = True
    """Browse commands say "command under process" before they answer."""
    under_process_s: float = 0.0
    """How long they then take (browsing took 0.55 s on a real device)."""
    under_process_everything: bool = False
    """All commands say so (athombv/homey#2582 saw it for get_players)."""

    # ------------------------------------------------ answers that go wrong
    silent: bool = False
    """Half open: connections are accepted and read, nothing is answered and no event is sent (pyheos#161)."""
    lose_next: int = 0
    """Carried out, but never answered."""
    late_next: int = 0
    """Carried out in time, answered `late_s` later."""
    late_s: float = 0.0
    late_overtaken: bool = False
    """Later commands are answered while a late answer is on its way; otherwise they wait behind it."""
    fail_next: list[ErrorId] = field(default_factory=list)
    """Refuse the next commands with these errors, without carrying them out."""
    fail_first: ErrorId | None = None
    """Refuse the first command of every new connection (pyheos#20)."""
    busy_above: int | None = None
    """Refuse with error 16 what arrives as more than the so-manyth unanswered command, over all connections."""
    drop_at: str | None = None
    """Reset the connection that sends this command, instead of answering; once."""
    malformed_next: int = 0
    """Answers that break off in the middle of the JSON."""
    wrong_name_next: int = 0
    """Answers that claim to belong to another command."""
    pad_answers_to: int = 0
    """Blow every answer up to at least so many bytes: still valid JSON."""
    states: dict[str, str] = field(default_factory=dict)
    """Other words for play states, in answers and events, e.g. `{"play": "buffering"}`."""
    stale_now_playing_s: float = 0.0
    """How long the former media are still reported after a url was played (music-assistant/support#5503)."""
    now_playing_echo: bool = False
    """Asking what plays is itself announced as a change (AVR-X4400H, home-assistant/core#37509)."""

    # ------------------------------------------------ connections
    connections_max: int = 32
    """Sockets the device has; one more is closed at once (section 2.1.3)."""
    reset_new: bool = False
    """New connections are reset as soon as they are accepted."""
    dribble_s: float | None = None
    """Send one byte at a time, this far apart; 0 is allowed."""
    new_ids_after_reboot: bool = False
    """A reboot changes all player ids."""

    # ------------------------------------------------ events
    no_events: bool = False
    """Control works but no events come (home-assistant/core#70078)."""
    lose_events: set[str] = field(default_factory=set)
    """Events of these names are lost, e.g. `{"player_state_changed"}`."""
    event_loss: float = 0.0
    """Part of all other events that is lost, 0 to 1."""
    duplicate_events: bool = False
    """Every event comes twice."""
    reverse_events: bool = False
    """Events of one moment come in reverse order (music-assistant/server#3928, #3206)."""
    events_first: bool = False
    """Events come before the answer to the command that caused them."""
    event_delay_s: float = 0.0
    """Events come so much later."""
    volume_interval_s: float = 0.0
    """Volume events of one player come at most this often, the last one always (seen: about 1 s)."""

    def draw_latency(self, name: str, rng: random.Random) -> float:
        """How long this command will take."""
        spread = rng.uniform(-self.latency_jitter, self.latency_jitter)
        return max(0.0, self.latency_s * (1.0 + spread)) + self.slow.get(name, 0.0)

    def take_refusal(self, *, first: bool, in_flight: int) -> ErrorId | None:
        """The error that hits this command instead of its execution, if any."""
        if first and self.fail_first is not None:
            return self.fail_first
        if self.busy_above is not None and in_flight > self.busy_above:
            return ErrorId.TOO_MANY_COMMANDS
        return self.fail_next.pop(0) if self.fail_next else None

    def says_under_process(self, command: Command) -> bool:
        """Whether the device asks for patience first."""
        return self.under_process_everything or (self.under_process and command.group == "browse")

    def take(self, counter: str) -> bool:
        """Use up one of a `..._next` counter."""
        left: int = getattr(self, counter)
        if left > 0:
            setattr(self, counter, left - 1)
        return left > 0

    def distort(self, line: bytes) -> bytes:
        """Spoil an answer on its way out."""
        if self.states:
            line = self.rename_states(line)
        if self.take("wrong_name_next"):
            body = json.loads(line)
            body["heos"]["command"] = "player/get_mute"
            line = json.dumps(body).encode() + LINE_END
        if (missing := self.pad_answers_to - len(line)) > 0:
            body = json.loads(line)
            body["padding"] = "x" * max(0, missing - len(b', "padding": ""'))
            line = json.dumps(body, ensure_ascii=False).encode() + LINE_END
        if self.take("malformed_next"):
            line = line[: len(line) // 2] + LINE_END
        return line

    def rename_states(self, line: bytes) -> bytes:
        """Put other words for play states into a line that names one."""
        for word, other in self.states.items():
            line = line.replace(f"&state={word}".encode(), f"&state={other}".encode())
        return line


class EventFilter:
    """The way of events from the device to its clients: some are lost, late, doubled, thinned or out of order."""

    def __init__(self, faults: Faults, rng: random.Random) -> None:
        self._faults = faults
        self._rng = rng
        self._delayed: list[tuple[float, Event]] = []
        self._volume_sent_at: dict[str, float] = {}
        self._volume_held: dict[str, Event] = {}  # by player; the newest of those not sent yet

    def admit(self, events: Iterable[Event], now: float) -> list[Event]:
        """Take the events of one moment; return those that go out now."""
        arrived = [event for event in events if not self._is_lost(event)]
        arrived = [event for event in arrived if not self._is_held_back(event, now)]
        if self._faults.reverse_events:
            arrived.reverse()
        if self._faults.duplicate_events:
            arrived = [event for event in arrived for _ in range(2)]
        if self._faults.event_delay_s > 0:
            self._delayed += [(now + self._faults.event_delay_s, event) for event in arrived]
            return []
        return arrived

    def next_deadline(self) -> float | None:
        """When events that were kept back go out."""
        moments = [at for at, _ in self._delayed]
        moments += [self._volume_free_at(player) for player in self._volume_held]
        return min(moments, default=None)

    def expire(self, now: float) -> list[Event]:
        """Return the kept events that are due."""
        due = [event for at, event in self._delayed if at <= now]
        self._delayed = [(at, event) for at, event in self._delayed if at > now]
        for player in [player for player in self._volume_held if self._volume_free_at(player) <= now]:
            due.append(self._volume_held.pop(player))
            self._volume_sent_at[player] = now
        return due

    def _is_lost(self, event: Event) -> bool:
        if self._faults.no_events or event.name in self._faults.lose_events:
            return True
        return self._faults.event_loss > 0 and self._rng.random() < self._faults.event_loss

    def _is_held_back(self, event: Event, now: float) -> bool:
        if event.name != "player_volume_changed" or self._faults.volume_interval_s <= 0:
            return False
        player = event.message.partition("&")[0]
        if player in self._volume_held or now < self._volume_free_at(player):
            self._volume_held[player] = event
            return True
        self._volume_sent_at[player] = now
        return False

    def _volume_free_at(self, player: str) -> float:
        return self._volume_sent_at.get(player, float("-inf")) + self._faults.volume_interval_s
