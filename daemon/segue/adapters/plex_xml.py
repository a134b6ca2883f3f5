"""What a Plex server and a Plex player say in XML, read into plain values.

Theory of operation. There are two ways to be wrong about `/status/sessions`: to fail, and to believe that nothing
plays. The second one stops the music in every room, so everything here fails rather than guesses: a parser that
"recovers" is never used, the root must be a `MediaContainer` (an HTML error page parses as XML, too), a container that
announces more than it holds is not believed, and what fails is `PlexUnreadable`, which means *unknown*.

Within a session it is the other way round: types and fields vary between servers, versions and kinds of media, so
every field has a value for "it did not say", and what cannot be read counts as not said.
"""

import math
import re
from collections.abc import Iterator

import msgspec
from lxml import etree

SESSIONS_BYTES = 8 * 1024 * 1024
"""Longest body that is parsed at all; fifty sessions need 300 kB."""

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ILLEGAL_REFERENCE = re.compile(r"&#(?:0*([0-9]{1,9})|[xX]0*([0-9a-fA-F]{1,8}));")
_OTHER_ENCODING = re.compile(rb"\A\s*<\?xml[^>]*encoding\s*=\s*['\"](?!utf-?8['\"])", re.IGNORECASE)
_RESPONSE_CODE = re.compile(rb"<Response\b[^>]{0,400}?\bcode\s*=\s*[\"'](\d{3})[\"']")


class PlexError(Exception):
    """Something between us and Plex went wrong. The text names the place and the cause, and no secret."""


class PlexUnreadable(PlexError):  # noqa: N818 - the reason is the name
    """The answer is not what it should be, so what it would have said is *unknown*."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


# ------------------------------------------------------------------ what is read


class Loudness(msgspec.Struct, frozen=True):
    """What Plex's loudness analysis says of an audio stream; `None` where it has not run."""

    gain_db: float | None = None
    """What to add for the usual loudness of a track, in dB."""
    album_gain_db: float | None = None
    """The same for the whole album, so that quiet songs stay quiet."""
    peak: float | None = None
    """Highest sample, 1.0 being full scale: the gain must not lift it above that."""
    album_peak: float | None = None


class Session(msgspec.Struct, frozen=True):
    """One entry of `/status/sessions`: something that a player has open."""

    session_key: str
    """Opaque. Plexamp keeps one across tracks, and a server's restart begins them anew."""
    rating_key: str
    """The item, or the path of its key where there is no such number (live television)."""
    media_type: str
    """As the server names it: `track`, `movie`, `episode`, `clip`, `photo`; else the element's name."""
    title: str
    artist: str
    """The track's own artist before its album's; the show of an episode."""
    album: str
    """The album of a track, the season of an episode."""
    duration_ms: int | None
    """Nothing for live television and for photos."""
    position_ms: int
    """What the player has last reported (`viewOffset`): up to 10 s old, 20 s on a mobile line."""
    state: str
    """`playing`, `paused`, `buffering`; others are kept as they are; empty when the server does not say."""
    player_id: str
    """`machineIdentifier`: the same as the `uuid` in a webhook."""
    player_title: str
    player_product: str
    player_platform: str
    player_address: str
    """An IP address without a port: a session does not say where the player takes commands."""
    local: bool | None
    """Whether the player is in the server's network; `None` when it does not say."""
    user_title: str
    """Empty for a local player that nobody has signed in to."""
    live: bool
    """Live television or radio: no duration, and a position that never moves."""
    guid: str
    loudness: Loudness


class PlayerInfo(msgspec.Struct, frozen=True):
    """A player that takes commands, as `/clients` of a server or `/resources` of the player itself has it."""

    player_id: str
    title: str
    product: str
    platform: str
    host: str
    """Empty in `/resources`: whoever asked knows it."""
    port: int | None
    capabilities: tuple[str, ...]
    """`timeline`, `playback`, `navigation`, `mirror`, `playqueues`, `playqueues-creation`."""


class Timeline(msgspec.Struct, frozen=True):
    """What a player says of one kind of media (Plex Companion, timeline)."""

    media_type: str
    """`music`, `video` or `photo`."""
    state: str
    """`playing`, `paused`, `stopped`, `buffering`."""
    position_ms: int | None
    """`None` while the player loads, and in a kind of media that is not open."""
    duration_ms: int | None
    rating_key: str
    volume: float | None
    """The player's own volume, 0-100."""
    controllable: tuple[str, ...]


class Timelines(msgspec.Struct, frozen=True):
    """A player's answer to a poll: one timeline for each kind of media."""

    command_id: int | None
    """The highest command of ours, or of another controller, that the player has carried out."""
    timelines: tuple[Timeline, ...]


