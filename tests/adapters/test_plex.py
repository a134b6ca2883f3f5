"""The Plex server's adapter against servers on real sockets, most of them bad ones."""

import traceback
from collections.abc import AsyncIterator

import pytest
import trio

from segue.adapters.http_client import HttpClient
from segue.adapters.plex import PlexError, PlexRefused, PlexServer, PlexUnavailable, PlexUnreadable
from segue.adapters.plex_xml import Identity, Loudness
from tests.adapters.plex_bodies import CLIENTS, MOVIE, TRACK, container
from tests.adapters.raw_http import RawServer, close_after, drop, flood, hang, ok, serving, trickle

CANARY = "canary-token-81c2"
SESSIONS = ok(container(TRACK, MOVIE))
HTML_401 = b"<html><head><title>Unauthorized</title></head><body><h1>401 Unauthorized</h1></body></html>"


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with HttpClient("segue-test/1") as made:
        yield made


def plex(http: HttpClient, server: RawServer, token: str = CANARY, sessions_s: float = 5.0) -> PlexServer:
    """The adapter, pointed at a server."""
    return PlexServer(server.url, lambda: token, "our-own-id", http, sessions_s=sessions_s)


async def failure_of(server: PlexServer) -> PlexError:
    """Read sessions that cannot be had, and check that no secret shows."""
    with pytest.raises(PlexError) as caught:
        await server.sessions()
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    return caught.value


async def test_sessions_are_asked_for_with_our_name_and_the_token_in_a_header(http: HttpClient) -> None:
    """The token is in no URL, and XML is asked for by name."""
    async with serving(SESSIONS) as server:
        sessions = await plex(http, server).sessions()
        assert [s.player_title for s in sessions] == ["Living Room", "TV"]
        assert server.lines()[0] == "GET /status/sessions HTTP/1.1"
        headers = server.headers()
        assert headers["x-plex-token"] == CANARY
        assert headers["x-plex-client-identifier"] == "our-own-id"
        assert headers["x-plex-product"] == "segue"
        assert headers["accept"] == "application/xml"


async def test_without_a_token_none_is_sent(http: HttpClient) -> None:
    """A server may let its own network in without one."""
    async with serving(SESSIONS) as server:
        await plex(http, server, token="").sessions()
        assert "x-plex-token" not in server.headers()


async def test_a_renewed_token_is_used_at_once(http: HttpClient) -> None:
    """Tokens of the newer kind live for a week."""
    tokens = iter(["first", "second"])
    async with serving(SESSIONS) as server:
        adapter = PlexServer(server.url, lambda: next(tokens), "id", http)
        await adapter.sessions()
        await adapter.sessions()
        assert [server.headers(n)["x-plex-token"] for n in (0, 1)] == ["first", "second"]


async def test_clients_identity_and_loudness_are_read(http: HttpClient) -> None:
    """The three smaller questions."""
    who = ok(b'<MediaContainer machineIdentifier="abc" version="1.41"/>')
    async with serving(ok(CLIENTS), who, ok(container(TRACK))) as server:
        adapter = plex(http, server)
        assert [c.title for c in await adapter.clients()] == ["Living Room", "TV"]
        assert await adapter.identity() == Identity("abc", "1.41")
        assert await adapter.loudness("4711") == Loudness(-5.81, -6.10, 0.97, 1.0)
        paths = [server.lines(n)[0].split()[1] for n in range(3)]
        assert paths == ["/clients", "/identity", "/library/metadata/4711"]


async def test_a_rating_key_cannot_lead_elsewhere(http: HttpClient) -> None:
    """A key comes from a server or a webhook, and is only ever one segment of a path."""
    async with serving(ok(container(TRACK))) as server:
        for key in ("../../:/prefs", "1?X-Plex-Token=a#b", "/livetv/sessions/7"):
            await plex(http, server).loudness(key)
        paths = [server.lines(n)[0].split()[1] for n in range(3)]
        assert paths == [
            "/library/metadata/..%2F..%2F%3A%2Fprefs",
            "/library/metadata/1%3FX-Plex-Token%3Da%23b",
            "/library/metadata/%2Flivetv%2Fsessions%2F7",
        ]


