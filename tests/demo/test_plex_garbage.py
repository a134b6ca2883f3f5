"""The simulated Plex server survives whatever it is asked: no request makes it fail, and it still answers after it."""

from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.demo.plex_document import Node, to_json, to_xml
from segue.demo.plex_filters import FIELDS
from segue.demo.plex_routes import ROUTES
from segue.demo.plex_server import PlexServer
from segue.demo.plex_sessions import STATES

NAMES = [
    *(
        "ratingKey",
        "key",
        "state",
        "time",
        "uri",
        "shuffle",
        "center",
        "next",
        "after",
        "sessionId",
        "rating",
    ),
    *("query", "title", "type", "sort", "limit", "includeMeta", "includeGuids", "offset", "playQueueID"),
    *("playQueueItemID", "viewedAt>", "viewedAt<", "accountID", "X-Plex-Container-Start"),
    *("X-Plex-Container-Size", "artist.id", "album.title!=", "year>>", "addedAt<<", *FIELDS),
]
ODD = [
    "",
    "²",
    "-1",
    "1.5",
    "nan",
    "3",
    "-30d",
    "1,2,3",
    "/library/metadata/2",
    "tmdb-900006",
    "year:desc,x",
    *STATES,
]
VALUES = st.one_of(st.integers(-5, 60).map(str), st.sampled_from(ODD), st.text(max_size=8))
QUERIES = st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=12)
PATHS = sorted(set(ROUTES) - {"/:/eventsource/notifications"})


def filled_in(path: str, number: int) -> str:
    """Put something in the place of a path's variables."""
    for name in ("{section:int}", "{queue:int}", "{entry:int}", "{keys}"):
        path = path.replace(name, str(number))
    return (
        path.replace("{field}", "genre")
        .replace("{kind}", "x")
        .replace("{rest:path}", "x")
        .replace("{rest}", "x")
    )


@pytest.mark.parametrize("value", ODD)
async def test_no_value_makes_it_fail(value: str) -> None:
    """The same one in every place of every path, so that none is left out."""
    server = PlexServer()
    headers = {"X-Plex-Token": server.token}
    transport = httpx.ASGITransport(server.application())
    async with httpx.AsyncClient(base_url="http://plex", headers=headers, transport=transport) as http:
        for path in PATHS:
            query = dict.fromkeys(NAMES, value)
            assert (await http.get(filled_in(path, 3), params=query)).status_code < 500, path


@settings(max_examples=60, deadline=None)
@given(
    asked=st.lists(
        st.tuples(
            st.sampled_from(["GET", "PUT", "POST", "DELETE"]),
            st.sampled_from(PATHS),
            st.integers(0, 60),
            QUERIES,
        ),
        min_size=1,
        max_size=8,
    ),
    as_json=st.booleans(),
)
def test_no_request_makes_it_fail(asked: list[Any], as_json: bool) -> None:
    """Whatever is asked in whatever order: an answer below 500, and sessions that can be read in the end."""

    async def ask() -> None:
        server = PlexServer()
        headers = {"X-Plex-Token": server.token} | ({"Accept": "application/json"} if as_json else {})
        transport = httpx.ASGITransport(server.application())
        async with httpx.AsyncClient(base_url="http://plex", headers=headers, transport=transport) as http:
            for method, path, number, query in asked:
                answer = await http.request(method, filled_in(path, number), params=query)
                assert answer.status_code < 500, (method, path, number, query)
            answer = await http.get("/status/sessions", headers={"Accept": "application/xml"})
            assert ElementTree.fromstring(answer.content).tag == "MediaContainer"

    trio.run(ask)


@given(
    attributes=st.dictionaries(
        st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.one_of(st.text(), st.integers(), st.booleans())
    )
)
def test_what_is_written_can_be_read(attributes: dict[str, Any]) -> None:
    """XML that a strict parser takes, whatever a title holds; and JSON beside it."""
    node = Node("MediaContainer", {}, [Node("Track", attributes, listed_as="Metadata")])
    track = ElementTree.fromstring(to_xml(node))[0]
    assert set(track.attrib) == set(attributes)
    for name, value in attributes.items():
        if isinstance(value, str) and value.isascii() and value.isprintable():
            assert track.get(name) == value
    to_json(node).decode()
