"""Status pages, the history, Plex's libraries, long runs, the doctor."""

import json

import pytest

from tests.cli import answers as house
from tests.cli import ingest_answers as answers
from tests.cli.conftest import Ctl
from tests.cli.fake_segued import FakeSegued, refuses, says

INGEST = "/api/v1/ingest"
HISTORY = "/api/v1/history/ingest"


# ------------------------------------------------------------------ status


@pytest.mark.parametrize(
    ("brief", "line"),
    [
        ({}, "ingest  watching"),
        ({"configured": False}, "ingest  not configured"),
        ({"watching": False}, "ingest  idle"),
        (
            {"queue": 2, "reviews": 1},
            "ingest  watching 2 in the queue, 1 waits for review (`seguectl review`)",
        ),
        ({"held": "paused", "queue": 1204}, "ingest  paused   1,204 in the queue"),
        ({"held": "wait"}, "ingest  waits"),
        ({"held": "slow"}, "ingest  slowed"),
        (
            {"working": {"name": "a.mkv", "done_bytes": 1, "total_bytes": 4}, "queue": 1},
            "ingest  watching copying a.mkv (25 %), 1 in the queue",
        ),
        ({"working": {"name": "a.mkv"}}, "ingest  watching copying a.mkv"),
    ],
)
def test_status_has_a_line_for_the_ingest(
    segued: FakeSegued, ctl: Ctl, brief: dict[str, object], line: str
) -> None:
    segued.on("GET", "/api/v1/status", says(house.status(ingest=answers.brief(**brief))))
    assert ctl("status").out.splitlines()[4] == line


def test_status_queue_shows_work_waits_and_the_last_ends(segued: FakeSegued, ctl: Ctl) -> None:
    settling = answers.job("job00002", "b.mkv", phase="settling", detail="quiet for 12 s", size=1000)
    full = "no space: 12.3 GB needed, 4.1 GB free"
    waiting = answers.job("job00003", "c.mkv", phase="queued", stage="transfer", detail=full)
    found = answers.ingest(
        answers.copying(),
        settling,
        waiting,
        reviews=7,
        scans=[{"folder": "/srv/x", "since": answers.AT, "attempts": 2, "detail": "connection refused"}],
        recent=[
            answers.end("a", "ingested", "a.mkv is A now."),
            answers.end("d", "vanished", "d.mkv is gone."),
        ],
        run=answers.long_run(),
    )
    segued.on("GET", INGEST, says(found))
    shown = ctl("status", "--queue")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == (
        "STATE     FILES  SIZE     FOLDER\n"
        "watching  12     44.1 GB  /srv/ingest\n"
        "Nothing goes in by itself ([ingest] auto is false).\n"
        "\n"
        "JOB       SIZE     STATE          NAME\n"
        "k3f9a2xz  12.3 GB  copying        Harbour.Lights.2011.mkv\n"
        "job00002  1.0 kB   arriving       b.mkv\n"
        "job00003  12.3 GB  waits to copy  c.mkv\n"
        "  k3f9a2xz  40 % of 12.3 GB, 80.0 MB/s, 1 min 31 s left\n"
        "  job00002  quiet for 12 s\n"
        "  job00003  no space: 12.3 GB needed, 4.1 GB free\n"
        "7 files wait for review: `seguectl review` lists them.\n"
        "Plex has yet to be told of /srv/x (since 2023-11-14 22:13:20): connection refused\n"
        "verify: 120 of 480 files (10.0 GB of 40.0 GB) so far.\n"
        "\n"
        "LATELY\n"
        "2023-11-14 22:13:20  a.mkv is A now.\n"
        "2023-11-14 22:13:20  d.mkv is gone.\n"
    )


