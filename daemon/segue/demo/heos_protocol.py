"""The HEOS command line as bytes: commands in, replies and events out.

Written from the makers' "HEOS CLI Protocol Specification" (sections in the docstrings), never from our own adapter: a
simulated device that shared our reading would hide our mistakes. Nothing here knows a player or a socket.

A command is one line, `heos://group/command?name=value&...`; what comes back is one line of JSON,
`{"heos": {"command", "result", "message"}, "payload": ...}`, where `message` is again a query string.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

PORT: Final = 1255
"""TCP port of the command line (section 2, Connection)."""
LINE_END: Final = b"\r\n"
UNDER_PROCESS: Final = "command under process"
SEQUENCE: Final = "SEQUENCE"
"""The one argument of the caller's own that browse commands hand back (section 2.1.3)."""


class ErrorId(IntEnum):
    """What went wrong (section 6.2; 13 to 17 are newer than the public table)."""

    UNRECOGNIZED_COMMAND = 1
    INVALID_ID = 2
    WRONG_ARGUMENTS = 3
    DATA_NOT_AVAILABLE = 4
    RESOURCE_NOT_AVAILABLE = 5
    INVALID_CREDENTIALS = 6
    NOT_EXECUTED = 7
    NOT_LOGGED_IN = 8
    OUT_OF_RANGE = 9
    USER_NOT_FOUND = 10
    INTERNAL = 11
    SYSTEM = 12
    PROCESSING_PREVIOUS_COMMAND = 13
    MEDIA_CANNOT_BE_PLAYED = 14
    OPTION_NOT_SUPPORTED = 15
    TOO_MANY_COMMANDS = 16
    SKIP_LIMIT_REACHED = 17


ERROR_TEXT: Final[Mapping[ErrorId, str]] = {
    ErrorId.UNRECOGNIZED_COMMAND: "Command not recognized",
    ErrorId.INVALID_ID: "ID Not Valid",
    ErrorId.WRONG_ARGUMENTS: "Command arguments not correct",
    ErrorId.DATA_NOT_AVAILABLE: "Requested data not available",
    ErrorId.RESOURCE_NOT_AVAILABLE: "Resource currently not available",
    ErrorId.INVALID_CREDENTIALS: "Invalid Credentials",
    ErrorId.NOT_EXECUTED: "Command not executed",
    ErrorId.NOT_LOGGED_IN: "User not logged in",
    ErrorId.OUT_OF_RANGE: "Out of range",
    ErrorId.USER_NOT_FOUND: "User not found",
    ErrorId.INTERNAL: "System Internal Error",
    ErrorId.SYSTEM: "System error",
    ErrorId.PROCESSING_PREVIOUS_COMMAND: "Processing previous command",
    ErrorId.MEDIA_CANNOT_BE_PLAYED: "Media cannot be played",
    ErrorId.OPTION_NOT_SUPPORTED: "Option not supported",
    ErrorId.TOO_MANY_COMMANDS: "Too many commands in message queue",
    ErrorId.SKIP_LIMIT_REACHED: "Skip limit reached",
}


class RefusalError(Exception):
    """The device answers a command with `"result": "fail"`."""

    def __init__(self, error_id: ErrorId) -> None:
        super().__init__(f"{int(error_id)}: {ERROR_TEXT[error_id]}")
        self.error_id = error_id


@dataclass(frozen=True)
class Command:
    """One command as it came off the wire: `player/set_volume` and its arguments, in the caller's order."""

    name: str
    args: Mapping[str, str] = field(default_factory=dict)

    @property
    def group(self) -> str:
        """`system`, `player`, `group` or `browse`."""
        return self.name.partition("/")[0]


@dataclass(frozen=True)
class Answer:
    """What a command came to. Without `message` the arguments are handed back (section 3.2)."""

    message: str | None = None
    payload: Any = None
    options: Any = None


