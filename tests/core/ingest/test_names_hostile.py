"""Whatever a name is made of, reading it ends, gives the promised types, and gives the same again."""

import subprocess
import sys
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.core.ingest.facts import ParsedName
from segue.core.ingest.names import read
from segue.core.ingest.names_dates import exists
from segue.core.ingest.names_flags import FLAGS
from segue.core.ingest.names_text import PART_CHARS_MAX, path_parts
from tests.core.ingest.test_names import Guess, nobody

ROOT = Path(__file__).resolve().parents[3]

WORDS = """
The Matrix 1999 (2019) [Group] S01E02 1x03 - . _ / 1080p x264 - 05v2 01-12 E05 Season 2 Episode 3 2019.03.05 190305
{tmdb-603} tt0133093 EXTENDED Directors.Cut CD1 pt2 AKA French MULTi [0A1B2C3D] 【字】 S00E00 99999 sample -trailer
Specials 4K US (UK) www.x.com of 1of6 & + ~ to NCOP OVA SP1
"""
PIECES = st.sampled_from([*WORDS.split(), "", "\u0661\u0662", "\u00b2", "\u202e", "\ud800", "\x00"])
NAMES = st.one_of(
    st.text(max_size=80),
    st.lists(PIECES, max_size=14).map(" ".join),
    st.lists(PIECES, max_size=14).map(".".join),
    st.lists(PIECES, max_size=10).map("".join),
)
GUESSES = st.builds(
    Guess,
    title=st.sampled_from(["", "The Matrix", "x"]),
    other_titles=st.lists(st.text(max_size=5), max_size=2).map(tuple),
    year=st.none() | st.integers(0, 9999),
    seasons=st.lists(st.integers(0, 3000), max_size=3).map(tuple),
    episodes=st.lists(st.integers(0, 3000), max_size=3).map(tuple),
    date=st.sampled_from(["", "2019-03-05"]),
)


@settings(max_examples=600)
@given(NAMES, GUESSES)
def test_any_text_is_read_into_the_promised_types(name: str, guess: Guess) -> None:
    found = read(name, lambda _: guess)
    plain = msgspec.to_builtins(found)
    assert msgspec.convert(plain, ParsedName) == found
    assert set(found.flags) <= set(FLAGS)
    assert list(found.episodes) == sorted(set(found.episodes))
    assert list(found.absolute) == sorted(set(found.absolute))
    assert found.part is None or 1 <= found.part <= 8
    if found.date:
        assert exists(*map(int, found.date.split("-")))
    if found.readers == "canonical":
        assert not found.flags
        assert found.title
    assert read(name, lambda _: guess) == found


@settings(max_examples=200)
@given(st.text(max_size=600))
def test_no_part_of_a_path_is_read_beyond_what_a_file_system_holds(path: str) -> None:
    parts = path_parts(path)
    assert all(len(part) <= 4 * PART_CHARS_MAX for part in (*parts.folders, parts.stem))


HOSTILE = """
from segue.core.ingest.names import read
from tests.core.ingest.test_names import nobody
pieces = [
    "a", "1", "1 ", "1x01-", "S01E01", "E01-", "[", "]", "[a]", "((", "()", "[1]", "- 01 ", "2019 ", "2019.01.01 ",
    "0 0 ", "A.", " AKA ", "1080p.", "-a", "v2", "{tmdb-1}", "【", "Season 1 Episode 1 & 2 ", "1of2 ", "www.a.com ",
    "- - ", "DTS-HD MA 5 1 ", "EXTENDED ", "Aa1", "~ 1 ", "S1-S2 ", "cd1 ", "to E1 ", "字", "film ",
]
read_names = 0
for piece in pieces:
    for start in ("", "[G] Title - ", "Show S01E01", "Show/Season 01/"):
        for end in ("", "!", ".mkv"):
            for length in (240, 65536):
                read(start + piece * (length // len(piece)) + end, nobody)
                read_names += 1
print(read_names)
"""


def test_long_repetitions_do_not_make_a_pattern_explode() -> None:
    """864 names, up to 64 KB each. A pattern that backtracks without end would not get through the first of them."""
    done = subprocess.run(
        [sys.executable, "-c", HOSTILE], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == str(36 * 4 * 3 * 2), done.stderr


def test_nothing_reads_as_nothing() -> None:
    for name in ("", "/", ".", "./", "//", " ", ".mkv", "...", "-", "[]", "[].mkv", "()"):
        assert read(name, nobody).title == "", name
