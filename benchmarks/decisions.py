"""How many films and episodes are taken in by themselves, and how many of those wrongly, on a made TMDb.

Names are made from the catalogue as releases are named, read by the daemon's own readers, looked for through the
daemon's own identifier, and judged with the default settings. Nothing of the truth is handed on but the file's length,
which differs from TMDb's as it does between databases (median 0 min, 5 at p90, 22 at p99). The limits were
set on the catalogues of the seeds 1 to 3; what is printed is measured on another one.
"""

import difflib
import random
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import msgspec
import trio

from benchmarks import catalogue
from benchmarks.figures import Figure, show
from segue.actors.identifier import Identifier
from segue.adapters.guessit_names import guess
from segue.adapters.tmdb import Film, FilmHit, Found, Season, Show, ShowHit
from segue.core.ingest.facts import ParsedName
from segue.core.ingest.names import read
from segue.core.ingest.scoring import decide

FILMS = 20_000
SHOWS = 3_000
SAMPLES = 2_000
PAGE = 20
POPULARITY = 0.75
"""Files are drawn by their votes to this power: famous films are in more houses."""
SEED = 4
VIDEODROME = "Videodrome's formula on the same names"

TAGS = (
    "1080p.BluRay.x264-GRAIN", "720p.BluRay.x264-HALO", "2160p.WEB-DL.DDP5.1.H.265-NORTH", "1080p.WEBRip.x265-OPAL",
    "1080p.AMZN.WEB-DL.DDP5.1.H.264-TIDE", "480p.DVDRip.XviD-OLD", "1080p.BluRay.REMUX.AVC.DTS-HD.MA.5.1-KEEP",
)  # fmt: skip


# ------------------------------------------------------------------ names as releases have them


def release_name(rng: random.Random, title: str, middle: str = "") -> str:
    """Write a name as release groups do: no accents, no punctuation but hyphens, dots for spaces."""
    return ".".join(part for part in (dotted(title), middle, rng.choice(TAGS)) if part) + ".mkv"


def dotted(title: str) -> str:
    """Write a title as it stands in such a name."""
    plain = unicodedata.normalize("NFKD", title.replace("&", "and").replace("·", "-"))
    kept = "".join(c for c in plain if c.isalnum() or c in " -" or c.isspace())
    return ".".join(word for word in kept.split() if word != "-")


def misspelt(rng: random.Random, title: str) -> str:
    """Change, drop or swap one letter."""
    places = [n for n, c in enumerate(title) if c.isalpha()]
    if not places:
        return title
    at = rng.choice(places)
    match rng.randrange(3):
        case 0:
            return title[:at] + rng.choice("abcdefghijklmnopqrstuvwxyz") + title[at + 1 :]
        case 1:
            return title[:at] + title[at + 1 :]
        case _:
            return title[:at] + title[at + 1 : at + 2] + title[at] + title[at + 2 :]


def without_subtitle(_rng: random.Random, title: str) -> str:
    """Leave out what comes after a colon or a dash."""
    return title.partition(": ")[0].partition(" - ")[0]


def length_s(rng: random.Random, runtime_min: int | None) -> float:
    """Give the length of a file of that film: as long as TMDb says, a little off, or another cut."""
    if not runtime_min:
        return rng.uniform(70, 150) * 60
    quantile = rng.random()
    if quantile < 0.5:
        off_min = rng.uniform(0, 0.5)
    elif quantile < 0.9:
        off_min = 0.5 + 4.5 * (quantile - 0.5) / 0.4
    elif quantile < 0.99:
        off_min = 5 + 17 * (quantile - 0.9) / 0.09
    else:
        off_min = 22 + 38 * (quantile - 0.99) / 0.01
    off_min *= min(1.0, runtime_min / 100)  # what is known of films, scaled down for episodes
    return max(2.0, runtime_min + rng.choice((-1, 1)) * off_min) * 60


# ------------------------------------------------------------------ TMDb, in memory


