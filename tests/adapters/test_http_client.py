"""The HTTP client against servers that misbehave, on real sockets."""

import gc
import logging
import os
import shutil
import socket
import ssl
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from segue.adapters import http_client
from segue.adapters.http_client import (
    HttpClient,
    HttpError,
    HttpRefused,
    HttpTimeout,
    HttpUnavailable,
    Origin,
    Request,
    Response,
    TooLarge,
)
from tests.adapters.raw_http import RawServer, close_after, drop, flood, hang, ok, serving, trickle

CANARY = "canary-3f9c1e"


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    async with HttpClient("segue-test/1") as made:
        yield made


def ask(server: RawServer, path: str = "/status/sessions", **more: Any) -> Request:
    """A request that carries the canary wherever a secret may be."""
    usual: dict[str, Any] = {"query": {"q": CANARY}, "headers": {"X-Plex-Token": CANARY}}
    return Request(Origin.parse(server.url), path, **(usual | more))


async def error_of(client: HttpClient, request: Request) -> HttpError:
    """Fetch what must fail, and check on the way that the error shows no secret, however it is printed."""
    with pytest.raises(HttpError) as caught:
        await client.fetch(request)
    error = caught.value
    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(request)
    assert CANARY not in shown
    assert error.__cause__ is None and error.__context__ is None
    assert "httpx" not in str(error)
    assert error.where == f"127.0.0.1:{request.origin.port}/status/sessions"
    return error


# ------------------------------------------------------------------ the ordinary case


async def test_an_answer_comes_back_whole_and_the_request_says_who_we_are(client: HttpClient) -> None:
    """The status, the headers in lower case and the body are there, and nothing packed is asked for."""
    async with serving(ok(b"<MediaContainer/>", extra="X-Plex-Protocol: 1.0\r\n")) as server:
        response = await client.fetch(ask(server))
        assert (response.status, response.body) == (200, b"<MediaContainer/>")
        assert response.headers["x-plex-protocol"] == "1.0"
        assert server.lines()[0] == f"GET /status/sessions?q={CANARY} HTTP/1.1"
        assert server.headers()["user-agent"] == "segue-test/1"
        assert server.headers()["x-plex-token"] == CANARY
        assert server.headers()["accept-encoding"] == "identity"


async def test_connections_are_kept(client: HttpClient) -> None:
    """Requests one after another share a connection."""
    async with serving(ok(b"1")) as server:
        for _ in range(5):
            await client.fetch(ask(server))
        assert server.connections == 1


async def test_headers_of_one_request_do_not_stay_for_the_next(client: HttpClient) -> None:
    """Neither a token nor a cookie is remembered between requests."""
    async with serving(ok(b"1", extra="Set-Cookie: session=1\r\n")) as server:
        await client.fetch(ask(server))
        await client.fetch(ask(server, headers={}))
        assert "x-plex-token" not in server.headers(1)
        assert "cookie" not in server.headers(1)


async def test_a_post_carries_its_content(client: HttpClient) -> None:
    """A body goes out with its length."""
    async with serving(ok(b"")) as server:
        await client.fetch(ask(server, method="POST", content=b'{"a":1}'))
        assert server.lines()[0].startswith("POST ")
        assert server.headers()["content-length"] == "7"


async def test_query_values_are_encoded(client: HttpClient) -> None:
    """What is foreign in a query cannot end it or add to it."""
    async with serving(ok(b"")) as server:
        await client.fetch(ask(server, query={"title": "a&b=c d/é#", "offset": 5}))
        assert server.lines()[0] == "GET /status/sessions?title=a%26b%3Dc%20d%2F%C3%A9%23&offset=5 HTTP/1.1"


async def test_a_server_behind_a_path_is_asked_below_it(client: HttpClient) -> None:
    """A proxy's path in front of the server belongs to every request."""
    async with serving(ok(b"")) as server:
        await client.fetch(Request(Origin.parse(server.url + "/plex/"), "/identity"))
        assert server.lines()[0] == "GET /plex/identity HTTP/1.1"


# ------------------------------------------------------------------ silence and slowness


async def test_a_server_that_never_answers_costs_the_deadline_and_no_more(client: HttpClient) -> None:
    """Silence is a timeout that says the request may have been heard."""
    async with serving(hang) as server:
        error = await error_of(client, ask(server, total_s=0.2))
        assert isinstance(error, HttpTimeout)
        assert error.sent
        assert "no answer within 0.2 s" in str(error)


async def test_a_body_that_trickles_does_not_stretch_the_deadline(client: HttpClient) -> None:
    """The deadline is for the whole answer, not for each of its bytes."""
    async with serving(trickle(ok(b"x" * 1000), 0.05)) as server:
        with trio.fail_after(5):
            assert isinstance(await error_of(client, ask(server, total_s=0.3)), HttpTimeout)


