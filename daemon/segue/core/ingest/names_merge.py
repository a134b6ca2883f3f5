"""Two readers, one name: where they agree it is read right; where they differ somebody has to look."""

from typing import Protocol

from msgspec.structs import replace as but

from segue.core.ingest.facts import ParsedName
from segue.core.ingest.names_own import OwnReading
from segue.core.ingest.names_text import fold


class Guess(Protocol):
    """What another reader (guessit) makes of a name, in plain types."""

    @property
    def kind(self) -> str:
        """`film`, `episode` or nothing."""

    @property
    def title(self) -> str:
        """As it reads it."""

    @property
    def other_titles(self) -> tuple[str, ...]:
        """What it calls alternative titles, in their order."""

    @property
    def year(self) -> int | None:
        """Of the film or the show."""

    @property
    def seasons(self) -> tuple[int, ...]:
        """One or more."""

    @property
    def episodes(self) -> tuple[int, ...]:
        """In any order."""

    @property
    def absolute(self) -> tuple[int, ...]:
        """Where it tells absolute numbers from others."""

    @property
    def date(self) -> str:
        """`YYYY-MM-DD`."""

    @property
    def episode_title(self) -> str:
        """As it reads it."""


def agree(name: ParsedName, guess: Guess) -> bool:
    """Tell whether two readings are the same in title, year, season, numbers and date."""
    numbers = tuple(sorted(guess.episodes or guess.absolute))
    ours = name.episodes or name.absolute
    seasons = () if name.season is None else (name.season,)
    if name.absolute and not guess.seasons:
        seasons = ()
    year_differs = name.year != guess.year and not (
        name.kind == "episode" and name.year is None and _is_years_place(name, guess)
    )
    if year_differs or ours != numbers or name.date != guess.date:
        return False
    if tuple(guess.seasons) != seasons:
        return False
    return same_titles(name, guess)


def same_titles(name: ParsedName, guess: Guess) -> bool:
    """Tell whether the titles are the same; what one calls a second title, the other may call the end of the first."""
    theirs = {fold(guess.title), fold(" ".join([guess.title, *guess.other_titles]))}
    ours = {fold(name.title)}
    if name.other_title:
        ours |= {fold(f"{name.title} {name.other_title}"), fold(f"{name.title} AKA {name.other_title}")}
        theirs |= {fold(f"{guess.title} AKA {other}") for other in guess.other_titles}
    return bool((theirs - {""}) & (ours - {""}))


def _is_years_place(name: ParsedName, guess: Guess) -> bool:
    """A year behind an episode's numbers is not the show's; guessit takes it for that."""
    return guess.year is not None and name.season is not None and not name.date


def merge(own: OwnReading, guess: Guess) -> ParsedName:
    """Join our reading with another reader's, and say whether the two agree."""
    name = own.name
    if not guess.title and not guess.episodes and not guess.date:
        return but(name, readers="single")
    if agree(name, guess):
        return but(name, readers="agree")
    if name.title:
        return but(name, readers="differ")
    if not guess.title or "hash_like_name" in name.flags:
        return but(name, readers="single")
    seasons = guess.seasons
    flags = list(name.flags)
    if len(seasons) > 1:
        flags.append("several_seasons")
    return but(
        name,
        title=guess.title,
        other_title=name.other_title or " ".join(guess.other_titles),
        year=name.year if name.year is not None else guess.year,
        readers="differ",
        flags=tuple(flags),
    )
