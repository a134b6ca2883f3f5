"""Why a file is not taken in by itself: each gate looks at one thing and says nothing, or a reason.

All gates are asked, so that a person sees every reason at once. A gate may only refuse: none can make up for another.
"""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from segue.core.ingest.facts import Candidate, ParsedName, Ranked, Reason
from segue.core.ingest.names_flags import FLAGS
from segue.core.ingest.reasons import NUMBERING_FLAGS
from segue.core.ingest.weighing import (
    Fit,
    MatchSettings,
    asked_episodes,
    has_episodes,
    is_confirmed,
    is_ruled_out,
    kind_part,
    known_length_min,
    runtime_fit,
    year_gap,
)

_PROBLEMS = {
    "no_key": ("no_tmdb_key", "There is no TMDb key, so that only the name could be read"),
    "refused": ("tmdb_refused", "TMDb refuses to answer"),
    "busy": ("tmdb_busy", "TMDb asks to be left alone for a while"),
    "unavailable": ("tmdb_unavailable", "TMDb cannot be reached"),
    "unreadable": ("tmdb_unreadable", "TMDb's answer cannot be read"),
}
"""What kept TMDb from answering, in the words of `Identified.problem`."""


class Case(msgspec.Struct, frozen=True):
    """What the gates look at: the name, the best candidate, the others, and the file's length."""

    parsed: ParsedName
    best: Ranked
    others: tuple[Ranked, ...]
    duration_s: float | None
    settings: MatchSettings
    gap: int | None
    """Years between name and candidate."""
    fit: Fit
    """How the lengths stand to each other."""

    @property
    def candidate(self) -> Candidate:
        """The one that would be taken."""
        return self.best.candidate

    @property
    def rivals(self) -> tuple[Ranked, ...]:
        """Others whose title fits as well, or as well as that of a best one that is not exact."""
        limit = min(self.settings.rival_similarity, self.candidate.title_similarity)
        return tuple(o for o in self.others if o.candidate.title_similarity >= limit or self._fits_better(o))

    def _fits_better(self, other: Ranked) -> bool:
        """Say whether year and length speak for another one so much that a subtitle may be missing in the name."""
        return (
            other.score.year > self.best.score.year
            and other.candidate.title_similarity >= self.settings.title_min
            and runtime_fit(self.parsed, other.candidate, self.duration_s, self.settings) == "agrees"
        )


Gate = Callable[[Case], Iterator[Reason]]


# ------------------------------------------------------------------ all of them


def match_reasons(
    parsed: ParsedName, ranked: Sequence[Ranked], duration_s: float | None, settings: MatchSettings
) -> list[Reason]:
    """Ask the gates about the first of the ranked candidates; doubts about the reading of the name are not theirs."""
    best = ranked[0]
    case = Case(
        parsed,
        best,
        tuple(ranked[1:]),
        duration_s,
        settings,
        gap=year_gap(parsed, best.candidate),
        fit=runtime_fit(parsed, best.candidate, duration_s, settings),
    )
    return [reason for gate in _gates(case) for reason in gate(case)]


def _gates(case: Case) -> tuple[Gate, ...]:
    by_search: tuple[Gate, ...] = (_threshold, _title, _year, _other_title, _rivals)
    about_title = (_id,) if case.candidate.by_id else by_search
    if case.candidate.kind == "show":
        return (_kind, *about_title, _episodes, _episode_title, _episode_runtime)
    return (_kind, *about_title) if case.candidate.by_id else (_kind, *about_title, _runtime)


# ------------------------------------------------------------------ before any candidate


def problem_reasons(problem: str, detail: str) -> Iterator[Reason]:
    """Say what kept TMDb from answering."""
    if problem:
        code, text = _PROBLEMS.get(problem, ("tmdb_unavailable", "TMDb could not be asked"))
        more = detail.rstrip(".") if problem != "no_key" else ""
        yield Reason(code, f"{text}: {more}." if more else f"{text}.")


def doubts(parsed: ParsedName, candidates: Sequence[Candidate]) -> Iterator[Reason]:
    """Doubts about the reading of the name. An id in the name makes those about its title needless."""
    named = any(candidate.by_id for candidate in candidates)
    for flag in dict.fromkeys(parsed.flags):
        if not named or flag in NUMBERING_FLAGS:
            yield Reason(flag, FLAGS.get(flag, f"The reading of the name is in doubt: {flag}."))
    if parsed.readers == "differ" and not named:
        yield Reason("readers_differ", "Two independent readings of the name do not say the same.")


def nothing_found(parsed: ParsedName) -> Iterator[Reason]:
    """Say that there is no candidate at all."""
    if not parsed.title:
        yield Reason("nothing_found", "There is no title to look for.")
        return
    year = f" ({parsed.year})" if parsed.year is not None else ""
    what = {"film": "film", "episode": "series", "unknown": "film or series"}[parsed.kind]
    yield Reason("nothing_found", f"TMDb knows no {what} called {parsed.title[:120]}{year}.")


# ------------------------------------------------------------------ title and year