async def test_timeouts_leave_nothing_behind_that_stops_later_requests(client: HttpClient) -> None:
    """More requests than the pool has places may hang, one after another and at once; then all is well again."""
    async with serving(hang) as server, trio.open_nursery() as nursery:
        for _ in range(40):
            nursery.start_soon(error_of, client, ask(server, total_s=0.2))
    async with serving(ok(b"fine")) as server:
        assert (await client.fetch(ask(server))).body == b"fine"


async def test_a_connection_that_cannot_be_made_is_known_as_never_sent(client: HttpClient) -> None:
    """A port where nobody listens is told apart from one that hangs: a command may go another way."""
    async with serving(ok(b"")) as server:
        gone = ask(server)
    error = await error_of(client, gone)
    assert isinstance(error, HttpUnavailable)
    assert (error.kind, error.sent) == ("connection_refused", False)


async def test_a_full_backlog_ends_at_the_connect_deadline() -> None:
    """A host that swallows connection attempts costs the connect deadline only, and nothing was sent."""
    with trio.socket.socket() as listener:
        await listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        stuck = [await trio.open_tcp_stream("127.0.0.1", port)]
        with trio.move_on_after(0.3):
            stuck.append(await trio.open_tcp_stream("127.0.0.1", port))
        async with HttpClient("t", connect_s=0.2) as client:
            error = await error_of(client, Request(Origin.of("127.0.0.1", port), "/status/sessions"))
        assert isinstance(error, HttpTimeout)
        assert not error.sent
        assert "no connection within 0.2 s" in str(error)
        for stream in stuck:
            await stream.aclose()


async def test_an_unknown_name_is_called_so(client: HttpClient) -> None:
    """A misspelt host is not reported as a server that is down."""

    class NoNames(trio.abc.HostnameResolver):
        async def getaddrinfo(self, *_: object, **__: object) -> Any:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")

        async def getnameinfo(self, *_: object) -> Any:
            raise AssertionError

    trio.socket.set_custom_hostname_resolver(NoNames())
    with pytest.raises(HttpUnavailable) as caught:
        await client.fetch(Request(Origin.parse("http://plexx.example"), "/"))
    assert (caught.value.kind, caught.value.sent) == ("unknown_name", False)


# ------------------------------------------------------------------ odd answers


async def test_a_body_without_end_is_cut_off(client: HttpClient) -> None:
    """A chunked flood ends at the limit, and the client goes on working."""
    async with serving(flood(b"x" * 65536), ok(b"fine")) as server:
        error = await error_of(client, ask(server, max_bytes=100_000))
        assert isinstance(error, TooLarge)
        assert error.limit == 100_000
        assert (await client.fetch(ask(server))).body == b"fine"
        gc.collect()  # an abandoned generator would complain here, and warnings are errors


