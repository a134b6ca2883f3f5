"""Each gate refuses what it should, and nothing else; every reason has a name and a next step."""

import pytest
from msgspec.structs import replace as but

from segue.core.ingest.facts import Candidate, EpisodeFact, ParsedName
from segue.core.ingest.names_flags import FLAGS
from segue.core.ingest.reasons import NUMBERING_FLAGS, PASSING, REASONS
from segue.core.ingest.scoring import MatchSettings, decide
from tests.core.ingest.matching import FOUND, LENGTH_S, MATRIX, PILOT, SHOW, codes, judge, judge_episode

# ------------------------------------------------------------------ films


def test_title_and_year_are_enough() -> None:
    for duration_s in (LENGTH_S, None, LENGTH_S + 25 * 60):
        verdict = judge(MATRIX, FOUND, duration_s=duration_s)
        assert verdict.accepted, verdict.reasons
        assert verdict.level == "high"
        assert verdict.best is not None
        assert verdict.best.candidate is FOUND


@pytest.mark.parametrize(
    ("parsed", "candidate", "duration_s", "code"),
    [
        (MATRIX, but(FOUND, title_similarity=0.7, exact=False), LENGTH_S, "title_differs"),
        (MATRIX, but(FOUND, year=1997), LENGTH_S, "year_differs"),
        (MATRIX, but(FOUND, year=None), LENGTH_S, "year_differs"),
        (MATRIX, but(FOUND, year=1998, title_similarity=0.97, exact=False), LENGTH_S, "title_not_exact"),
        (but(MATRIX, year=None), but(FOUND, title_similarity=0.97, exact=False), LENGTH_S, "title_not_exact"),
        (but(MATRIX, year=1998), but(FOUND, votes=900), LENGTH_S + 9 * 60, "runtime_differs"),
        (but(MATRIX, year=None), but(FOUND, votes=900), LENGTH_S + 9 * 60, "runtime_differs"),
        (but(MATRIX, year=None), FOUND, LENGTH_S + 40 * 60, "runtime_differs"),
        (but(MATRIX, year=1998), FOUND, LENGTH_S + 20 * 60, "runtime_differs"),
        (MATRIX, but(FOUND, title_similarity=0.9, exact=False), LENGTH_S + 9 * 60, "runtime_differs"),
        (MATRIX, FOUND, 50 * 60.0, "runtime_differs"),
        (but(MATRIX, year=None), FOUND, None, "no_witness"),
        (MATRIX, but(FOUND, title_similarity=0.9, exact=False), None, "no_witness"),
        (MATRIX, but(FOUND, kind="show"), LENGTH_S, "kind_differs"),
        (
            but(MATRIX, other_title="Inception"),
            but(FOUND, weaker_title_similarity=0.2),
            None,
            "other_title_differs",
        ),
        (but(MATRIX, readers="differ"), FOUND, LENGTH_S, "readers_differ"),
        (but(MATRIX, flags=("brackets_in_title",)), FOUND, LENGTH_S, "brackets_in_title"),
        (MATRIX, but(FOUND, votes=0, title_similarity=0.95, exact=False), LENGTH_S, "below_threshold"),
    ],
)
def test_whatever_speaks_against_a_film_is_named(
    parsed: ParsedName, candidate: Candidate, duration_s: float | None, code: str
) -> None:
    verdict = judge(parsed, candidate, duration_s=duration_s)
    assert not verdict.accepted
    assert code in codes(verdict)


def test_a_film_that_few_know_must_have_about_its_length_even_with_title_and_year() -> None:
    obscure = but(FOUND, votes=50)
    assert judge(MATRIX, obscure, duration_s=None).accepted
    assert judge(MATRIX, obscure, duration_s=LENGTH_S + 15 * 60).accepted
    assert codes(judge(MATRIX, obscure, duration_s=LENGTH_S + 25 * 60)) == ["runtime_differs"]


