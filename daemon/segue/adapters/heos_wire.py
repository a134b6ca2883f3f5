"""The HEOS command line as bytes: commands out, lines in, and what the lines mean.

The words are pyheos': command and event names, the quoting of commands, the reading of messages and refusals. Its
transport is not used, and neither are its models, which hang on its client and raise, or log whole payloads, when a
field is new to them. This is the only module that touches pyheos; its private names are gathered below.

A device is not trusted: whatever a line holds, reading it ends in a value or in `ValueError`. Integers fit into 53
bits and text into UTF-8, so that nothing read here can trip whoever stores it.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pyheos import command as c
from pyheos import const
from pyheos.error import CommandFailedError
from pyheos.message import HeosCommand, HeosMessage

from segue.adapters.heos_model import (
    GroupVolumeChanged,
    HeosEvent,
    HeosRefused,
    Input,
    NowPlaying,
    NowPlayingChanged,
    OtherChange,
    PlaybackError,
    Player,
    PlayState,
    PlayStateChanged,
    PositionChanged,
    SourcesChanged,
    VolumeChanged,
)

_read_message = HeosMessage._from_raw_message
_read_refusal = CommandFailedError._from_message

LINE_BYTES_MAX: Final = 4 * 1024 * 1024
"""Longest line that is read. A hundred queue entries make 70 kB; the rest is room for long titles."""
TEXT_CHARS_MAX: Final = 1000
"""Longest text that is taken over from a device, in characters."""
BUSY_ERRORS: Final = frozenset(
    {const.ERROR_PROCESSING_PREVIOUS_COMMAND, const.ERROR_TOO_MANY_COMMANDS_IN_QUEUE}
)
"""Refusals that mean "not now" (6.2)."""
AUX_INPUT_SID: Final = const.MUSIC_SOURCE_AUX_INPUT
INPUT_PREFIX: Final = "inputs/"

_SHOWN_PARAMETERS: Final = (
    c.ATTR_PLAYER_ID,
    c.ATTR_GROUP_ID,
    c.ATTR_LEVEL,
    c.ATTR_STATE,
    c.ATTR_INPUT,
    c.ATTR_SOURCE_ID,
    c.ATTR_QUEUE_ID,
    c.ATTR_ENABLE,
)
"""Parameters that may be shown. The others name media and accounts, or are URLs with a token in them."""
_STATES: Final[Mapping[str, PlayState]] = {"play": "play", "pause": "pause", "stop": "stop"}
_UNSENDABLE: Final = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_URL: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)(?:[^\s/?#\"'<>]*@)?([^\s/?#\"'<>]*)[^\s\"'<>]*")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")


# ------------------------------------------------------------------ lines


class LineBuffer:
    """Cuts a stream of bytes into lines, however they were chopped up on the way. Bounded."""

    def __init__(self, limit: int = LINE_BYTES_MAX) -> None:
        self.too_long = 0
        """Lines that were longer than `limit` bytes, and were left out."""
        self._limit = limit
        self._rest = bytearray()
        self._searched = 0
        self._is_skipping = False

    def feed(self, data: bytes | bytearray) -> Iterator[bytes]:
        """Give the lines that `data` completes, without their ends; empty ones are left out."""
        self._rest += data
        start = 0
        lines = []
        while (end := self._rest.find(b"\n", max(start, self._searched))) >= 0:
            if self._is_skipping:
                self._is_skipping = False
            elif end - start > self._limit:
                self.too_long += 1
            else:
                lines.append(bytes(self._rest[start:end]).strip())
            start = end + 1
        del self._rest[:start]
        if not self._is_skipping and len(self._rest) > self._limit:
            self._is_skipping = True
            self.too_long += 1
        if self._is_skipping:
            self._rest.clear()
        self._searched = len(self._rest)
        return filter(None, lines)


def parse_line(line: bytes) -> HeosMessage:
    """Read one line of JSON (3.2). Raises `ValueError` for what is no HEOS message."""
    try:
        return _read_message(line.decode("utf-8", errors="replace"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"a line of {len(line)} bytes is no HEOS message ({type(error).__name__})") from None


# ------------------------------------------------------------------ commands


def command(name: str, /, **parameters: str | int) -> HeosCommand:
    """Make a command.

    Raises `ValueError` for text that cannot be part of one: a line end in a name would begin a second command.
    """
    for parameter, value in parameters.items():
        if isinstance(value, str) and _UNSENDABLE.search(value):
            raise ValueError(f"HEOS {name}: {parameter!r} contains a character that cannot be sent")
    return HeosCommand(name, parameters)


def encode(command: HeosCommand) -> bytes:
    """Give the bytes of a command (3.1)."""
    return f"{command.uri}\r\n".encode()


def describe(command: HeosCommand) -> str:
    """Say a command for people: `player/set_volume pid=1 level=20`, without what may be secret."""
    shown = [f"{p}={command.parameters[p]}" for p in _SHOWN_PARAMETERS if p in command.parameters]
    return " ".join([command.command, *shown])


Key = tuple[str, str]
"""What tells answers apart: the command's name and the player or group it is about."""


