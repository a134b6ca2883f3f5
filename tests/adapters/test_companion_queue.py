"""Play queues and the token that is given away, at the simulated server."""

import traceback
from contextlib import suppress
from typing import Any

import msgspec
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from segue.adapters.companion_queue import PlayQueues, item_uri, parse_play_queue, parse_token
from segue.adapters.http_client import HttpClient
from segue.adapters.plex import PlexRefused, PlexUnavailable
from segue.adapters.plex_xml import PlexUnreadable
from segue.demo.plex_server import PlexServer
from tests.adapters.raw_http import serving
from tests.demo.heos_client import fresh_host

CANARY = "canary-owner-51f0"


async def test_a_queue_of_one_film_is_made() -> None:
    """It knows the film's length and its name in the world, which the party compares."""
    with trio.fail_after(60):
        async with PlexServer(host=fresh_host()) as server, HttpClient("segue-test/1") as http:
            film = server.library.section("movie").items[0]
            queues = PlayQueues(http, server.url, lambda: server.token, "our-own-id")
            queue = await queues.create(server.name.machine_identifier, str(film.rating_key))
            assert (queue.key, queue.guid, queue.duration_ms) == (film.key, film.guid, film.duration_ms)
            assert queue.container_key == f"/playQueues/{queue.play_queue_id}?window=100&own=1"
            assert queue.selected_item_id is not None


async def test_a_token_for_the_player_is_not_the_owners_and_does_not_show() -> None:
    with trio.fail_after(60):
        async with PlexServer(host=fresh_host()) as server, HttpClient("segue-test/1") as http:
            token = await PlayQueues(http, server.url, lambda: server.token, "our-own-id").transient_token()
            assert token.reveal() in server.transient_tokens
            assert token.reveal() not in repr(token)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", PlexRefused),
        (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", PlexUnavailable),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", PlexUnreadable),
    ],
)
async def test_what_goes_wrong_is_said_without_the_token(answer: bytes, kind: type[Exception]) -> None:
    with trio.fail_after(30):
        async with serving(answer) as server, HttpClient("segue-test/1") as http:
            with pytest.raises(kind) as caught:
                await PlayQueues(http, server.url, lambda: CANARY, "our-own-id").create("s", "1")
            assert CANARY not in "".join(traceback.format_exception(caught.value))
            assert CANARY not in server.lines()[0]
            assert server.headers()["x-plex-token"] == CANARY


def queue_of(**fields: Any) -> bytes:
    return msgspec.json.encode({"MediaContainer": fields})


def test_the_selected_film_is_the_one_that_counts() -> None:
    """Numbers may come as text."""
    entries = [{"playQueueItemID": n, "ratingKey": str(n), "key": f"/library/metadata/{n}"} for n in (1, 2)]
    queue = parse_play_queue(queue_of(playQueueID="9", playQueueSelectedItemID=2, Metadata=entries))
    assert (queue.play_queue_id, queue.rating_key, queue.duration_ms) == (9, "2", None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<xml/>",
        b"[" * 5000,
        b"{}",
        queue_of(),
        queue_of(playQueueID=1),
        queue_of(playQueueID=1, Metadata=[]),
        queue_of(playQueueID=1, Metadata=[{"key": 5}]),
        queue_of(playQueueID=-1, Metadata=[{"key": "/a"}]),
    ],
)
def test_a_queue_without_a_film_is_no_queue(body: bytes) -> None:
    with pytest.raises(PlexUnreadable):
        parse_play_queue(body)


@pytest.mark.parametrize("token", ["", None, 5, "a\nb", "ä", " "])
def test_what_is_no_token_is_refused_and_not_repeated(token: Any) -> None:
    with pytest.raises(PlexUnreadable) as caught:
        parse_token(queue_of(token=token))
    assert repr(token) not in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["MediaContainer", "playQueueID", "Metadata", "key", "token", "duration"]), inner
        )
    ),
)


@given(JSON)
def test_any_json_is_read_or_refused(value: Any) -> None:
    for read in (parse_play_queue, parse_token):
        with suppress(PlexUnreadable):
            read(msgspec.json.encode({"MediaContainer": value}))


def test_an_item_is_named_by_its_server() -> None:
    assert item_uri("abc", "1") == "server://abc/com.plexapp.plugins.library/library/metadata/1"