def test_a_year_off_by_one_needs_the_length_or_to_be_the_only_one() -> None:
    parsed = but(MATRIX, year=2000)
    assert judge(parsed, FOUND).accepted
    assert judge(parsed, FOUND, duration_s=None).accepted
    rival = but(FOUND, tmdb_id=1, year=1960, votes=0)
    assert codes(judge(parsed, FOUND, rival, duration_s=None)) == ["no_witness"]


def test_no_year_needs_the_length_unless_the_settings_trust_the_only_one() -> None:
    parsed = but(MATRIX, year=None)
    assert judge(parsed, FOUND).accepted
    trusting = MatchSettings(runtime_without_year=False)
    assert decide(parsed, (FOUND,), None, trusting).accepted
    assert not decide(parsed, (FOUND, but(FOUND, tmdb_id=1, votes=0)), None, trusting).accepted


def test_a_famous_film_that_is_the_only_one_of_its_title_may_be_another_cut() -> None:
    for parsed in (but(MATRIX, year=None), but(MATRIX, year=2000)):
        assert judge(parsed, FOUND, duration_s=LENGTH_S + 15 * 60).accepted
        namesake = but(FOUND, tmdb_id=604, year=1950, votes=3, runtime_min=80)
        assert "runtime_differs" in codes(judge(parsed, FOUND, namesake, duration_s=LENGTH_S + 15 * 60))


def test_a_part_or_an_edition_is_not_judged_by_its_length() -> None:
    assert judge(but(MATRIX, part=1), FOUND, duration_s=60 * 60.0).accepted
    assert judge(but(MATRIX, edition="Extended"), FOUND, duration_s=200 * 60.0).accepted


def test_a_film_of_the_same_title_must_be_clearly_behind() -> None:
    remake = but(FOUND, tmdb_id=604, votes=15_000, runtime_min=None)
    verdict = judge(MATRIX, FOUND, remake, duration_s=None)
    assert codes(verdict) == ["rival"]
    assert "0.04" in verdict.reasons[0].text
    assert judge(MATRIX, FOUND, but(remake, votes=10)).accepted
    assert judge(MATRIX, FOUND, but(remake, title_similarity=0.9, exact=False)).accepted


def test_the_length_decides_between_films_of_the_same_title() -> None:
    parsed = but(MATRIX, year=None)
    remake = but(FOUND, tmdb_id=604, year=2020, votes=5_000, runtime_min=95)
    for duration_s, tmdb_id in ((LENGTH_S, 603), (95 * 60.0, 604)):
        verdict = judge(parsed, FOUND, remake, duration_s=duration_s)
        assert verdict.accepted, verdict.reasons
        assert verdict.best is not None
        assert verdict.best.candidate.tmdb_id == tmdb_id
    assert codes(judge(parsed, FOUND, but(remake, runtime_min=138))) == ["rival"]


def test_without_a_year_no_votes_make_up_for_a_film_of_the_same_title_and_length() -> None:
    obscure = but(FOUND, tmdb_id=604, year=1970, votes=3, runtime_min=138)
    assert codes(judge(but(MATRIX, year=None), FOUND, obscure)) == ["rival"]
    assert judge(MATRIX, FOUND, obscure).accepted


def test_a_small_difference_of_length_rules_out_no_film_that_is_far_better_known() -> None:
    parsed = but(MATRIX, year=None)
    obscure = but(FOUND, tmdb_id=604, year=1970, votes=300, runtime_min=123)
    assert codes(judge(parsed, FOUND, obscure, duration_s=124 * 60.0)) == ["rival"]
    assert judge(parsed, but(FOUND, votes=400), obscure, duration_s=124 * 60.0).accepted
    assert judge(parsed, FOUND, but(obscure, runtime_min=60), duration_s=61 * 60.0).accepted


def test_of_two_titles_that_fit_equally_badly_neither_is_taken() -> None:
    close = but(FOUND, title_similarity=0.93, exact=False)
    assert codes(judge(MATRIX, close, but(close, tmdb_id=604, votes=15_000))) == ["rival"]


