"""What a Plex server says of its library: strict about the answer, lenient about its fields."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.adapters.plex_guid import ExternalIds
from segue.adapters.plex_json import (
    MediaFile,
    Section,
    ServerStatus,
    parse_page,
    parse_sections,
    parse_status,
    read_episode,
    read_item,
    whole,
)
from segue.adapters.plex_xml import PlexUnreadable

FILM: dict[str, Any] = {
    "ratingKey": "55",
    "guid": "plex://movie/5d776825880197001ec90e9b",
    "type": "movie",
    "title": "The Paper Lantern",
    "year": 1999,
    "librarySectionID": 1,
    "Guid": [{"id": "imdb://tt0000055"}, {"id": "tmdb://55"}],
    "Genre": [{"tag": "Drama"}],
    "Media": [
        {
            "id": 1,
            "videoResolution": "1080",
            "container": "mkv",
            "duration": 8160000,
            "Part": [{"id": 1, "file": "/data/Films/The Paper Lantern (1999)/a.mkv", "size": 4000}],
        },
        {
            "videoResolution": "4k",
            "Part": [{"file": "/data/Films/The Paper Lantern (1999)/b.mkv", "container": "mp4", "size": "7"}],
        },
    ],
}


def body(size: Any = None, **fields: Any) -> bytes:
    """Make an answer; its size counts what is listed unless another is given."""
    listed = sum(len(value) for value in fields.values() if isinstance(value, list))
    return json.dumps({"MediaContainer": {"size": listed if size is None else size, **fields}}).encode()


def test_a_film_is_read_with_its_versions() -> None:
    """Two files of one film, in two qualities, and where they lie."""
    (raw,) = parse_page(body(Metadata=[FILM], totalSize=1)).items
    film = read_item(raw, "movie", "9")
    assert (film.rating_key, film.title, film.year, film.section_key) == (
        "55",
        "The Paper Lantern",
        1999,
        "1",
    )
    assert film.ids == ExternalIds(tmdb=55, imdb="tt0000055")
    assert film.files == (
        MediaFile("/data/Films/The Paper Lantern (1999)/a.mkv", 4000, "1080", "mkv", 8160000),
        MediaFile("/data/Films/The Paper Lantern (1999)/b.mkv", 7, "4k", "mp4", None),
    )
    assert film.folders == ("/data/Films/The Paper Lantern (1999)",)


def test_an_item_of_an_older_agent_has_its_id_in_its_guid() -> None:
    """And the section it was asked from, where it does not say."""
    (raw,) = parse_page(
        body(Metadata=[{"ratingKey": 3, "guid": "com.plexapp.agents.thetvdb://81189?lang=en"}])
    ).items
    show = read_item(raw, "show", "2")
    assert (show.rating_key, show.ids, show.section_key) == ("3", ExternalIds(tvdb=81189), "2")


def test_an_episode_is_read() -> None:
    """With the numbers of itself and its season."""
    (raw,) = parse_page(
        body(
            Metadata=[
                {
                    "ratingKey": "90",
                    "index": "4",
                    "parentIndex": 0,
                    "title": "Pilot",
                    "originallyAvailableAt": "2018-03-05",
                    "Media": [{"Part": [{"file": "/tv/x.mkv"}, {"size": 3}]}],
                }
            ]
        )
    ).items
    episode = read_episode(raw)
    assert (episode.season, episode.number, episode.air_date) == (0, 4, "2018-03-05")
    assert [file.path for file in episode.files] == ["/tv/x.mkv"]


def test_sections_are_read_with_all_their_folders() -> None:
    """A section may have several; a kind that we do not know is no reason to fail."""
    read = parse_sections(
        body(
            Directory=[
                {
                    "key": "1",
                    "type": "movie",
                    "title": "Films",
                    "uuid": "u",
                    "refreshing": True,
                    "scannedAt": "1700000000",
                    "contentChangedAt": 7,
                    "Location": [{"id": 1, "path": "/a"}, {"id": 2, "path": "/b"}],
                },
                {"key": 12, "type": "hologram", "Location": None},
                {"title": "without a key"},
            ]
        )
    )
    assert read[0] == Section("1", "Films", "movie", "u", ("/a", "/b"), True, 1700000000, 7)
    assert (read[1].key, read[1].kind, read[1].locations, len(read)) == ("12", "other", (), 2)


def test_the_server_says_who_it_is() -> None:
    """Something else that speaks JSON is no Plex server."""
    said = body(machineIdentifier="abc", version="1.42", friendlyName="Cellar")
    assert parse_status(said) == ServerStatus("abc", "1.42", "Cellar")
    with pytest.raises(PlexUnreadable, match="machineIdentifier"):
        parse_status(body(version="1.42"))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"OK",
        b"<MediaContainer size='0'/>",
        b"[]",
        b"{}",
        b'{"MediaContainer":[]}',
        b'{"MediaContainer":{"size":1,"Metadata":',
        b'{"MediaContainer":{"size":1,"Metadata":{"ratingKey":"1"}}}',
        b'{"MediaContainer":{"size":1,"Metadata":["x"]}}',
        b'{"MediaContainer":{"size":3}}',
        b'{"MediaContainer":{"size":"3","Metadata":[]}}',
        b'{"MediaContainer":{"size":' + b"9" * 10_000 + b"}}",
        b'{"MediaContainer":{"x":' + b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_an_answer_that_is_none_is_unknown_and_never_empty(answer: bytes) -> None:
    """A library that seems empty would be filled anew."""
    with pytest.raises(PlexUnreadable):
        parse_page(answer)
    with pytest.raises(PlexUnreadable):
        parse_sections(answer.replace(b"Metadata", b"Directory"))


def test_an_empty_listing_is_the_servers_word() -> None:
    """Nothing listed, and nothing announced."""
    assert parse_page(body(size="0", totalSize=0)).items == ()
    assert parse_sections(body()) == ()


def test_a_bad_byte_costs_a_character_and_not_the_answer() -> None:
    """Old tags hold such bytes."""
    answer = body(Metadata=[{"ratingKey": "1", "title": "Caf?"}]).replace(b"Caf?", b"Caf\xe9")
    assert parse_page(answer).items[0].title == "Caf\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("value", [7, "7", " 7 ", 7.0])
def test_a_number_is_read_in_any_form(value: Any) -> None:
    """As a number or as text."""
    assert whole(value) == 7


@pytest.mark.parametrize(
    "value", ["", "x", "1.5", "-", None, True, [7], {}, float("inf"), float("nan"), 2**80, "9" * 30]
)
def test_what_is_no_number_is_nothing(value: Any) -> None:
    """It counts as not said."""
    assert whole(value) is None


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
odd_items = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys([*FILM, "index", "parentIndex", "Location", "editionTitle"], anything)
    | {"Media": st.lists(st.fixed_dictionaries({}, optional={"container": anything, "duration": anything}))},
)


@given(st.lists(odd_items, max_size=4), anything)
def test_no_field_is_too_odd(items: list[dict[str, Any]], total: Any) -> None:
    """Every item of a listing is read, whatever stands in its fields."""
    try:
        page = parse_page(body(Metadata=items, totalSize=total))
    except PlexUnreadable:
        # Numbers beyond what JSON readers take.
        return
    for raw in page.items:
        read_item(raw, "movie", "1")
        read_episode(raw)
    assert len(page.items) == len(items)


@given(st.binary(max_size=200))
def test_no_answer_is_a_crash(answer: bytes) -> None:
    """Bytes of any kind are read or unreadable."""
    for parse in (parse_page, parse_sections, parse_status):
        try:
            parse(answer)
        except PlexUnreadable:
            continue
