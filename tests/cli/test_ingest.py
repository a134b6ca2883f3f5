"""Looking at media, planning, taking in: what each command asks of segued, and what it shows."""

import os
from pathlib import Path

import pytest

from tests.cli import ingest_answers as answers
from tests.cli.conftest import Ctl
from tests.cli.fake_segued import FakeSegued, refuses, says
from tests.cli.running import on_terminal

INGEST = "/api/v1/ingest"
FILE = "/srv/ingest/Harbour.Lights.2011.mkv"
FILE_QUOTED = "path=%2Fsrv%2Fingest%2FHarbour.Lights.2011.mkv"
ASKS = refuses(409, "confirm", "Takes 1 file (12.3 GB) in.", "Say it again with --yes.", confirm="once-42")


# ------------------------------------------------------------------ identify


def test_identify_shows_the_reading_the_reasons_and_numbered_candidates(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", f"{INGEST}/identify?{FILE_QUOTED}", says(answers.identify()))
    shown = ctl("identify", FILE)
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == (
        "Harbour.Lights.2011.mkv\n"
        "  12.3 GB, 1 h 43 min, whole\n"
        "  read as film Harbour Lights (2011), 1080p BluRay H.264, by GRP\n"
        "\n"
        "0.91 high  a person has to look at it\n"
        "  Harbour Lights (1982) fits nearly as well (0.84) as Harbour Lights (2011) (0.91).\n"
        "\n"
        "  1. Harbour Lights (2011)  score 0.91\n"
        "     film, 103 min, 8,123 votes\n"
        "     title 1.00, year 1.00, popularity 0.40, type 1.00\n"
        "     https://www.themoviedb.org/movie/603\n"
        "\n"
        "  2. Harbour Lights (1982)  score 0.83\n"
        "     film, 103 min, 21,000 votes\n"
        "     title 1.00, year 0.50, popularity 0.90, type 1.00\n"
        "     https://www.themoviedb.org/movie/1091\n"
    )


def test_identify_of_a_folder_tells_each_file_in_short(segued: FakeSegued, ctl: Ctl) -> None:
    sure = answers.identified("b.mkv", accepted=True, reasons=[])
    unknown = answers.identified("c.mkv", candidates=[], score=None, level="none", reasons=[])
    found = answers.identify(answers.identified(), sure, unknown, truncated=True)
    segued.on("GET", f"{INGEST}/identify?path=%2Fsrv%2Fingest&batch=1", says(found))
    lines = ctl("identify", "--batch", "/srv/ingest/").out.splitlines()
    assert lines[:2] == ["? 0.91 high    Harbour Lights (2011)", "  Harbour.Lights.2011.mkv"]
    assert "✓ 0.91 high    Harbour Lights (2011)" in lines
    assert "? no score     nothing found" in lines
    assert "3 files: 1 sure enough, 2 for a person to look at." in lines
    assert lines[-1] == "There are more files; name a folder further down to see them."


def test_a_folder_without_batch_is_refused_with_the_daemons_hint(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on(
        "GET",
        f"{INGEST}/identify?path=%2Fsrv%2Fingest",
        refuses(422, "is_folder", "/srv/ingest is a folder.", "Add --batch to look at all that is in it."),
    )
    refused = ctl("identify", "/srv/ingest")
    assert refused.code == 1
    assert refused.err == "seguectl: /srv/ingest is a folder.\n  Add --batch to look at all that is in it.\n"


def test_an_episode_is_read_with_its_number(segued: FakeSegued, ctl: Ctl) -> None:
    parsed = {
        "kind": "episode",
        "title": "Some Show",
        "season": 1,
        "episodes": [3, 4],
        "episode_title": "Rain",
    }
    segued.on(
        "GET",
        f"{INGEST}/identify?{FILE_QUOTED}",
        says(answers.identify(answers.identified(parsed=parsed, accepted=True, reasons=[]))),
    )
    shown = ctl("identify", FILE).out
    assert 'read as episode Some Show S01E03-E04 "Rain"\n' in shown
    assert "0.91 high  sure enough to go in by itself\n" in shown


# ------------------------------------------------------------------ plan


def test_plan_shows_where_each_file_would_go_and_why_others_wait(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", f"{INGEST}/plan?path=%2Fsrv%2Fingest", says(answers.plans()))
    shown = ctl("plan", "/srv/ingest")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == (
        "✓ 0.93 high    Harbour Lights (2011)\n"
        "  /srv/ingest/Harbour.Lights.2011.mkv  (12.3 GB)\n"
        "  → /srv/media/Movies/Harbour Lights (2011)/Harbour Lights (2011) - 1080p BluRay.mkv  (12.3 GB)\n"
        "  → /srv/media/Movies/Harbour Lights (2011)/Harbour Lights (2011) - 1080p BluRay.en.srt  (subtitle, 91.0 kB)\n"
        "  leaves /srv/ingest/sample.mkv: a sample\n"
        "\n"
        "? no score     nothing found\n"
        "  /srv/ingest/xx.mkv  (12.3 GB)\n"
        "    TMDb knows no film called xx.\n"
        "\n"
        "1 file would go in (12.3 GB), 1 would wait for review. Nothing was done yet.\n"
    )


def test_a_plan_warns_of_what_is_replaced(segued: FakeSegued, ctl: Ctl) -> None:
    plan = answers.plan(retires=["/srv/media/Movies/Old/Old.mkv"], notes=["The name was shortened."])
    plan["files"][0]["replaces"] = True
    segued.on("GET", f"{INGEST}/plan?path=%2Fx.mkv", says(answers.plans(answers.planned(plan=plan))))
    shown = ctl("plan", "/x.mkv").out
    assert "(12.3 GB, the file there goes to the recycle folder)\n" in shown
    assert "  recycles /srv/media/Movies/Old/Old.mkv\n" in shown
    assert "  The name was shortened.\n" in shown


@pytest.mark.parametrize(
    ("line", "query"),
    [
        ("plan /x --threshold 0.9", "path=%2Fx&threshold=0.9"),
        ("plan /x --threshold 90%", "path=%2Fx&threshold=0.9"),
        ("plan --threshold .9 /x", "path=%2Fx&threshold=0.9"),
        ("plan /x --rename", "path=%2Fx&intent=rename"),
        ("plan /x/../y/", "path=%2Fy"),
        ("rename /x", "path=%2Fx&intent=rename"),
        ("rename /x --preview --threshold 1", "path=%2Fx&intent=rename&threshold=1"),
        ("rename /x --dry-run", "path=%2Fx&intent=rename"),
        ("ingest /x --dry-run", "path=%2Fx"),
        ("ingest -n /x --threshold 0", "path=%2Fx&threshold=0"),
    ],
)
def test_what_only_shows_is_a_read(segued: FakeSegued, ctl: Ctl, line: str, query: str) -> None:
    segued.on("GET", f"{INGEST}/plan?{query}", says(answers.plans()))
    shown = ctl(*line.split())
    assert shown.code == 0, shown
    assert "Nothing was done yet." in shown.out
    assert segued.asked == [f"GET {INGEST}/plan?{query}"]


def test_a_plan_as_json_is_segueds_answer_in_both_spellings(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", f"{INGEST}/plan?path=%2Fx", says(answers.plans()), refuses(404, "no_such_path", "Gone."))
    assert ctl("plan", "/x", "--format", "json").out.startswith('{"ok": true')
    refused = ctl("plan", "/x", "--format=json")
    assert (refused.code, refused.err) == (1, "")
    assert '"no_such_path"' in refused.out


def test_a_file_that_has_its_name_already_is_not_renamed(segued: FakeSegued, ctl: Ctl) -> None:
    path = "/srv/media/Movies/A (2011)/A (2011).mkv"
    plan = answers.plan(files=[{"source": path, "destination": path, "kind": "video", "size": 5}], left=[])
    planned = answers.plans(answers.planned(plan=plan), intent="rename")
    segued.on("GET", f"{INGEST}/plan?path=%2Fx&intent=rename", says(planned))
    assert "  = it has this name already\n" in ctl("rename", "/x").out


def test_an_empty_folder_has_no_plan(segued: FakeSegued, ctl: Ctl) -> None:
    empty = {**answers.plans(), "files": [], "accepted": 0, "review": 0}
    segued.on("GET", f"{INGEST}/plan?path=%2Fx", says(empty))
    assert ctl("plan", "/x").out == "There is no video file.\n"


# ------------------------------------------------------------------ paths


def test_a_relative_path_begins_where_the_person_is(segued: FakeSegued, folder: Path) -> None:
    """By the name that the shell shows, where that is a link: a configuration names folders as people do."""
    (folder / "disk").mkdir()
    (folder / "ingest").symlink_to("disk")
    here = f"{folder}/ingest".replace("/", "%2F")
    segued.on("GET", f"{INGEST}/plan?path={here}%2Fa%20b.mkv", says(answers.plans()))
    segued.on("GET", f"{INGEST}/plan?path={here}", says(answers.plans()))
    env = {"SEGUE_SOCKET": str(segued.path)}
    at = ("env", "-C", f"{folder}/ingest")
    from tests.cli.running import seguectl

    for word in ("a b.mkv", "./a b.mkv", "../ingest/a b.mkv", "."):
        assert seguectl("plan", word, under=at, PWD=f"{folder}/ingest", **env).code == 0, word
    real = f"{folder}/disk".replace("/", "%2F")
    segued.on("GET", f"{INGEST}/plan?path={real}%2Fx", says(answers.plans()))
    for pwd in ("/nonexistent", "relative", "/"):
        assert seguectl("plan", "x", under=at, PWD=pwd, **env).code == 0, pwd


@pytest.mark.parametrize("name", ["\N{MINUS SIGN}1 Kelvin.mkv", "-10.mkv", "a\nb?&#%.mkv", "Küche 映画.mkv"])
def test_a_file_may_be_called_anything(segued: FakeSegued, ctl: Ctl, name: str) -> None:
    segued.on("POST", f"{INGEST}/completed", says(answers.accepted("notes that it is complete"), 202))
    assert ctl("event", "download-complete", f"/srv/{name}").code == 0
    assert segued.requests[-1].json == {"path": f"/srv/{name}"}
    done = ctl("event", "download-complete", "--", name)
    assert done.code == 0, done
    assert segued.requests[-1].json == {"path": f"{Path.cwd()}/{name}"}


def test_a_name_that_is_not_utf8_is_refused_before_it_is_sent(segued: FakeSegued, ctl: Ctl) -> None:
    refused = ctl("plan", os.fsdecode(b"/srv/caf\xe9.mkv"))
    assert refused.code == 2
    assert "not UTF-8" in refused.err
    assert segued.requests == []


# ------------------------------------------------------------------ taking in


@pytest.mark.parametrize(
    ("line", "path", "body"),
    [
        ("ingest /x", INGEST, {"path": "/x", "auto": False}),
        ("ingest /x --auto --threshold 0.9", INGEST, {"path": "/x", "auto": True, "threshold": 0.9}),
        ("rename /x --execute", f"{INGEST}/rename", {"path": "/x"}),
        ("rename /x --execute --threshold 1", f"{INGEST}/rename", {"path": "/x", "threshold": 1.0}),
    ],
)
def test_what_changes_files_asks_first(
    segued: FakeSegued, ctl: Ctl, line: str, path: str, body: dict[str, object]
) -> None:
    segued.on("POST", path, ASKS, ASKS, says(answers.accepted("takes 1 file up", "k3f9a2xz"), 202))
    refused = ctl(*line.split())
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == (
        "seguectl: Takes 1 file (12.3 GB) in.\n  Say `--yes` to do it without being asked.\n"
    )
    done = ctl(*line.split(), "--yes")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "segued takes 1 file up\n  job k3f9a2xz; `seguectl status --queue` shows how far it is.\n"
    )
    assert [request.json for request in segued.requests] == [body] * 3
    assert segued.requests[-1].headers["segue-confirm"] == "once-42"


def test_on_a_terminal_the_person_is_asked(segued: FakeSegued) -> None:
    segued.on("POST", INGEST, ASKS, says(answers.accepted("takes 1 file up", "k3f9a2xz"), 202))
    with on_terminal("ingest", "/x", SEGUE_SOCKET=str(segued.path)) as terminal:
        terminal.until("Takes 1 file (12.3 GB) in. Go on? [y/N]")
        terminal.type("y\n")
        assert terminal.end() == 0
        assert "segued takes 1 file up" in repr(terminal)


def test_many_jobs_are_counted(segued: FakeSegued, ctl: Ctl) -> None:
    jobs = [f"job{n}" for n in range(1000)]
    segued.on("POST", INGEST, says(answers.accepted("takes 1000 files up", *jobs), 202))
    assert "jobs job0, job1, job2, job3, job4, job5 and 994 more; `seguectl" in ctl("ingest", "/x").out


def test_the_backlog_is_shown_before_it_is_taken_in(segued: FakeSegued, ctl: Ctl) -> None:
    asks = refuses(
        409, "confirm", "Takes 31 old files (402.0 GB) in; that takes about 67 min.", confirm="once"
    )
    segued.on("GET", f"{INGEST}/backlog", says(answers.backlog()))
    segued.on(
        "POST", f"{INGEST}/backlog", asks, asks, says(answers.accepted("looks through the folders"), 202)
    )
    page = (
        "FILES     SIZE      FOLDER\n"
        "31 files  402.0 GB  /srv/ingest\n"
        "31 files, 402.0 GB; to copy them takes about 1 h 7 min.\n"
    )
    assert ctl("ingest", "--backlog", "--dry-run").out == page
    refused = ctl("ingest", "--backlog")
    assert (refused.code, refused.out) == (1, page)
    assert "Takes 31 old files (402.0 GB) in" in refused.err
    done = ctl("ingest", "--backlog", "--yes")
    assert (done.code, done.out) == (0, f"{page}segued looks through the folders\n")
    assert ctl("ingest", "--backlog", "--yes", "--json").out.count("\n") == 1


def test_an_empty_backlog_asks_nothing(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", f"{INGEST}/backlog", says(answers.backlog(0, 0)))
    shown = ctl("ingest", "--backlog")
    assert (shown.code, shown.out.count("Nothing lies")) == (0, 1)
    assert len(segued.requests) == 1


@pytest.mark.parametrize(
    ("line", "path", "body"),
    [
        ("ingest --pause", "pause", {}),
        ("ingest --resume", "resume", {}),
        ("watcher start", "watcher", {"verb": "start"}),
        ("watcher stop", "watcher", {"verb": "stop"}),
        ("watcher restart", "watcher", {"verb": "restart"}),
        ("event download-complete /srv/a", "completed", {"path": "/srv/a"}),
    ],
)
def test_a_switch_is_one_request(
    segued: FakeSegued, ctl: Ctl, line: str, path: str, body: dict[str, object]
) -> None:
    segued.on("POST", f"{INGEST}/{path}", says(answers.accepted("does it"), 202))
    done = ctl(*line.split())
    assert (done.code, done.out, done.err) == (0, "segued does it\n", "")
    assert [request.json for request in segued.requests] == [body]


# ------------------------------------------------------------------ the watcher


def test_the_watchers_state_names_roots_problems_and_rules(segued: FakeSegued, ctl: Ctl) -> None:
    roots = [
        answers.root(),
        answers.root(path="/mnt/nas", status="missing", problems=2, left=1, detail="not there"),
    ]
    held = {"paused": False, "hold": "wait", "because": "somebody watches in living"}
    segued.on(
        "GET", INGEST, says(answers.ingest(roots=roots, held=held, auto=True, tmdb={"configured": False}))
    )
    assert ctl("watcher", "status").out == (
        "STATE     FILES  SIZE     FOLDER\n"
        "watching  12     44.1 GB  /srv/ingest\n"
        "missing   12     44.1 GB  /mnt/nas\n"
        "  2 problems in /mnt/nas: not there\n"
        "  1 file is left alone: samples, junk, unfinished ones\n"
        "What is sure enough from a score of 0.85 on goes in by itself.\n"
        "Copies wait: somebody watches in living\n"
        "There is no TMDb key, so everything waits for review: set [tmdb] api_key_file.\n"
    )


def test_a_stopped_or_unconfigured_watcher_says_the_next_step(segued: FakeSegued, ctl: Ctl) -> None:
    tmdb = {"configured": True, "problem": "the key is refused"}
    held = {"paused": True, "hold": "", "because": ""}
    stopped = answers.ingest(watching=False, roots=[], held=held, tmdb=tmdb)
    segued.on("GET", INGEST, says(stopped), says(answers.ingest(roots=[])))
    shown = ctl("watcher", "status").out
    assert "The watcher is stopped; `seguectl watcher start` starts it.\n" in shown
    assert "Copies are paused; `seguectl ingest --resume` lets them go on.\n" in shown
    assert "TMDb: the key is refused\n" in shown
    assert "No folder is watched: set [ingest] watch" in ctl("watcher", "status").out


# ------------------------------------------------------------------ lines that make no sense


@pytest.mark.parametrize(
    ("line", "says_so"),
    [
        ("identify", "identify needs one file or folder."),
        ("identify a b", "identify takes one file or folder and nothing else, not 'b'."),
        ("plan", "plan needs one file or folder."),
        ("plan /x --threshold 1.1", "--threshold is '1.1': a number from 0 to 1 is expected"),
        ("plan /x --threshold high", "--threshold is 'high'"),
        ("plan /x --format yaml", "--format is 'yaml': table or json is expected."),
        ("rename /x --preview --execute", "--preview and --execute exclude each other."),
        ("rename /x --wait", "--wait goes with --execute"),
        ("rename", "rename needs one file or folder."),
        ("ingest", "ingest needs a file or a folder, or one of --backlog"),
        ("ingest /x --pause", "--pause concerns everything; it takes no path."),
        ("ingest --pause --resume", "--pause and --resume exclude each other."),
        ("ingest --backlog --auto", "--auto does not go with --backlog."),
        ("ingest --backlog --wait", "--wait does not go with --backlog."),
        ("ingest --pause --dry-run", "--dry-run does not go with --pause."),
        ("ingest --wait --auto", "--auto needs a file or a folder."),
        ("ingest /x --wait --dry-run", "--wait and --dry-run exclude each other"),
        ("watcher", "watcher needs start, stop, restart or status."),
        ("watcher pause", "watcher takes start, stop, restart or status, not 'pause'."),
        ("watcher stop now", "watcher takes no 'now'."),
        ("event", "event needs download-complete."),
        ("event arrived /x", "event takes download-complete, not 'arrived'."),
        ("event download-complete", "event needs one file or folder."),
    ],
)
def test_a_line_that_makes_no_sense_is_explained_and_sends_nothing(
    segued: FakeSegued, ctl: Ctl, line: str, says_so: str
) -> None:
    refused = ctl(*line.split())
    assert (refused.code, refused.out) == (2, "")
    assert says_so in refused.err
    assert segued.requests == []


def test_an_empty_path_is_none(ctl: Ctl) -> None:
    assert ctl("plan", "").err.startswith("seguectl: The path is empty.")
