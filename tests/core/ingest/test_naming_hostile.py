"""Whatever a title, a name or a folder holds, a destination stays below its root and Plex reads what was meant."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as but

from segue.core.ingest import paths
from segue.core.ingest.facts import EpisodeFact, ParsedName
from segue.core.ingest.naming import (
    STEM_BYTES_MAX,
    Chosen,
    Destination,
    Existing,
    NamingSettings,
    destination,
)
from segue.demo import plex_names

PLAIN, IDS = NamingSettings("plain"), NamingSettings("ids")
FILM = ParsedName(kind="film", resolution="1080p", source="BluRay")


def is_safe(found: Destination) -> bool:
    """Look at a destination with other eyes than the code that made it."""
    parts = found.path.split("/")
    return (
        bool(parts)
        and all(part not in ("", ".", "..") and len(part.encode()) <= 255 for part in parts)
        and not any(part.startswith(".segue-") for part in parts)
        and len(found.path.encode()) <= 3900
        and "\0" not in found.path
        and len(found.stem.encode()) <= STEM_BYTES_MAX
        and unicodedata.is_normalized("NFC", found.name)
        and found.stem == found.stem.strip(" .")
        and bool(found.stem)
        and not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in found.name)
        and (not found.title_folder or f"{found.folder}/".startswith(f"{found.title_folder}/"))
    )


RUNS = (
    "." * 300,
    "()" * 120,
    "- " * 120,
    " " * 300,
    "\u0301" * 300,
    "語" * 150,
    "a",
    "(",
    "..",
    "{",
    "/",
    "CON",
)
MARKS = "{}[]/\\:*?.- \0\n\u202e\u200d\ud800\u0301e語😀A1"
hostile = (
    st.text(max_size=450)
    | st.text(alphabet=MARKS, max_size=450)
    | st.lists(st.sampled_from(RUNS), max_size=4).map("".join)
)
numbers = st.none() | st.integers(-3, 2100) | st.integers()
parses = st.builds(
    ParsedName,
    title=hostile,
    season=numbers,
    episodes=st.lists(st.integers(0, 40) | st.integers(), max_size=4).map(tuple),
    absolute=st.lists(st.integers(0, 2000) | st.integers(), max_size=2).map(tuple),
    date=st.sampled_from(["", "2024-03-05"]) | hostile,
    episode_title=hostile,
    edition=hostile,
    part=numbers,
    resolution=st.sampled_from(["", "1080p"]) | hostile,
    source=hostile,
    release_group=hostile,
)
facts = st.builds(EpisodeFact, st.integers(0, 5) | st.integers(), st.integers(0, 30) | st.integers(), hostile)
chosens = st.builds(
    Chosen,
    kind=st.sampled_from(["film", "show"]),
    title=hostile,
    year=numbers,
    tmdb_id=numbers,
    tvdb_id=numbers,
    imdb_id=st.sampled_from(["", "tt0133093"]) | hostile,
    episodes=st.lists(facts, max_size=2).map(tuple),
)
existings = st.builds(
    Existing,
    folder=st.sampled_from(["", "A", "A/B"]) | hostile,
    season_folders=st.lists(st.sampled_from(["", "Season 1", "Specials", "S01"]) | hostile, max_size=3).map(
        tuple
    ),
    owners=st.lists(st.tuples(hostile, numbers), max_size=3).map(tuple),
)
WIDE = "[{year}]/{letter}/{title_sort}[ {id_tag}][ {group}]/{title}[ {group}][ - {quality}]"
settings_ = st.sampled_from(
    [PLAIN, IDS, NamingSettings(film_template="{title}[ {edition_tag}][ {group}][ {source}]")]
)
wide_ = settings_ | st.just(
    NamingSettings("plain", WIDE, "{title}/{date}/{title}[ {absolute}] {episode}[ {group}]")
)


@given(parses, chosens, wide_, hostile | st.sampled_from([".mkv", ".TS"]), existings, st.booleans())
def test_nothing_escapes_and_nothing_is_too_long(
    parsed: ParsedName,
    chosen: Chosen,
    settings: NamingSettings,
    extension: str,
    existing: Existing,
    beside: bool,
) -> None:
    found = destination(parsed, chosen, settings, extension, existing=existing, beside=beside)
    assert is_safe(found), found
    again = destination(parsed, chosen, settings, extension, existing=existing, beside=beside)
    assert again == found


@given(hostile)
def test_a_name_that_was_made_makes_itself_again(title: str) -> None:
    once = destination(
        ParsedName(), Chosen("film", title, 1999, 603), NamingSettings(film_template="{title}/{title}"), ""
    )
    twice = destination(
        ParsedName(),
        Chosen("film", once.stem, 1999, 603),
        NamingSettings(film_template="{title}/{title}"),
        "",
    )
    assert twice.stem == once.stem


WORDS = [
    "Alien",
    "The",
    "Crow",
    "Face/Off",
    "Mission:",
    "Impossible",
    "M*A*S*H",
    "Amélie",
    "千と千尋",
    "What If...?",
]
titles = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)


@given(titles, st.integers(1900, 2030), st.integers(1, 999999), st.none() | st.integers(1, 8), settings_)
def test_plex_reads_the_film_that_was_meant(
    title: str, year: int, tmdb_id: int, part: int | None, settings: NamingSettings
) -> None:
    """The simulated scanner, which was written from Plex' rules and not from ours, finds year, id, edition and part."""
    parsed = but(FILM, part=part, edition="Extended")
    found = destination(parsed, Chosen("film", title, year, tmdb_id), settings, ".mkv")
    read = plex_names.film_name(found.path)
    assert read.edition == "Extended"
    assert plex_names.without_part(found.stem)[1] == part
    if not settings.film_template:
        assert (read.title, read.year) == (paths.component(paths.plain(title)), year)
    if settings.preset == "ids":
        assert read.ids == {"tmdb": str(tmdb_id)}
    assert not plex_names.is_ignored(found.path, 10)


@given(
    titles, st.integers(0, 40), st.lists(st.integers(1, 200), min_size=1, max_size=3, unique=True), settings_
)
def test_plex_reads_the_episodes_that_were_meant(
    title: str, season: int, episodes: list[int], settings: NamingSettings
) -> None:
    parsed = ParsedName(season=season, episodes=tuple(episodes), episode_title="One of 3x04 - Self-Scene")
    found = destination(parsed, Chosen("show", title, 2005, 7), settings, ".mkv")
    read = plex_names.episode_name(found.path)
    assert read is not None
    assert (read.season, read.numbers) == (season, tuple(sorted(episodes)))
    assert not plex_names.is_ignored(found.path, 10)