async def test_a_body_that_announces_too_much_is_not_read(client: HttpClient) -> None:
    """Content-Length is believed when it is bad news."""
    async with serving(close_after(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n")) as server:
        assert isinstance(await error_of(client, ask(server)), TooLarge)


@pytest.mark.parametrize("size", [99, 100])
async def test_a_body_of_just_the_limit_is_fine(client: HttpClient, size: int) -> None:
    """The limit itself is allowed."""
    async with serving(ok(b"x" * size)) as server:
        assert len((await client.fetch(ask(server, max_bytes=100))).body) == size


async def test_a_refusal_keeps_the_beginning_of_its_body(client: HttpClient) -> None:
    """Some servers say only in the body what is wrong; a huge refusal is cut, and never shown by itself."""
    async with serving(ok(CANARY.encode() * 9000, "text/html", "401 Unauthorized")) as server:
        error = await error_of(client, ask(server))
        assert isinstance(error, HttpRefused)
        assert (error.status, len(error.body)) == (401, 16 * 1024)
        assert str(error).endswith("HTTP status 401")


@pytest.mark.parametrize(
    ("given_text", "seconds"), [("120", 120.0), ("soon", None), ("-1", None), ("", None)]
)
async def test_a_refusal_may_say_when_to_come_again(
    client: HttpClient, given_text: str, seconds: float | None
) -> None:
    """Retry-After is read where it is a number of seconds."""
    answer = ok(b"", status="429 Slow Down", extra=f"Retry-After: {given_text}\r\n")
    async with serving(answer) as server:
        error = await error_of(client, ask(server))
        assert isinstance(error, HttpRefused)
        assert error.retry_after_s == seconds


async def test_a_redirect_is_never_followed_and_its_host_is_named(client: HttpClient) -> None:
    """A token never travels to another host because a server says so."""
    async with serving(ok(b"stolen")) as thief:
        there = f"Location: {thief.url}/take?X-Plex-Token={CANARY}\r\n"
        async with serving(ok(b"", status="302 Found", extra=there)) as server:
            error = await error_of(client, ask(server))
            assert isinstance(error, HttpRefused)
            assert f"a redirect to {thief.url}, which is not followed" in str(error)
        assert thief.heads == []


async def test_a_relative_redirect_is_not_followed_either(client: HttpClient) -> None:
    """There is nothing to name, and nothing to follow."""
    async with serving(ok(b"", status="301 Moved", extra="Location: /web\r\n")) as server:
        assert "a redirect, which is not followed" in str(await error_of(client, ask(server)))
        assert len(server.heads) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: twelve\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort", "dropped"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "dropped"),
        (b"HTTP/1.1 20", "dropped"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", "protocol"),
        (b"\x16\x03\x01\x02\x00", "protocol"),
    ],
)
async def test_what_is_not_http_is_an_error_and_never_a_short_answer(
    client: HttpClient, answer: bytes, kind: str
) -> None:
    """Garbage and truncated bodies are told apart from each other, and from answers."""
    async with serving(close_after(answer)) as server:
        error = await error_of(client, ask(server))
        assert isinstance(error, HttpUnavailable)
        assert (error.kind, error.sent) == (kind, True)


async def test_a_connection_dropped_without_an_answer_may_have_been_heard(client: HttpClient) -> None:
    """A request that is not repeatable is sent once, whatever becomes of it."""
    async with serving(drop) as server:
        error = await error_of(client, ask(server))
        assert isinstance(error, HttpUnavailable)
        assert (error.kind, error.sent) == ("dropped", True)
        assert len(server.heads) == 1


async def test_a_kept_connection_that_was_closed_is_replaced_for_a_repeatable_request(
    client: HttpClient,
) -> None:
    """A server may close an idle connection at the moment we use it; reading again is harmless."""
    async with serving(ok(b"1"), drop, ok(b"2")) as server:
        await client.fetch(ask(server))
        assert (await client.fetch(ask(server, repeatable=True))).body == b"2"
        assert len(server.heads) == 3


async def test_a_server_that_always_drops_is_asked_once_on_a_new_connection(client: HttpClient) -> None:
    """Repeating is for stale connections, not for servers in trouble."""
    async with serving(drop) as server:
        await error_of(client, ask(server, repeatable=True))
        assert len(server.heads) == 1


# ------------------------------------------------------------------ secrets


async def test_nothing_about_a_request_is_logged(
    client: HttpClient, caplog: pytest.LogCaptureFixture
) -> None:
    """httpx would log every URL, and httpcore every header, at levels that a person may switch on."""
    caplog.set_level(logging.DEBUG)
    async with serving(ok(b"1"), ok(b"", status="500 Oops")) as server:
        await client.fetch(ask(server))
        await error_of(client, ask(server))
    assert CANARY not in caplog.text
    assert not [r for r in caplog.records if r.name.startswith(("httpx", "httpcore"))]


@pytest.mark.parametrize(
    "value", [CANARY + "\n", CANARY + "\r\nX-Evil: 1", CANARY + "é", CANARY + "\x00", " " + CANARY]
)
def test_a_header_that_http_cannot_carry_is_refused_without_quoting_it(value: str) -> None:
    """A token with a newline or an accent, from a file saved oddly, does not end up in an encoder's error."""
    with pytest.raises(ValueError, match="X-Plex-Token") as caught:
        Request(Origin.of("127.0.0.1", 1), "/", headers={"X-Plex-Token": value})
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_neither_requests_nor_answers_show_their_insides() -> None:
    """A local variable in a traceback must not give a token away."""
    request = Request(
        Origin.of("h", 1), "/p", query={"q": CANARY}, headers={"X": CANARY}, content=CANARY.encode()
    )
    response = Response(200, {"set-cookie": CANARY}, CANARY.encode())
    assert CANARY not in repr(request) + str(request) + repr(response)


async def test_the_environment_changes_nothing(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A proxy setting or a ~/.netrc of the user neither reroutes requests nor adds to them."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password x\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with serving(ok(b"1")) as server:
        await client.fetch(ask(server))
        assert "authorization" not in server.headers()


# ------------------------------------------------------------------ where requests may go


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://127.0.0.1:32400", "http://127.0.0.1:32400"),
        ("http://plex.example/", "http://plex.example:80"),
        ("https://1-2-3-4.abc.plex.direct:32400", "https://1-2-3-4.abc.plex.direct:32400"),
        ("https://Example.org/plex/", "https://example.org:443/plex"),
        ("http://[::1]:32400", "http://[::1]:32400"),
        (" http://nas_1:80 ", "http://nas_1:80"),
    ],
)
def test_an_origin_is_read_from_a_url(url: str, shown: str) -> None:
    """Names, both kinds of addresses and a path in front are understood."""
    assert str(Origin.parse(url)) == shown


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "must begin with http://"),
        ("plex:32400", "must begin with http://"),
        ("ftp://plex", "must begin with http://"),
        ("file:///etc/passwd", "must begin with http://"),
        (f"http://me:{CANARY}@plex", "must not carry a user name"),
        (f"http://plex/?X-Plex-Token={CANARY}", "must end after its path"),
        (f"http://plex/#{CANARY}", "must end after its path"),
        ("http://plex:99999", "at most 65535"),
        ("http://plex:0x10", "at most 65535"),
        ("http://", "neither a host name"),
        (f"http://me:{CANARY}\u2100@plex", "looks like http://host:port"),
        ("http://[::1", "looks like http://host:port"),
        ("http://999.1.1.1/", "neither a host name"),
        ("http://a..b/", "neither a host name"),
        (f"http://{'a' * 64}/", "neither a host name"),
        ("http://a b/", "neither a host name"),
        ("http://plex\\@evil/", "must not carry a user name"),
        ("http://plex\\evil/", "neither a host name"),
        ("http://[fe80::1%25eth0]/", "neither a host name"),
        ("http://plex//x", "one slash"),
    ],
)
def test_what_is_no_origin_is_refused_with_a_reason(url: str, says: str) -> None:
    """Every refusal says what to write instead, and repeats no secret."""
    with pytest.raises(ValueError, match=says) as caught:
        Origin.parse(url)
    assert CANARY not in str(caught.value)


