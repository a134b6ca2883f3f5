"""Which item a party's film is, asked of the simulated Plex server: never a wrong one, and never without a sentence."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import trio

from segue.actors.party_media import Match, Missing, PartyMedia, clock_time, fits
from segue.actors.party_plex import HomePlex
from segue.adapters.http_client import HttpClient
from segue.demo.plex_catalogue import make_film
from segue.demo.plex_library import File, Item
from segue.demo.plex_server import PlexServer
from segue.interfaces.answers import ApiError
from segue.interfaces.party_protocol import FilmBody
from tests.demo.heos_client import fresh_host

TOKEN = "canary-owner-token-33"
HOUR_MS = 3_600_000


@dataclass
class House:
    """A server, and the finder that asks it."""

    server: PlexServer
    media: PartyMedia

    def has(self, title: str, seconds: int = 3600, path: str = "", *, tmdb: str = "") -> Item:
        """Let the server have a film."""
        film = make_film(title, 2001, seconds, tmdb=tmdb)
        if path:
            film.files = [File(path, "mkv", "aac", 4000, video_codec="h264")]
        return self.server.arrives("movie", film)

    async def finds(self, film: FilmBody) -> str:
        """Give the rating key."""
        found = await self.media.find(film)
        assert isinstance(found, Match), found
        assert found.server_id == self.server.name.machine_identifier
        return found.rating_key

    async def misses(self, film: FilmBody) -> Missing:
        """Give what is missing."""
        found = await self.media.find(film)
        assert isinstance(found, Missing), found
        return found


@pytest.fixture
async def house() -> AsyncIterator[House]:
    with trio.fail_after(120):
        async with (
            PlexServer(host=fresh_host(), port=0, token=TOKEN) as server,
            HttpClient("segue-test/1") as http,
        ):
            yield House(server, PartyMedia(HomePlex(http, server.url, lambda: TOKEN, "client-1")))


async def test_the_servers_own_guid_is_enough(house: House) -> None:
    film = house.has("A Long Evening")
    house.has("A Long Evening")
    assert await house.finds(FilmBody(HOUR_MS, guid=film.guid)) == str(film.rating_key)


async def test_a_guid_of_another_database_finds_it_with_and_without_its_title(house: House) -> None:
    film = house.has("A Long Evening", tmdb="77001")
    for title in ("", "A Long Evening", "Ein langer Abend"):
        body = FilmBody(HOUR_MS, guid="tmdb://77001", title=title)
        assert await house.finds(body) == str(film.rating_key)


async def test_a_file_name_must_be_the_whole_name(house: House) -> None:
    """The end of another name is no match, whatever the folder."""
    house.has("Twenty One", path="/srv/media/Films/21.mkv")
    one = house.has("One", path="D:\\Films\\One (2001)\\1.mkv")
    assert await house.finds(FilmBody(HOUR_MS, filename="1.mkv")) == str(one.rating_key)
    assert (await house.misses(FilmBody(HOUR_MS, filename="Films/1.mkv"))).problem == "no_film"
    assert (await house.misses(FilmBody(HOUR_MS, filename="1.MKV"))).problem == "no_film"


async def test_a_file_name_is_found_however_its_accents_are_written(house: House) -> None:
    film = house.has("Soirée", path="/srv/media/Films/Soire\u0301e.mkv")
    assert await house.finds(FilmBody(HOUR_MS, filename="Soir\u00e9e.mkv")) == str(film.rating_key)


async def test_an_episode_is_found_by_its_file(house: House) -> None:
    episode = "Harbour Street - s01e02.mkv"
    match = await house.media.find(FilmBody(1_500_000, filename=episode))
    assert isinstance(match, Match)
    assert match.title == "Harbour Street - Fog"


async def test_the_length_decides_between_two_and_against_one(house: House) -> None:
    short = house.has("A Long Evening", 3600, "/srv/a/Evening.mkv")
    long = house.has("A Long Evening", 3900, "/srv/b/Evening.mkv")
    for film, length_ms in ((short, HOUR_MS + 1999), (long, 3_898_001)):
        assert await house.finds(FilmBody(length_ms, filename="Evening.mkv")) == str(film.rating_key)
    missing = await house.misses(FilmBody(3_700_000, filename="Evening.mkv", title="Evening"))
    assert missing.problem == "wrong_duration"
    assert "1:00:00, 1:05:00 here and 1:01:40 in the party" in missing.detail


async def test_the_right_cut_is_found_beside_a_wrong_one_with_the_guid(house: House) -> None:
    """The guid leads to the director's cut; the file that the party names is an item of its own."""
    other_cut = house.has("A Long Evening", 4000)
    right = house.has("A Long Evening", 3600, "/srv/a/Evening.mkv")
    body = FilmBody(HOUR_MS, guid=other_cut.guid, filename="Evening.mkv")
    assert await house.finds(body) == str(right.rating_key)


