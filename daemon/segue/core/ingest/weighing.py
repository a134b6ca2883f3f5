"""How well a candidate fits a name, as a figure between 0 and 1, and which candidate is the best one.

The score is the documented one: title 40 %, year 30 %, popularity 15 %, kind 15 %. It is what people see. Whether a
file is taken in by itself is decided by the score *and* the gates (`gates.py`), since the wrong film of the right year
also has a fine score. Everything here is a pure function of what has been measured before.
"""

import math
from collections.abc import Iterable
from typing import Literal

import msgspec

from segue.core.ingest.facts import Candidate, ParsedName, Ranked, Score

Fit = Literal["agrees", "near", "differs", "far", "unknown"]
"""How a length stands to the file's: within the tolerance; within twice the tolerance; another cut perhaps; another
film; not known."""


class Weights(msgspec.Struct, frozen=True):
    """How much each part of the score counts. Only their proportion matters."""

    title: float = 0.40
    year: float = 0.30
    popularity: float = 0.15
    kind: float = 0.15


class MatchSettings(msgspec.Struct, frozen=True):
    """All weights and limits of the matching. Shares and similarities are 0-1."""

    weights: Weights = Weights()
    threshold: float = 0.85
    """The least score that is accepted by itself."""
    high: float = 0.85
    """From here a score is called high."""
    medium: float = 0.70
    """From here a score is called medium; below, low."""
    year_off_by_one: float = 0.9
    """What a year that differs by one is worth, of the year's part."""
    votes_full: int = 20_000
    """So many votes make the popularity's part full; it grows with their logarithm."""
    title_min: float = 0.88
    """The least similarity that is accepted by itself."""
    rival_similarity: float = 0.95
    """From here another candidate is a rival; less is enough where the best one fits less."""
    rival_margin: float = 0.04
    """So far above every rival the best score must be."""
    year_tolerance: int = 1
    """Years that name and candidate may differ."""
    runtime_tolerance_min: float = 5.0
    runtime_tolerance_share: float = 0.06
    """The length agrees when it differs by no more than the larger of the two."""
    runtime_far_min: float = 25.0
    runtime_far_share: float = 0.25
    """Beyond the larger of the two it is no other cut but another film."""
    episode_far_min: float = 10.0
    episode_far_share: float = 0.35
    """Beyond the larger of the two it is another episode. TMDb often has the length of the slot, so this is wide."""
    episode_tolerance_share: float = 0.15
    """Of a show that few know, whose name gives neither year nor episode title, the length must be as near as this."""
    runtime_without_year: bool = True
    """A film whose name has no year needs a length that agrees; otherwise the sole candidate of that title will do."""
    famous_votes: int = 1_000
    """A film of so many votes is likelier another cut than an unknown namesake when its length differs."""
    contradiction: float = 0.5
    """A title less similar than this contradicts an id, or the other title of the name."""
    episode_title_min: float = 0.6
    """The least similarity of an episode's title, where the name has one."""
    shown: int = 5
    """Candidates that a verdict keeps."""


# ------------------------------------------------------------------ the score


def score(parsed: ParsedName, candidate: Candidate, settings: MatchSettings) -> Score:
    """Give the score and its parts. A name without a year is judged by the other three parts alone."""
    weights = settings.weights
    title = min(max(candidate.title_similarity, 0.0), 1.0)
    year = _year_part(parsed.year, candidate.year, settings)
    popularity = _popularity_part(candidate.votes, settings.votes_full)
    kind = kind_part(parsed, candidate)
    parts = [(weights.title, title), (weights.popularity, popularity), (weights.kind, kind)]
    if parsed.year is not None:
        parts.append((weights.year, year))
    whole = sum(weight for weight, _ in parts)
    total = sum(weight * part for weight, part in parts) / whole if whole > 0 else 0.0
    return Score(title, year, popularity, kind, total=round(min(max(total, 0.0), 1.0), 4))


def _year_part(named: int | None, known: int | None, settings: MatchSettings) -> float:
    if named is None or known is None:
        return 0.0
    gap = abs(named - known)
    return 1.0 if gap == 0 else settings.year_off_by_one if gap == 1 else 0.0


def _popularity_part(votes: int, votes_full: int) -> float:
    if votes <= 0 or votes_full <= 0:
        return 0.0
    return min(math.log1p(votes) / math.log1p(votes_full), 1.0)


def kind_part(parsed: ParsedName, candidate: Candidate) -> float:
    """Say whether film and film, or episode and show, come together; half where the name says neither."""
    if parsed.kind == "unknown":
        return 0.5
    return 1.0 if (parsed.kind == "film") == (candidate.kind == "film") else 0.0


def level(total: float, settings: MatchSettings) -> Literal["high", "medium", "low"]:
    """Name a score as people read it."""
    if total >= settings.high:
        return "high"
    return "medium" if total >= settings.medium else "low"


# ------------------------------------------------------------------ witnesses