class CatalogueTmdb:
    """Answers from the catalogue as TMDb does: every word must occur, the most popular first, twenty at most."""

    def __init__(
        self, films: Sequence[Film], shows: Sequence[Show], seasons: Mapping[tuple[int, int], Season]
    ) -> None:
        self.films = {film.tmdb_id: film for film in films}
        self.shows = {show.tmdb_id: show for show in shows}
        self.seasons = seasons
        self._film_words, self._show_words = _words(films), _words(shows)
        self.hidden = 0
        """What TMDb is made not to have."""

    async def search_films(self, title: str, year: int | None = None) -> tuple[FilmHit, ...]:
        """Find films."""
        found = [self.films[n] for n in self._ids(self._film_words, title)]
        found = [f for f in found if year is None or f.release_date.startswith(f"{year:04}")]
        return tuple(sorted(found, key=lambda f: -f.popularity)[:PAGE])

    async def search_shows(self, title: str, first_air_year: int | None = None) -> tuple[ShowHit, ...]:
        """Find shows."""
        found = [self.shows[n] for n in self._ids(self._show_words, title)]
        found = [
            s for s in found if first_air_year is None or s.first_air_date.startswith(f"{first_air_year:04}")
        ]
        return tuple(sorted(found, key=lambda s: -s.popularity)[:PAGE])

    async def film(self, tmdb_id: int) -> Film | None:
        """Give a film."""
        return self.films.get(tmdb_id)

    async def show(self, tmdb_id: int) -> Show | None:
        """Give a show."""
        return self.shows.get(tmdb_id)

    async def season(self, show_id: int, number: int) -> Season | None:
        """Give a season."""
        return self.seasons.get((show_id, number))

    async def find(self, *, imdb_id: str = "", tvdb_id: int | None = None) -> Found:  # noqa: ARG002
        """Nothing here is looked for by other ids."""
        return Found()

    def _ids(self, words: Mapping[str, set[int]], title: str) -> set[int]:
        wanted = [words.get(word, set()) for word in _split(title)]
        return set.intersection(*wanted) - {self.hidden} if wanted else set()


def _words(known: Sequence[Film] | Sequence[Show]) -> dict[str, set[int]]:
    words: dict[str, set[int]] = {}
    for one in known:
        for title in (one.title, one.original_title, *one.alternative_titles):
            for word in _split(title):
                words.setdefault(word, set()).add(one.tmdb_id)
    return words


def _split(title: str) -> list[str]:
    """Divide into words without accents; not as the daemon does it."""
    plain = unicodedata.normalize(
        "NFKD", title.lower().replace("&", " and ").replace("'", "").replace("’", "")
    )
    return re.findall(r"\w+", "".join(c for c in plain if not unicodedata.combining(c)))


# ------------------------------------------------------------------ one row of the table


class Told(msgspec.Struct, frozen=True):
    """A file that arrives: its name, its length, and what it is."""

    name: str
    duration_s: float | None
    tmdb_id: int
    """0 where nothing would be right."""
    hidden: int = 0
    """What TMDb is made not to have."""


class Row(msgspec.Struct):
    """How many of one kind of files were taken in, and how."""

    asked: int = 0
    automatic: int = 0
    wrong: int = 0
    requests: int = 0
    anchor_automatic: int = 0
    anchor_wrong: int = 0
    why: Counter[str] = msgspec.field(default_factory=Counter)

    @property
    def share(self) -> float:
        """Percent that went in by themselves."""
        return 100 * self.automatic / max(self.asked, 1)

    @property
    def wrong_share(self) -> float:
        """Percent of those that were wrong."""
        return 100 * self.wrong / max(self.automatic, 1)

    @property
    def beside(self) -> str:
        """What the old formula did, and why the others wait."""
        old = 100 * self.anchor_automatic / max(self.asked, 1)
        old_wrong = f"{self.anchor_wrong} wrong" if self.anchor_automatic else "none"
        waits = ", ".join(f"{code} {n}" for code, n in self.why.most_common(4))
        return (
            f"{VIDEODROME}: {old:.1f} %, {old_wrong}; of {self.asked} files {self.automatic} automatic, "
            f"{self.wrong} wrong, {self.requests / max(self.asked, 1):.1f} questions a file; "
            f"the others wait for: {waits or 'nothing'}"
        )