def test_of_two_films_of_one_title_and_year_and_about_one_length_neither_is_taken() -> None:
    twin = but(FOUND, tmdb_id=604, votes=7, runtime_min=141)
    assert codes(judge(MATRIX, FOUND, twin, duration_s=139 * 60.0)) == ["rival"]
    assert judge(MATRIX, FOUND, but(twin, runtime_min=90), duration_s=139 * 60.0).accepted


def test_a_film_of_the_right_year_and_length_may_lack_its_subtitle_in_the_name() -> None:
    subtitled = but(FOUND, tmdb_id=604, year=2000, title_similarity=0.9, exact=False)
    parsed = but(MATRIX, year=2000)
    assert codes(judge(parsed, FOUND, subtitled)) == ["rival"]
    assert judge(parsed, FOUND, but(subtitled, runtime_min=100)).accepted


def test_a_neighbouring_year_with_the_right_length_makes_the_right_year_doubtful() -> None:
    neighbour = but(FOUND, tmdb_id=604, year=2000, runtime_min=110)
    assert codes(judge(MATRIX, FOUND, neighbour, duration_s=110 * 60.0)) == ["rival"]


# ------------------------------------------------------------------ ids in the name


def test_an_id_in_the_name_is_believed_unless_the_title_contradicts() -> None:
    named = but(FOUND, by_id=True, title_similarity=0.6, exact=False, votes=0, year=1990)
    parsed = but(MATRIX, flags=("brackets_in_title",), readers="differ")
    assert judge(parsed, named, but(FOUND, tmdb_id=1)).accepted
    assert codes(judge(MATRIX, but(named, title_similarity=0.3))) == ["id_differs"]
    assert judge(but(MATRIX, title=""), but(named, title_similarity=0.0)).accepted


def test_an_id_does_not_make_up_for_numbers_that_cannot_be_right() -> None:
    parsed = but(PILOT, flags=("season_is_year",))
    assert codes(judge_episode(parsed, but(SHOW, by_id=True))) == ["season_is_year"]
    assert codes(judge_episode(PILOT, but(SHOW, by_id=True, episodes=()))) == ["episode_missing"]


# ------------------------------------------------------------------ episodes


def test_an_episode_needs_no_year() -> None:
    verdict = judge_episode(PILOT, SHOW)
    assert verdict.accepted, verdict.reasons


@pytest.mark.parametrize(
    ("parsed", "candidate", "code"),
    [
        (PILOT, but(SHOW, episodes=()), "episode_missing"),
        (but(PILOT, episodes=(1, 2)), SHOW, "episode_missing"),
        (but(PILOT, season=2), SHOW, "episode_missing"),
        (PILOT, but(SHOW, episodes=None), "episode_unknown"),
        (but(PILOT, episodes=()), SHOW, "no_episode_number"),
        (
            but(PILOT, episode_title="Felina"),
            but(SHOW, episode_title_similarity=0.3),
            "episode_title_differs",
        ),
        (but(PILOT, episodes=(), absolute=(1, 2)), SHOW, "episode_missing"),
        (but(PILOT, episodes=(), date="2008-01-21"), SHOW, "episode_missing"),
        (PILOT, but(SHOW, title_similarity=0.9, exact=False), "title_not_exact"),
        (PILOT, but(SHOW, kind="film"), "kind_differs"),
        (but(PILOT, year=2015), SHOW, "year_differs"),
        (but(PILOT, flags=("several_seasons",)), SHOW, "several_seasons"),
    ],
)
def test_whatever_speaks_against_an_episode_is_named(
    parsed: ParsedName, candidate: Candidate, code: str
) -> None:
    verdict = judge_episode(parsed, candidate)
    assert not verdict.accepted
    assert code in codes(verdict)


@pytest.mark.parametrize(
    "parsed",
    [
        but(PILOT, episodes=(), season=None, absolute=(1,)),
        but(PILOT, episodes=(), season=None, date="2008-01-20"),
        but(PILOT, year=2008),
    ],
)
def test_an_episode_may_be_named_by_date_or_absolute_number(parsed: ParsedName) -> None:
    assert judge_episode(parsed, SHOW).accepted


