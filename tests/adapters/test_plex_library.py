"""Asking a server for what it has, and telling it what is new: on real sockets, with bad answers among the good."""

import json
import traceback
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.adapters.http_client import HttpClient
from segue.adapters.plex import PlexError, PlexRefused, PlexUnavailable, PlexUnreadable
from segue.adapters.plex_library import (
    ExternalIds,
    PathMap,
    PlexLibrary,
    PlexNotFound,
    Section,
    sections_holding,
)
from tests.adapters.raw_http import Answer, RawServer, close_after, flood, hang, ok, serving

CANARY = "canary-token-81c2"
FILMS = Section("1", "Films", "movie", locations=("/data/Films",))
FILMS_4K = Section("4", "Films 4K", "movie", locations=("/data/Films4K",))
SHOWS = Section("2", "Shows", "show", locations=("/data/Shows",))


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with HttpClient("segue-test/1") as made:
        yield made


def library(http: HttpClient, server: RawServer, **settings: Any) -> PlexLibrary:
    """The adapter, pointed at a server."""
    return PlexLibrary(server.url, lambda: CANARY, "our-own-id", http, **settings)


def said(*items: dict[str, Any], total: int | None = None, listed: str = "Metadata") -> bytes:
    """Make an answer that lists items."""
    container: dict[str, Any] = {"size": len(items), listed: list(items)}
    if total is not None:
        container["totalSize"] = total
    return ok(json.dumps({"MediaContainer": container}).encode(), "application/json")


def film(key: int, *guids: str, title: str = "Lantern", file: str = "") -> dict[str, Any]:
    """Make a film as a listing has it."""
    media = [{"Part": [{"file": file}]}] if file else []
    return {"ratingKey": str(key), "title": title, "Guid": [{"id": g} for g in guids], "Media": media}


def asked(server: RawServer, n: int) -> tuple[str, dict[str, str]]:
    """The path and the query of the nth request."""
    parts = urlsplit(server.lines(n)[0].split()[1])
    return parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}


# ------------------------------------------------------------------ asking


async def test_sections_are_asked_for_in_json_with_the_token_in_a_header(http: HttpClient) -> None:
    """The token is in no URL."""
    listed = {"key": "1", "type": "movie", "title": "Films", "Location": [{"path": "/data/Films"}]}
    async with serving(said(listed, listed="Directory")) as server:
        assert await library(http, server).sections() == (FILMS,)
        assert server.lines()[0] == "GET /library/sections HTTP/1.1"
        headers = server.headers()
        assert (headers["x-plex-token"], headers["accept"]) == (CANARY, "application/json")
        assert headers["x-plex-client-identifier"] == "our-own-id"


async def test_the_server_says_which_it_is(http: HttpClient) -> None:
    """At its root, which takes no wrong token."""
    who = {"MediaContainer": {"size": 9, "machineIdentifier": "abc", "version": "1.42", "friendlyName": "C"}}
    async with serving(ok(json.dumps(who).encode())) as server:
        status = await library(http, server).server_status()
        assert (status.machine_identifier, status.version, status.name) == ("abc", "1.42", "C")
        assert server.lines()[0] == "GET / HTTP/1.1"


async def test_a_film_is_found_by_its_id_among_those_of_its_title(http: HttpClient) -> None:
    """The first that bears the title is another film."""
    answer = said(film(1, "tmdb://54"), film(2, "tmdb://55", "imdb://tt0000055", file="/data/Films/a.mkv"))
    async with serving(answer) as server:
        ids = ExternalIds(tmdb=55)
        (found,) = await library(http, server).find_by_guid(
            "movie", ids, ["Lantern & Ash, Inc."], 1999, sections=[FILMS, SHOWS]
        )
        assert (found.rating_key, found.folders, found.section_key) == ("2", ("/data/Films",), "1")
        assert len(server.heads) == 1
        path, query = asked(server, 0)
        assert path == "/library/sections/1/all"
        assert query["title"] == "Lantern & Ash"  # a comma would mean "or"
        assert (query["type"], query["includeGuids"]) == ("1", "1")


async def test_a_film_of_another_title_is_found_among_those_of_its_years(http: HttpClient) -> None:
    """A library in another language has other titles."""
    async with serving(said(total=0), said(total=0), said(film(7, "tmdb://55"), total=1)) as server:
        (found,) = await library(http, server).find_by_guid(
            "movie", ExternalIds(tmdb=55), ["Lantern", "La lanterne"], 1999, sections=[FILMS]
        )
        assert found.rating_key == "7"
        queries = [asked(server, n)[1] for n in range(3)]
        assert [query.get("title") for query in queries] == ["Lantern", "La lanterne", None]
        assert queries[2]["year"] == "1998,1999,2000"


