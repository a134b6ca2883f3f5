"""The watch-party protocol of agents of ours: bytes to messages and back. `docs/party-protocol.md` is its description.

A message is one JSON object in one text frame; its `type` says which. Messages of the old protocol (`register`,
`status_update`) arrive on the same connection and are read by `party_old_protocol`. Unknown fields are ignored, so that
a newer agent can talk to an older orchestrator; what is known has limits. Whatever is wrong becomes a `ProtocolError`,
which carries the sentence for the peer and the code to close with, where the connection cannot go on.
"""

from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

VERSION = 1
MESSAGE_BYTES_MAX = 16 * 1024
BAD_MESSAGES_MAX = 10
"""So many messages that cannot be read are answered with an error; the next one ends the connection."""

Name = Annotated[str, Meta(max_length=64)]
Title = Annotated[str, Meta(max_length=200)]
FileName = Annotated[str, Meta(max_length=255)]
Sentence = Annotated[str, Meta(max_length=500)]
Word = Annotated[str, Meta(max_length=32)]
Session = Annotated[str, Meta(pattern="^[a-z0-9]{6}$")]
PositionMs = Annotated[int, Meta(ge=0, le=24 * 3600 * 1000)]
OffsetMs = Annotated[int, Meta(ge=-2000, le=2000)]
DriftMs = Annotated[int, Meta(ge=-(24 * 3600 * 1000), le=24 * 3600 * 1000)]
SpanMs = Annotated[int, Meta(ge=0, le=600_000)]
Rev = Annotated[int, Meta(ge=0, le=2**53)]
Count = Annotated[int, Meta(ge=0, le=10_000)]
Moment = Annotated[float, Meta(ge=-1e15, le=1e15)]
Devices = Annotated[tuple["DeviceBody", ...], Meta(max_length=32)]


# ------------------------------------------------------------------ what is wrong


CLOSE_PROTOCOL, CLOSE_UNSUPPORTED, CLOSE_NOT_TEXT, CLOSE_POLICY, CLOSE_TOO_BIG = 1002, 1003, 1007, 1008, 1009
CLOSE_REPLACED, CLOSE_BAD_MESSAGES, CLOSE_REVOKED = 4001, 4002, 4003


class ProtocolError(Exception):
    """A message that cannot be taken. Raised as one of its children. Never quotes a value that could be a secret."""

    close: ClassVar[int | None] = None
    """The code to close with; nothing where the connection goes on."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        if type(self) is ProtocolError:
            raise TypeError("raise one of ProtocolError's children, which say what happens next")
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


class BadMessage(ProtocolError):  # noqa: N818 - what it is
    """A message that cannot be read; the next one may be better."""


class WrongBeginning(ProtocolError):  # noqa: N818
    """The first message is none that begins a conversation."""

    close = CLOSE_PROTOCOL


class NoText(ProtocolError):  # noqa: N818
    """A binary frame."""

    close = CLOSE_UNSUPPORTED


class TooBig(ProtocolError):  # noqa: N818
    """A message longer than `MESSAGE_BYTES_MAX`."""

    close = CLOSE_TOO_BIG


# ------------------------------------------------------------------ parts


class Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """A part of a message."""


class DeviceBody(Body, frozen=True):
    """A player that the home authorises."""

    id: Annotated[str, Meta(min_length=1, max_length=200)]
    title: Annotated[str, Meta(min_length=1, max_length=200)]


class FilmBody(Body, frozen=True):
    """What is watched."""

    duration_ms: PositionMs
    guid: Title = ""
    filename: FileName = ""
    title: Title = ""


class LimitsBody(Body, frozen=True):
    """What the orchestrator takes."""

    message_bytes: int = MESSAGE_BYTES_MAX
    messages_per_s: float = 20.0
    messages_burst: int = 40
    report_every_s: float = 5.0


# ------------------------------------------------------------------ up: from the agent


class Up(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag=str.lower):
    """A message of an agent."""


class Hello(Up, frozen=True):
    """The first message: who speaks, which versions, for which players."""

    proto: Annotated[tuple[Annotated[int, Meta(ge=0, le=1000)], ...], Meta(min_length=1, max_length=16)]
    """Versions that the agent speaks."""
    devices: Devices = ()
    username: Name = ""
    """Where the handshake did not carry it."""
    passkey: Annotated[str, Meta(max_length=512)] = ""
    session: Annotated[str, Meta(pattern="^([a-z0-9]{6})?$")] = ""
    invite: Annotated[str, Meta(max_length=128)] = ""
    caps: Annotated[tuple[Word, ...], Meta(max_length=32)] = ()
    agent: Annotated[str, Meta(max_length=64)] = ""

    def __repr__(self) -> str:
        """Show it without its secrets."""
        shown = f"proto={self.proto}, devices={self.devices}, username={self.username!r}"
        return f"Hello({shown}, session={self.session!r})"


class Time(Up, frozen=True):
    """A clock probe."""

    c0: Moment
    """The agent's clock when it was sent, s; echoed."""