class Identity(msgspec.Struct, frozen=True):
    """Which server answers (`/identity`)."""

    machine_identifier: str
    version: str


# ------------------------------------------------------------------ the answers


def parse_sessions(body: bytes) -> tuple[Session, ...]:
    """Read `/status/sessions`. Raises `PlexUnreadable`; an empty tuple is the server's word that nothing is open."""
    root = _container(body)
    entries = list(root)
    announced = _whole(root.get("size"))
    if announced is not None and announced > len(entries):
        raise PlexUnreadable(f"{announced} sessions are announced, {len(entries)} are listed")
    return tuple(_session(entry) for entry in entries if _is_session(entry))


def parse_clients(body: bytes) -> tuple[PlayerInfo, ...]:
    """Read `/clients` of a server, or `/resources` of a player. Raises `PlexUnreadable`."""
    return tuple(_player_info(e) for e in _container(body) if e.tag in ("Server", "Player"))


def parse_identity(body: bytes) -> Identity:
    """Read `/identity`. Raises `PlexUnreadable`, also when it names nobody."""
    root = _container(body)
    machine_identifier = _text(root, "machineIdentifier")
    if not machine_identifier:
        raise PlexUnreadable("the server does not say who it is")
    return Identity(machine_identifier, _text(root, "version"))


def parse_loudness(body: bytes) -> Loudness:
    """Read the loudness of an item (`/library/metadata/N`). Raises `PlexUnreadable`."""
    for item in _container(body):
        return _loudness(item)
    return Loudness()


def parse_timeline(body: bytes) -> Timelines | None:
    """Read a player's answer to a poll. Nothing when it only says `OK`, as Plexamp and Android do to commands.

    Raises `PlexUnreadable`.
    """
    if body.strip() in (b"", b"OK"):
        return None
    root = _container(body)
    return Timelines(
        command_id=_whole(root.get("commandID")),
        timelines=tuple(_timeline(element) for element in root.iter("Timeline")),
    )


def refusal_code(body: bytes) -> int | None:
    """Find a player's refusal in its answer to a command, whatever HTTP said.

    Some players answer 200 around `<Response code="500" .../>`. Anything else, `OK`, nothing, malformed XML, is no
    refusal.
    """
    found = _RESPONSE_CODE.search(body[:4096])
    code = int(found[1]) if found else 200
    return code if code >= 400 else None


# ------------------------------------------------------------------ parsing


def _container(body: bytes) -> etree._Element:
    """Parse a body whose root is a MediaContainer, or say why it is none."""
    if len(body) > SESSIONS_BYTES:
        raise PlexUnreadable(f"the answer is longer than {SESSIONS_BYTES} bytes")
    root = _parse(body)
    if root.tag != "MediaContainer":
        raise PlexUnreadable(f"the answer is <{_shown(root.tag)}>, not <MediaContainer>")
    return root


def _parse(body: bytes) -> etree._Element:
    try:
        return _checked(etree.fromstring(body.lstrip(), _parser()))
    except (etree.XMLSyntaxError, ValueError) as error:
        cleaned = _cleaned(body)
        if cleaned is None:
            raise PlexUnreadable(_reason(error)) from None
    try:
        return _checked(etree.fromstring(cleaned, _parser(encoding="utf-8")))
    except (etree.XMLSyntaxError, ValueError) as error:
        raise PlexUnreadable(_reason(error)) from None


def _parser(encoding: str | None = None) -> etree.XMLParser:
    """Make a parser that believes nothing. `recover` would turn half a document into an empty container."""
    return etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )


def _checked(root: etree._Element) -> etree._Element:
    """Refuse a document with a type of its own: Plex sends none, and entities are expanded in attributes."""
    doctype: str = root.getroottree().docinfo.doctype  # type: ignore[attr-defined]
    if doctype:
        raise PlexUnreadable("the answer brings a document type of its own")
    return root


def _cleaned(body: bytes) -> bytes | None:
    """Take out what XML does not allow: old file tags bring control characters and broken UTF-8 with them.

    Nothing when there is nothing to take out, or when the document is not UTF-8 by its own word.
    """
    if _OTHER_ENCODING.match(body):
        return None
    text = body.decode("utf-8", "replace").strip("\ufeff \t\r\n")
    cleaned = _ILLEGAL_REFERENCE.sub(_keep_legal, _ILLEGAL.sub("", text)).encode()
    return None if cleaned == body.strip() else cleaned


def _keep_legal(reference: re.Match[str]) -> str:
    decimal, hexadecimal = reference.groups()
    number = int(decimal) if decimal is not None else int(hexadecimal, 16)
    legal = number <= 0x10FFFF and not _ILLEGAL.match(chr(number))
    return reference[0] if legal else ""