def key_of(command: HeosCommand) -> Key:
    """Give what an answer to this command will show of it."""
    return command.command, str(_about(command.parameters) or "")


def answers(message: HeosMessage, key: Key) -> bool:
    """Tell whether a message answers the command with this key; one that names no player may be anyone's."""
    about = _about(message.message)
    return message.command == key[0] and (not about or not key[1] or str(about) == key[1])


def _about(parameters: Mapping[str, Any]) -> object:
    return parameters.get(c.ATTR_PLAYER_ID) or parameters.get(c.ATTR_GROUP_ID)


def refusal(command: HeosCommand, message: HeosMessage) -> HeosRefused:
    """Read an answer that says no (6.1)."""
    try:
        error = _read_refusal(message)
        return HeosRefused(describe(command), error.error_id, to_text(error.error_text))
    except (ValueError, KeyError, ArithmeticError):
        return HeosRefused(describe(command), 0, "refused without a reason that can be read")


def redact(text: str) -> str:
    """Cut every URL in a text after its host: a token may be in the rest."""
    return _URL.sub(r"\1\2", text) if "://" in text else text


# ------------------------------------------------------------------ values


def to_text(value: object) -> str:
    """Make a text of what a device says: shown without harm, and without the insides of URLs."""
    if value is None:
        return ""
    text = str(value)[:TEXT_CHARS_MAX].encode("utf-8", errors="replace").decode()
    return redact(_CONTROL.sub(" ", text)).strip()