class Ready(Up, frozen=True):
    """A player is parked for a revision, or why it cannot be."""

    session: Session
    device: Title
    rev: Rev
    parked_ms: PositionMs | None = None
    problem: Word = ""
    detail: Sentence = ""


PlayState = Literal["playing", "paused", "buffering", "stopped"]
Note = Literal[
    "", "in_step", "parked", "stalled", "uncorrectable", "not_loading",
    "hand_paused", "hand_played", "hand_sought", "hand_stopped",
]  # fmt: skip


class Report(Up, frozen=True):
    """How a player stands to the line; `hand_...` notes: what its viewer's own remote did."""

    session: Session
    device: Title
    rev: Rev
    state: PlayState | None = None
    drift_ms: DriftMs | None = None
    """Ahead (+) or behind (-)."""
    sigma_ms: SpanMs | None = None
    samples: Count = 0
    note: Note = ""
    step: Word = ""
    position_ms: PositionMs | None = None
    parking_ms: SpanMs | None = None
    rtt_ms: SpanMs | None = None
    """Round trip between this home and the orchestrator, for people to look at."""


WantOp = Literal["start", "pause", "play", "seek", "skip", "stop", "rejoin", "resync", "leave", "offset"]


class Want(Up, frozen=True):
    """A wish of a person in that home; answered."""

    session: Session
    op: WantOp
    id: Annotated[int, Meta(ge=0, le=2**53)] = 0
    """Echoed in the answer."""
    position_ms: PositionMs | None = None
    """For `seek`."""
    offset_ms: OffsetMs | None = None
    """For `offset`."""


UpMessage = Hello | Time | Ready | Report | Want

# ------------------------------------------------------------------ down: from the orchestrator


class Down(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag=str.lower):
    """A message of the orchestrator."""


class Welcome(Down, frozen=True):
    """The answer to `hello`: the version that is spoken from now on."""

    proto: int
    username: Name
    epoch: Title
    """Names the orchestrator's timeline; another one than before: measure the clock anew."""
    server: Title = ""
    limits: LimitsBody = LimitsBody()


class TimeAnswer(Down, frozen=True, tag="time"):
    """The answer to a clock probe."""

    c0: Moment
    s1: Moment
    """Server time when the probe was read, s."""
    s2: Moment
    """Server time when this was written, s."""


PhaseName = Literal["lobby", "gathering", "playing", "paused", "intermission", "waiting", "ended"]


class State(Down, frozen=True):
    """Where the film should be. Always the whole state; the highest revision counts."""

    session: Session
    rev: Rev
    phase: PhaseName
    item: Count
    film: FilmBody
    position_ms: PositionMs
    at: Moment
    """Server time, s, at which the film is, or comes to stand, at `position_ms`."""
    rate: Annotated[float, Meta(ge=0, le=4)]
    """1: it runs from `at` on; 0: it stands from `at` on, and comes there by playing."""
    why: Word = ""
    lead_ms: SpanMs = 0
    fetch: Annotated[tuple[Title, ...], Meta(max_length=32)] = ()
    """Players (of this agent) that are put in step although their viewer's remote took them out."""
    starts_at: Moment | None = None
    """Unix time, s, of a scheduled start; in the lobby."""


class Member(Down, frozen=True):
    """What the user, or one player of theirs, is in a session."""

    session: Session
    role: Literal["host", "cohost", "guest"]
    offset_ms: OffsetMs = 0
    """How much later (+) or earlier (-) than the line this home wants to be."""
    device: Title = ""
    title: Title = ""
    away: Word = ""
    """Not empty: the player is left to its viewer."""
    problem: Word = ""
    detail: Sentence = ""
    removed: bool = False


