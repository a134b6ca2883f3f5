"""What events come to: folders to look at, few enough, and none that matters left out."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.adapters.tree import Names
from segue.adapters.watch_events import (
    ADDED,
    DELETED,
    EVENTS_MAX,
    EVERYTHING,
    FOLDERS_MAX,
    MODIFIED,
    Dirty,
    Hints,
    KernelNotifier,
    NotifierError,
    read_events,
)

VIDEOS = Names(
    folder=lambda name: "hidden" if name.startswith(".") else "",
    file=lambda name: "" if name.endswith(".mkv") else "extension",
)


def test_a_wanted_file_makes_its_folder_doubtful_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "f.mkv").touch()
    for kind in (ADDED, MODIFIED):
        events = read_events([(kind, f"{tmp_path}/a/f.mkv")], [str(tmp_path)], VIDEOS)
        assert events.dirty == {str(tmp_path): (Dirty("a", deep=False),)}
        assert not events.new_folders


def test_a_folder_is_doubtful_with_all_below_even_with_a_name_like_a_file(tmp_path: Path) -> None:
    (tmp_path / "Film.mkv").mkdir()
    events = read_events([(ADDED, f"{tmp_path}/Film.mkv")], [str(tmp_path)], VIDEOS)
    assert events.dirty == {str(tmp_path): (Dirty("Film.mkv", deep=True),)}
    assert events.new_folders


def test_what_has_gone_may_have_been_a_file_or_a_folder(tmp_path: Path) -> None:
    events = read_events([(DELETED, f"{tmp_path}/a/x.mkv")], [str(tmp_path)], VIDEOS)
    assert events.dirty[str(tmp_path)] == (Dirty("a", deep=False), Dirty("a/x.mkv", deep=True))
    events = read_events([(DELETED, f"{tmp_path}/a/x")], [str(tmp_path)], VIDEOS)
    assert events.dirty[str(tmp_path)] == (Dirty("a/x", deep=True),)


@pytest.mark.parametrize("path", ["notes.txt", ".hidden/f.mkv", "a/.git", "gone.part"])
def test_what_nobody_wants_makes_nothing_doubtful(tmp_path: Path, path: str) -> None:
    assert read_events([(ADDED, f"{tmp_path}/{path}")], [str(tmp_path)], VIDEOS).dirty == {}


def test_each_root_hears_of_its_own_and_roots_within_each_other_both_do(tmp_path: Path) -> None:
    one, within, like = str(tmp_path / "one"), str(tmp_path / "one" / "two"), str(tmp_path / "on")
    events = read_events([(ADDED, f"{within}/a/f.mkv")], [one, within, like], VIDEOS)
    assert events.dirty == {one: (Dirty("two/a", deep=False),), within: (Dirty("a", deep=False),)}


def test_a_root_that_is_removed_is_said(tmp_path: Path) -> None:
    root = str(tmp_path)
    assert read_events([(DELETED, root)], [root], VIDEOS).removed == {root}
    assert read_events([(MODIFIED, root)], [root], VIDEOS).removed == frozenset()


def test_so_many_events_that_some_may_be_lost_make_everything_doubtful(tmp_path: Path) -> None:
    root = str(tmp_path)
    changes = [(ADDED, f"{root}/{n}.txt") for n in range(EVENTS_MAX)]
    assert read_events(changes, [root], VIDEOS).dirty == {}
    changes.append((ADDED, f"{root}/one more.txt"))
    events = read_events([*changes, (DELETED, root)], [root], VIDEOS)
    assert events.dirty == {root: (EVERYTHING,)}
    assert events.removed == {root}
    assert events.new_folders


def test_folders_within_a_doubtful_one_are_not_named_apart() -> None:
    hints = Hints()
    hints.add("a/b/c", deep=True)
    hints.add("a/b/c/d", deep=False)
    hints.add("a", deep=False)
    hints.add("a/b", deep=True)
    assert hints.take() == (Dirty("a", deep=False), Dirty("a/b", deep=True))
    assert not hints
    assert hints.take() == ()


def test_too_many_folders_become_the_whole_root() -> None:
    hints = Hints()
    for n in range(FOLDERS_MAX + 1):
        hints.add(f"{n}", deep=False)
    assert hints.take() == (EVERYTHING,)


FOLDERS = st.lists(st.sampled_from("abc"), max_size=4).map("/".join)


@given(st.lists(st.tuples(FOLDERS, st.booleans()), max_size=20))
def test_what_is_taken_covers_what_was_added(added: list[tuple[str, bool]]) -> None:
    hints = Hints()
    for folder, deep in added:
        hints.add(folder, deep=deep)
    taken = hints.take()

    def covered(folder: str, *, deep: bool) -> bool:
        return any(
            (t.folder == folder and t.deep >= deep)
            or (t.deep and (t.folder == "" or folder.startswith(t.folder + "/")))
            for t in taken
        )

    assert all(covered(folder, deep=deep) for folder, deep in added)
    assert len({t.folder for t in taken}) == len(taken)


def test_the_notifier_is_asked_without_waiting(tmp_path: Path) -> None:
    notifier = KernelNotifier([str(tmp_path)])
    try:
        assert list(notifier.drain()) == []
    finally:
        notifier.close()
    with pytest.raises(NotifierError, match="watching failed"):
        notifier.drain()
