"""What a simulated HEOS player can play, and how it is written on the wire."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

LOCAL_MUSIC: Final = 1024
PLAYLISTS: Final = 1025
HISTORY: Final = 1026
AUX_INPUT: Final = 1027
FAVORITES: Final = 1028
TUNEIN: Final = 3

URL_STREAM: Final = "Url Stream"
"""All that a device knows to say about a url it was given."""
URL_LENGTH_MAX: Final = 255
"""Longer urls are cut off by the firmware, and then cannot be downloaded (home-assistant/core#131750)."""

ADD_TO_FAVORITES: Final = [{"play": [{"id": 19, "name": "Add to HEOS Favorites"}]}]


@dataclass(eq=False)
class Track:
    """One entry of a queue. Entries are told apart by identity: the same song may be queued twice.

    `length_s` is when it ends, in seconds from its start, None for never. The device announces it, except for a url,
    where it always says 0.
    """

    song: str
    album: str = ""
    artist: str = ""
    image_url: str = ""
    media_id: str = "1"
    album_id: str = "1"
    length_s: float | None = None
    url: str | None = None

    def __post_init__(self) -> None:
        if self.length_s is not None and self.length_s <= 0:
            raise ValueError(f"track {self.song!r}: length_s is {self.length_s}, must be more than 0 or None")

    @property
    def duration_ms(self) -> int:
        """Duration as announced, in milliseconds; 0 means unknown."""
        return 0 if self.url is not None or self.length_s is None else round(self.length_s * 1000)

    def queue_record(self, queue_id: int) -> dict[str, Any]:
        """The entry as `get_queue` lists it (section 4.2.15)."""
        return {
            "song": self.song,
            "album": self.album,
            "artist": self.artist,
            "image_url": self.image_url,
            "qid": queue_id,
            "mid": self.media_id,
            "album_id": self.album_id,
        }

    def browse_record(self) -> dict[str, Any]:
        """The song as `browse` lists it (section 4.4.4)."""
        return {
            "container": "no",
            "playable": "yes",
            "type": "song",
            "name": self.song,
            "image_url": self.image_url,
            "artist": self.artist,
            "album": self.album,
            "mid": self.media_id,
        }

    def copy(self) -> "Track":
        """Return an equal entry with an identity of its own."""
        return Track(**vars(self))


def url_track(url: str, length_s: float | None) -> Track:
    """Return the queue entry that a played url leaves behind."""
    return Track(URL_STREAM, URL_STREAM, URL_STREAM, length_s=length_s, url=url)


@dataclass(frozen=True)
class Station:
    """A radio station; `song` is what it says it plays."""

    media_id: str
    name: str
    song: str = ""
    image_url: str = ""
    source_id: int = TUNEIN

    def browse_record(self) -> dict[str, Any]:
        """The station as `browse` lists it."""
        return station_record(self.media_id, self.name, self.image_url)


@dataclass(frozen=True)
class Input:
    """A socket at the back of the receiver: `inputs/cd`, named "CD" on its display."""

    media_id: str
    name: str


Playable = Track | Station | Input

RECEIVER_INPUTS: Final = (
    Input("inputs/cable_sat", "CBL/SAT"),
    Input("inputs/bluray", "Blu-ray"),
    Input("inputs/mediaplayer", "Media Player"),
    Input("inputs/tvaudio", "TV Audio"),
    Input("inputs/cd", "CD"),
    Input("inputs/phono", "Phono"),
    Input("inputs/aux1", "AUX1"),
)
"""What an AVR of the middle class offers over HEOS."""

STATIONS: Final = (
    Station("s24939", "Radio Paradise", "Main Mix"),
    Station("s25111", "FIP", "Ici, c'est FIP"),
    Station("s6655", "Jazz24", "Live from Seattle"),
)


def station_record(media_id: str, name: str, image_url: str = "") -> dict[str, Any]:
    """A playable leaf of type station, which is also how inputs are listed (section 4.4.3)."""
    return {
        "container": "no",
        "mid": media_id,
        "type": "station",
        "playable": "yes",
        "name": name,
        "image_url": image_url,
    }


def now_playing(what: Playable | None, queue_id: int) -> tuple[dict[str, Any], list[Any]]:
    """Payload and options of `get_now_playing_media` (section 4.2.5); both empty when nothing was ever played."""
    match what:
        case None:
            return {}, []
        case Track():
            record = what.queue_record(queue_id)
            return {"type": "song", **record, "sid": LOCAL_MUSIC}, []
        case Station():
            song, station, album_id, source_id = what.song, what.name, what.media_id, what.source_id
            image_url, options = what.image_url, list(ADD_TO_FAVORITES)
        case Input():
            song, station, album_id, source_id = what.name, what.name, "inputs/", AUX_INPUT
            image_url, options = "", []
    payload = {
        "type": "station",
        "song": song,
        "station": station,
        "album": "",
        "artist": "",
        "image_url": image_url,
        "album_id": album_id,
        "mid": what.media_id,
        "qid": 1,
        "sid": source_id,
    }
    return payload, options


def make_tracks(count: int, *, length_s: float | None = 180.0, text_bytes: int = 0) -> list[Track]:
    """Make `count` songs, each with about `text_bytes` of image address, for queues of any size."""
    return [
        Track(
            f"Song {number}",
            f"Album {(number - 1) // 10 + 1}",
            "The Simulants",
            image_url=("http://127.0.0.1/art/" + "x" * text_bytes) if text_bytes else "",
            media_id=f"track-{number}",
            album_id=f"album-{(number - 1) // 10 + 1}",
            length_s=length_s,
        )
        for number in range(1, count + 1)
    ]


def make_albums(names: Sequence[str] = ("Loopback", "Half Open")) -> dict[str, list[Track]]:
    """Make a small local library: container id to songs."""
    return {
        f"album-{name}": [
            Track(
                f"{name} {number}",
                name,
                "The Simulants",
                "",
                f"{name}-{number}",
                f"album-{name}",
                200.0 + number,
            )
            for number in range(1, 6)
        ]
        for name in names
    }