async def test_every_section_of_the_kind_is_asked(http: HttpClient) -> None:
    """The same film may be there in two qualities."""
    async with serving(said(film(1, "tmdb://55"), total=1), said(film(9, "tmdb://55"), total=1)) as server:
        found = await library(http, server).find_by_guid(
            "movie", ExternalIds(tmdb=55), ["Lantern"], sections=[FILMS, SHOWS, FILMS_4K]
        )
        assert [(item.rating_key, item.section_key) for item in found] == [("1", "1"), ("9", "4")]


async def test_what_is_not_there_is_not_found(http: HttpClient) -> None:
    """Nor is anything asked for that has no id; the sections are read when they are not given."""
    sections = said({"key": "1", "type": "movie"}, listed="Directory")
    async with serving(sections, said(film(1, "tmdb://54"), total=1)) as server:
        adapter = library(http, server)
        assert await adapter.find_by_guid("movie", ExternalIds(tmdb=55), ["Lantern"]) == ()
        assert await adapter.find_by_guid("movie", ExternalIds(), ["Lantern"]) == ()
        assert len(server.heads) == 2


async def test_a_show_is_found_with_its_folder_and_its_episodes(http: HttpClient) -> None:
    """A file that holds two episodes belongs to both."""
    show = {"ratingKey": "22", "title": "Harbour", "guid": "com.plexapp.agents.thetvdb://77?lang=en"}
    double = {"Part": [{"file": "/data/Shows/Harbour/Season 01/Harbour - s01e01-e02.mkv"}]}
    leaves = [{"ratingKey": str(90 + n), "parentIndex": 1, "index": n, "Media": [double]} for n in (1, 2)]
    full = show | {"Location": [{"path": "/data/Shows/Harbour"}]}
    async with serving(said(show, total=1), said(full), said(*leaves, total=2)) as server:
        (found,) = await library(http, server).find_by_guid(
            "show", ExternalIds(tvdb=77), ["Harbour"], 2018, sections=[SHOWS]
        )
        assert found.folders == ("/data/Shows/Harbour",)
        assert [(e.season, e.number) for e in found.episodes] == [(1, 1), (1, 2)]
        assert found.episodes[0].files == found.episodes[1].files != ()
        assert asked(server, 2)[0] == "/library/metadata/22/allLeaves"


# ------------------------------------------------------------------ pages


async def find(http: HttpClient, server: RawServer) -> list[str]:
    """Look for two films that share an id, with pages of two."""
    found = await library(http, server, page_items=2).find_by_guid(
        "movie", ExternalIds(tmdb=55), ["Lantern"], sections=[FILMS]
    )
    return [item.rating_key for item in found]


async def test_pages_are_turned_to_the_end(http: HttpClient) -> None:
    """A page may be shorter than asked for in the middle; the next one begins where it ended."""
    first, second = said(film(1, "tmdb://1"), total=3), said(film(2), film(3, "tmdb://55"), total=3)
    async with serving(first, second) as server:
        assert await find(http, server) == ["3"]
        starts = [asked(server, n)[1]["X-Plex-Container-Start"] for n in range(2)]
        assert starts == ["0", "1"]


async def test_without_a_total_the_end_is_a_page_with_nothing_new(http: HttpClient) -> None:
    """An empty one, or the same one again from a server that does not turn pages."""
    one, two = said(film(1, "tmdb://1"), film(2)), said(film(3, "tmdb://55"))
    async with serving(one, two, said()) as server:
        assert await find(http, server) == ["3"]
        assert len(server.heads) == 3
    async with serving(two) as server:
        assert await find(http, server) == ["3"]
        assert len(server.heads) == 2


async def test_a_page_longer_than_asked_for_is_everything(http: HttpClient) -> None:
    """Some servers do not turn pages."""
    async with serving(said(film(1), film(2), film(3, "tmdb://55"))) as server:
        assert await find(http, server) == ["3"]
        assert len(server.heads) == 1


async def test_a_listing_that_is_not_given_whole_is_unknown(http: HttpClient) -> None:
    """It must not look as if the film were not there."""
    async with serving(said(film(1), film(2), total=9)) as server:
        with pytest.raises(PlexUnreadable, match="announces 9 items and lists 2"):
            await find(http, server)


async def test_a_listing_without_end_is_left(http: HttpClient) -> None:
    """After so many pages there is something wrong with the question or the server."""
    numbers = iter(range(10_000))

    async def more(connection: Any) -> None:
        await connection.send(said(film(next(numbers)), film(next(numbers))))

    async with serving(more) as server:
        with pytest.raises(PlexUnreadable, match="more than 80 items"):
            await find(http, server)
        assert len(server.heads) == 40


# ------------------------------------------------------------------ telling