def _reason(error: Exception) -> str:
    """Say in one short line why XML did not parse. libxml2 quotes names from the document, so those are bounded."""
    return f"the answer is not XML: {_shown(error)}"


def _shown(foreign: object) -> str:
    return " ".join(str(foreign).split())[:160]


# ------------------------------------------------------------------ elements


def _is_session(entry: etree._Element) -> bool:
    """Tell a session by what it has, not by its name: Video, Track, Photo, and whatever Plex will add."""
    return entry.find("Player") is not None or "sessionKey" in entry.attrib


def _session(item: etree._Element) -> Session:
    player, key = _child(item, "Player"), _text(item, "key")
    media_type = _text(item, "type") or str(item.tag).lower()
    show = _text(item, "grandparentTitle")
    live = item.get("live") == "1" or key.startswith("/livetv/") or item.get("librarySectionID") == "-4"
    return Session(
        session_key=_text(item, "sessionKey") or _text(_child(item, "Session"), "id"),
        rating_key=_text(item, "ratingKey") or key,
        media_type=media_type,
        title=_text(item, "title"),
        artist=(_text(item, "originalTitle") or show) if media_type == "track" else show,
        album=_text(item, "parentTitle"),
        duration_ms=None if live else _duration(item),
        position_ms=max(0, _whole(item.get("viewOffset")) or 0),
        state=_text(player, "state"),
        player_id=_text(player, "machineIdentifier"),
        player_title=_text(player, "title"),
        player_product=_text(player, "product"),
        player_platform=_text(player, "platform"),
        player_address=_text(player, "address"),
        local=_flag(player.get("local")),
        user_title=_text(_child(item, "User"), "title"),
        live=live,
        guid=_text(item, "guid"),
        loudness=_loudness(item),
    )


def _duration(item: etree._Element) -> int | None:
    for element in (item, *item.iter("Media")):
        duration_ms = _whole(element.get("duration"))
        if duration_ms is not None and duration_ms > 0:
            return duration_ms
    return None


def _loudness(item: etree._Element) -> Loudness:
    stream = _selected_audio(item)
    if stream is None:
        return Loudness()
    return Loudness(
        gain_db=_number(stream.get("gain")),
        album_gain_db=_number(stream.get("albumGain")),
        peak=_number(stream.get("peak")),
        album_peak=_number(stream.get("albumPeak")),
    )


def _selected_audio(item: etree._Element) -> etree._Element | None:
    """Find the audio stream that plays: the selected one of the selected part of the selected medium."""
    media = _preferred(item.iterchildren("Media"))
    part = None if media is None else _preferred(media.iterchildren("Part"))
    if part is None:
        return None
    return _preferred(s for s in part.iterchildren("Stream") if s.get("streamType") == "2")


def _preferred(elements: Iterator[etree._Element]) -> etree._Element | None:
    """Give the selected one, or else the first one."""
    listed = list(elements)
    return next((e for e in listed if e.get("selected") == "1"), listed[0] if listed else None)


def _player_info(element: etree._Element) -> PlayerInfo:
    port = _whole(element.get("port"))
    return PlayerInfo(
        player_id=_text(element, "machineIdentifier"),
        title=_text(element, "name") or _text(element, "title"),
        product=_text(element, "product"),
        platform=_text(element, "platform"),
        host=_text(element, "address") or _text(element, "host"),
        port=port if port is not None and 0 < port < 65536 else None,
        capabilities=_words(element.get("protocolCapabilities")),
    )


def _timeline(element: etree._Element) -> Timeline:
    return Timeline(
        media_type=_text(element, "type"),
        state=_text(element, "state"),
        position_ms=_whole(element.get("time")),
        duration_ms=_whole(element.get("duration")),
        rating_key=_text(element, "ratingKey"),
        volume=_number(element.get("volume")),
        controllable=_words(element.get("controllable")),
    )


# ------------------------------------------------------------------ values

_NOTHING = etree.Element("nothing")


def _child(element: etree._Element, name: str) -> etree._Element:
    """Give a child, or an element without attributes: then every field is "not said"."""
    found = element.find(name)
    return _NOTHING if found is None else found


def _text(element: etree._Element, name: str) -> str:
    """Give an attribute without the blanks around it; live television's titles end in one."""
    return (element.get(name) or "").strip()


def _whole(text: str | None) -> int | None:
    """Read a whole number of a sensible size, also from `12.0`."""
    number = _number(text)
    return None if number is None or abs(number) > 2**53 else int(number)


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None and len(text) < 40 else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _flag(text: str | None) -> bool | None:
    return {"1": True, "0": False, "true": True, "false": False}.get((text or "").strip().lower())


def _words(text: str | None) -> tuple[str, ...]:
    return tuple(word for word in (w.strip() for w in (text or "").split(",")) if word)
