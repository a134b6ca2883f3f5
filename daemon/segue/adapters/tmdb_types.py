"""What TMDb says, as far as segue asks: plain types, leniently decoded, and what goes wrong.

References: TMDb's API reference, version 3 (search/movie, search/tv, movie/{id}, tv/{id}, tv/{id}/season/{n}, find).
"""

import msgspec


class FilmHit(msgspec.Struct, frozen=True):
    """A film that a search found."""

    tmdb_id: int
    title: str
    original_title: str = ""
    release_date: str = ""
    """`YYYY-MM-DD`, or empty."""
    votes: int = 0
    popularity: float = 0.0


class Film(FilmHit, frozen=True, kw_only=True):
    """A film with its details."""

    runtime_min: int | None = None
    alternative_titles: tuple[str, ...] = ()
    imdb_id: str = ""
    release_years: tuple[int, ...] = ()
    """Years in which it was released anywhere, in rising order: first nights, cinemas, discs, and again."""


class ShowHit(msgspec.Struct, frozen=True):
    """A show that a search found."""

    tmdb_id: int
    title: str
    original_title: str = ""
    first_air_date: str = ""
    votes: int = 0
    popularity: float = 0.0


class SeasonSummary(msgspec.Struct, frozen=True):
    """A season as its show lists it; 0 is that of the specials."""

    number: int
    episode_count: int = 0
    air_date: str = ""


class Show(ShowHit, frozen=True, kw_only=True):
    """A show with its details."""

    alternative_titles: tuple[str, ...] = ()
    imdb_id: str = ""
    tvdb_id: int | None = None
    seasons: tuple[SeasonSummary, ...] = ()


class Episode(msgspec.Struct, frozen=True):
    """An episode."""

    number: int
    title: str = ""
    air_date: str = ""
    runtime_min: int | None = None


class Season(msgspec.Struct, frozen=True):
    """A season with its episodes."""

    number: int
    episodes: tuple[Episode, ...] = ()


class Found(msgspec.Struct, frozen=True):
    """What has an id elsewhere."""

    films: tuple[FilmHit, ...] = ()
    shows: tuple[ShowHit, ...] = ()


# ------------------------------------------------------------------ what goes wrong


class TmdbError(Exception):
    """TMDb gave no answer that helps. The text never holds the key."""


class TmdbUnavailable(TmdbError):  # noqa: N818 - the reason is the name
    """TMDb did not answer, or with an error of its own. Trying again later may help."""


class TmdbRefused(TmdbError):  # noqa: N818 - the reason is the name
    """TMDb does not take the key. Trying again does not help; the text names the setting."""


class TmdbBusy(TmdbError):  # noqa: N818 - the reason is the name
    """TMDb wants to be left alone for a while."""

    def __init__(self, detail: str, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s
        """For how long, in seconds; nothing where TMDb does not say."""


class TmdbUnreadable(TmdbError):  # noqa: N818 - the reason is the name
    """The answer is not what TMDb documents; perhaps somebody else answered, or `base_url` is wrong."""
