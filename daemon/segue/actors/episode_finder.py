"""Finds the episodes that a name speaks of among the seasons of a show: by number, by absolute number, by date."""

import re
from collections.abc import Awaitable, Callable, Sequence

from segue.adapters.tmdb import Episode, Season, SeasonSummary
from segue.core.ingest.facts import EpisodeFact, ParsedName

SEASONS_READ_MAX = 3
"""So many seasons are read for one name."""
_NO_TITLE = re.compile(r"(?:episode|folge|[ée]pisode|episodio|aflevering)?\s*\W*\d+|tba|tbd|", re.IGNORECASE)
"""Titles that only repeat the number, or that are yet to come."""

ReadSeason = Callable[[int], Awaitable[Season | None]]


async def find_episodes(
    parsed: ParsedName, seasons: Sequence[SeasonSummary], read: ReadSeason
) -> tuple[EpisodeFact, ...] | None:
    """Give those episodes that the name speaks of and that exist; nothing when it speaks of none.

    Raises what `read` raises.
    """
    if parsed.episodes:
        season = await read(1 if parsed.season is None else parsed.season)
        wanted = frozenset(parsed.episodes)
        return tuple(_fact(season, e) for e in season.episodes if e.number in wanted) if season else ()
    if parsed.absolute:
        return await _by_absolute_number(parsed.absolute, seasons, read)
    return await _by_date(parsed.date, seasons, read) if parsed.date else None


def telling_titles(episodes: Sequence[EpisodeFact]) -> tuple[str, ...]:
    """Give the titles that say more than a number."""
    return tuple(e.title for e in episodes if not _NO_TITLE.fullmatch(e.title.strip()))


async def _by_absolute_number(
    numbers: Sequence[int], seasons: Sequence[SeasonSummary], read: ReadSeason
) -> tuple[EpisodeFact, ...]:
    """Count through the seasons, without the specials.

    Some shows count on within their seasons: season 2 begins with episode 13. There the number itself is found.
    """
    found: list[EpisodeFact] = []
    known: dict[int, Season | None] = {}
    for wanted in sorted(set(numbers)):
        before = 0
        for summary in sorted((s for s in seasons if s.number > 0), key=lambda s: s.number):
            if wanted <= before + summary.episode_count:
                if summary.number not in known:
                    if len(known) == SEASONS_READ_MAX:
                        return tuple(found)
                    known[summary.number] = await read(summary.number)
                season = known[summary.number]
                episode = _nth(season, wanted - before, wanted) if season else None
                if season and episode:
                    found.append(_fact(season, episode))
                break
            before += summary.episode_count
    return tuple(found)


def _nth(season: Season, place: int, absolute: int) -> Episode | None:
    episodes = sorted(season.episodes, key=lambda e: e.number)
    if episodes and episodes[0].number > 1:
        return next((e for e in episodes if e.number == absolute), None)
    return episodes[place - 1] if place <= len(episodes) else None


async def _by_date(date: str, seasons: Sequence[SeasonSummary], read: ReadSeason) -> tuple[EpisodeFact, ...]:
    """Look into the season that ran on that day: the last one that had begun, then the one before, then specials."""
    begun = [s for s in seasons if s.number > 0 and (not s.air_date or s.air_date <= date)]
    begun.sort(key=lambda s: (s.air_date, s.number), reverse=True)
    specials = [s for s in seasons if s.number == 0]
    for summary in (*begun[: SEASONS_READ_MAX - 1], *specials)[:SEASONS_READ_MAX]:
        season = await read(summary.number)
        found = tuple(_fact(season, e) for e in season.episodes if e.air_date == date) if season else ()
        if found:
            return found
    return ()


def _fact(season: Season, episode: Episode) -> EpisodeFact:
    return EpisodeFact(
        season=season.number,
        number=episode.number,
        title=episode.title,
        air_date=episode.air_date,
        runtime_min=episode.runtime_min,
    )