async def test_what_is_not_there_is_named(house: House) -> None:
    missing = await house.misses(
        FilmBody(HOUR_MS, guid="plex://movie/none", filename="None.mkv", title="Ghost")
    )
    assert missing.problem == "no_film"
    assert "'Ghost'" in missing.detail
    assert "'None.mkv'" in missing.detail


async def test_a_new_film_is_there_at_once(house: House) -> None:
    """What is remembered of a library ends with its next change."""
    body = FilmBody(HOUR_MS, filename="Evening.mkv")
    await house.misses(body)
    film = house.has("A Long Evening", path="/srv/a/Evening.mkv")
    assert await house.finds(body) == str(film.rating_key)
    house.server.goes(film)
    await house.misses(body)


async def test_the_second_question_does_not_list_everything_again(house: House) -> None:
    house.has("A Long Evening", path="/srv/a/Evening.mkv")
    body = FilmBody(HOUR_MS, filename="Evening.mkv", title="Ein langer Abend")
    asked = []
    for _ in range(2):
        before = len(house.server.requests)
        await house.finds(body)
        asked.append(len(house.server.requests) - before)
    assert asked[1] < asked[0]


async def test_a_server_that_is_down_or_refuses_is_a_problem_with_a_sentence(house: House) -> None:
    body = FilmBody(HOUR_MS, guid="plex://movie/1")
    house.server.faults.unauthorized = True
    refused = await house.misses(body)
    assert refused.problem == "plex_down"
    assert "token" in refused.detail
    await house.server.shut_down()
    down = await house.misses(body)
    assert down.problem == "plex_down"
    assert "does not answer" in down.detail
    assert TOKEN not in refused.detail + down.detail


async def test_people_look_for_films_by_title_file_or_guid(house: House) -> None:
    film = house.has("The Paper Moon Returns", path="/srv/a/moon.mkv", tmdb="77003")
    shown = {
        "title": film.title,
        "year": 2001,
        "guid": film.guid,
        "filename": "moon.mkv",
        "duration_ms": HOUR_MS,
        "rating_key": str(film.rating_key),
        "kind": "movie",
    }
    for text in ("moon.mkv", "tmdb://77003", film.guid, "/somewhere/else/moon.mkv", "paper moon returns"):
        assert await house.media.search(text) == [shown]
    assert len(await house.media.search("paper moon")) == 3
    assert await house.media.search("no such thing") == []
    await house.server.shut_down()
    with pytest.raises(ApiError) as caught:
        await house.media.search("moon")
    assert caught.value.code == "plex_down"


async def test_without_a_server_every_film_is_missing() -> None:
    found = await PartyMedia(None).find(FilmBody(HOUR_MS, guid="plex://movie/1"))
    assert isinstance(found, Missing)
    assert "[plex] url" in found.detail


def test_lengths_are_those_of_one_cut_within_two_seconds() -> None:
    assert fits(HOUR_MS, HOUR_MS - 2000)
    assert not fits(HOUR_MS, HOUR_MS - 2001)
    assert not fits(None, HOUR_MS)
    assert fits(None, 24 * HOUR_MS), "the old protocol knows no lengths"
    assert clock_time(7_100_000) == "1:58:20"