@dataclass(frozen=True)
class Event:
    """A change that registered connections are told of (section 5), e.g. `player_volume_changed`."""

    name: str
    message: str = ""


def quote(value: object) -> str:
    """Escape what separates arguments; section 3.2 knows these three characters only."""
    return str(value).replace("%", "%25").replace("&", "%26").replace("=", "%3D")


def unquote(value: str) -> str:
    """Undo `quote`; any other percent sign is left as it is."""
    for escape, char in (("%26", "&"), ("%3D", "="), ("%3d", "="), ("%25", "%")):
        value = value.replace(escape, char)
    return value


def query(args: Mapping[str, object]) -> str:
    """Write arguments as a message. A url is written raw and last, as it was sent (section 4.4.10)."""
    parts = [f"{name}={quote(value)}" for name, value in args.items() if name != "url"]
    if "url" in args:
        parts.append(f"url={args['url']}")
    return "&".join(parts)


def parse_command(line: bytes) -> Command:
    """Read one line. `url=` takes everything that follows it, commas, ampersands and all (section 4.4.10).

    Raises RefusalError(UNRECOGNIZED_COMMAND) for a line that is no `heos://group/command`.
    """
    text = line.decode("utf-8", errors="replace").strip()
    name, _, rest = text.removeprefix("heos://").partition("?")
    if not text.startswith("heos://") or "/" not in name:
        raise RefusalError(ErrorId.UNRECOGNIZED_COMMAND)
    head, url_mark, url = ("&" + rest).partition("&url=")
    args = dict(_pair(part) for part in head.split("&") if part)
    if url_mark:
        args["url"] = url
    return Command(name, args)


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name, unquote(value)


def echoed(command: Command) -> dict[str, str]:
    """The arguments that a reply hands back: SEQUENCE only where real devices do."""
    keeps_sequence = command.group == "browse" or command.name == "player/get_now_playing_media"
    return {
        name: "********" if name == "pw" else value
        for name, value in command.args.items()
        if keeps_sequence or name.upper() != SEQUENCE
    }


def success(command: Command, answer: Answer, *, pretty: bool = False) -> bytes:
    """A reply line (section 3.2)."""
    message = query(echoed(command)) if answer.message is None else answer.message
    body: dict[str, Any] = {"heos": _head(command.name, "success", message)}
    if answer.payload is not None:
        body["payload"] = answer.payload
    if answer.options is not None:
        body["options"] = answer.options
    return encode(body, pretty=pretty)


def failure(command: Command, error_id: ErrorId, *, pretty: bool = False) -> bytes:
    """A refusal line (section 6.1): the error, then the arguments."""
    message = f"eid={int(error_id)}&text={ERROR_TEXT[error_id]}"
    if error_id is ErrorId.SYSTEM:
        message += "&syserrno=-9"
    if arguments := query(echoed(command)):
        message += f"&{arguments}"
    return encode({"heos": _head(command.name, "fail", message)}, pretty=pretty)


def under_process(command: Command, *, pretty: bool = False) -> bytes:
    """The line that says "later": the real reply to the same command follows."""
    message = "&".join(part for part in (UNDER_PROCESS, query(echoed(command))) if part)
    return encode({"heos": _head(command.name, "success", message)}, pretty=pretty)


def event_line(event: Event, *, pretty: bool = False) -> bytes:
    """An unsolicited line (section 5); events carry no result, and some no message."""
    head = {"command": f"event/{event.name}"}
    if event.message:
        head["message"] = event.message
    return encode({"heos": head}, pretty=pretty)


def encode(body: Any, *, pretty: bool = False) -> bytes:
    """One line of JSON, or several when the caller asked for prettified JSON (section 4.1.7)."""
    return json.dumps(body, ensure_ascii=False, indent=2 if pretty else None).encode() + LINE_END


def _head(name: str, result: str, message: str) -> dict[str, str]:
    return {"command": name, "result": result, "message": message}
