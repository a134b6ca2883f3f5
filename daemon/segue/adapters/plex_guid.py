"""Which film or show a Plex item is: the ids that its guids carry, in all the forms that servers of all ages have.

A server's own id (`plex://movie/5d77...`) says nothing to anybody else. The ids of other databases stand in the item's
`Guid` entries with the newer agents (`tmdb://603`), and in its `guid` with the older ones, under the agent's name
(`com.plexapp.agents.thetvdb://81189/1/2?lang=en`). `Guid` and `guid` are two fields.
"""

import re
from collections.abc import Iterable
from typing import Literal
from urllib.parse import unquote

import msgspec

Database = Literal["tmdb", "tvdb", "imdb"]

_FORM = re.compile(r"(?:com\.plexapp\.agents\.)?([a-z]+)://([^/?#]{1,100})", re.IGNORECASE)
_HAMA = re.compile(r"(tvdb|tmdb|imdb)[2-6]?-(.+)\Z", re.IGNORECASE)
"""HAMA, an agent for anime, names the database within the id; `tvdb2` to `tvdb6` are its ways of counting episodes."""
_IMDB = re.compile(r"tt[0-9]{5,10}\Z")
_NUMBER = re.compile(r"[0-9]{1,9}\Z")
_AGENTS: dict[str, Database] = {
    "tmdb": "tmdb",
    "themoviedb": "tmdb",
    "tvdb": "tvdb",
    "thetvdb": "tvdb",
    "imdb": "imdb",
}


class ExternalIds(msgspec.Struct, frozen=True):
    """The ids of a film or show elsewhere; nothing, or empty, where unknown."""

    tmdb: int | None = None
    tvdb: int | None = None
    imdb: str = ""
    """With its `tt`."""

    def __bool__(self) -> bool:
        """Whether anything is known at all."""
        return self.tmdb is not None or self.tvdb is not None or bool(self.imdb)

    def same(self, other: "ExternalIds") -> Database | None:
        """Give the database by which two are the same work; nothing when no id that both know is equal.

        One equal id is enough: databases disagree about each other's ids now and then, and an item that carries the
        id that was asked for is what the server takes for it.
        """
        if self.tmdb is not None and self.tmdb == other.tmdb:
            return "tmdb"
        if self.tvdb is not None and self.tvdb == other.tvdb:
            return "tvdb"
        if self.imdb and self.imdb == other.imdb:
            return "imdb"
        return None


def external_ids(guids: Iterable[str]) -> ExternalIds:
    """Read the ids out of all guids of a film or show, the most telling first; what says nothing is passed over."""
    found: dict[Database, str] = {}
    for guid in guids:
        parsed = parse_guid(guid)
        if parsed is not None:
            found.setdefault(parsed[0], parsed[1])
    tmdb, tvdb = found.get("tmdb"), found.get("tvdb")
    return ExternalIds(int(tmdb) if tmdb else None, int(tvdb) if tvdb else None, found.get("imdb", ""))


def parse_guid(guid: str) -> tuple[Database, str] | None:
    """Read one guid; nothing when it holds no id of a database that we know.

    For an episode of the older agents this is the id of its show.
    """
    form = _FORM.match(guid.strip())
    if form is None:
        return None
    agent, name = form[1].lower(), unquote(form[2]).strip()
    if agent == "hama":
        hama = _HAMA.match(name)
        if hama is None:
            return None
        agent, name = hama[1].lower(), hama[2]
    database = _AGENTS.get(agent)
    if database is None:
        return None
    if _IMDB.match(name):
        # The older film agents have either database's ids.
        return ("imdb", name)
    return (database, str(int(name))) if database != "imdb" and _NUMBER.match(name) else None
