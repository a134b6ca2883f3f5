"""Which of two versions is the better one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.core.ingest.quality import SOURCES, QualityFacts, compare, facts_of


@pytest.mark.parametrize(
    ("new", "old", "answer"),
    [
        (QualityFacts("2160p"), QualityFacts("1080p"), "better"),
        (QualityFacts("720p", "BluRay"), QualityFacts("1080p", "HDTV"), "worse"),
        (QualityFacts("1080p", "BluRay"), QualityFacts("1080", "WEB-DL"), "better"),
        (QualityFacts("1080p", "WEB-DL", 1), QualityFacts("1080p", "WEB-DL"), "better"),
        (QualityFacts("1080p"), QualityFacts("1080p", "BluRay"), "same"),
        (QualityFacts("2160p"), QualityFacts("4k"), "same"),
        (QualityFacts(), QualityFacts("1080p"), "unknown"),
        (QualityFacts("480p"), QualityFacts("sd"), "same"),
    ],
)
def test_versions(new: QualityFacts, old: QualityFacts, answer: str) -> None:
    assert compare(new, old)[0] == answer


def test_quality_is_read_out_of_our_own_names() -> None:
    assert facts_of("The Matrix (1999) - 1080p BluRay.mkv") == QualityFacts("1080p", "BluRay")
    assert facts_of("Show - S01E01.mkv", "720") == QualityFacts("720", "")


FACTS = st.builds(
    QualityFacts,
    st.sampled_from(["", "480p", "720p", "1080p", "4k"]),
    st.sampled_from(["", *SOURCES]),
    st.integers(0, 2),
)


@given(FACTS, FACTS)
def test_what_is_better_one_way_is_worse_the_other(a: QualityFacts, b: QualityFacts) -> None:
    turned = {"better": "worse", "worse": "better", "same": "same", "unknown": "unknown"}
    assert compare(b, a)[0] == turned[compare(a, b)[0]]
