"""The words of the ingest domain: what a name says, what a database offers, and what follows from both.

Plain data that other modules make and judge; nothing here decides. Titles are as people write them, times of a file are
nanoseconds since the Unix epoch as the file system has them, lengths of films are seconds (files) or minutes (TMDb).
"""

from typing import Literal

import msgspec

MediaKind = Literal["film", "episode", "unknown"]
CandidateKind = Literal["film", "show"]
Readers = Literal["agree", "differ", "canonical", "single"]
"""How sure the reading of a name is: two independent readers agree or differ; the name is of a form that leaves nothing
to guess; only one reader made sense of it."""


class ParsedName(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a file's name, together with the folders above it, says. Empty or nothing where it says nothing."""

    kind: MediaKind = "unknown"
    title: str = ""
    """Of the film, or of the show."""
    other_title: str = ""
    """A second title that the name carries (`AKA`, a title in brackets), or that its folder gives."""
    year: int | None = None
    season: int | None = None
    """0 for specials. Nothing for absolute and dated episodes."""
    episodes: tuple[int, ...] = ()
    """In rising order; several for a file that holds several."""
    absolute: tuple[int, ...] = ()
    """Absolute numbers, as anime counts."""
    date: str = ""
    """`YYYY-MM-DD` of a dated episode."""
    episode_title: str = ""
    edition: str = ""
    """As Plex shows it: `Director's Cut`, `Extended`."""
    part: int | None = None
    """Of a film in several files: 1-8."""
    resolution: str = ""
    """`2160p`, `1080p`, `720p`, `576p`, `480p` or another `NNNp`/`NNNi`."""
    source: str = ""
    """`BluRay`, `Remux`, `WEB-DL`, `WEBRip`, `HDTV`, `DVD`, `CAM` and their like, in this spelling."""
    codec: str = ""
    """Of the picture: `H.264`, `H.265`, `AV1`, `XviD`."""
    hdr: str = ""
    """`HDR10`, `HDR10+`, `DV`, `HLG`, or several joined by a space."""
    three_d: bool = False
    proper: int = 0
    """How often the release was mended: PROPER, REPACK, RERIP, `v2`."""
    release_group: str = ""
    language: str = ""
    """ISO 639-1 where the name states one; `multi` for several."""
    extra: str = ""
    """Plex' suffix where the file is an extra: `trailer`, `behindthescenes`, `deleted`, `featurette`, `interview`,
    `scene`, `short`, `other`."""
    tmdb_id: int | None = None
    tvdb_id: int | None = None
    imdb_id: str = ""
    """Ids that the name or a folder carries, as in `{tmdb-603}` or `tt0133093`."""
    flags: tuple[str, ...] = ()
    """Doubts, each a word of `reasons.FLAGS`; none where the reading is sound."""
    readers: Readers = "single"


class EpisodeFact(msgspec.Struct, frozen=True):
    """An episode as the database has it."""

    season: int
    number: int
    title: str = ""
    air_date: str = ""
    runtime_min: int | None = None


class Candidate(msgspec.Struct, frozen=True, omit_defaults=True):
    """A film or a show of TMDb that might be meant, compared with the name."""

    kind: CandidateKind
    tmdb_id: int
    title: str
    original_title: str = ""
    year: int | None = None
    votes: int = 0
    """`vote_count`: steady, unlike the popularity."""
    popularity: float = 0.0
    runtime_min: int | None = None
    """Known once the details were read."""
    alternative_titles: tuple[str, ...] = ()
    imdb_id: str = ""
    tvdb_id: int | None = None
    title_similarity: float = 0.0
    """0-1, the best over all its titles, by `titles.similarity`."""
    exact: bool = False
    """True when one of its titles is the name's after normalisation."""
    detailed: bool = False
    """True when details and alternative titles were read."""
    episodes: tuple[EpisodeFact, ...] | None = None
    """Those episodes the name speaks of that exist; nothing when that was not asked or could not be learned."""
    by_id: bool = False
    """True when an id in the name, or a person, named it: no search was needed."""
    weaker_title_similarity: float | None = None
    """0-1, of that one of the name's two titles that fits less well; nothing where the name has one title."""
    episode_title_similarity: float | None = None
    """0-1, of the episode's title in the name; nothing where the name or the database has none."""


class Score(msgspec.Struct, frozen=True):
    """The documented score: what is shown to people. Each part is 0-1 before its weight; `total` is 0-1."""

    title: float
    year: float
    popularity: float
    kind: float
    total: float


class Reason(msgspec.Struct, frozen=True):
    """Why something is not done by itself."""

    code: str
    """A word of `reasons.REASONS`."""
    text: str
    """The sentence, with the thing, the value and the limit."""


class Ranked(msgspec.Struct, frozen=True):
    """A candidate with its score."""

    candidate: Candidate
    score: Score


class Verdict(msgspec.Struct, frozen=True):
    """What a name is taken for, how sure that is, and why it is not surer."""

    accepted: bool
    """True when score and all gates agree."""
    level: Literal["high", "medium", "low", "none"]
    """Of the best score: high >= 0.85, medium >= 0.70, low below; none without a candidate."""
    ranked: tuple[Ranked, ...] = ()
    """At most five, the best first."""
    reasons: tuple[Reason, ...] = ()
    """Empty exactly when accepted."""

    @property
    def best(self) -> Ranked | None:
        """The candidate that would be taken."""
        return self.ranked[0] if self.ranked else None
