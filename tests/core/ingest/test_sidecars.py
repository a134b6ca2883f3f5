"""What travels along, under which name, and what is left."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.core.ingest.actions import Sibling
from segue.core.ingest.sidecars import Related, is_extra, name_for, sidecars_of, subtitle_ending

VIDEO = "The.Film.1999.1080p-GRP.mkv"
STEM = "The.Film.1999.1080p-GRP"


def related(*names: str, videos: int = 1, film: bool = True, video: str = VIDEO) -> Related:
    return sidecars_of(video, [Sibling(name, 10) for name in names], videos, is_film=film)


def endings(*names: str, videos: int = 1, film: bool = True, video: str = VIDEO) -> dict[str, str]:
    return {s.path: s.ending for s in related(*names, videos=videos, film=film, video=video).carry}


@pytest.mark.parametrize(
    ("rest", "ending"),
    [
        (".en", ".en.srt"),
        (".eng", ".en.srt"),
        (".English", ".en.srt"),
        ("2_English", ".en.srt"),
        (".ger.forced", ".de.forced.srt"),
        (".en.sdh", ".en.sdh.srt"),
        (".en.hi", ".en.sdh.srt"),
        (".hi", ".hi.srt"),
        (".pt-BR", ".pt-BR.srt"),
        ("Brazilian Portuguese", ".pt-BR.srt"),
        (".forced", ".forced.srt"),
        ("", ".srt"),
        (".x264", ".srt"),
    ],
)
def test_subtitles_say_their_language(rest: str, ending: str) -> None:
    assert subtitle_ending(rest, ".srt") == ending


def test_what_lies_beside_a_film() -> None:
    found = endings(
        f"{STEM}.srt",
        "Subs/2_English.srt",
        "Subs/3_German.idx",
        "Subs/3_German.sub",
        "film.nfo",
        "poster.jpg",
    )
    assert found == {
        f"{STEM}.srt": ".srt",
        "Subs/2_English.srt": ".en.srt",
        "Subs/3_German.idx": ".de.idx",
        "Subs/3_German.sub": ".de.sub",
        "film.nfo": ".nfo",
        "poster.jpg": "poster.jpg",
    }


def test_in_a_season_each_episode_has_its_own() -> None:
    names = ("Show.S01E01.srt", "Show.S01E02.en.srt", "Subs/Show.S01E01.x/2_Eng.srt", "1x01.srt", "show.nfo")
    found = endings(*names, "Show.S01E02.x.mkv", videos=2, film=False, video="Show.S01E01.x.mkv")
    assert set(found) == {"Show.S01E01.srt", "Subs/Show.S01E01.x/2_Eng.srt", "1x01.srt"}


def test_extras_go_where_plex_looks_for_them() -> None:
    found = related("Featurettes/Making.mkv", f"{STEM}-trailer.mkv", "Sample/sample.mkv", "RARBG.txt")
    names = {s.path: name_for(s, "The Film (1999)", "The Film (1999)") for s in found.carry}
    assert names == {
        "Featurettes/Making.mkv": "The Film (1999)/Featurettes/Making.mkv",
        f"{STEM}-trailer.mkv": "The Film (1999)/The Film (1999)-trailer.mkv",
    }
    assert dict(found.left) == {"Sample/sample.mkv": "a sample", "RARBG.txt": "nothing that Plex reads"}
    assert is_extra("Film/Featurettes/x.mkv")
    assert is_extra("x-trailer.mkv")
    assert not is_extra("Film/x.mkv")


def test_no_two_take_one_name() -> None:
    found = related("Subs/1_English.srt", "Subs/2_English.srt", "Subs/3_English.srt")
    assert [s.ending for s in found.carry] == [".en.srt", ".en.2.srt", ".en.3.srt"]


def test_another_film_in_the_folder_keeps_its_own() -> None:
    assert endings("Other.srt", "poster.jpg", "Other.nfo", f"{STEM}.en.srt", videos=2) == {
        f"{STEM}.en.srt": ".en.srt"
    }


@given(
    st.lists(
        st.text(min_size=1, max_size=30).filter(lambda t: not t.startswith("/")), max_size=12, unique=True
    )
)
def test_whatever_lies_there_names_stay_apart(names: list[str]) -> None:
    found = related(*names)
    targets = [name_for(s, "F", "Film") for s in found.carry]
    assert len({t.casefold() for t in targets}) == len(targets)
    assert all(".." not in t.split("/") for t in targets)
