"""What a player says it shows: the video timeline of Plex Companion, polled or pushed.

Theory of operation. A timeline is the only witness of what a player does, so it is read to the letter and nothing is
made up: a position that is missing (a player that loads, or stands at exactly 0) is *unknown* and not 0, a state that
is not in the protocol is `unknown` and not `stopped`. Players send one timeline for each kind of media; only the one of
type `video` is read. What is read is what the player *says*: television sets have been seen to say `playing` while
nothing moves, and to lag behind themselves by a second.

Reference: the Companion protocol as players and controllers speak it (`/player/timeline/poll`, `/:/timeline`).
"""

import math
from collections.abc import Mapping
from typing import Literal

import msgspec
from lxml import etree

from segue.adapters.plex_xml import PlexUnreadable

State = Literal["playing", "paused", "buffering", "stopped", "unknown"]

TIMELINE_BYTES = 256 * 1024
"""Longest body that is parsed at all; an ordinary one is 2 kB."""
TEXT_CHARS = 500
"""So much of any attribute is kept."""
ATTRIBUTES = 80
"""So many attributes of a timeline are kept; ordinary ones have thirty."""
TIME_MS_MAX = 7 * 24 * 3600 * 1000
"""A position or length beyond a week is no position."""

_STATES: dict[str, State] = {s: s for s in ("playing", "paused", "buffering", "stopped")}


class Timeline(msgspec.Struct, frozen=True):
    """What a player says of its video. Says nothing of when; see `Polled` and `Pushed`."""

    state: State
    time_ms: int | None = None
    """Position in the film, in ms; `None` while the player does not say."""
    duration_ms: int | None = None
    rating_key: str = ""
    """The item on the server that `machine_identifier` names; other homes have other numbers."""
    guid: str = ""
    """The item's name in the world, such as `plex://movie/5d77...`; few players send it."""
    command_id: int | None = None
    """The newest command that the player had carried out when it wrote this."""
    controllable: tuple[str, ...] = ()
    """What can be asked now: `playPause`, `stop`, `seekTo`, `skipTo`, `volume`, ..."""
    machine_identifier: str = ""
    """The server that the film comes from."""
    play_queue_item_id: str = ""
    location: str = ""
    """What is on the screen: `fullScreenVideo`, `navigation`."""
    volume: float | None = None
    raw: Mapping[str, str] = {}
    """All that the player said of its video, tokens left out; to be shown to a person, never decided upon."""


class Polled(msgspec.Struct, frozen=True):
    """The answer to a poll, on the clock of the caller, in seconds."""

    timeline: Timeline | None
    """Nothing where the player answers and does not say."""
    requested_at: float
    answered_at: float
    stale: bool = False
    """True when the player wrote it before it had carried out our last `playMedia`: it is about the film before."""

    @property
    def rtt_s(self) -> float:
        """How long the answer took, in seconds."""
        return self.answered_at - self.requested_at

    @property
    def measured_at(self) -> float:
        """When the player looked, as far as can be known: in the middle, give or take half of `rtt_s`."""
        return (self.requested_at + self.answered_at) / 2


class Pushed(msgspec.Struct, frozen=True):
    """What a player told by itself. A reason to poll: it does not say how long it was on its way."""

    player_id: str
    """As the player names itself, unproven; empty where it does not."""
    timeline: Timeline


def parse_video(body: bytes) -> Timeline | None:
    """Read an answer to a poll, or a push. Nothing when it only says `OK`.

    Raises `PlexUnreadable`. A player that plays no video is `stopped`; one that lists no timeline at all is `unknown`.
    """
    if body.strip() in (b"", b"OK"):
        return None
    root = _container(body)
    command_id = _whole(root.get("commandID"))
    location = _text(root, "location")
    elements = list(root.iter("Timeline"))
    video = next((e for e in elements if _text(e, "type").lower() == "video"), None)
    if video is None:
        state: State = "stopped" if elements else "unknown"
        return Timeline(state, command_id=command_id, location=location)
    return Timeline(
        state=_STATES.get(_text(video, "state").lower(), "unknown"),
        time_ms=_time_ms(video.get("time")),
        duration_ms=_time_ms(video.get("duration")) or None,
        rating_key=_text(video, "ratingKey"),
        guid=_text(video, "guid"),
        command_id=command_id,
        controllable=tuple(word for w in _text(video, "controllable").split(",") if (word := w.strip())),
        machine_identifier=_text(video, "machineIdentifier"),
        play_queue_item_id=_text(video, "playQueueItemID"),
        location=location or _text(video, "location"),
        volume=_number(video.get("volume")),
        raw=_raw(video),
    )


def parse_push(headers: Mapping[str, str], body: bytes) -> Pushed:
    """Read what a player posted to our `/:/timeline`. `headers` have lower-case names.

    Raises `PlexUnreadable`, also where the body says nothing.
    """
    timeline = parse_video(body)
    if timeline is None:
        raise PlexUnreadable("a push without a timeline")
    return Pushed(headers.get("x-plex-client-identifier", "").strip()[:TEXT_CHARS], timeline)


# ------------------------------------------------------------------ parsing


def _container(body: bytes) -> etree._Element:
    """Parse a body that believes nothing and repairs nothing; its root must be a MediaContainer."""
    if len(body) > TIMELINE_BYTES:
        raise PlexUnreadable(f"the timeline is longer than {TIMELINE_BYTES} bytes")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False
    )
    try:
        root = etree.fromstring(body.lstrip(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise PlexUnreadable(f"the timeline is not XML: {' '.join(str(error).split())[:160]}") from None
    doctype: str = root.getroottree().docinfo.doctype  # type: ignore[union-attr]
    if doctype:
        raise PlexUnreadable("the timeline brings a document type of its own")
    if root.tag != "MediaContainer":
        raise PlexUnreadable(f"the timeline is <{str(root.tag)[:80]}>, not <MediaContainer>")
    return root


def _text(element: etree._Element, name: str) -> str:
    return (element.get(name) or "").strip()[:TEXT_CHARS]


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None and len(text) < 40 else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _whole(text: str | None) -> int | None:
    number = _number(text)
    return None if number is None or not 0 <= number < 2**31 else int(number)


def _time_ms(text: str | None) -> int | None:
    number = _number(text)
    return None if number is None or not 0 <= number <= TIME_MS_MAX else int(number)


def _raw(element: etree._Element) -> dict[str, str]:
    pairs = [(str(name), str(value)) for name, value in element.attrib.items()]
    kept = [(name, value) for name, value in pairs if "token" not in name.lower()]
    return {name[:80]: value[:TEXT_CHARS] for name, value in kept[:ATTRIBUTES]}