def _kind(case: Case) -> Iterator[Reason]:
    if kind_part(case.parsed, case.candidate) == 0.0:
        named = "an episode" if case.parsed.kind == "episode" else "a film"
        found = "a series" if case.candidate.kind == "show" else "a film"
        yield Reason("kind_differs", f"The name is {named}'s, but {label(case.candidate)} is {found}.")


def _threshold(case: Case) -> Iterator[Reason]:
    total, limit = case.best.score.total, case.settings.threshold
    if total < limit:
        yield Reason(
            "below_threshold", f"{label(case.candidate)} has a score of {total:.2f}; {limit:.2f} is needed."
        )


def _title(case: Case) -> Iterator[Reason]:
    """A name needs a title that fits, and the exact one where the year does not say the same."""
    similarity, settings = case.candidate.title_similarity, case.settings
    if similarity < settings.title_min:
        yield Reason(
            "title_differs",
            f"The titles of {label(case.candidate)} fit to {similarity:.2f}; {settings.title_min:.2f} is needed.",
        )
    elif case.gap != 0 and not case.candidate.exact:
        if case.candidate.kind == "show" and similarity >= settings.rival_similarity:
            return
        why = "without a year in the name" if case.parsed.year is None else "with another year"
        yield Reason(
            "title_not_exact",
            f"No title of {label(case.candidate)} is exactly the name's, which is needed {why}.",
        )


def _year(case: Case) -> Iterator[Reason]:
    named, limit = case.parsed.year, case.settings.year_tolerance
    if named is None:
        return
    if case.gap is None:
        yield Reason(
            "year_differs", f"The name says {named}; TMDb has no year for {case.candidate.title[:120]}."
        )
    elif case.gap > limit:
        yield Reason(
            "year_differs",
            f"The name says {named}, but {label(case.candidate)} is {case.gap} years off; at most {limit} is allowed.",
        )


def _other_title(case: Case) -> Iterator[Reason]:
    """Two titles in a name, or in name and folder, must mean the same, unless all else confirms the one."""
    weaker, limit = case.candidate.weaker_title_similarity, case.settings.contradiction
    if weaker is None or weaker >= limit:
        return
    if case.candidate.exact and case.gap == 0 and case.fit == "agrees":
        return
    yield Reason(
        "other_title_differs",
        f"The name gives two titles, {case.parsed.title[:120]} and {case.parsed.other_title[:120]}, and one of them "
        f"fits {label(case.candidate)} to {weaker:.2f} only; {limit:.2f} is needed.",
    )


def _id(case: Case) -> Iterator[Reason]:
    """An id in the name counts, unless the title says that it is another's."""
    similarity, limit = case.candidate.title_similarity, case.settings.contradiction
    if case.parsed.title and similarity < limit:
        yield Reason(
            "id_differs",
            f"The id in the name is that of {label(case.candidate)}, whose titles fit the name to {similarity:.2f}; "
            f"{limit:.2f} is needed.",
        )


# ------------------------------------------------------------------ witnesses


def _rivals(case: Case) -> Iterator[Reason]:
    """Every other candidate of that title must be clearly behind, or ruled out where the best one is confirmed.

    One whose year is the better one is never ruled out: the length may be that of another cut. Nor is one that is far
    better known, by a small difference of length or by an episode that it lacks. And where the year does not tell two
    films apart, no number of votes makes up for a rival that is as long as the file.
    """
    parsed, duration_s, settings = case.parsed, case.duration_s, case.settings
    confirmed = is_confirmed(parsed, case.candidate, duration_s, settings)
    for rival in case.rivals:
        margin = round(case.best.score.total - rival.score.total, 4)
        if confirmed and _is_ruled_out(case, rival, margin):
            continue
        as_near = rival.candidate.kind == "film" and rival.score.year >= case.best.score.year
        as_long = as_near and runtime_fit(parsed, rival.candidate, duration_s, settings) == "agrees"
        if margin >= settings.rival_margin and not as_long:
            continue
        least = "both are as long as the file"
        if not as_long:
            least = f"{settings.rival_margin:.2f} must lie between them"
        yield Reason(
            "rival",
            f"{label(rival.candidate)} fits nearly as well ({rival.score.total:.2f}) as {label(case.candidate)} "
            f"({case.best.score.total:.2f}); {least}.",
        )
        return


def _is_ruled_out(case: Case, rival: Ranked, margin: float) -> bool:
    if rival.score.year > case.best.score.year:
        return False
    if not is_ruled_out(case.parsed, rival.candidate, case.duration_s, case.settings):
        return False
    fit = runtime_fit(case.parsed, rival.candidate, case.duration_s, case.settings)
    certain = fit == "far" and rival.candidate.kind == "film"
    return certain or margin > -case.settings.rival_margin


