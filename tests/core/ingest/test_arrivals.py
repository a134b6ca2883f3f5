"""Which names are wanted below a watched root, and with which word the others are left."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.core.ingest.arrivals import (
    SAMPLE_BYTES_MAX,
    ArrivalRules,
    Arrivals,
    is_unpacking,
    wanted,
)

ARRIVALS = Arrivals()

LEFT = [
    ("Quiet Harbour (2011)/Quiet Harbour.mkv", ""),
    ("a/b/c/d/Some.Show.S01E02.MP4", ""),
    ("Feature.ts", ""),
    ("Film.part1.mkv", ""),  # a part of a film, not of a download
    ("Downloads/Film.mkv", ""),
    ("Film.mkv.part", "temporary"),
    ("Film.mkv.!qB", "temporary"),
    ("Film.mkv.crdownload", "temporary"),
    ("Film.mkv.aria2", "temporary"),
    ("Film.download/Film.mkv", "temporary"),
    ("_UNPACK_Film/Film.mkv", "unpacking"),
    ("shows/_unpack_Film/sub/Film.mkv", "unpacking"),
    ("_FAILED_Film/Film.mkv", "failed"),
    ("_UNPACKED/Film.mkv", ""),
    (".segue-k3.partial", "ours"),
    (".segue-recycle/k3/Film.mkv", "ours"),
    (".Film.mkv", "hidden"),
    ("._Film.mkv", "hidden"),
    (".hidden/Film.mkv", "hidden"),
    (".Trash-1000/files/Film.mkv", "trash"),
    (".Trash/Film.mkv", "trash"),
    ("#recycle/Film.mkv", "trash"),
    ("$RECYCLE.BIN/S-1-5/Film.mkv", "trash"),
    ("@eaDir/Film.mkv/SYNOVIDEO.mp4", "system"),
    ("lost+found/Film.mkv", "system"),
    ("System Volume Information/x.mkv", "system"),
    ("Film/RARBG.txt", "junk"),
    ("Film/RARBG_DO_NOT_MIRROR.exe", "junk"),
    ("Film/rarbg.com.mp4", "junk"),
    ("Film/ETRG.mp4", "junk"),
    ("Film/WWW.SITE.ORG.mp4", "junk"),
    ("Film/Downloaded from somewhere.mp4", "junk"),
    ("www.Site.org - Quiet Harbour.2011.mkv", ""),
    ("Join Us (2011)/Join Us.mkv", ""),
    ("Film/Go here.url", "junk"),
    ("Film/film.rar", "archive"),
    ("Film/film.r17", "archive"),
    ("Film/film.vol03+04.par2", "archive"),
    ("Film/film.en.srt", "sidecar"),
    ("Film/film.nfo", "sidecar"),
    ("Film/notes.txt", "extension"),
    ("Film/mkv", "extension"),
    ("Film/film.mkv.bak", "extension"),
]


@pytest.mark.parametrize(("relpath", "reason"), LEFT)
def test_a_name_is_wanted_or_left_with_a_word(relpath: str, reason: str) -> None:
    assert ARRIVALS.left_because(relpath) == reason
    assert ARRIVALS.wanted(relpath) == wanted(relpath, ArrivalRules()) == (reason == "")


def test_a_setting_adds_suffixes_and_extensions_in_any_case() -> None:
    rules = ArrivalRules(extensions=(".WebM",), temporary_suffixes=(".Pending",))
    assert wanted("Film.webm", rules)
    assert not wanted("Film.mkv", rules)
    assert Arrivals(rules).left_because("Film.webm.PENDING") == "temporary"


def test_ignored_names_are_patterns_of_whole_names() -> None:
    arrivals = Arrivals(ArrivalRules(ignore=("incomplete", "*.proof.*", "disc?", "a[b]c")))
    assert arrivals.left_because("Incomplete/Film.mkv") == "ignored"
    assert arrivals.left_because("x/Film.Proof.mkv") == "ignored"
    assert arrivals.left_because("Disc1/Film.mkv") == "ignored"
    assert arrivals.left_because("Disc12/Film.mkv") == ""
    assert arrivals.left_because("a[b]c/Film.mkv") == "ignored"  # no pattern but what is said to be one
    assert arrivals.left_because("abc/Film.mkv") == ""


@pytest.mark.parametrize("suffixes", [(), ("",)])
def test_an_empty_suffix_takes_nothing_for_temporary(suffixes: tuple[str, ...]) -> None:
    assert wanted("Film.mkv", ArrivalRules(temporary_suffixes=suffixes, ignore=("",)))


@pytest.mark.parametrize(
    ("relpath", "sample"),
    [
        ("Film/sample-film.mkv", True),
        ("Film/film.sample.mkv", True),
        ("Film/Sample/film.mkv", True),
        ("Film/Samples/film.mkv", True),
        ("Film/film-SAMPLE2.mkv", True),
        ("Film/resampled.mkv", False),
        ("Film/samplers.mkv", False),
        ("Sample/Film/film.mkv", False),
    ],
)
def test_a_sample_is_named_so_and_small(relpath: str, sample: bool) -> None:
    assert ARRIVALS.is_sample(relpath, SAMPLE_BYTES_MAX - 1) == sample
    assert not ARRIVALS.is_sample(relpath, SAMPLE_BYTES_MAX)


@pytest.mark.parametrize("volume", ["f.rar", "f.part01.RAR", "f.r00", "f.7z", "f.7z.001", "f.vol1+2.par2"])
def test_volumes_of_an_archive_are_seen(volume: str) -> None:
    assert is_unpacking(["film.mkv", volume])


def test_subtitles_in_a_zip_are_no_archive_of_a_film() -> None:
    assert not is_unpacking(["film.mkv", "subs.zip", "film.nfo", "2001.mkv"])


def test_notes_of_a_client_beside_a_file_say_that_it_is_not_whole() -> None:
    assert ARRIVALS.unfinished_beside("Film.mkv", ["Film.mkv", "film.MKV.aria2"]) == "film.MKV.aria2"
    assert ARRIVALS.unfinished_beside("Film.mkv", ["Film.mkv", "Other.mkv.part", "Film.part"]) == ""


@given(st.text(), st.text(max_size=5))
def test_no_name_is_too_strange(relpath: str, pattern: str) -> None:
    arrivals = Arrivals(ArrivalRules(ignore=(pattern,)))
    assert arrivals.wanted(relpath) == (arrivals.left_because(relpath) == "")


@given(st.lists(st.sampled_from(["Shows", "_UNPACK_x", ".git", "@eaDir", "ok"]), max_size=4))
def test_what_is_not_entered_is_never_wanted(folders: list[str]) -> None:
    entered = not any(ARRIVALS.folder_left(folder) for folder in folders)
    assert ARRIVALS.wanted("/".join([*folders, "Film.mkv"])) == entered
