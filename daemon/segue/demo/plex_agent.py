"""The metadata agent of the simulated server: what it makes of a name, out of what the demo told it.

The real one asks the maker's servers. This one knows the works that were told to it with `tell`; everything else stays
unmatched, as at home: with the name of its folder, and without an id elsewhere.
"""

import unicodedata
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from segue.demo.plex_library import Section
from segue.demo.plex_names import EpisodeName, WorkName


@dataclass(frozen=True)
class Work:
    """A film or a show that the agent knows."""

    kind: Literal["movie", "show"]
    title: str
    year: int | None = None
    tmdb: int | None = None
    tvdb: int | None = None
    imdb: str = ""
    seconds: int | None = None
    """Length of the film, or of one episode."""
    other_titles: tuple[str, ...] = ()
    """Names of files under which it is found as well."""
    episodes: Mapping[tuple[int, int], str] = field(default_factory=dict)
    """Titles by season and number."""
    dates: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Season and number by the date on which an episode was shown (`YYYY-MM-DD`)."""

    @property
    def ids(self) -> dict[str, str]:
        """Its ids by database, as far as there are any."""
        known = {"imdb": self.imdb, "tmdb": self.tmdb, "tvdb": self.tvdb}
        return {database: str(value) for database, value in known.items() if value}


@dataclass(frozen=True)
class Match:
    """What something is taken for."""

    title: str
    year: int | None
    guid: str
    external: tuple[str, ...] = ()
    work: Work | None = None


class Agent:
    """Knows works, and finds them by name. `offline` makes it know none."""

    def __init__(self) -> None:
        self.works: list[Work] = []
        self.offline = False

    def tell(self, *works: Work) -> None:
        """Let it know of works."""
        self.works += works

    def match(self, section: Section, name: WorkName) -> Match:
        """Say what a name is taken for: an id in it counts most, then title and year, then the title with a year
        near by."""
        work = None if self.offline else next(self._fitting(section.type, name), None)
        if work is None:
            local = zlib.crc32(f"{section.key}/{_folded(name.title)}/{name.year}".encode())
            return Match(name.title, name.year, f"local://{local}")
        if section.agent.startswith("com.plexapp.agents."):
            return Match(work.title, work.year, _older_guid(section.agent, work), work=work)
        own = zlib.crc32(f"{work.kind}/{work.title}/{work.year}/{work.tmdb}".encode())
        external = tuple(f"{database}://{value}" for database, value in work.ids.items())
        return Match(work.title, work.year, f"plex://{work.kind}/{own:024x}", external, work)

    def _fitting(self, kind: str, name: WorkName) -> Iterator[Work]:
        works = [work for work in self.works if work.kind == kind]
        yield from (work for work in works if any(work.ids.get(k) == v for k, v in name.ids.items()))
        title = _folded(name.title)
        titled = [work for work in works if title in map(_folded, (work.title, *work.other_titles))]
        yield from (work for work in titled if work.year == name.year)
        yield from (work for work in titled if _near(work.year, name.year))


def numbers_of(match: Match, name: EpisodeName) -> list[tuple[int | None, int | None]]:
    """Give season and number of each episode in a file; of one with a date that nobody knows, its year and nothing."""
    if not name.date:
        return [(name.season, number) for number in name.numbers]
    known = match.work.dates.get(name.date) if match.work else None
    return [known or (int(name.date[:4]), None)]


def _older_guid(agent: str, work: Work) -> str:
    """Write a guid as the agents did that went before."""
    database = {"thetvdb": "tvdb", "themoviedb": "tmdb", "imdb": "imdb"}.get(agent.rpartition(".")[2], "tmdb")
    return f"{agent}://{work.ids.get(database, '0')}?lang=en"


def _near(year: int | None, other: int | None) -> bool:
    return year is None or other is None or abs(year - other) <= 1


def _folded(title: str) -> str:
    """Leave what two spellings of a title share: letters and digits."""
    bare = unicodedata.normalize("NFKD", title).casefold().replace("&", "and")
    return "".join(character for character in bare if character.isalnum())