def _runtime(case: Case) -> Iterator[Reason]:
    """The length confirms what title and year leave open; far off, it contradicts even both."""
    candidate, settings = case.candidate, case.settings
    if case.fit == "unknown":
        sure = candidate.exact and case.gap == 0
        if not sure and not _does_without_length(case):
            year = (
                "no year" if case.parsed.year is None else "another year" if case.gap else "another spelling"
            )
            yield Reason(
                "no_witness",
                f"The name has {year}, and no length confirms {label(candidate)}"
                f"{'' if settings.runtime_without_year or not case.rivals else ', which is not the only one'}.",
            )
        return
    allowed, tolerance_min = _allowed_lengths(case)
    if case.fit not in allowed:
        yield Reason(
            "runtime_differs",
            f"The file lasts {_minutes(case)} min, {label(candidate)} {candidate.runtime_min} min; "
            f"{tolerance_min:.0f} min more or less are allowed.",
        )


def _allowed_lengths(case: Case) -> tuple[tuple[Fit, ...], float]:
    """Say how far the length may be off, in words and in minutes.

    The more title and year say, the less the length has to; and a famous film is likelier another cut than an unknown
    namesake of nearly its length. No year says nothing, one that is off by one speaks a little against the film.
    """
    candidate, settings = case.candidate, case.settings
    known_min = float(candidate.runtime_min or 0)
    tolerance_min = max(settings.runtime_tolerance_min, settings.runtime_tolerance_share * known_min)
    sure = candidate.exact and case.gap == 0
    famous = candidate.exact and candidate.votes >= settings.famous_votes
    if famous and (sure or (case.parsed.year is None and not case.rivals)):
        far_min = max(settings.runtime_far_min, settings.runtime_far_share * known_min)
        return ("agrees", "near", "differs"), far_min
    if sure or (famous and not case.rivals):
        return ("agrees", "near"), 2 * tolerance_min
    return ("agrees",), tolerance_min


def _does_without_length(case: Case) -> bool:
    """Say whether a film is sure enough although its length is not known."""
    if case.gap == 0 or not case.candidate.exact:
        return False
    if case.parsed.year is None and case.settings.runtime_without_year:
        return False
    return not case.rivals


def _minutes(case: Case) -> str:
    return f"{(case.duration_s or 0.0) / 60:.0f}"


# ------------------------------------------------------------------ episodes


def _episodes(case: Case) -> Iterator[Reason]:
    """Every episode that the name speaks of must exist."""
    parsed, show = case.parsed, label(case.candidate)
    if not asked_episodes(parsed):
        yield Reason("no_episode_number", f"The name says {show}, but not which episode.")
        return
    exists = has_episodes(parsed, case.candidate)
    if exists is None:
        yield Reason("episode_unknown", f"Whether {show} has {episode_label(parsed)} could not be looked up.")
    elif not exists:
        yield Reason("episode_missing", f"TMDb knows no {episode_label(parsed)} of {show}.")


def _episode_title(case: Case) -> Iterator[Reason]:
    similarity, limit = case.candidate.episode_title_similarity, case.settings.episode_title_min
    if similarity is not None and similarity < limit:
        known = " / ".join(e.title for e in case.candidate.episodes or () if e.title) or "another one"
        yield Reason(
            "episode_title_differs",
            f"The name calls the episode {case.parsed.episode_title[:120]}; TMDb calls {episode_label(case.parsed)} "
            f"{known[:120]}. They fit to {similarity:.2f}; {limit:.2f} is needed.",
        )


def _episode_runtime(case: Case) -> Iterator[Reason]:
    """A file that is much shorter or longer than its episodes is another show's, or holds more than it says.

    Where the name gives no year and a show is little known, it may be an unknown namesake: then less is too much.
    """
    settings, candidate = case.settings, case.candidate
    known_min = known_length_min(case.parsed, candidate)
    allowed_min = max(settings.episode_far_min, settings.episode_far_share * known_min)
    if case.parsed.year is None and candidate.votes < settings.famous_votes and not candidate.by_id:
        allowed_min = max(settings.runtime_tolerance_min, settings.episode_tolerance_share * known_min)
    elif case.fit == "differs":
        return
    if case.fit in ("differs", "far"):
        yield Reason(
            "runtime_differs",
            f"The file lasts {_minutes(case)} min, {episode_label(case.parsed)} of {label(candidate)} "
            f"{known_min:.0f} min; {allowed_min:.0f} min more or less are allowed.",
        )


# ------------------------------------------------------------------ words


def label(candidate: Candidate) -> str:
    """Name a candidate in a sentence: `The Matrix (1999)`."""
    title = candidate.title[:120] or f"number {candidate.tmdb_id}"
    return title if candidate.year is None else f"{title} ({candidate.year})"


def episode_label(parsed: ParsedName) -> str:
    """Name the episodes in a sentence: `S01E02`, `episode 105`, `the episode of 2024-03-05`."""
    if parsed.episodes:
        season = 1 if parsed.season is None else parsed.season
        numbers = "".join(f"E{number:02}" for number in parsed.episodes[:8])
        return f"S{season:02}{numbers}{'...' if len(parsed.episodes) > 8 else ''}"
    if parsed.absolute:
        return f"episode {', '.join(map(str, parsed.absolute[:8]))}"
    return f"episode of {parsed.date}" if parsed.date else "episode"
