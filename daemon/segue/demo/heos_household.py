"""The simulated HEOS household: its players, groups, account and music, as one clock-less state.

Every player of a household is reached through any one speaker's command line; so this is what all connections share.
"""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from segue.demo.heos_media import (
    AUX_INPUT,
    FAVORITES,
    HISTORY,
    LOCAL_MUSIC,
    PLAYLISTS,
    STATIONS,
    TUNEIN,
    Station,
    Track,
    make_albums,
    station_record,
)
from segue.demo.heos_player import Player
from segue.demo.heos_protocol import ErrorId, Event, RefusalError, query

RECORDS_MAX: Final = 100
"""Most records that one reply carries (sections 4.2.15 and 4.4.4)."""

SOURCES: Final[Mapping[int, tuple[str, str]]] = {
    TUNEIN: ("TuneIn", "music_service"),
    LOCAL_MUSIC: ("Local Music", "heos_server"),
    PLAYLISTS: ("Playlists", "heos_service"),
    HISTORY: ("History", "heos_service"),
    AUX_INPUT: ("AUX Input", "heos_service"),
    FAVORITES: ("Favorites", "heos_service"),
}


def endless(url: str) -> float | None:
    """Say that a url never ends, as a live stream does."""
    del url
    return None


class Household:
    """Players by id, and what they share. `stream_length` says how long a url plays, in seconds, None for ever."""

    def __init__(
        self,
        players: Iterable[Player],
        *,
        now: Callable[[], float],
        rng: random.Random,
        accounts: Mapping[str, str] | None = None,
        stations: Sequence[Station] = STATIONS,
        albums: Mapping[str, list[Track]] | None = None,
        stream_length: Callable[[str], float | None] = endless,
    ) -> None:
        self.players = {player.pid: player for player in players}
        self.groups: dict[
            int, list[int]
        ] = {}  # group id -> player ids, the leader first; the id is the leader's
        self.accounts = dict(accounts or {"listener@example.com": "opensesame"})
        self.user: str | None = None
        self.stations = list(stations)
        self.favourites = list(stations)
        self.albums = dict(make_albums() if albums is None else albums)
        self.stream_length = stream_length
        self._rng = rng
        self._events: list[Event] = []
        for player in self.players.values():
            player.join(now, self._events.append, rng)

    # ------------------------------------------------------------ events and time

    def tell(self, name: str, message: str = "") -> None:
        """Note an event for all registered connections."""
        self._events.append(Event(name, message))

    def take_events(self) -> list[Event]:
        """Hand over the events noted since the last call, oldest first."""
        events = self._events.copy()
        self._events.clear()
        return events

    def next_deadline(self) -> float | None:
        """When a player will do something by itself."""
        moments = (player.next_deadline() for player in self.players.values())
        return min((at for at in moments if at is not None), default=None)

    def expire(self, now: float) -> None:
        """Do everything that is due."""
        for player in self.players.values():
            player.expire(now)

    # ------------------------------------------------------------ players and groups

    def player(self, pid: int) -> Player:
        """Find a player. Raises RefusalError(INVALID_ID)."""
        if pid not in self.players:
            raise RefusalError(ErrorId.INVALID_ID)
        return self.players[pid]

    def group_of(self, pid: int) -> int | None:
        """The group that a player is in."""
        return next((gid for gid, members in self.groups.items() if pid in members), None)

    def infos(self) -> list[dict[str, Any]]:
        """All players, as `get_players` lists them."""
        return [player.info(self.group_of(pid)) for pid, player in self.players.items()]

    def renumber(self) -> dict[int, int]:
        """Give every player a new id, as may happen in a reboot; return old -> new. The groups are lost."""
        new_ids = {pid: self._rng.randrange(-(2**31), 2**31) for pid in self.players}
        for player in self.players.values():
            player.pid = new_ids[player.pid]
        self.players = {player.pid: player for player in self.players.values()}
        self.groups.clear()
        self.tell("players_changed")
        return new_ids

    def set_group(self, pids: Sequence[int]) -> str:
        """Group players, the leader first; a leader alone is ungrouped. Return the reply's message (section 4.3.3)."""
        names = [self.player(pid).name for pid in pids]
        if len(set(pids)) != len(pids):
            raise RefusalError(ErrorId.WRONG_ARGUMENTS)
        for gid, members in list(self.groups.items()):
            left = [pid for pid in members if pid not in pids]
            self.groups[gid] = left
            if len(left) < 2 or gid not in left:
                del self.groups[gid]
        self.tell("groups_changed")
        if len(pids) < 2:
            return query({"pid": pids[0]})
        self.groups[pids[0]] = list(pids)
        listing = ",".join(map(str, pids))
        return query({"gid": pids[0], "name": " + ".join(names), "pid": listing})

    def group(self, gid: int) -> list[Player]:
        """Members of a group, the leader first. Raises RefusalError(INVALID_ID)."""
        if gid not in self.groups:
            raise RefusalError(ErrorId.INVALID_ID)
        return [self.players[pid] for pid in self.groups[gid]]

    def group_info(self, gid: int) -> dict[str, Any]:
        """A group as `get_groups` lists it (section 4.3.1)."""
        members = self.group(gid)
        roles = ["leader"] + ["member"] * (len(members) - 1)
        return {
            "name": " + ".join(player.name for player in members),
            "gid": gid,
            "players": [
                {"name": player.name, "pid": player.pid, "role": role}
                for player, role in zip(members, roles, strict=True)
            ],
        }

    def group_level(self, gid: int) -> int:
        """The level of a group: the mean of its members."""
        members = self.group(gid)
        return round(sum(player.level for player in members) / len(members))

    def set_group_level(self, gid: int, level: int) -> None:
        """Move all members by the same number of steps."""
        change = level - self.group_level(gid)
        for player in self.group(gid):
            player.set_level(player.level + change, "command")
        self.tell_group_volume(gid)

    def tell_group_volume(self, gid: int) -> None:
        """Note the event that a group's level or mute changed."""
        mute = "on" if all(player.muted for player in self.group(gid)) else "off"
        self.tell("group_volume_changed", query({"gid": gid, "level": self.group_level(gid), "mute": mute}))

    # ------------------------------------------------------------ account and music

    def sign_in(self, name: str, password: str) -> None:
        """Sign in to the HEOS account. Raises RefusalError for an unknown user or a wrong password."""
        if name not in self.accounts:
            raise RefusalError(ErrorId.USER_NOT_FOUND)
        if self.accounts[name] != password:
            raise RefusalError(ErrorId.INVALID_CREDENTIALS)
        self.user = name
        self.tell("user_changed", self.account())

    def sign_out(self) -> None:
        """Sign out; favourites and services are gone until somebody signs in again."""
        self.user = None
        self.tell("user_changed", self.account())

    def account(self) -> str:
        """Who is signed in, as a message (section 4.1.2)."""
        return "signed_out" if self.user is None else f"signed_in&{query({'un': self.user})}"

    def source(self, source_id: int) -> dict[str, Any]:
        """A music source as `get_music_sources` lists it, or a player's inputs. Raises RefusalError(INVALID_ID)."""
        if source_id in self.players:
            return self._source_record(self.players[source_id].name, "heos_service", source_id)
        if source_id not in SOURCES:
            raise RefusalError(ErrorId.INVALID_ID)
        name, kind = SOURCES[source_id]
        record = self._source_record(name, kind, source_id)
        if kind == "music_service":
            record["available"] = "false" if self.user is None else "true"
            if self.user is not None:
                record["service_username"] = self.user
        return record

    def browse(self, source_id: int, container_id: str | None) -> list[dict[str, Any]]:
        """What a source or one of its containers holds (sections 4.4.3 and 4.4.4). Raises RefusalError."""
        if source_id in self.players:
            player = self.players[source_id]
            return [station_record(each.media_id, f"{player.name} - {each.name}") for each in player.inputs]
        if source_id == AUX_INPUT:
            return [
                {key: value for key, value in self.source(pid).items() if key != "available"}
                for pid in self.players
            ]
        if source_id in (FAVORITES, TUNEIN):
            self._require_user()
            return [each.browse_record() for each in self._stations_of(source_id)]
        if source_id == LOCAL_MUSIC:
            return self._browse_local(container_id)
        self.source(source_id)
        return []

    def station(self, source_id: int, media_id: str) -> Station:
        """Find a station. Raises RefusalError."""
        self._require_user()
        found = next((each for each in self._stations_of(source_id) if each.media_id == media_id), None)
        if found is None:
            raise RefusalError(ErrorId.INVALID_ID)
        return found

    def preset(self, number: int) -> Station:
        """The favourite of that number, from 1. Raises RefusalError."""
        self._require_user()
        if not 1 <= number <= len(self.favourites):
            raise RefusalError(ErrorId.OUT_OF_RANGE)
        return self.favourites[number - 1]

    def tracks(self, container_id: str, media_id: str | None) -> list[Track]:
        """The songs of an album of the local music, or one of them. An album's own media id means all of it.

        Raises RefusalError(INVALID_ID).
        """
        if container_id not in self.albums:
            raise RefusalError(ErrorId.INVALID_ID)
        album = self.albums[container_id]
        found = [track for track in album if media_id in (None, container_id, track.media_id)]
        if not found:
            raise RefusalError(ErrorId.INVALID_ID)
        return found

    def _stations_of(self, source_id: int) -> list[Station]:
        return self.favourites if source_id == FAVORITES else self.stations

    def _browse_local(self, container_id: str | None) -> list[dict[str, Any]]:
        if container_id is not None:
            return [track.browse_record() for track in self.tracks(container_id, None)]
        return [
            {
                "container": "yes",
                "playable": "yes",
                "type": "album",
                "name": tracks[0].album,
                "image_url": "",
                "artist": tracks[0].artist,
                "cid": container_id,
                "mid": container_id,
            }
            for container_id, tracks in self.albums.items()
        ]

    def _require_user(self) -> None:
        if self.user is None:
            raise RefusalError(ErrorId.NOT_LOGGED_IN)

    def _source_record(self, name: str, kind: str, source_id: int) -> dict[str, Any]:
        return {"name": name, "image_url": "", "type": kind, "sid": source_id, "available": "true"}
