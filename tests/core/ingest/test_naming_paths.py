"""Any text becomes a name that every file system takes, and stays below its folder."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.core.ingest import paths

HOSTILE = (
    '/\\:|*?"<>{}. -\t\n\0\x1b\u202e\u200b\u200d\ufeff\ud83d\udc80\u0301\u0338\u0300é語😀\U0001f3fd\u2800a1'
)
texts = st.text(max_size=80) | st.text(alphabet=HOSTILE, max_size=80)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Mission: Impossible", "Mission - Impossible"),
        ("Mission : Impossible", "Mission - Impossible"),
        ("3:10 to Yuma", "3-10 to Yuma"),
        ("Face/Off", "Face-Off"),
        ("Face / Off", "Face - Off"),
        ("AC\\DC", "AC-DC"),
        ("Se|en", "Se-en"),
        ("M*A*S*H", "MASH"),
        ("Who?: Me", "Who - Me"),
        ('The "Best"', "The 'Best'"),
        ("<Film>", "Film"),
        (": a :", "a"),
        ("{tmdb-603}", "(tmdb-603)"),
        ("a\u2003b\u00a0c\t\nd", "a b c d"),
        ("e\u0301", "é"),
        ("e\u200d\u0301", "é"),
        (">\u0338", "\u226f"),
        ("e*\u0301", "é"),
        ("\u202etxt.exe", "txt.exe"),
        ("a\u200b\u200e\ufeff\u2800\U000e0041\ufffeb", "ab"),
        ("a\0\x1b\x7f\x85b", "a b"),
        ("\ud83d", ""),
        ("\u0301\u0302", ""),
        ("   ", ""),
        ("?", ""),
        ("-30-", "-30-"),
        ("WALL·E", "WALL·E"),
        ("Amélie", "Amélie"),
        ("千と千尋の神隠し", "千と千尋の神隠し"),
    ],
)
def test_a_title_is_written_so_that_it_can_stand_in_a_name(title: str, name: str) -> None:
    assert paths.plain(title) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("..", ""),
        (".", ""),
        (". . .", ""),
        (".hack", "hack"),
        ("What If...", "What If"),
        ("Wait... What", "Wait... What"),
        ("Film ()", "Film"),
        ("Film -", "Film"),
        ("- Film", "Film"),
        ("a - - b", "a - b"),
        ("CON", "CON_"),
        ("nul.2000", "nul_.2000"),
        ("com1", "com1_"),
        ("LPT9.x", "LPT9_.x"),
        ("Con Air", "Con Air"),
        ("Nulls", "Nulls"),
        (".segue-recycle", "segue-recycle"),
    ],
)
def test_the_ends_of_a_component(text: str, name: str) -> None:
    assert paths.component(text) == name


def test_what_plex_takes_for_an_extra_is_no_name_of_a_film() -> None:
    assert paths.stem("Show - S01E01 - Self-Other", 200) == "Show - S01E01 - Self Other"
    assert paths.stem("Show - S01E01 - Scene", 200) == "Show - S01E01 - Scene"


@pytest.mark.parametrize(
    ("text", "bytes_max", "kept"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "abc"),
        ("日本語", 7, "日本"),
        ("cafe\u0301x", 5, "caf"),
        ("a👍🏽b", 5, "a"),
        ("ab - cd", 5, "ab"),
        ("abc", 0, ""),
    ],
)
def test_a_text_is_cut_between_characters(text: str, bytes_max: int, kept: str) -> None:
    assert paths.cut(text, bytes_max) == kept


@given(texts, st.integers(12, 255))
def test_whatever_the_text_the_component_is_safe(text: str, bytes_max: int) -> None:
    name = paths.component(paths.plain(text), bytes_max)
    assert len(name.encode()) <= bytes_max
    assert unicodedata.is_normalized("NFC", name)
    assert not set(name) & set('/\\:|*?"<>\0')
    assert all(unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for c in name)
    assert name == name.strip(" .")


@given(texts)
def test_repeating_changes_nothing(text: str) -> None:
    plain = paths.plain(text)
    assert paths.plain(plain) == plain
    name = paths.component(plain)
    assert paths.component(name) == name
    assert paths.stem(paths.stem(name, 200), 200) == paths.stem(name, 200)


@given(texts, texts)
def test_two_spellings_of_one_name_fold_to_one(text: str, other: str) -> None:
    assert paths.fold(unicodedata.normalize("NFD", text)) == paths.fold(text)
    assert paths.fold(text.upper()) == paths.fold(text.upper().lower()) or not text.isascii()


@pytest.mark.parametrize(
    ("text", "kept"),
    [(".MKV", ".mkv"), (".m2ts", ".m2ts"), ("", ""), (".a/b", ""), ("mkv", ""), (".x" * 20, "")],
)
def test_extensions(text: str, kept: str) -> None:
    assert paths.extension(text) == kept


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/a",
        "a/",
        "a//b",
        "..",
        "a/../b",
        "./a",
        "a\0",
        "\udc80",
        ".segue-recycle/x",
        "a" * 256,
        "a/" * 1300,
    ],
)
def test_a_folder_of_somebody_elses_making_is_looked_at_before_it_is_used(path: str) -> None:
    assert not paths.is_below(path)


def test_a_folder_that_is_there_keeps_its_spelling() -> None:
    assert paths.is_below("Films: A-Z/e\u0301/.hidden ")