async def measure(tmdb: CatalogueTmdb, files: Sequence[Told], *, loud: bool = False) -> Row:
    """Read, look for and judge files of one kind."""
    row, identifier = Row(), Identifier(tmdb)
    for told in files:
        parsed = read(told.name, guess)
        tmdb.hidden = told.hidden
        found = await identifier.candidates(parsed, told.duration_s)
        verdict = decide(parsed, found.candidates, told.duration_s, problem=found.problem)
        row.asked += 1
        row.requests += found.asked
        if verdict.accepted and verdict.best is not None:
            row.automatic += 1
            if verdict.best.candidate.tmdb_id != told.tmdb_id:
                row.wrong += 1
                if loud:
                    print("#", told, verdict.best.candidate, file=sys.stderr)
        row.why.update(reason.code for reason in verdict.reasons)
        old = await videodrome(tmdb, parsed)
        if old is not None:
            row.anchor_automatic += 1
            row.anchor_wrong += old != told.tmdb_id
    return row


async def videodrome(tmdb: CatalogueTmdb, parsed: ParsedName) -> int | None:
    """Give what the old formula accepts: the first result of a search for exactly that year, judged by four parts."""
    if parsed.kind == "episode":
        for series in await tmdb.search_shows(parsed.title, parsed.year):
            return _old_score(parsed, series, series.first_air_date)
    else:
        for film in await tmdb.search_films(parsed.title, parsed.year):
            return _old_score(parsed, film, film.release_date)
    return None


def _old_score(parsed: ParsedName, first: FilmHit | ShowHit, date: str) -> int | None:
    title = difflib.SequenceMatcher(None, parsed.title.lower(), first.title.lower()).ratio()
    year = 0.15
    if parsed.year is not None:
        year = {0: 0.30, 1: 0.20}.get(abs(parsed.year - int(date[:4] or 0)), 0.0)
    return (
        first.tmdb_id if 0.40 * title + year + 0.15 * min(first.popularity / 100, 1) + 0.15 >= 0.85 else None
    )


# ------------------------------------------------------------------ the kinds of files


class Films:
    """Draws films, those with many votes more often, and makes files of them."""

    def __init__(self, tmdb: CatalogueTmdb, seed: int) -> None:
        self._rng = random.Random(seed)
        self._films = list(tmdb.films.values())
        self._weights = [(film.votes + 1) ** POPULARITY for film in self._films]

    def files(
        self,
        *,
        year_off: int | None = 0,
        absent: bool = False,
        spelling: Callable[[random.Random, str], str] = lambda _rng, title: title,
    ) -> list[Told]:
        """Make `SAMPLES` files; `year_off` is by how much the year in the name is wrong, nothing leaves it out."""
        told = []
        for film in self._rng.choices(self._films, self._weights, k=SAMPLES):
            off = 0 if year_off is None else self._rng.choice((-year_off, year_off))
            year = "" if year_off is None else str(int(film.release_date[:4]) + off)
            name = release_name(self._rng, spelling(self._rng, film.title), year)
            told.append(_told(name, length_s(self._rng, film.runtime_min), film.tmdb_id, absent=absent))
        return told