async def test_a_folder_is_scanned(http: HttpClient) -> None:
    """Its path goes along as it is, whatever is in it."""
    path = "/data/Films/Ä & B #1 (1999) 100%/+ü?\n"
    async with serving(ok(b"", extra="X-Plex-Activity: a-1\r\n")) as server:
        assert await library(http, server).scan_folder("1", path) == "a-1"
        assert server.lines()[0].startswith("GET /library/sections/1/refresh?path=%2Fdata%2FFilms%2F%C3%84")
        assert asked(server, 0)[1] == {"path": path}
        await library(http, server).scan_section("1")
        assert server.lines(1)[0] == "GET /library/sections/1/refresh HTTP/1.1"


async def test_a_path_that_is_no_text_is_refused_here(http: HttpClient) -> None:
    """Plex could not be told of it."""
    async with serving(ok(b"")) as server:
        with pytest.raises(ValueError, match="not UTF-8"):
            await library(http, server).scan_folder("1", b"/data/\xff".decode("utf-8", "surrogateescape"))
        assert server.heads == []


async def test_an_items_metadata_is_fetched_anew(http: HttpClient) -> None:
    """By PUT, as the document says."""
    async with serving(ok(b"")) as server:
        await library(http, server).refresh_item("../7")
        assert server.lines()[0] == "PUT /library/metadata/..%2F7/refresh HTTP/1.1"


async def test_what_the_server_does_not_have_is_told_apart(http: HttpClient) -> None:
    """A section that was deleted meanwhile, an item that is gone."""
    async with serving(ok(b"", status="404 Not Found")) as server:
        adapter = library(http, server)
        for ask in (adapter.scan_folder("9", "/x"), adapter.scan_section("9"), adapter.refresh_item("9")):
            with pytest.raises(PlexNotFound, match="HTTP status 404"):
                await ask


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (ok(b"<html>401</html>", status="401 Unauthorized"), PlexRefused),
        (ok(b"", status="403 Forbidden"), PlexRefused),
        (ok(b"", status="503 Starting"), PlexUnavailable),
        (ok(b"", status="500 Oops"), PlexUnavailable),
        (ok(b"<html><body>Welcome</body></html>"), PlexUnreadable),
        (ok(b'{"MediaContainer":{"size":2}}'), PlexUnreadable),
        (close_after(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"), PlexUnavailable),
        (close_after(b"nonsense\r\n\r\n"), PlexUnavailable),
        (hang, PlexUnavailable),
        (flood(b" " * 65536), PlexUnreadable),
    ],
    ids=["401", "403", "503", "500", "html", "size", "cut", "nonsense", "hang", "flood"],
)
async def test_a_bad_answer_is_an_error_that_keeps_the_secret(
    http: HttpClient, answer: bytes | Answer, error: type[PlexError]
) -> None:
    """Which names the place, and never the token."""
    async with serving(answer) as server:
        with pytest.raises(error) as caught:
            await library(http, server, answer_s=0.5).sections()
        shown = "".join(traceback.format_exception(caught.value))
        assert CANARY not in shown
        assert f"127.0.0.1:{server.port}/library/sections" in str(caught.value)


# ------------------------------------------------------------------ paths


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("/srv/media/Films/A (1999)", "/data/Films/A (1999)"),
        ("/srv/media", "/data"),
        ("/srv/media/Shows/B", "/tv/B"),
        ("/srv/mediaplayer/x", "/srv/mediaplayer/x"),
        ("/win/Films/C/d.mkv", "D:\\Media\\Films\\C\\d.mkv"),
        ("/elsewhere", "/elsewhere"),
    ],
)
def test_paths_are_mapped_both_ways(ours: str, theirs: str) -> None:
    """The longest prefix counts, folder by folder; a server on Windows has its own separators."""
    paths = PathMap({"/srv/media/": "/data", "/srv/media/Shows": "/tv/", "/win": "D:\\Media"})
    assert paths.to_plex(ours) == theirs
    assert paths.from_plex(theirs) == ours


folders = st.lists(st.sampled_from(["a", "b", "Ü b"]), max_size=4).map(lambda names: "/" + "/".join(names))


@given(folders, folders, folders)
def test_a_mapped_path_comes_back(ours: str, theirs: str, rest: str) -> None:
    """Whatever the two folders are."""
    paths = PathMap([(ours, theirs)])
    path = ours.rstrip("/") + rest if rest != "/" else ours
    assert paths.from_plex(paths.to_plex(path)) == path


def test_the_nearest_section_comes_first() -> None:
    """A folder may be within two sections, each of which has to be told."""
    everything = Section("5", "All", "movie", locations=("/data/", "/other"))
    held = [section.key for section in sections_holding([everything, FILMS, SHOWS], "/data/Films/A (1999)")]
    assert held == ["1", "5"]
    assert sections_holding([FILMS, SHOWS], "/data/Films2/A") == ()
    assert sections_holding([FILMS], "/data/Films/") == (FILMS,)
    assert sections_holding([Section("1", "", "movie", locations=("/",))], "/x") != ()