@given(st.text() | st.from_regex(r"[a-z0-9.:\[\]@/-]{1,70}", fullmatch=True))
def test_any_text_is_an_origin_or_a_value_error(text: str) -> None:
    """Whatever stands in a configuration, or in an answer's Location, nothing else is raised."""
    for url in (text, "http://" + text):
        try:
            origin = Origin.parse(url)
        except ValueError:
            continue
        assert Origin.parse(str(origin)) == origin
        assert http_client._url(Request(origin, "/")).host == origin.host


@pytest.mark.parametrize(
    "path",
    ["", "status", "//evil/x", "/a?b=c", "/a#b", "/a b", "/a\r\nX: 1", "http://evil/", "/\\evil", "/a\x00"],
)
def test_a_path_cannot_name_another_host_or_smuggle_a_query(path: str) -> None:
    """Keys from a server "may contain absolute URLs"; they are no paths."""
    with pytest.raises(ValueError, match="the path of a request"):
        Request(Origin.of("127.0.0.1", 1), path)


# ------------------------------------------------------------------ TLS, start-up


needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None and "CI" not in os.environ, reason="needs the Debian package openssl"
)


@asynccontextmanager
async def serving_tls(folder: Path) -> AsyncIterator[Origin]:
    """Serve one answer over TLS, with a certificate that nobody vouches for."""
    key, certificate = str(folder / "key.pem"), str(folder / "certificate.pem")
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost"
    await trio.run_process([*make.split(), "-keyout", key, "-out", certificate], capture_stderr=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    async def handle(stream: trio.SSLStream[trio.SocketStream]) -> None:
        with suppress(trio.BrokenResourceError):
            async with stream:
                await stream.receive_some()
                await stream.send_all(ok(b"private"))

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_ssl_over_tcp_listeners(0, context, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, handle, [listener])
        inner = listener.transport_listener
        assert isinstance(inner, trio.SocketListener)
        yield Origin.of("127.0.0.1", inner.socket.getsockname()[1], "https")
        nursery.cancel_scope.cancel()


@needs_openssl
async def test_a_certificate_that_nobody_vouches_for_is_refused(client: HttpClient, tmp_path: Path) -> None:
    """A server with a certificate of its own making gets no request at all."""
    async with serving_tls(tmp_path) as origin:
        error = await error_of(client, Request(origin, "/status/sessions", headers={"X": CANARY}))
        assert isinstance(error, HttpUnavailable)
        assert (error.kind, error.sent) == ("tls", False)
        assert "the certificate is not trusted" in str(error)


@needs_openssl
async def test_a_certificate_of_the_owners_making_is_taken_where_that_is_configured(tmp_path: Path) -> None:
    """Only by a client that was made so."""
    async with HttpClient("t", verify_tls=False) as trusting, serving_tls(tmp_path) as origin:
        assert (await trusting.fetch(Request(origin, "/"))).body == b"private"


async def test_https_to_a_plain_server_is_called_so(client: HttpClient) -> None:
    """The commonest slip of a configuration gets a hint."""
    async with serving(close_after(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        request = Request(Origin.of("127.0.0.1", server.port, "https"), "/status/sessions", total_s=2)
        error = await error_of(client, request)
        assert not error.sent
        assert server.heads == []


def test_importing_the_module_does_not_import_httpx() -> None:
    """The daemon listens before it needs a client; httpx alone costs more than that."""
    code = "import sys, segue.adapters.http_client; sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