class Episodes:
    """Draws shows, those with many votes more often, and makes files of their episodes."""

    def __init__(self, tmdb: CatalogueTmdb, seed: int) -> None:
        self._rng = random.Random(seed)
        self._tmdb = tmdb
        self._shows = [show for show in tmdb.shows.values() if any(s.number > 0 for s in show.seasons)]
        self._weights = [(show.votes + 1) ** POPULARITY for show in self._shows]

    def files(self, *, exists: bool = True, titled: bool = False, absent: bool = False) -> list[Told]:
        """Make `SAMPLES` files of one episode each; with its title in the name where `titled`."""
        told = []
        for series in self._rng.choices(self._shows, self._weights, k=SAMPLES):
            summary = self._rng.choice([s for s in series.seasons if s.number > 0])
            known = self._tmdb.seasons[series.tmdb_id, summary.number].episodes
            episode = self._rng.choice(known)
            number = episode.number if exists else max(e.number for e in known) + self._rng.randint(1, 9)
            middle = f"S{summary.number:02}E{number:02}"
            if titled:
                middle += "." + dotted(episode.title)
            name = release_name(self._rng, series.title, middle)
            right = series.tmdb_id if exists else 0
            told.append(_told(name, length_s(self._rng, episode.runtime_min), right, absent=absent))
        return told


def _told(name: str, duration_s: float, tmdb_id: int, *, absent: bool) -> Told:
    return Told(name, duration_s, 0, hidden=tmdb_id) if absent else Told(name, duration_s, tmdb_id)


# ------------------------------------------------------------------ the figures


def figures(
    name: str, row: Row, automatic: float | None, wrong: float, others: str, *, absent: bool
) -> list[Figure]:
    """Judge a row: at least so many percent by themselves, at most so many percent of those wrong."""
    anchor = f"Videodrome, simulated on real titles: {others}" if others else ""
    if absent:
        about = f"{name}: taken in all the same"
        return [Figure(about, row.share, "%", wrong, baseline=row.beside, anchor=anchor)]
    about = f"{name}: wrong among the automatic"
    found = [Figure(about, row.wrong_share, "%", wrong, baseline=row.beside, anchor=anchor)]
    if automatic is not None:
        about = f"{name}: automatic"
        found.insert(0, Figure(about, row.share, "%", automatic, "more", row.beside, anchor))
    return found


def make_tmdb(seed: int) -> CatalogueTmdb:
    """Make the catalogue of a seed."""
    return CatalogueTmdb(catalogue.films(seed, FILMS), *catalogue.shows(seed, SHOWS))


async def table(seed: int, *, loud: bool = False) -> None:
    """Measure every kind of file on the catalogue of one seed."""
    tmdb = make_tmdb(seed)
    films, episodes = Films(tmdb, seed), Episodes(tmdb, seed)
    kinds = (
        ("films, title and year", films.files(), 93.0, 0.0, "85.6 %, 0 wrong"),
        ("films, no year", films.files(year_off=None), 85.0, 0.5, "0 %"),
        ("films, year off by one", films.files(year_off=1), 90.0, 0.1, "0.3 %, all wrong"),
        ("films, absent from TMDb, with year", films.files(absent=True), None, 0.1, "0 %"),
        ("films, absent from TMDb, no year", films.files(year_off=None, absent=True), None, 3.0, "0 %"),
        ("films, one letter wrong", films.files(spelling=misspelt), None, 0.1, "9.4 %, 0 wrong"),
        ("films, subtitles left out", films.files(spelling=without_subtitle), None, 0.1, "83.5 %, 0 wrong"),
        ("episodes, number only", episodes.files(), 85.0, 0.5, ""),
        ("episodes, number and title", episodes.files(titled=True), 85.0, 0.1, ""),
        ("episodes that do not exist", episodes.files(exists=False), None, 0.5, ""),
        ("episodes of shows that TMDb does not have", episodes.files(absent=True), None, 3.0, ""),
    )
    for name, files, automatic, wrong, others in kinds:
        row = await measure(tmdb, files, loud=loud)
        show(*figures(name, row, automatic, wrong, others, absent=not files[0].tmdb_id))


def main() -> None:
    """Measure on a catalogue that nothing was set with, or on that of `--seed=N`; `--loud` shows every mistake."""
    seeds = [int(word.removeprefix("--seed=")) for word in sys.argv if word.startswith("--seed=")]
    for seed in seeds or [SEED]:
        trio.run(partial(table, seed, loud="--loud" in sys.argv))


if __name__ == "__main__":
    main()
