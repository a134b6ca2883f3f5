"""The ids that a Plex item carries, in the forms of all ages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.adapters.plex_guid import ExternalIds, external_ids, parse_guid


@pytest.mark.parametrize(
    ("guid", "read"),
    [
        ("tmdb://603", ("tmdb", "603")),
        ("imdb://tt0133093", ("imdb", "tt0133093")),
        ("tvdb://81189", ("tvdb", "81189")),
        ("com.plexapp.agents.imdb://tt1254207?lang=en", ("imdb", "tt1254207")),
        ("com.plexapp.agents.themoviedb://603?lang=de", ("tmdb", "603")),
        ("com.plexapp.agents.themoviedb://tt0133093?lang=de", ("imdb", "tt0133093")),
        ("com.plexapp.agents.thetvdb://81189?lang=en", ("tvdb", "81189")),
        ("com.plexapp.agents.thetvdb://81189/5/14?lang=en", ("tvdb", "81189")),
        ("com.plexapp.agents.hama://tvdb-81797/22/70?lang=en", ("tvdb", "81797")),
        ("com.plexapp.agents.hama://tvdb2-81797?lang=en", ("tvdb", "81797")),
        ("com.plexapp.agents.hama://tvdb%2D81797", ("tvdb", "81797")),
    ],
)
def test_an_id_is_read(guid: str, read: tuple[str, str]) -> None:
    """Whichever agent wrote it, in whichever language."""
    assert parse_guid(guid) == read


@pytest.mark.parametrize(
    "guid",
    [
        "plex://movie/5d776825880197001ec90e9b",
        "com.plexapp.agents.hama://anidb-69?lang=en",
        "com.plexapp.agents.none://0123abcd?lang=xn",
        "com.plexapp.agents.lastfm://T%C3%A9l",
        "net.fribbtastic.coding.plex.myanimelist://21?lang=en",
        "com.plexapp.agents.plexmusic://gracenote/track/1",
        "tv.plex.agents.none://68178",
        "mbid://b10bbbfc-cf9e-42e0-be17-e2c3e1d2600d",
        "local://999",
        "analyzed.prerolls://x",
        "no_idea",
        "",
        "imdb://603",
        "tmdb://",
        "tmdb://12345678901234567890",
        "tvdb://0x1f",
        "tmdb://６０３",
    ],
)
def test_what_names_no_film_elsewhere_is_passed_over(guid: str) -> None:
    """Ids of music, of anime lists, of nobody; and numbers that are none."""
    assert parse_guid(guid) is None


@given(st.text(max_size=60) | st.from_regex(r"(com\.plexapp\.agents\.)?\w+://\S*", fullmatch=True))
def test_no_guid_is_too_odd(guid: str) -> None:
    """What comes out can be asked for."""
    read = parse_guid(guid)
    if read is not None:
        database, name = read
        assert name.startswith("tt") if database == "imdb" else name == str(int(name))


def test_ids_are_gathered_from_all_guids() -> None:
    """The first of each database counts."""
    guids = ["plex://show/1", "tmdb://1396", "tvdb://81189", "imdb://tt0903747", "tmdb://1"]
    assert external_ids(guids) == ExternalIds(1396, 81189, "tt0903747")
    assert not external_ids(["plex://show/1"])


@pytest.mark.parametrize(
    ("one", "other", "by"),
    [
        (ExternalIds(tmdb=1, tvdb=2), ExternalIds(tmdb=1, tvdb=3), "tmdb"),
        (ExternalIds(tmdb=1, tvdb=2), ExternalIds(tvdb=2), "tvdb"),
        (ExternalIds(tmdb=1, imdb="tt0000001"), ExternalIds(tmdb=2, imdb="tt0000001"), "imdb"),
        (ExternalIds(tmdb=1), ExternalIds(tmdb=2), None),
        (ExternalIds(tmdb=1), ExternalIds(tvdb=1), None),
        (ExternalIds(), ExternalIds(), None),
    ],
)
def test_one_equal_id_makes_the_same_work(one: ExternalIds, other: ExternalIds, by: str | None) -> None:
    """Both ways; two works of which nothing is known are not the same."""
    assert one.same(other) == other.same(one) == by