def year_gap(parsed: ParsedName, candidate: Candidate) -> int | None:
    """Give the years between name and candidate; nothing where one of the two has none."""
    if parsed.year is None or candidate.year is None:
        return None
    return abs(parsed.year - candidate.year)


def runtime_fit(
    parsed: ParsedName, candidate: Candidate, duration_s: float | None, settings: MatchSettings
) -> Fit:
    """Compare a film's or its episodes' length with the file's.

    A part of a film, an extra and a named edition say nothing by being shorter or longer. Files whose length cannot be
    a film's at all (none, or less than a minute) count as not measured. The length of an episode whose title agrees
    says nothing more.
    """
    known_min = known_length_min(parsed, candidate)
    if not known_min or duration_s is None or duration_s < 60.0 or parsed.part is not None or parsed.extra:
        return "unknown"
    gap_min = abs(duration_s / 60.0 - known_min)
    if candidate.kind == "show":
        return _episode_fit(candidate, gap_min, known_min, settings)
    tolerance_min = max(settings.runtime_tolerance_min, settings.runtime_tolerance_share * known_min)
    if gap_min <= tolerance_min:
        return "agrees"
    if parsed.edition:
        return "unknown"
    if gap_min <= 2 * tolerance_min:
        return "near"
    return (
        "far"
        if gap_min > max(settings.runtime_far_min, settings.runtime_far_share * known_min)
        else "differs"
    )


def _episode_fit(candidate: Candidate, gap_min: float, known_min: float, settings: MatchSettings) -> Fit:
    if (candidate.episode_title_similarity or 0.0) >= settings.title_min:
        return "unknown"
    if gap_min <= max(settings.runtime_tolerance_min, settings.episode_tolerance_share * known_min):
        return "agrees"
    return (
        "far"
        if gap_min > max(settings.episode_far_min, settings.episode_far_share * known_min)
        else "differs"
    )


def known_length_min(parsed: ParsedName, candidate: Candidate) -> float:
    """Give the length that TMDb has for the film, or for all episodes of the name together; 0 where it has none."""
    if candidate.kind == "film":
        return float(candidate.runtime_min or 0)
    lengths = [episode.runtime_min or 0 for episode in candidate.episodes or ()]
    return float(sum(lengths)) if has_episodes(parsed, candidate) and all(lengths) else 0.0


def asked_episodes(parsed: ParsedName) -> int:
    """Count the episodes that the name speaks of."""
    return len(parsed.episodes) or len(parsed.absolute) or int(bool(parsed.date))


def has_episodes(parsed: ParsedName, candidate: Candidate) -> bool | None:
    """Say whether the show has every episode that the name speaks of; nothing where that is not known."""
    if candidate.episodes is None:
        return None
    known = candidate.episodes
    if parsed.episodes:
        season = 1 if parsed.season is None else parsed.season
        return {(season, number) for number in parsed.episodes} <= {(e.season, e.number) for e in known}
    if parsed.absolute:
        return len(known) >= len(set(parsed.absolute))
    return bool(parsed.date) and any(episode.air_date == parsed.date for episode in known)


# ------------------------------------------------------------------ the order


def rank(
    parsed: ParsedName, candidates: Iterable[Candidate], duration_s: float | None, settings: MatchSettings
) -> tuple[Ranked, ...]:
    """Put the best candidate first: one that an id names; one whose title fits and that a witness confirms; the score.

    The order in which the candidates come does not matter.
    """
    scored = [Ranked(candidate, score(parsed, candidate, settings)) for candidate in candidates]

    def merit(ranked: Ranked) -> tuple[bool, bool, float, int, bool, int]:
        c = ranked.candidate
        confirmed = is_confirmed(parsed, c, duration_s, settings)
        return (c.by_id, confirmed, ranked.score.total, c.votes, c.kind == "film", -c.tmdb_id)

    return tuple(sorted(scored, key=merit, reverse=True))


def is_confirmed(
    parsed: ParsedName, candidate: Candidate, duration_s: float | None, settings: MatchSettings
) -> bool:
    """Say whether something beside title and year speaks for a candidate: a film's length, a show's episodes."""
    if candidate.title_similarity < settings.rival_similarity or kind_part(parsed, candidate) == 0.0:
        return False
    gap = year_gap(parsed, candidate)
    if parsed.year is not None and (gap is None or gap > settings.year_tolerance):
        return False
    if candidate.kind == "film":
        return runtime_fit(parsed, candidate, duration_s, settings) == "agrees"
    return has_episodes(parsed, candidate) is True and not is_ruled_out(
        parsed, candidate, duration_s, settings
    )


def is_ruled_out(
    parsed: ParsedName, candidate: Candidate, duration_s: float | None, settings: MatchSettings
) -> bool:
    """Say whether the same witnesses speak against a candidate. Not known is not against."""
    fit = runtime_fit(parsed, candidate, duration_s, settings)
    if candidate.kind == "film":
        return fit in ("near", "differs", "far")
    similarity = candidate.episode_title_similarity
    other_title = similarity is not None and similarity < settings.episode_title_min
    return has_episodes(parsed, candidate) is False or fit == "far" or other_title