def test_the_episode_tells_two_shows_of_one_title_apart() -> None:
    remake = but(SHOW, tmdb_id=2, year=2020, votes=9_000)
    assert codes(judge_episode(PILOT, SHOW, remake)) == ["rival"]
    assert judge_episode(PILOT, SHOW, but(remake, episodes=())).accepted
    assert codes(judge_episode(PILOT, SHOW, but(remake, episodes=None))) == ["rival"]
    famous = but(remake, votes=20_000, episodes=())
    assert codes(judge_episode(PILOT, but(SHOW, votes=50), famous)) == ["rival"]
    named = but(PILOT, episode_title="Pilot")
    sure = but(SHOW, episode_title_similarity=1.0)
    assert judge_episode(named, sure, but(remake, episode_title_similarity=0.2)).accepted


def test_a_length_contradicts_an_episode_only_when_it_is_far_off() -> None:
    for minutes in (43, 58, 75):
        assert judge_episode(PILOT, SHOW, minutes=minutes).accepted
    for minutes in (22, 116):
        assert codes(judge_episode(PILOT, SHOW, minutes=minutes)) == ["runtime_differs"]
    both = but(SHOW, episodes=(EpisodeFact(1, 1, runtime_min=58), EpisodeFact(1, 2, runtime_min=58)))
    assert judge_episode(but(PILOT, episodes=(1, 2)), both, minutes=116).accepted
    unknown = but(SHOW, episodes=(EpisodeFact(1, 1),))
    assert judge_episode(PILOT, unknown, minutes=22).accepted


def test_the_length_of_a_show_that_few_know_must_be_nearer_unless_its_year_is_named() -> None:
    obscure = but(SHOW, votes=100)
    assert judge_episode(PILOT, obscure, minutes=63).accepted
    assert codes(judge_episode(PILOT, obscure, minutes=43)) == ["runtime_differs"]
    assert judge_episode(but(PILOT, year=2008), obscure, minutes=43).accepted


def test_a_length_does_not_contradict_the_title_of_an_episode() -> None:
    named = but(PILOT, episode_title="Pilot")
    assert judge_episode(named, but(SHOW, episode_title_similarity=1.0), minutes=90).accepted


# ------------------------------------------------------------------ nobody to ask


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        ("", "no_tmdb_key"),
        ("no_key", "no_tmdb_key"),
        ("refused", "tmdb_refused"),
        ("busy", "tmdb_busy"),
        ("unavailable", "tmdb_unavailable"),
        ("unreadable", "tmdb_unreadable"),
        ("something new", "tmdb_unavailable"),
    ],
)
def test_without_tmdb_the_reason_says_why(problem: str, code: str) -> None:
    verdict = decide(MATRIX, None, LENGTH_S, problem=problem)
    assert codes(verdict) == [code]
    assert verdict.level == "none"
    assert verdict.best is None


def test_what_was_found_before_tmdb_went_away_is_shown_but_not_taken() -> None:
    verdict = decide(MATRIX, (FOUND,), LENGTH_S, problem="unavailable", detail="no answer within 5 s")
    assert codes(verdict) == ["tmdb_unavailable"]
    assert "no answer within 5 s" in verdict.reasons[0].text
    assert verdict.best is not None


def test_nothing_found_is_a_reason_too() -> None:
    assert codes(judge(MATRIX)) == ["nothing_found"]
    assert codes(judge(ParsedName(flags=("no_title",)))) == ["no_title", "nothing_found"]


def test_every_doubt_has_a_title_and_a_next_step() -> None:
    assert set(FLAGS) | NUMBERING_FLAGS | PASSING <= set(REASONS)
    assert set(FLAGS) >= NUMBERING_FLAGS
    for code, known in REASONS.items():
        assert known.title, code
        assert known.next_step.endswith("."), code