def test_an_idle_queue_says_so(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", INGEST, says(answers.ingest(reviews=1)))
    shown = ctl("status", "--queue").out
    assert "Nothing is in the queue.\n1 file waits for review" in shown


def test_status_libraries_shows_plex_and_disks(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", "/api/v1/libraries", says(answers.libraries()))
    assert ctl("status", "--libraries").out == (
        "attic 1.41 answers\n"
        "\n"
        "KEY  LIBRARY  KIND   LAST SCAN            FOLDERS\n"
        "1    Films    movie  2023-11-14 22:13:20  /srv/media/Movies\n"
        "\n"
        "KIND    FREE      RECYCLED  LIBRARY FOLDER\n"
        "movies  900.0 GB  3.0 GB    /srv/media/Movies\n"
    )


def test_libraries_that_are_not_well_say_why(segued: FakeSegued, ctl: Ctl) -> None:
    server = {"configured": True, "name": "", "version": "", "ok": False, "error": "connection refused"}
    gone = {"path": "/mnt/x", "kind": "shows", "exists": False, "free_bytes": 0, "problem": "not mounted"}
    absent = {"configured": False, "ok": False}
    segued.on(
        "GET",
        "/api/v1/libraries",
        says(answers.libraries(server=server, libraries=[], roots=[gone])),
        says(answers.libraries(server=absent, libraries=[], roots=[])),
    )
    shown = ctl("status", "--libraries").out
    assert shown.startswith("Plex does not answer: connection refused\n")
    assert "shows  not there  -         /mnt/x\n  /mnt/x: not mounted\n" in shown
    shown = ctl("status", "--libraries").out
    assert "No Plex server is configured: set [plex] url." in shown
    assert "No library folder is configured: set [ingest] movies and shows." in shown


def test_several_pages_follow_each_other(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", INGEST, says(answers.ingest()))
    segued.on("GET", "/api/v1/libraries", says(answers.libraries()))
    segued.on("GET", f"{HISTORY}?limit=10", says(answers.history()))
    shown = ctl("status", "--history", "--libraries", "--queue").out
    assert shown.index("STATE") < shown.index("attic") < shown.index("ENTRY")
    lines = ctl("status", "--history", "--libraries", "--queue", "--json").out.splitlines()
    schemas = [json.loads(line)["data"]["schema"] for line in lines]
    assert schemas == ["segue.ingest/1", "segue.libraries/1", "segue.history/1"]


# ------------------------------------------------------------------ history


def test_the_history_shows_who_decided_and_what_was_undone(segued: FakeSegued, ctl: Ctl) -> None:
    undone = answers.entry(
        "job00001",
        title="Some Show",
        year=2015,
        season=1,
        episodes=[1, 2],
        decided_by="uid:0",
        undone_at=answers.AT,
        retired=[["/a", "/b"]],
    )
    adopted = answers.entry("job00002", kind="adopt", decided_by="", files=[])
    segued.on("GET", f"{HISTORY}?limit=20", says(answers.history(answers.entry(), undone, adopted)))
    assert ctl("history", "ingest").out == (
        "ENTRY     WHEN                 WHAT      BY    SIZE     TITLE\n"
        "k3f9a2xz  2023-11-14 22:13:20  ingested  0.93  12.3 GB  Harbour Lights (2011)  copy\n"
        "job00001  2023-11-14 22:13:20  undone    root  12.3 GB  Some Show (2015) S01E01-E02  "
        "copy, undone 2023-11-14 22:13:20, replaced 1 file\n"
        "job00002  2023-11-14 22:13:20  adopted   -     0 bytes  Harbour Lights (2011)  0 files\n"
    )


def test_the_history_is_searched(segued: FakeSegued, ctl: Ctl) -> None:
    nothing = {"schema": "segue.history/1", "entries": []}
    segued.on("GET", f"{HISTORY}?limit=3&text=harbour%20%26%20co", says(nothing))
    assert (
        ctl("history", "ingest", "-n", "3", "--text", "harbour & co").out
        == "The history has no such entry.\n"
    )
    segued.on("GET", f"{HISTORY}?limit=20&text=-10", says(nothing))
    assert ctl("history", "ingest", "--text", "-10").code == 0


def test_undo_asks_first_and_names_the_entry(segued: FakeSegued, ctl: Ctl) -> None:
    asks = refuses(409, "confirm", "Takes Harbour Lights back.", "Say --yes.", confirm="once-42")
    segued.on(
        "POST", f"{INGEST}/undo", asks, asks, says(answers.accepted("takes Harbour Lights back", "u1"), 202)
    )
    assert ctl("undo", "k3f9a2xz").code == 1
    done = ctl("undo", "k3f9a2xz", "--yes")
    assert done.out.startswith("segued takes Harbour Lights back\n  job u1;")
    assert [request.json for request in segued.requests] == [{"entry": "k3f9a2xz"}] * 3


# ------------------------------------------------------------------ Plex and long runs


@pytest.mark.parametrize(
    ("line", "path", "body"),
    [
        ("scan", "/api/v1/libraries/scan", {"library": ""}),
        ("scan Films", "/api/v1/libraries/scan", {"library": "Films"}),
        ("refresh 4711", "/api/v1/libraries/refresh", {"rating_key": "4711"}),
        ("verify --stop", f"{INGEST}/end-run", {}),
        ("adopt --stop", f"{INGEST}/end-run", {}),
    ],
)
def test_a_request_is_passed_on(
    segued: FakeSegued, ctl: Ctl, line: str, path: str, body: dict[str, object]
) -> None:
    segued.on("POST", path, says(answers.accepted("does it"), 202))
    done = ctl(*line.split())
    assert (done.code, done.out, done.err) == (0, "segued does it\n", "")
    assert [request.json for request in segued.requests] == [body]


@pytest.mark.parametrize(
    ("line", "body"),
    [
        ("verify", {"path": ""}),
        ("verify /srv/media/", {"path": "/srv/media"}),
        ("adopt", {"path": "", "checksums": False}),
        ("adopt /srv/media --checksums", {"path": "/srv/media", "checksums": True}),
    ],
)
def test_a_long_run_is_begun_and_says_where_to_look(
    segued: FakeSegued, ctl: Ctl, line: str, body: dict[str, object]
) -> None:
    segued.on("POST", f"{INGEST}/{line.split()[0]}", says(answers.accepted("reads all files"), 202))
    done = ctl(*line.split())
    assert (done.code, done.err) == (0, "")
    assert done.out == "segued reads all files; `seguectl status --queue` shows how far it is.\n"
    assert [request.json for request in segued.requests] == [body]


@pytest.mark.parametrize(
    ("ok", "count", "words"),
    [
        (480, 480, "480 of 480 files are as they should be"),
        (1, 480, "1 of 480 files is as it should be"),
        (1, 1, "the only file is as it should be"),
        (0, 1, "the only file is not as it should be"),
    ],
)
def test_what_came_of_a_long_run_is_told_in_a_sentence(
    segued: FakeSegued, ctl: Ctl, ok: int, count: int, words: str
) -> None:
    run = answers.long_run(running=False, ok=ok, files_done=count, problem_count=count - ok)
    segued.on("GET", INGEST, says(answers.ingest(run=run)))
    shown = ctl("status", "--queue").out
    assert f"verify: {words} (begun " in shown
    assert ("more problems" in shown) == (ok < count)


# ------------------------------------------------------------------ the doctor


def test_the_doctor_ends_with_1_when_something_does_not_work(segued: FakeSegued, ctl: Ctl) -> None:
    fine = ("names", True, "Names can be read.", "")
    unsure = ("hardlinks", None, "No hardlinks; files are copied.", "Put both on one file system.")
    broken = ("TMDb", False, "TMDb: refused.", "Check [tmdb] api_key_file.")
    segued.on(
        "POST",
        "/api/v1/doctor",
        says(answers.doctor(fine, unsure)),
        says(answers.doctor(fine, unsure, broken)),
    )
    assert ctl("doctor").code == 0
    sick = ctl("doctor")
    assert (sick.code, sick.err) == (1, "")
    assert sick.out == (
        "✓ names      Names can be read.\n"
        "? hardlinks  No hardlinks; files are copied.\n"
        "             → Put both on one file system.\n"
        "✗ TMDb       TMDb: refused.\n"
        "             → Check [tmdb] api_key_file.\n"
        "\n"
        "1 fine, 1 not, 1 could not be tested.\n"
    )
    assert ctl("doctor", "--json").code == 1


# ------------------------------------------------------------------ lines that make no sense


@pytest.mark.parametrize(
    ("line", "says_so"),
    [
        ("history", "history needs ingest."),
        ("history plays", "history takes ingest, not 'plays'."),
        ("history ingest now", "history takes no 'now'."),
        ("history ingest -n 501", "-n is '501': a number from 1 to 500"),
        ("undo", "undo needs the id of one entry"),
        ("undo a b", "undo takes the id of one entry"),
        ("scan a b", "scan takes one library and nothing else, not 'b'."),
        ("refresh", "refresh needs the key of one item"),
        ("refresh matrix", "The item is 'matrix'"),
        ("verify a b", "verify takes one path and nothing else"),
        ("verify /x --stop", "--stop ends what runs; it takes no path."),
        ("verify --stop --wait", "--stop and --wait exclude each other."),
        ("doctor now", "doctor takes no 'now'."),
        ("status now --queue", "status takes no 'now'."),
    ],
)
def test_a_line_that_makes_no_sense_is_explained_and_sends_nothing(
    segued: FakeSegued, ctl: Ctl, line: str, says_so: str
) -> None:
    refused = ctl(*line.split())
    assert (refused.code, refused.out) == (2, ""), refused
    assert says_so in refused.err
    assert segued.requests == []
