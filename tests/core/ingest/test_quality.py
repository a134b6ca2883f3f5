"""Which of two versions is the better one."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from segue.core.ingest.facts import ParsedName
from segue.core.ingest.quality import (
    SOURCES,
    QualityFacts,
    compare,
    from_plex,
    parse_quality,
    quality_of,
    quality_text,
)

Q = QualityFacts


@pytest.mark.parametrize(
    ("new", "old", "verdict", "words"),
    [
        (Q("2160p"), Q("1080p"), "better", "2160p against 1080p"),
        (Q("720p", "BluRay"), Q("1080p", "HDTV"), "worse", "720p against 1080p"),
        (Q("1080p", "BluRay"), Q("1080p", "WEB-DL"), "better", "both 1080p, BluRay against WEB-DL"),
        (Q("1080p", "WEBRip"), Q("1080p", "WEB-DL"), "worse", "WEBRip against WEB-DL"),
        (Q("1080p", "BluRay"), Q("1080p", "BluRay"), "same", "Both are 1080p BluRay."),
        (Q("1080p", "WEB-DL", 1), Q("1080p", "WEB-DL"), "better", "a mended release"),
        (Q("1080p", "WEB-DL"), Q("1080p", "WEB-DL", 1), "worse", "the one that is there is a mended"),
        (Q("1080p", "WEB-DL", 2), Q("1080p", "WEB-DL", 1), "better", "mended"),
        (Q("720p", "WEB-DL", 2), Q("1080p", "WEB-DL"), "worse", "720p"),
        (Q("1080p", "HDTV", 1), Q("1080p", "BluRay"), "worse", "HDTV"),
        (Q("1080p"), Q("1080i"), "better", "1080i"),
        (Q("1080p"), Q("1080p", "BluRay"), "unknown", "where one of them comes from"),
        (Q(), Q("1080p"), "unknown", "resolution of the new one"),
        (Q("1080p"), Q(), "unknown", "resolution of the one that is there"),
        (Q("1080p", "CAM"), Q("720p", "BluRay"), "worse", "CAM against BluRay"),
        (Q("480p", "DVD"), Q("1080p", "TS"), "better", "DVD against TS"),
        (Q(source="DVD"), Q(source="CAM"), "better", "DVD against CAM"),
        (Q("1080p", "CAM"), Q("720p"), "unknown", "CAM against 720p from a source that is not known"),
        (Q("720p"), Q("1080p", "TS"), "unknown", "1080p TS against 720p from a source that is not known"),
        (Q("1080p"), Q("720p", "CAM"), "better", "1080p against 720p"),
        (Q("2160p", edition="Extended"), Q("1080p"), "unknown", "another cut"),
        (Q("2160p", edition="Director's Cut"), Q("1080p", edition="directors cut"), "better", "2160p"),
        (Q("2160p", three_d=True), Q("1080p"), "unknown", "3D"),
        (Q("2160p", "Remux", hdr="DV"), Q("2160p", "Remux"), "unknown", "DV against no HDR"),
        (Q("2160p", "Remux", hdr="HDR10 DV"), Q("2160p", "Remux", hdr="DV HDR10"), "same", "Both"),
        (Q("720p", "TV", size=150), Q("720p", "TV", size=100), "same", "the new one is 50% larger"),
        (Q("720p", "TV", size=100), Q("720p", "TV", size=100), "same", "of the same size"),
    ],
)
def test_versions(new: QualityFacts, old: QualityFacts, verdict: str, words: str) -> None:
    found = compare(new, old)
    assert found.verdict == verdict
    assert words in found.text
    assert found.text.endswith(".")


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("The Matrix (1999) - 1080p BluRay.mkv", Q("1080p", "BluRay")),
        ("The Matrix (1999)/The Matrix (1999) - 2160p Remux Proper.mkv", Q("2160p", "Remux", 1)),
        ("Film (1999) {tmdb-1} {edition-Director's Cut} - 720p WEB-DL 3D Proper2 - pt1.mkv",
         Q("720p", "WEB-DL", 2, three_d=True, edition="Director's Cut")),
        ("Film (1999) - DVD.mkv", Q(source="DVD")),
        ("Show - S01E01 - The Cam.mkv", Q()),
        ("Show - S01E01 - DVD.mkv", Q()),
        ("Show - S01E01 - Web of Proper Lies - 1080p BluRay.mkv", Q("1080p", "BluRay")),
        ("Show - S01E01 - Pilot WEBDL-720p Proper.mkv", Q("720p", "WEB-DL", 1)),
        ("Film (1999) Bluray-1080p.mkv", Q("1080p", "BluRay")),
        ("Film.1999.DVD.XviD-GRP.avi", Q(source="DVD")),
        ("Film.1999.BluRay.1080p.x264-GRP.avi", Q("1080p", "BluRay")),
        ("Show - S01E01.mkv", Q()),
        ("Cam (2018).mkv", Q()),
        ("Charlotte's Web.mkv", Q()),
        ("TV Party (1080p).mkv", Q("1080p")),
        ("The.Film.1999.2160p.UHD.BluRay.REMUX.DV.HDR10.REPACK-GRP.mkv", Q("2160p", "Remux", 1, "DV HDR10")),
        ("Show.S01E02.720p.WEBRip.x264.mkv", Q("720p", "WEBRip")),
        ("Show - 2024-03-05 - 1080i HDTV.ts", Q("1080i", "HDTV")),
    ],
)  # fmt: skip
def test_quality_is_read_out_of_the_librarys_names(name: str, facts: QualityFacts) -> None:
    """Words of a title say nothing of it: only what follows the year, the number or the resolution."""
    assert parse_quality(name) == facts


@pytest.mark.parametrize(
    ("said", "word"), [("1080", "1080p"), ("4k", "2160p"), ("sd", "480p"), ("", ""), ("Other", ""), ("²", "")]
)
def test_plex_word_for_the_resolution(said: str, word: str) -> None:
    assert from_plex(said) == word


def test_plex_has_looked_into_the_file_and_the_name_has_not() -> None:
    assert parse_quality("F (1999) - 1080p BluRay.mkv", plex_resolution="720").resolution == "720p"
    assert parse_quality("F (1999) - 1080p BluRay.mkv", plex_resolution="").resolution == "1080p"


FACTS = st.builds(
    QualityFacts,
    st.sampled_from(["", "480p", "720p", "1080i", "1080p", "2160p"]),
    st.sampled_from(["", "Sky", *SOURCES]),
    st.integers(0, 2),
    st.sampled_from(["", "DV", "HDR10"]),
    st.booleans(),
    st.sampled_from(["", "Extended"]),
    st.integers(0, 10),
)


@given(FACTS, FACTS)
def test_what_is_better_one_way_is_worse_the_other(a: QualityFacts, b: QualityFacts) -> None:
    turned = {"better": "worse", "worse": "better", "same": "same", "unknown": "unknown"}
    assert compare(b, a).verdict == turned[compare(a, b).verdict]


@given(FACTS, FACTS, FACTS)
@example(Q("720p"), Q("480p", "Sky"), Q("1080i", "CAM"))
def test_better_than_the_better_one_is_never_worse(a: QualityFacts, b: QualityFacts, c: QualityFacts) -> None:
    if compare(a, b).verdict == compare(b, c).verdict == "better":
        assert compare(a, c).verdict in ("better", "unknown")


@given(
    st.sampled_from(["", "480p", "720p", "1080i", "2160p"]),
    st.sampled_from(["", *SOURCES]),
    st.integers(0, 3),
)
def test_what_a_name_says_is_read_again(resolution: str, source: str, proper: int) -> None:
    facts = quality_of(ParsedName(resolution=resolution, source=source, proper=proper))
    assert parse_quality(f"A Film (1999) - {quality_text(facts)}.mkv") == facts


@given(st.text(max_size=80))
def test_any_name_can_be_read(name: str) -> None:
    assert isinstance(parse_quality(name), QualityFacts)