class Event(Down, frozen=True):
    """What happened, for people."""

    session: Session
    kind: Word
    text: Sentence
    username: Name = ""
    device: Title = ""


class Answer(Down, frozen=True):
    """What became of a wish."""

    id: int
    ok: bool
    code: Word = ""
    message: Sentence = ""
    hint: Sentence = ""


class Error(Down, frozen=True):
    """What is wrong with a message that is no wish."""

    code: Word
    message: Sentence
    hint: Sentence = ""


DownMessage = Welcome | TimeAnswer | State | Member | Event | Answer | Error

# ------------------------------------------------------------------ bytes

_UP: msgspec.json.Decoder[UpMessage] = msgspec.json.Decoder(UpMessage)
_DOWN: msgspec.json.Decoder[DownMessage] = msgspec.json.Decoder(DownMessage)
_ENCODER = msgspec.json.Encoder()


class Tagged(msgspec.Struct):
    """The one field that every message has."""

    type: str = ""


_TAGGED = msgspec.json.Decoder(Tagged)


def text_of(raw: str | bytes) -> bytes:
    """Take a frame as it came off the wire: text, and not too long. Raises `NoText`, `TooBig`, `BadMessage`."""
    if not isinstance(raw, str):
        raise NoText("binary", "A binary frame came; every message is JSON in a text frame.")
    try:
        data = raw.encode()
    except UnicodeEncodeError:
        raise BadMessage("bad_json", "The message holds half a surrogate pair.", "Send UTF-8.") from None
    if len(data) > MESSAGE_BYTES_MAX:
        raise TooBig("too_big", f"The message has {len(data)} bytes; {MESSAGE_BYTES_MAX} are possible.")
    return data


def type_of(data: bytes) -> str:
    """Read a message's type; empty where it has none, as some of the old protocol. Raises `BadMessage`."""
    try:
        return _TAGGED.decode(data).type[:32]
    except (ValueError, RecursionError) as problem:
        raise unreadable(problem) from None


def unreadable(problem: Exception) -> BadMessage:
    """Make the error for a message that cannot be read; says where, and never what stood there."""
    if isinstance(problem, msgspec.ValidationError):
        return BadMessage(
            "bad_message", f"The message does not fit: {str(problem)[:300]}.", "See party-protocol.md."
        )
    if isinstance(problem, RecursionError):
        return BadMessage("bad_json", "The message is nested too deeply.")
    return BadMessage(
        "bad_json", f"The message is no JSON: {str(problem)[:200]}.", "Send one JSON object a frame."
    )


def decode_up(raw: str | bytes) -> UpMessage:
    """Read a message of an agent. Raises a child of `ProtocolError`, and nothing else, whatever comes."""
    data = text_of(raw)
    try:
        return _UP.decode(data)
    except (ValueError, RecursionError) as problem:
        if isinstance(problem, msgspec.ValidationError) and (kind := type_of(data)) not in UP_TYPES:
            text = f"There is no message of type {kind!r}."
            raise BadMessage("unknown_type", text, "See party-protocol.md.") from None
        raise unreadable(problem) from None


def decode_down(raw: str | bytes) -> DownMessage | None:
    """Read a message of an orchestrator; nothing for a type that is newer than we are. Raises `ProtocolError`."""
    data = text_of(raw)
    try:
        return _DOWN.decode(data)
    except (ValueError, RecursionError) as problem:
        if isinstance(problem, msgspec.ValidationError) and type_of(data) not in DOWN_TYPES:
            return None
        raise unreadable(problem) from None


DOWN_TYPES = frozenset({"welcome", "time", "state", "member", "event", "answer", "error"})
UP_TYPES = frozenset({"hello", "time", "ready", "report", "want"})


def encode(message: UpMessage | DownMessage) -> str:
    """Write a message as the text of one frame."""
    return _ENCODER.encode(message).decode()


def chosen_version(hello: Hello) -> int:
    """Give the version that both sides speak. Raises `WrongBeginning`."""
    if VERSION in hello.proto:
        return VERSION
    spoken = ", ".join(map(str, hello.proto))
    raise WrongBeginning(
        "no_common_version",
        f"The agent speaks protocol {spoken}; this orchestrator speaks {VERSION}.",
        "Bring both to the same version of segue.",
    )