@pytest.mark.parametrize(
    ("status", "says"),
    [("401 Unauthorized", "token refused"), ("403 Forbidden", "owner"), ("498 Expired", "token")],
)
async def test_a_refused_token_is_told_apart_from_a_server_that_is_down(
    http: HttpClient, status: str, says: str
) -> None:
    """An HTML page that would parse as XML is not even looked at."""
    async with serving(ok(HTML_401, "text/html", status)) as server:
        error = await failure_of(plex(http, server))
        assert isinstance(error, PlexRefused)
        assert error.status == int(status[:3])
        assert says in str(error)


@pytest.mark.parametrize("status", ["500 Oops", "404 Not Found", "503 Starting", "302 Found"])
async def test_any_other_status_means_unavailable(http: HttpClient, status: str) -> None:
    """A server that starts answers 503, and a proxy what it likes."""
    async with serving(ok(b"", status=status)) as server:
        error = await failure_of(plex(http, server))
        assert isinstance(error, PlexUnavailable)
        assert error.kind == "status"
        assert f"HTTP status {status[:3]}" in str(error)


async def test_a_redirect_to_another_host_takes_no_token_there(http: HttpClient) -> None:
    """The other host hears nothing."""
    async with serving(SESSIONS) as thief:
        answer = ok(b"", status="301 Moved", extra=f"Location: {thief.url}/status/sessions\r\n")
        async with serving(answer) as server:
            assert isinstance(await failure_of(plex(http, server)), PlexUnavailable)
        assert thief.heads == []


@pytest.mark.parametrize("answer", [hang, trickle(SESSIONS, 0.02)])
async def test_a_server_that_hangs_or_crawls_costs_the_deadline(http: HttpClient, answer: object) -> None:
    """Silence and slowness end the same way."""
    async with serving(answer) as server:  # type: ignore[arg-type]
        with trio.fail_after(10):
            error = await failure_of(plex(http, server, sessions_s=0.3))
        assert isinstance(error, PlexUnavailable)
        assert error.kind == "timeout"


async def test_a_server_that_is_down_says_which_way(http: HttpClient) -> None:
    """The kind of trouble is there for the health page."""
    async with serving(drop) as server:
        error = await failure_of(plex(http, server))
        assert isinstance(error, PlexUnavailable)
        assert error.kind == "dropped"
    error = await failure_of(plex(http, server))
    assert isinstance(error, PlexUnavailable)
    assert error.kind == "connection_refused"


WHOLE = container(TRACK, MOVIE)


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"OK"),
        ok(b""),
        ok(HTML_401, "text/html"),
        ok(WHOLE[: len(WHOLE) // 2]),
        flood(b" " * 65536),
        ok(b"<MediaContainer>" + b"<a/>" * 100_000),
    ],
)
async def test_an_answer_that_is_no_list_is_unreadable_and_never_empty(
    http: HttpClient, answer: object
) -> None:
    """Garbage, half a list, an endless one, and one so large that a thread reads it."""
    async with serving(answer) as server:  # type: ignore[arg-type]
        assert isinstance(await failure_of(plex(http, server, sessions_s=20)), PlexUnreadable)


async def test_a_list_that_lost_its_end_on_the_way_is_unknown(http: HttpClient) -> None:
    """A connection that breaks within the body leaves nothing to believe."""
    whole = ok(WHOLE)
    async with serving(close_after(whole[:-10])) as server:
        error = await failure_of(plex(http, server))
        assert isinstance(error, PlexUnavailable)
        assert error.kind == "dropped"


async def test_a_large_list_is_read_whole(http: HttpClient) -> None:
    """Above a certain size it is parsed in a thread."""
    async with serving(ok(container(*[TRACK] * 500))) as server:
        assert len(await plex(http, server).sessions()) == 500


async def test_two_servers_never_see_each_others_token(http: HttpClient) -> None:
    """They share a client, and nothing else."""
    async with serving(SESSIONS) as one, serving(SESSIONS) as two:
        adapters = [plex(http, one, "token-one"), plex(http, two, "token-two")]
        async with trio.open_nursery() as nursery:
            for adapter in adapters * 5:
                nursery.start_soon(adapter.sessions)
        assert {one.headers(n)["x-plex-token"] for n in range(5)} == {"token-one"}
        assert {two.headers(n)["x-plex-token"] for n in range(5)} == {"token-two"}


async def test_a_url_that_names_no_server_is_refused_at_once(http: HttpClient) -> None:
    """Not at the first request."""
    with pytest.raises(ValueError, match="must begin with http://"):
        PlexServer("plex:32400", lambda: CANARY, "id", http)