def to_whole(value: object) -> int:
    """Make an integer of what a device says; it may come with a decimal point. Raises `ValueError`."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{type(value).__name__} where a number belongs")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not abs(number) < 2**53:
        raise ValueError("a number beyond all bounds")
    return int(number)


def to_level(value: object) -> int:
    """Make a volume level of what a device says, 0 to 100. Raises `ValueError`."""
    level = to_whole(value)
    if not 0 <= level <= 100:
        raise ValueError(f"level {level} is not between 0 and 100")
    return level


def to_play_state(value: object) -> PlayState:
    """Make a play state of what a device says; a word that is not in the specification is `unknown` (4.2.3)."""
    return _STATES.get(str(value), "unknown")


def to_switch(value: object) -> bool:
    """Make a boolean of `on` or `off`. Raises `ValueError`."""
    if value not in (c.VALUE_ON, c.VALUE_OFF):
        raise ValueError("neither on nor off")
    return value == c.VALUE_ON


def _optional(value: object) -> int | None:
    try:
        return None if value is None else to_whole(value)
    except ValueError:
        return None


# ------------------------------------------------------------------ answers


def read_players(message: HeosMessage) -> tuple[Player, ...]:
    """Read `player/get_players` (4.2.1). An entry without an id or a name is left out."""
    return tuple(filter(None, map(_player, _records(message))))


def _player(record: Mapping[str, Any]) -> Player | None:
    pid, name = _optional(record.get(c.ATTR_PLAYER_ID)), to_text(record.get(c.ATTR_NAME))
    if pid is None or not name:
        return None
    return Player(
        pid=pid,
        name=name,
        model=to_text(record.get(c.ATTR_MODEL)),
        version=to_text(record.get(c.ATTR_VERSION)),
        ip=to_text(record.get(c.ATTR_IP_ADDRESS)),
        serial=to_text(record.get(c.ATTR_SERIAL)),
        network=to_text(record.get(c.ATTR_NETWORK)),
        gid=_optional(record.get(c.ATTR_GROUP_ID)),
    )


def read_now_playing(pid: int, message: HeosMessage) -> NowPlaying:
    """Read `player/get_now_playing_media` (4.2.5)."""
    record = message.payload if isinstance(message.payload, dict) else {}
    sid, mid = _optional(record.get(c.ATTR_SOURCE_ID)), to_text(record.get(c.ATTR_MEDIA_ID))
    is_input = sid == AUX_INPUT_SID and mid.startswith(INPUT_PREFIX)
    return NowPlaying(
        pid=pid,
        media_type=to_text(record.get(c.ATTR_TYPE)),
        song=to_text(record.get(c.ATTR_SONG)),
        artist=to_text(record.get(c.ATTR_ARTIST)),
        album=to_text(record.get(c.ATTR_ALBUM)),
        station=to_text(record.get(c.ATTR_STATION)),
        sid=sid,
        mid=mid,
        qid=_optional(record.get(c.ATTR_QUEUE_ID)),
        input=mid if is_input else "",
    )


def read_input_owners(message: HeosMessage) -> tuple[int, ...]:
    """Read the players that have inputs, from browsing source 1027: their ids are source ids there (4.4.9)."""
    ids = (_optional(record.get(c.ATTR_SOURCE_ID)) for record in _records(message))
    return tuple(sid for sid in ids if sid is not None)


def read_inputs(pid: int, message: HeosMessage) -> tuple[Input, ...]:
    """Read the inputs of one player, from browsing it."""
    pairs = ((to_text(r.get(c.ATTR_MEDIA_ID)), to_text(r.get(c.ATTR_NAME))) for r in _records(message))
    return tuple(
        Input(pid=pid, input=mid, name=name or mid) for mid, name in pairs if mid.startswith(INPUT_PREFIX)
    )


def _records(message: HeosMessage) -> list[dict[str, Any]]:
    payload = message.payload if isinstance(message.payload, list) else []
    return [record for record in payload if isinstance(record, dict)]


# ------------------------------------------------------------------ events


def read_event(message: HeosMessage) -> HeosEvent | None:
    """Read an event (5); None for one that nobody has heard of.

    Raises `ValueError` for a known one without what belongs into it. `players_changed` and `groups_changed` give
    their names only, since what the players are has to be asked.
    """
    reader = _EVENTS.get(message.command)
    return reader(message.message) if reader is not None else None


def _player_id(said: Mapping[str, str]) -> int:
    return to_whole(said.get(c.ATTR_PLAYER_ID))


def _state(said: Mapping[str, str]) -> HeosEvent:
    return PlayStateChanged(_player_id(said), to_play_state(said.get(c.ATTR_STATE)))


def _volume(said: Mapping[str, str]) -> HeosEvent:
    is_muted = said.get(c.ATTR_MUTE) == c.VALUE_ON
    return VolumeChanged(_player_id(said), to_level(said.get(c.ATTR_LEVEL)), is_muted)


def _group_volume(said: Mapping[str, str]) -> HeosEvent:
    is_muted = said.get(c.ATTR_MUTE) == c.VALUE_ON
    return GroupVolumeChanged(to_whole(said.get(c.ATTR_GROUP_ID)), to_level(said.get(c.ATTR_LEVEL)), is_muted)


def _position(said: Mapping[str, str]) -> HeosEvent:
    return PositionChanged(
        _player_id(said),
        to_whole(said.get(c.ATTR_CURRENT_POSITION)),
        _optional(said.get(c.ATTR_DURATION)) or 0,
    )


def _other(name: str) -> Callable[[Mapping[str, str]], HeosEvent]:
    short = name.removeprefix("event/")
    return lambda said: OtherChange(short, _optional(said.get(c.ATTR_PLAYER_ID)))


_EVENTS: Final[Mapping[str, Callable[[Mapping[str, str]], HeosEvent]]] = {
    const.EVENT_PLAYER_STATE_CHANGED: _state,
    const.EVENT_PLAYER_NOW_PLAYING_CHANGED: lambda said: NowPlayingChanged(_player_id(said)),
    const.EVENT_PLAYER_NOW_PLAYING_PROGRESS: _position,
    const.EVENT_PLAYER_VOLUME_CHANGED: _volume,
    const.EVENT_PLAYER_PLAYBACK_ERROR: lambda said: PlaybackError(
        _player_id(said), to_text(said.get(c.ATTR_ERROR))
    ),
    const.EVENT_GROUP_VOLUME_CHANGED: _group_volume,
    const.EVENT_SOURCES_CHANGED: lambda _: SourcesChanged(),
} | {
    name: _other(name)
    for name in (
        const.EVENT_PLAYERS_CHANGED,
        const.EVENT_GROUPS_CHANGED,
        const.EVENT_USER_CHANGED,
        const.EVENT_PLAYER_QUEUE_CHANGED,
        const.EVENT_REPEAT_MODE_CHANGED,
        const.EVENT_SHUFFLE_MODE_CHANGED,
    )
}
