"""The documented score, and what is true of every verdict."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as but

from segue.core.ingest.facts import Candidate, EpisodeFact, ParsedName
from segue.core.ingest.reasons import REASONS
from segue.core.ingest.scoring import MatchSettings, Weights, decide, score
from tests.core.ingest.matching import FOUND, MATRIX

# ------------------------------------------------------------------ the score


def test_the_parts_are_weighed_as_documented() -> None:
    of = score(MATRIX, but(FOUND, title_similarity=0.5, votes=0), MatchSettings())
    assert (of.title, of.year, of.popularity, of.kind) == (0.5, 1.0, 0.0, 1.0)
    assert of.total == pytest.approx(0.40 * 0.5 + 0.30 + 0.15)


def test_a_name_without_a_year_is_judged_by_the_other_parts() -> None:
    of = score(but(MATRIX, year=None), but(FOUND, votes=0), MatchSettings())
    assert of.total == pytest.approx((0.40 + 0.15) / 0.70, abs=1e-4)


def test_a_year_that_is_off_by_one_costs_a_little_and_by_two_everything() -> None:
    totals = [score(MATRIX, but(FOUND, year=1999 + gap), MatchSettings()).total for gap in (0, 1, 2)]
    assert totals == pytest.approx([1.0, 0.97, 0.70])


def test_the_popularity_grows_with_the_logarithm_of_the_votes() -> None:
    parts = [score(MATRIX, but(FOUND, votes=n), MatchSettings()).popularity for n in (0, 140, 20_000, 10**9)]
    assert parts[0] == 0.0
    assert parts[1] == pytest.approx(0.5, abs=0.001)
    assert parts[2:] == [1.0, 1.0]


def test_weights_that_are_all_nothing_give_nothing() -> None:
    assert score(MATRIX, FOUND, MatchSettings(weights=Weights(0, 0, 0, 0))).total == 0.0


# ------------------------------------------------------------------ whatever comes

share = st.floats(0, 1).map(lambda x: round(x, 3))
alike = st.one_of(st.just(1.0), st.sampled_from((0.5, 0.88, 0.95, 0.97)), share)
years = st.none() | st.integers(1998, 2001)
names = st.builds(
    ParsedName,
    kind=st.sampled_from(("film", "episode", "unknown")),
    title=st.just("The Matrix"),
    year=years,
    season=st.none() | st.integers(0, 2),
    episodes=st.sampled_from(((), (1,), (1, 2))),
    absolute=st.sampled_from(((), (7,))),
    date=st.sampled_from(("", "2008-01-20")),
    part=st.none() | st.just(1),
    edition=st.sampled_from(("", "Extended")),
    flags=st.sampled_from(((), ("episode_zero",))),
    readers=st.sampled_from(("agree", "differ", "canonical", "single")),
)


@st.composite
def lists_of_candidates(draw: st.DrawFn, max_size: int = 4) -> list[Candidate]:
    found = []
    for tmdb_id in range(draw(st.integers(0, max_size))):
        fits = draw(alike)
        episodes = draw(
            st.sampled_from((None, (), (EpisodeFact(1, 1, air_date="2008-01-20"), EpisodeFact(1, 2))))
        )
        found.append(
            Candidate(
                draw(st.sampled_from(("film", "film", "show"))),
                tmdb_id,
                "The Matrix",
                year=draw(years),
                votes=draw(st.sampled_from((0, 50, 2_000, 4_000, 20_000))),
                runtime_min=draw(st.sampled_from((None, 100, 104, 118, 180))),
                title_similarity=fits,
                exact=fits == 1.0,
                episodes=episodes,
                by_id=draw(st.sampled_from((False, False, False, True))),
                episode_title_similarity=draw(st.sampled_from((None, 0.2, 1.0))),
            )
        )
    return found


lengths = st.sampled_from((None, 0.0, 100 * 60.0, 103 * 60.0, 500 * 60.0))
limits = st.builds(
    MatchSettings,
    weights=st.builds(Weights, *[st.sampled_from((0.0, 0.15, 0.3, 2.0))] * 4),
    threshold=share,
    rival_margin=share,
    title_min=share,
    runtime_without_year=st.booleans(),
)


@given(names, lists_of_candidates(), lengths, limits)
def test_accepted_is_exactly_without_a_reason(
    parsed: ParsedName, found: list[Candidate], duration_s: float | None, limit: MatchSettings
) -> None:
    verdict = decide(parsed, found, duration_s, limit)
    assert verdict.accepted == (not verdict.reasons)
    assert len(verdict.ranked) == min(len(found), limit.shown)
    assert (verdict.level == "none") == (not found)
    for reason in verdict.reasons:
        assert reason.code in REASONS
        assert reason.text.endswith(".")
    for ranked in verdict.ranked:
        assert 0.0 <= ranked.score.total <= 1.0


@given(names, lists_of_candidates(), lengths, st.randoms(use_true_random=False))
def test_the_order_of_the_candidates_does_not_matter(
    parsed: ParsedName, found: list[Candidate], duration_s: float | None, random: st.DataObject
) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert decide(parsed, shuffled, duration_s) == decide(parsed, found, duration_s)


@given(names, lists_of_candidates(1), lengths, limits, alike)
def test_a_title_that_fits_better_never_lowers_the_score(
    parsed: ParsedName, found: list[Candidate], duration_s: float | None, limit: MatchSettings, fits: float
) -> None:
    for candidate in found:
        lower, higher = sorted((fits, candidate.title_similarity))
        worse = score(parsed, but(candidate, title_similarity=lower), limit).total
        assert score(parsed, but(candidate, title_similarity=higher), limit).total >= worse


@given(names, lists_of_candidates(), lengths, limits)
def test_a_rival_can_only_take_away(
    parsed: ParsedName, found: list[Candidate], duration_s: float | None, limit: MatchSettings
) -> None:
    """Whatever is accepted among many would be accepted with any of the others away."""
    verdict = decide(parsed, found, duration_s, limit)
    if not verdict.accepted:
        return
    best = verdict.ranked[0].candidate
    for other in found:
        if other is not best:
            fewer = decide(parsed, [c for c in found if c is not other], duration_s, limit)
            assert fewer.accepted
            assert fewer.ranked[0].candidate is best


STRICTER: Sequence[tuple[str, float]] = (
    ("threshold", 0.1),
    ("title_min", 0.1),
    ("rival_margin", 0.1),
    ("rival_similarity", -0.1),
    ("contradiction", 0.1),
)


@settings(max_examples=300)
@given(names, lists_of_candidates(), lengths, limits, st.sampled_from(STRICTER))
def test_a_stricter_limit_never_accepts_more(
    parsed: ParsedName,
    found: list[Candidate],
    duration_s: float | None,
    limit: MatchSettings,
    change: tuple[str, float],
) -> None:
    name, by = change
    if name == "rival_similarity":
        parsed = but(parsed, kind="film")  # for shows the same figure also says which title counts as exact
    stricter = but(limit, **{name: getattr(limit, name) + by})
    before, after = decide(parsed, found, duration_s, limit), decide(parsed, found, duration_s, stricter)
    if after.accepted:
        assert before.accepted
