"""What a look makes news of: what is gone, what is only away, what became again what it was."""

from segue.actors.watched_root import News, WatchedRoot
from segue.adapters.tree import FoundFile, Scan
from segue.adapters.watch_events import EVERYTHING, Dirty
from segue.core.ingest.arrivals import Arrivals
from segue.core.ingest.requests import SourceFile

DISK, OTHER = 8, 9


def root_that_told(*paths: str, device: int = DISK) -> WatchedRoot:
    root = WatchedRoot("/in", Arrivals())
    root.note(News(tuple(SourceFile(path, 1, 1, 1, device) for path in paths)))
    return root


def file(path: str, size: int = 1, mtime_ns: int = 1) -> FoundFile:
    return FoundFile(path, size, mtime_ns, 1, DISK)


def test_what_a_look_should_have_found_is_gone() -> None:
    root = root_that_told("/in/a.mkv", "/in/s/b.mkv", "/in/s/t/c.mkv", "/in/s2/d.mkv")
    nothing = Scan(devices={DISK})
    assert len(root.missed(nothing, EVERYTHING)) == 4
    assert root.missed(nothing, Dirty("", deep=False)) == ("/in/a.mkv",)
    assert root.missed(nothing, Dirty("s", deep=False)) == ("/in/s/b.mkv",)
    assert root.missed(nothing, Dirty("s", deep=True)) == ("/in/s/b.mkv", "/in/s/t/c.mkv")
    assert root.missed(Scan(files=[file("/in/a.mkv")], devices={DISK}), Dirty("", deep=False)) == ()


def test_what_lies_on_a_disk_that_is_not_there_is_away_and_not_gone() -> None:
    """The empty folder under a mount that failed says nothing of the files that were on it."""
    root = root_that_told("/in/a.mkv")
    assert root.missed(Scan(devices={OTHER}), EVERYTHING) == ()
    assert root.missed(Scan(devices={OTHER, DISK}), EVERYTHING) == ("/in/a.mkv",)


def test_what_lies_in_a_folder_that_could_not_be_read_is_not_gone() -> None:
    root = root_that_told("/in/shut/a.mkv", "/in/open/b.mkv")
    assert root.missed(Scan(devices={DISK}, unread=["/in/shut"]), EVERYTHING) == ("/in/open/b.mkv",)


def test_what_is_told_or_dealt_with_is_no_news() -> None:
    root = WatchedRoot("/in", Arrivals())
    files = [file("/in/a.mkv"), file("/in/b.mkv"), file("/in/c.mkv", size=5)]
    assert root.is_news(files)
    known = {"/in/b.mkv": (1, 1, "rejected"), "/in/c.mkv": (4, 1, "rejected")}
    fresh = root.compare(files, known)
    assert [f.path for f in fresh] == ["/in/a.mkv", "/in/c.mkv"]  # c has changed since it was rejected
    root.note(News(fresh))
    assert not root.is_news(files)
    assert root.compare(files, known) == ()


def test_a_file_that_becomes_again_what_it_was_is_news() -> None:
    root = WatchedRoot("/in", Arrivals())
    for size in (1, 2, 1):
        fresh = root.compare([file("/in/a.mkv", size=size)], {})
        assert [f.size for f in fresh] == [size]
        root.note(News(fresh))


def test_only_what_is_old_is_told_with_the_baseline() -> None:
    root = WatchedRoot("/in", Arrivals())
    files = [file("/in/a.mkv"), file("/in/b.mkv")]
    known = {"/in/a.mkv": (1, 1, "baseline"), "/in/b.mkv": (1, 1, "ingested")}
    assert root.compare(files, known) == ()
    root.with_baseline = True
    assert root.is_news(files)
    assert [f.path for f in root.compare(files, known)] == ["/in/a.mkv"]


def test_a_root_at_the_top_has_files_below_it() -> None:
    root = WatchedRoot("/", Arrivals())
    root.note(News((SourceFile("/a.mkv", 1, 1, 1, DISK), SourceFile("/s/b.mkv", 1, 1, 1, DISK))))
    assert root.missed(Scan(devices={DISK}), Dirty("s", deep=True)) == ("/s/b.mkv",)
    assert root.missed(Scan(devices={DISK}), Dirty("", deep=False)) == ("/a.mkv",)
    assert root.without_samples(Scan(files=[file("/sample.mkv"), file("/c.mkv")])) == [file("/c.mkv")]
