"""The review queue: what waits and why, and what a person decides."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli import ingest_answers as answers
from tests.cli.conftest import Ctl
from tests.cli.fake_segued import FakeSegued, refuses, says
from tests.cli.running import seguectl

REVIEW = "/api/v1/ingest/review"
JOBS = "/api/v1/ingest/jobs"


def episode(number: int, **changes: Any) -> answers.Json:
    name = f"Some.Show.S01E0{number}.mkv"
    why = answers.reason(
        "auto_off", "Nothing goes in by itself.", "`seguectl review approve ID` takes it in."
    )
    return answers.job(
        f"job0000{number}",
        name,
        **{
            "path": f"/srv/ingest/Some Show/{name}",
            "size": 1_200_000_000,
            "parsed": {"kind": "episode", "title": "Some Show", "season": 1, "episodes": [number]},
            "candidates": [answers.candidate(kind="show", title="Some Show", year=2015)],
            "reasons": [why],
            **changes,
        },
    )


# ------------------------------------------------------------------ looking


def test_the_queue_is_told_folder_by_folder_and_shared_reasons_once(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", REVIEW, says(answers.review(answers.job(), episode(1), episode(2))))
    shown = ctl("review")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == (
        "3 files wait for review (14.7 GB)\n"
        "\n"
        "/srv/ingest/\n"
        "  k3f9a2xz  Harbour.Lights.2011.mkv  12.3 GB\n"
        "            0.91 high    Harbour Lights (2011), or Harbour Lights (1982)\n"
        "            Harbour Lights (1982) fits nearly as well (0.84) as Harbour Lights (2011) (0.91).\n"
        "            → `seguectl review approve k3f9a2xz` takes the first candidate, `pick k3f9a2xz N` another one.\n"
        "\n"
        "/srv/ingest/Some Show/\n"
        "  job00001  Some.Show.S01E01.mkv  1.2 GB\n"
        "            0.91 high    S01E01 of Some Show (2015)\n"
        "  job00002  Some.Show.S01E02.mkv  1.2 GB\n"
        "            0.91 high    S01E02 of Some Show (2015)\n"
        "  Nothing goes in by itself.\n"
        "  → `seguectl review approve '/srv/ingest/Some Show'` takes it in.\n"
        "\n"
        "`seguectl review show ID` shows candidates and plan; `review approve`, `pick`, `id`, `reject` and `retry` "
        "decide, with ids or with the path of a whole folder.\n"
    )


def test_reasons_that_differ_stand_with_their_files(segued: FakeSegued, ctl: Ctl) -> None:
    other = episode(
        2, reasons=[answers.reason("io", "The disk fails.", "Look at the disk.")], candidates=[], score=None
    )
    segued.on("GET", REVIEW, says(answers.review(episode(1), other)))
    lines = ctl("review").out.splitlines()
    at = lines.index("            Nothing goes in by itself.")
    assert lines[at + 1] == "            → `seguectl review approve job00001` takes it in."
    assert "            no score     no candidate" in lines
    assert lines.index("            The disk fails.") > at


def test_a_step_that_several_reasons_share_is_said_once(segued: FakeSegued, ctl: Ctl) -> None:
    job = answers.job(reasons=[answers.reason(text="One."), answers.reason(text="Two.")])
    segued.on("GET", REVIEW, says(answers.review(job)))
    lines = ctl("review").out.splitlines()
    assert [line.strip()[:4] for line in lines if line.startswith("     ")][1:] == ["One.", "Two.", "→ `s"]


def test_an_empty_queue_is_good_news(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", REVIEW, says({"schema": "segue.review/1", "jobs": []}))
    assert ctl("review").out == "Nothing waits for review.\n"


def test_part_of_the_queue_lies_below_a_path(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", f"{REVIEW}?path=%2Fsrv%2Fingest%2FSome%20Show", says(answers.review(episode(1))))
    assert "1 file waits for review (1.2 GB)" in ctl("review", "/srv/ingest/Some Show/").out


def test_the_ids_alone_are_for_scripts_and_completion(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", REVIEW, says(answers.review(episode(1), episode(2))))
    assert ctl("review", "--ids").out == "job00001\njob00002\n"


def test_one_job_is_shown_with_everything(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", f"{JOBS}/k3f9a2xz", says(answers.one_job(plan=answers.plan(), chosen=answers.remake())))
    shown = ctl("review", "show", "k3f9a2xz")
    assert shown.code == 0
    assert shown.out.startswith(
        "k3f9a2xz  Harbour.Lights.2011.mkv  waits for review\n"
        "  /srv/ingest/Harbour.Lights.2011.mkv\n"
        "  12.3 GB, 1 h 43 min, found 2023-11-14 22:13:20, whole by: structure\n"
        "  read as film Harbour Lights (2011), 1080p BluRay H.264, by GRP\n"
        "  chosen: Harbour Lights (1982)\n"
        "\n"
        "Why it waits\n"
        "  Harbour Lights (1982) fits nearly as well"
    )
    for words in (
        "  → `seguectl review approve k3f9a2xz` takes the first candidate, `pick k3f9a2xz N` another one.\n",
        "Candidates, the best with 0.91 high\n",
        "  2. Harbour Lights (1982)  score 0.83\n",
        "     https://www.themoviedb.org/movie/1091\n",
        "Plan\n  → /srv/media/Movies/Harbour Lights (2011)/Harbour Lights (2011) - 1080p BluRay.mkv  (12.3 GB)\n",
    ):
        assert words in shown.out


def test_a_job_at_work_is_shown_with_its_progress(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", f"{JOBS}/k3f9a2xz", says({"schema": "segue.job/1", **answers.copying()}))
    shown = ctl("review", "show", "k3f9a2xz").out
    assert "k3f9a2xz  Harbour.Lights.2011.mkv  copying\n" in shown
    assert "  40 % of 12.3 GB, 80.0 MB/s, 1 min 31 s left\n" in shown


# ------------------------------------------------------------------ deciding

ID = {"jobs": ["k3f9a2xz"]}


@pytest.mark.parametrize(
    ("line", "verb", "body"),
    [
        ("approve k3f9a2xz", "approve", ID),
        ("approve k3f9a2xz job00001 k3f9a2xz", "approve", {"jobs": ["k3f9a2xz", "job00001"]}),
        ("approve k3f9a2xz --replace", "approve", {**ID, "upgrade": "replace"}),
        ("approve --keep-both k3f9a2xz", "approve", {**ID, "upgrade": "keep-both"}),
        ("approve /srv/ingest/Some.Show", "approve", {"path": "/srv/ingest/Some.Show"}),
        ("pick k3f9a2xz 2", "pick", {**ID, "place": 2}),
        ("pick /srv/ingest/Some.Show 1", "pick", {"path": "/srv/ingest/Some.Show", "place": 1}),
        ("pick k3f9a2xz job00001 5", "pick", {"jobs": ["k3f9a2xz", "job00001"], "place": 5}),
        ("id k3f9a2xz --tmdb 603", "id", {**ID, "tmdb_id": 603}),
        ("id k3f9a2xz --imdb tt0133093 --film", "id", {**ID, "imdb_id": "tt0133093", "kind": "film"}),
        (
            "id k3f9a2xz --tvdb 81189 --show --season 0 --episode 5",
            "id",
            {**ID, "tvdb_id": 81189, "kind": "show", "season": 0, "episodes": [5]},
        ),
        ("id k3f9a2xz --tmdb 1 --episode 7-9,3", "id", {**ID, "tmdb_id": 1, "episodes": [3, 7, 8, 9]}),
        ("reject k3f9a2xz", "reject", ID),
        ("reject /srv/ingest", "reject", {"path": "/srv/ingest"}),
        ("retry k3f9a2xz", "retry", ID),
    ],
)
def test_a_decision_is_one_request(
    segued: FakeSegued, ctl: Ctl, line: str, verb: str, body: dict[str, object]
) -> None:
    segued.on("POST", f"{REVIEW}/{verb}", says(answers.accepted("takes 1 file in"), 202))
    done = ctl("review", *line.split())
    assert (done.code, done.out, done.err) == (0, "segued takes 1 file in\n", "")
    assert [request.json for request in segued.requests] == [body]


def test_a_decision_that_moves_files_asks_first(segued: FakeSegued, ctl: Ctl) -> None:
    asks = refuses(
        409, "confirm", "Takes a.mkv in as Harbour Lights (2011).", "Say --yes.", confirm="once-42"
    )
    segued.on(
        "POST", f"{REVIEW}/approve", asks, asks, says(answers.accepted("takes 1 file in", "k3f9a2xz"), 202)
    )
    assert ctl("review", "approve", "k3f9a2xz").code == 1
    assert "job k3f9a2xz" in ctl("review", "approve", "k3f9a2xz", "-y").out
    assert segued.requests[-1].headers["segue-confirm"] == "once-42"


def test_a_word_is_a_path_when_it_has_a_slash_or_is_there(segued: FakeSegued, folder: Path) -> None:
    (folder / "k3f9a2xz").mkdir()
    segued.on("POST", f"{REVIEW}/reject", says(answers.accepted("leaves 1 file"), 202))
    env = {"SEGUE_SOCKET": str(segued.path)}
    bodies = {
        "k3f9a2xz": {"path": f"{folder}/k3f9a2xz"},
        "./other": {"path": f"{folder}/other"},
        ".": {"path": str(folder)},
        "other": {"jobs": ["other"]},
    }
    for word, body in bodies.items():
        done = seguectl("review", "reject", word, under=("env", "-C", str(folder)), PWD=str(folder), **env)
        assert done.code == 0, done
        assert segued.requests[-1].json == body


def test_several_paths_are_one_decision(segued: FakeSegued, ctl: Ctl) -> None:
    """What waits below them is looked up, so that it is asked once and done together or not at all."""
    segued.on("GET", f"{REVIEW}?path=%2Fa", says(answers.review(episode(1), episode(2))))
    segued.on(
        "GET", f"{REVIEW}?path=%2Fb", says(answers.review(episode(2), episode(3))), says(answers.history())
    )
    segued.on("POST", f"{REVIEW}/approve", says(answers.accepted("takes 4 files in"), 202))
    assert ctl("review", "approve", "/a", "k3f9a2xz", "/b").code == 0
    assert segued.requests[-1].json == {"jobs": ["job00001", "job00002", "k3f9a2xz", "job00003"]}
    refused = ctl("review", "approve", "/a", "/b")
    assert (refused.code, refused.out) == (1, "")
    assert "Nothing below /b waits for review." in refused.err
    assert segued.requests[-1].method == "GET"


@pytest.mark.parametrize(
    ("line", "says_so"),
    [
        ("review nonsense", "review takes show, approve, pick, id, reject, retry or a path, not 'nonsense'."),
        ("review /a /b", "review takes one path and nothing else, not '/b'."),
        ("review show", "review needs the id of one job."),
        ("review show a b", "review takes the id of one job and nothing else"),
        ("review approve", "review needs the id of a job, or a path"),
        ("review reject", "review needs the id of a job, or a path"),
        ("review approve a --replace --keep-both", "--replace and --keep-both exclude each other."),
        ("review reject a --replace", "--replace does not go with `review reject`."),
        ("review --tmdb 3", "--tmdb does not go with `review`."),
        ("review approve a --ids", "--ids does not go with `review approve`."),
        ("review retry a --wait", "--wait does not go with `review retry`."),
        ("review pick a", "review pick needs a job and the number of a candidate."),
        ("review pick a 6", "The candidate is '6': a number from 1 to 5"),
        ("review pick a b", "The candidate is 'b'"),
        ("review id a", "review id needs one of --tmdb N, --imdb tt... or --tvdb N."),
        ("review id a --tmdb 1 --imdb tt12345", "--tmdb and --imdb exclude each other."),
        ("review id a --tmdb 0", "--tmdb is '0'"),
        ("review id a --tmdb x", "--tmdb is 'x'"),
        ("review id a --imdb 0133093", "--imdb is '0133093': an id such as tt0133093"),
        ("review id a --tmdb 1 --film --show", "--film and --show exclude each other."),
        ("review id a --tmdb 1 --season -1", "--season is '-1'"),
        ("review id a --tmdb 1 --episode 5-", "--episode is '5-'"),
        ("review id a --tmdb 1 --episode 9-5", "--episode is '9-5'"),
        ("review id a --tmdb 1 --episode 1-99", "at most 50"),
    ],
)
def test_a_line_that_makes_no_sense_is_explained_and_sends_nothing(
    segued: FakeSegued, ctl: Ctl, line: str, says_so: str
) -> None:
    refused = ctl(*line.split())
    assert (refused.code, refused.out) == (2, ""), refused
    assert says_so in refused.err
    assert segued.requests == []
