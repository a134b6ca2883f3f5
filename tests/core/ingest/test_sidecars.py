"""What travels along, under which name, and what is left."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.core.ingest import paths
from segue.core.ingest.actions import Sibling
from segue.core.ingest.naming import Destination
from segue.core.ingest.sidecars import (
    UNCLEAR,
    Related,
    is_extra,
    name_for,
    names_for,
    sidecars_of,
    subtitle_ending,
)

STEM = "The.Film.1999.1080p-GRP"
VIDEO = f"{STEM}.mkv"
FILM = Destination("film", "The Film (1999)", "The Film (1999) - 1080p", ".mkv", "The Film (1999)")
FLAT = Destination("film", "", "The Film (1999)", ".mkv")


def related(
    *names: str,
    video: str = VIDEO,
    film: bool = True,
    own_folder: bool = True,
    sizes: dict[str, int] | None = None,
) -> Related:
    """Look at what lies beside a video; every file has a size of its own unless one is given."""
    siblings = [Sibling(name, (sizes or {}).get(name, 100 + n)) for n, name in enumerate(names)]
    videos = 1 + sum("/" not in name and name.endswith(".mkv") for name in names)
    return sidecars_of(video, siblings, videos, is_film=film, own_folder=own_folder)


def endings(*names: str, video: str = VIDEO, film: bool = True, own_folder: bool = True) -> dict[str, str]:
    found = related(*names, video=video, film=film, own_folder=own_folder)
    return {sidecar.path: sidecar.ending for sidecar in found.carry}


# ------------------------------------------------------------------ languages


@pytest.mark.parametrize(
    ("rest", "ending"),
    [
        (".en", ".en.srt"),
        (".eng", ".en.srt"),
        (".English", ".en.srt"),
        ("2_English", ".en.srt"),
        (".Français", ".fr.srt"),
        (".русский", ".ru.srt"),
        (".한국어", ".ko.srt"),
        (".ger.forced", ".de.forced.srt"),
        (".forced.ger", ".de.forced.srt"),
        (".en.sdh", ".en.sdh.srt"),
        (".en.cc", ".en.sdh.srt"),
        (".en.hi", ".en.sdh.srt"),
        ("SDH.eng.HI", ".en.sdh.srt"),
        (".hi", ".hi.srt"),
        (".hi.forced", ".hi.forced.srt"),
        (".Hindi.hi", ".hi.sdh.srt"),
        (".pt-BR", ".pt-BR.srt"),
        (".pt_br.forced", ".pt-BR.forced.srt"),
        (".pt-PT", ".pt-PT.srt"),
        ("Brazilian Portuguese", ".pt-BR.srt"),
        ("Portuguese (Brazil)", ".pt-BR.srt"),
        (".pob", ".pt-BR.srt"),
        (".zh-Hans", ".zh-Hans.srt"),
        (".zh-TW", ".zh-Hant.srt"),
        ("Chinese (Simplified)", ".zh-Hans.srt"),
        ("Traditional Chinese", ".zh-Hant.srt"),
        (".cht", ".zh-Hant.srt"),
        ("Spanish (Latin American)", ".es-419.srt"),
        ("latino", ".es-419.srt"),
        (".es-419", ".es-419.srt"),
        (".forced", ".forced.srt"),
        (".en.forced.sdh", ".en.forced.sdh.srt"),
        ("", ".srt"),
        (".x264", ".srt"),
        (".default.en", ".en.srt"),
    ],
)
def test_subtitles_say_their_language(rest: str, ending: str) -> None:
    assert subtitle_ending(rest, ".srt") == ending


# ------------------------------------------------------------------ films


def test_what_lies_beside_a_film_goes_along() -> None:
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


def test_words_of_a_title_are_no_languages() -> None:
    """A subtitle of another name says its language at its end only: `no` and `is` are words, too."""
    found = endings("This.Is.No.Film.srt", "The.Italian.Job.en.srt")
    assert found == {"This.Is.No.Film.srt": ".srt", "The.Italian.Job.en.srt": ".en.srt"}


def test_a_folder_may_say_the_language() -> None:
    found = endings(f"Subs/German/{STEM}.srt", "English/film.srt", "Other/x.srt")
    assert found == {f"Subs/German/{STEM}.srt": ".de.srt", "English/film.srt": ".en.srt"}


def test_several_of_a_language_are_numbered_and_the_same_again_is_left() -> None:
    names = ("Subs/1_English.srt", "Subs/2_English.srt", "Subs/3_English.srt")
    found = related(*names, sizes={names[2]: 100})
    assert [s.ending for s in found.carry] == [".en.srt", ".2.en.srt"]
    assert found.left == ((names[2], f"{names[0]} goes along already"),)


def test_the_two_halves_of_a_subtitle_keep_one_number() -> None:
    found = endings(f"{STEM}.en.sub", "Subs/2_English.idx", "Subs/2_English.sub")
    assert found == {
        f"{STEM}.en.sub": ".en.sub",
        "Subs/2_English.idx": ".2.en.idx",
        "Subs/2_English.sub": ".2.en.sub",
    }


def test_another_film_in_the_folder_keeps_its_own() -> None:
    found = endings("Other.mkv", "Other.srt", "poster.jpg", "Other.nfo", f"{STEM}.en.srt", f"{STEM}.jpg")
    assert found == {f"{STEM}.en.srt": ".en.srt", f"{STEM}.jpg": ".jpg"}


def test_a_longer_name_is_not_a_shorter_ones() -> None:
    names = ("Film.2.mkv", "Film.2.en.srt", "Film.en.srt", "Filmed.srt")
    assert endings(*names, video="Film.mkv") == {"Film.en.srt": ".en.srt"}
    assert endings("Film.mkv", *names[1:], video="Film.2.mkv") == {"Film.2.en.srt": ".en.srt"}


def test_a_subtitle_that_fits_two_films_is_left_with_a_reason() -> None:
    found = related("Other.mkv", "Subs/2_English.srt")
    assert (found.carry, found.left) == ((), (("Subs/2_English.srt", UNCLEAR),))


def test_where_everything_arrives_only_the_same_name_counts() -> None:
    names = ("Something.Else.srt", "poster.jpg", "readme.nfo", f"{STEM}.de.srt")
    assert endings(*names, own_folder=False) == {f"{STEM}.de.srt": ".de.srt"}


def test_a_sample_beside_a_film_takes_nothing_from_it() -> None:
    """Neither a sample nor an extra makes it two films."""
    found = related("sample.mkv", f"{STEM}-trailer.mkv", "English.srt", "film.nfo")
    assert {s.path for s in found.carry} == {f"{STEM}-trailer.mkv", "English.srt", "film.nfo"}


def test_what_is_of_no_use_is_left_with_a_reason() -> None:
    found = related(
        "Sample/film-sample.mkv",
        "RARBG.txt",
        "RARBG.com.mp4",
        "WWW.SITE.TO.exe",
        "film.rar",
        "notes.txt",
        "tvshow.nfo",
        "screen01.png",
        ".hidden.srt",
        ".segue-1-0.partial",
        "\udc80.srt",
    )
    assert found.carry == ()
    assert dict(found.left) == {
        "Sample/film-sample.mkv": "a sample",
        "RARBG.txt": "nothing that Plex reads",
        "RARBG.com.mp4": "an advertisement",
        "WWW.SITE.TO.exe": "nothing that Plex reads",
        "film.rar": "an archive",
        "notes.txt": "nothing that Plex reads",
        "tvshow.nfo": "it is the whole show's",
        "screen01.png": "no picture that Plex looks for",
        "\udc80.srt": "its name is not UTF-8",
    }


# ------------------------------------------------------------------ episodes


def test_in_a_season_each_episode_has_its_own() -> None:
    names = (
        "Show.S01E01.srt",
        "Show.S01E02.en.srt",
        "Subs/Show.S01E01.x/2_Eng.srt",
        "Subs/Show.S01E02.x/2_Eng.srt",
        "1x01.de.srt",
        "show.nfo",
        "Show.S01E01.x.nfo",
        "Show.S01E02.x.mkv",
        "Show.S01E01.x-thumb.jpg",
        "poster.jpg",
    )
    assert endings(*names, film=False, video="Show.S01E01.x.mkv") == {
        "Show.S01E01.srt": ".srt",
        "Subs/Show.S01E01.x/2_Eng.srt": ".en.srt",
        "1x01.de.srt": ".de.srt",
        "Show.S01E01.x.nfo": ".nfo",
        "Show.S01E01.x-thumb.jpg": "-thumb.jpg",
    }


def test_a_range_is_not_its_first_episode() -> None:
    names = ("a.S01E01E02.srt", "b.S01E01-E02.de.srt", "c.S01E01.fr.srt", "Show.S01E03.mkv")
    found = endings(*names, film=False, video="Show.S01E01-E02.x.mkv")
    assert set(found) == {"a.S01E01E02.srt", "b.S01E01-E02.de.srt"}
    assert set(endings(*names, film=False, video="Show.S01E01.720p.mkv")) == {"c.S01E01.fr.srt"}


def test_two_versions_of_an_episode_do_not_fight_for_a_subtitle() -> None:
    found = related("Show.S01E01.720p.mkv", "S01E01.srt", film=False, video="Show.S01E01.1080p.mkv")
    assert dict(found.left) == {"S01E01.srt": UNCLEAR}


def test_a_sole_episode_does_not_take_another_ones_subtitle() -> None:
    found = related("Show.S01E02.srt", film=False, video="Show.S01E01.mkv")
    assert dict(found.left) == {"Show.S01E02.srt": "it belongs to another episode"}


# ------------------------------------------------------------------ extras


def test_extras_go_where_plex_looks_for_them() -> None:
    found = related(
        "Featurettes/Making.of.mkv",
        f"{STEM}-trailer.mkv",
        f"{STEM} Second-trailer.mkv",
        "Extras/Disc 1/The Cut.mkv",
        f"Trailers/{STEM}.mkv",
    )
    assert {n.source: n.path for n in names_for(FILM, found).files} == {
        "Featurettes/Making.of.mkv": "The Film (1999)/Featurettes/Making of.mkv",
        f"{STEM}-trailer.mkv": "The Film (1999)/The Film (1999) - 1080p-trailer.mkv",
        f"{STEM} Second-trailer.mkv": "The Film (1999)/Trailers/Second.mkv",
        "Extras/Disc 1/The Cut.mkv": "The Film (1999)/Other/The Cut.mkv",
        f"Trailers/{STEM}.mkv": "The Film (1999)/Trailers/The Film 1999 1080p-GRP.mkv",
    }


def test_extras_of_a_show_stay_but_an_episodes_own() -> None:
    names = ("Extras/Bloopers.mkv", "Show.S01E01-deleted.mkv")
    found = related(*names, film=False, video="Show.S01E01.mkv")
    assert [(s.path, s.ending) for s in found.carry] == [(names[1], "-deleted.mkv")]
    assert dict(found.left) == {names[0]: "an extra of the whole show"}


def test_an_extra_among_several_films_is_left() -> None:
    found = related("Other.mkv", "Trailers/Teaser.mkv")
    assert dict(found.left) == {"Trailers/Teaser.mkv": UNCLEAR}


def test_what_is_an_extra_by_itself() -> None:
    assert is_extra("Film/Featurettes/x.mkv")
    assert is_extra("x-trailer.mkv")
    assert not is_extra("Film/x.mkv")
    assert not is_extra("Show/Specials/Show.S00E01.mkv")


# ------------------------------------------------------------------ names


def test_a_film_without_a_folder_has_no_pictures_and_extras_with_a_suffix() -> None:
    """In the library's root they would be everybody's."""
    named = names_for(FLAT, related("poster.jpg", "Trailers/A.mkv", "Trailers/B.mkv", f"{STEM}.en.srt"))
    assert {n.path for n in named.files} == {
        "The Film (1999)-trailer.mkv",
        "The Film (1999) 2-trailer.mkv",
        "The Film (1999).en.srt",
    }
    assert dict(named.left) == {"poster.jpg": "the film has no folder of its own"}


def test_what_the_library_has_is_not_brought_again() -> None:
    found = related("poster.jpg", f"{STEM}.en.srt", "Trailers/Teaser.mkv")
    taken = {
        "The Film (1999)/POSTER.jpg",
        "The Film (1999)/The Film (1999) - 1080p.en.srt",
        "The Film (1999)/Trailers/Teaser.mkv",
    }
    named = names_for(FILM, found, taken)
    assert [n.path for n in named.files] == ["The Film (1999)/Trailers/Teaser 2.mkv"]
    assert {path for path, _ in named.left} == {"poster.jpg", f"{STEM}.en.srt"}


WORDS = ".en .de.forced 2_English Subs/ Subs/x/ Trailers/ Extras/ Sample/ .srt .idx .sub .nfo .jpg .mkv -trailer poster"
near = st.lists(st.sampled_from([STEM, *WORDS.split()]), min_size=1, max_size=5).map("".join)
anything = st.text(min_size=1, max_size=30).filter(lambda text: not text.startswith("/"))


@given(st.lists(near | anything, max_size=12, unique=True), st.booleans(), st.sampled_from([FILM, FLAT]))
def test_whatever_lies_there_each_has_one_place_or_one_reason(
    names: list[str], film: bool, where: Destination
) -> None:
    names = [name for name in names if name != VIDEO]
    siblings = [Sibling(name, 10 + n // 2) for n, name in enumerate(names)]
    found = sidecars_of(VIDEO, siblings, 1, is_film=film)
    named = names_for(where, found)
    sources = [n.source for n in named.files] + [path for path, _ in named.left]
    assert len(set(sources)) == len(sources)
    assert set(sources) <= set(names)
    assert {n.source for n in named.files} <= {s.path for s in found.carry}
    targets = [n.path for n in named.files]
    assert len({paths.fold(t) for t in targets} | {paths.fold(where.path)}) == len(targets) + 1
    for target in targets:
        assert all(part not in ("", ".", "..") for part in target.split("/"))
        assert all(len(part.encode()) <= 255 for part in target.split("/"))
        assert target.startswith(where.folder)
    assert sidecars_of(VIDEO, siblings[::-1], 1, is_film=film) == found


def test_the_longest_names_have_room_for_the_longest_endings() -> None:
    where = Destination("film", "F", "x" * 208 + " - version 2", ".mkv", "F")
    found = related(
        f"{STEM}.zh-Hant.forced.sdh.srt", f"Subs/{STEM}.zh-Hant.forced.sdh.srt", f"{STEM}-behindthescenes.mkv"
    )
    assert len(found.carry) == 3
    assert all(len(n.path.encode()) <= 255 + 2 for n in names_for(where, found).files)
    assert [name_for(s, "F", where.stem) for s in found.carry] == [
        n.path for n in names_for(where, found).files
    ]
