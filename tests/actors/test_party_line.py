"""The agent's line to its orchestrator: when it comes back and when not, what it says of a failure, and TLS."""

import os
import random
import shutil
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from segue.actors import party_socket
from segue.actors.party_line import BACK_OFF_S, JITTER, LATER_S, PAUSE_S, End, Link, PartyLine, end_of
from segue.actors.party_socket import (
    Address,
    AddressError,
    LineError,
    dial,
    identity_headers,
    own_daemon,
    parse_address,
    tls_context,
)
from segue.secret import Secret

PASSKEY = "canary-passkey-7755"
needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None and "CI" not in os.environ, reason="needs the Debian package openssl"
)

# ------------------------------------------------------------------ coming back


class Closed:
    """A connection that ends as a test says."""

    def __init__(self, code: int, reason: str = "") -> None:
        self.close_code, self.close_reason = code, reason

    async def receive(self) -> str | bytes | None:
        """Hear nothing."""
        return None

    async def send(self, message: str) -> None:
        """Say nothing."""

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Be closed already."""


async def attempts(dials: Callable[[int], Link], for_s: float, lasts_s: float = 0.0) -> list[float]:
    """Keep a line for a while; give the moments of its attempts. `dials` gets their number."""
    began_at, moments = trio.current_time(), list[float]()

    async def dial_it(_nursery: trio.Nursery) -> Link:
        moments.append(trio.current_time() - began_at)
        return dials(len(moments))

    async def talk(_link: Link) -> None:
        await trio.sleep(lasts_s)

    line = PartyLine(dial_it, talk, lambda _end: None, rng=random.Random(1))
    with trio.move_on_after(for_s):
        await line.run()
    return moments


def nobody(_number: int) -> Link:
    """Find nobody there."""
    raise LineError("nobody listens there")


async def test_a_lost_orchestrator_is_sought_every_second_at_first_and_every_half_minute_later(
    autojump_clock: trio.abc.Clock,
) -> None:
    moments = await attempts(nobody, 400.0)
    gaps = [after - before for before, after in pairwise(moments)]
    assert all(1.0 <= gap <= 1.0 + JITTER for gap in gaps[:10])
    assert all(30.0 <= gap <= 30.0 * (1 + JITTER) for gap in gaps[-3:])
    assert len(set(gaps)) == len(gaps), "homes do not come back in one moment"


async def test_a_restart_of_ten_seconds_is_over_within_two(autojump_clock: trio.abc.Clock) -> None:
    moments = await attempts(nobody, 30.0)
    assert min(moment for moment in moments if moment >= 10.0) < 12.0


@pytest.mark.parametrize("code", [1002, 1003, 1007, 1008, 1009, 4002, 4003])
async def test_a_refusal_is_not_tried_again_for_a_quarter_of_an_hour(
    autojump_clock: trio.abc.Clock, code: int
) -> None:
    assert len(await attempts(lambda _n: Closed(code), LATER_S - 1)) == 1
    assert len(await attempts(lambda _n: Closed(code), LATER_S * (1 + JITTER) + 1)) == 2


async def test_whoever_was_replaced_stays_away(autojump_clock: trio.abc.Clock) -> None:
    """Or the two would evict each other for ever."""
    assert len(await attempts(lambda _n: Closed(4001), 100_000.0)) == 1


async def test_who_is_asked_to_come_later_comes_after_half_a_minute(autojump_clock: trio.abc.Clock) -> None:
    assert len(await attempts(lambda _n: Closed(1013), PAUSE_S - 1)) == 1
    assert len(await attempts(lambda _n: Closed(1013), PAUSE_S * (1 + JITTER) + 1)) == 2


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1011, 1012, 3999])
async def test_other_ends_are_followed_by_an_attempt_within_seconds(
    autojump_clock: trio.abc.Clock, code: int
) -> None:
    assert len(await attempts(lambda _n: Closed(code), 4.0)) >= 3


async def test_a_connection_that_lasted_makes_the_next_waits_short_again(
    autojump_clock: trio.abc.Clock,
) -> None:
    calls = len(BACK_OFF_S) + 2
    moments = await attempts(lambda n: nobody(n) if n <= calls else Closed(1001), 400.0, lasts_s=40.0)
    gaps = [after - before for before, after in pairwise(moments)]
    assert all(40.0 < gap < 42.0 for gap in gaps[calls + 1 :])
    assert len(gaps) > calls + 2


async def test_somebody_who_changed_something_ends_a_wait(autojump_clock: trio.abc.Clock) -> None:
    ends: list[End] = []
    line = PartyLine(dial=_closed, talk=_no_talk, lost=ends.append)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(line.run)
        await trio.sleep(10)
        assert [(end.again, end.code) for end in ends] == [("never", 4001)]
        line.try_now()
        await trio.sleep(0.1)
        assert len(ends) == 2
        nursery.cancel_scope.cancel()


async def _closed(_nursery: trio.Nursery) -> Link:
    return Closed(4001)


async def _no_talk(_link: Link) -> None:
    await trio.lowlevel.checkpoint()


def test_an_end_is_told_in_a_sentence_with_the_reason_that_was_given() -> None:
    assert end_of(4003, "ask bob.", 1.0).reason == "The user's access was taken back: ask bob."
    assert end_of(1006, "", 1.0).reason == "The connection ended."
    assert "\n" not in end_of(1008, "a\nb", 1.0).reason
    assert len(end_of(1008, "x" * 5000, 1.0).reason) < 300


# ------------------------------------------------------------------ addresses and names


@pytest.mark.parametrize(
    ("text", "address", "shown"),
    [
        ("wss://party.example.org/ws", Address("party.example.org", 443, "/ws", True), None),
        (
            "https://party.example.org",
            Address("party.example.org", 443, "/ws", True),
            "wss://party.example.org/ws",
        ),
        ("party.example.org", Address("party.example.org", 443, "/ws", True), "wss://party.example.org/ws"),
        ("ws://192.0.2.7:3001/segue/ws", Address("192.0.2.7", 3001, "/segue/ws", False), None),
        ("ws://[2001:db8::1]:81/", Address("2001:db8::1", 81, "/ws", False), "ws://[2001:db8::1]:81/ws"),
    ],
)
def test_an_address_is_read_as_it_is_meant(text: str, address: Address, shown: str | None) -> None:
    assert parse_address(text) == address
    assert address.shown == (shown or text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "file:///etc/passwd",
        "wss://alice:canary-pw@party.example.org",
        "wss://party.example.org/ws?passkey=canary-pw",
        "wss://party.example.org:0",
        "wss://party.example.org:99999",
        "wss://1.2.3",
        "wss://party example",
        "wss://[::1",
        "wss://a/b\r\nX-Evil: 1",
    ],
)
def test_what_is_no_address_is_refused_without_its_secrets(text: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse_address(text)
    assert "canary" not in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_an_error(text: str) -> None:
    try:
        address = parse_address(text)
    except AddressError:
        return
    assert address.host
    assert 0 < address.port < 65536


def test_names_that_no_header_can_carry_are_refused_and_not_shown() -> None:
    assert identity_headers("alice", Secret(PASSKEY)) == [
        ("X-Username", "alice"),
        ("Authorization", f"Bearer {PASSKEY}"),
    ]
    for username, passkey in (("ali\r\nce", PASSKEY), ("älice", PASSKEY), ("alice", f"{PASSKEY}\n")):
        with pytest.raises(LineError) as caught:
            identity_headers(username, Secret(passkey))
        assert PASSKEY not in str(caught.value)


# ------------------------------------------------------------------ on sockets


Handle = Callable[[trio.abc.Stream], object]


@asynccontextmanager
async def answering(answer: bytes, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Serve one answer to whoever connects; gives the port."""

    async def handle(stream: trio.abc.Stream) -> None:
        try:
            async with stream:
                await stream.receive_some(65536)
                await stream.send_all(answer)
                await trio.sleep(0.2)
        except trio.BrokenResourceError:
            pass

    async with trio.open_nursery() as nursery:
        if context is None:
            listeners: list[trio.abc.Listener[trio.abc.Stream]] = list(
                await trio.open_tcp_listeners(0, host="127.0.0.1")
            )
            port = listeners[0].socket.getsockname()[1]  # type: ignore[attr-defined]
        else:
            listeners = list(await trio.open_ssl_over_tcp_listeners(0, context, host="127.0.0.1"))
            port = listeners[0].transport_listener.socket.getsockname()[1]  # type: ignore[attr-defined]
        nursery.start_soon(trio.serve_listeners, handle, listeners)
        yield port
        nursery.cancel_scope.cancel()


async def refusal(address: Address, tls: ssl.SSLContext | None = None) -> LineError:
    """Connect, and give the error."""
    headers = identity_headers("alice", Secret(PASSKEY))
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            with pytest.raises(LineError) as caught:
                await dial(nursery, address, headers, tls=tls)
            nursery.cancel_scope.cancel()
    assert PASSKEY not in repr(caught.value)
    assert PASSKEY not in str(caught.value)
    return caught.value


BODY = b'{"ok":false,"error":{"code":"bad_passkey","message":"The passkey of alice is refused."}}'


@pytest.mark.parametrize(
    ("answer", "again", "text"),
    [
        (
            b"HTTP/1.1 401 No\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY),
            "later",
            "of alice is refused",
        ),
        (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "later", "no party door"),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nout", "soon", "HTTP status 502"),
        (
            b"HTTP/1.1 301 Moved\r\nLocation: https://b.example/x?t=1\r\nContent-Length: 0\r\n\r\n",
            "later",
            "b.example",
        ),
        (b"HTTP/1.1 429 Slow\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n", "pause", "HTTP status 429"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "soon", "HTTP status 200"),
        (
            b"HTTP/1.1 101 Up\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: forged\r\n\r\n",
            "soon",
            "no WebSocket",
        ),
        (b"SSH-2.0-OpenSSH\r\n", "soon", "no WebSocket"),
        (b"", "soon", "ended"),
    ],
)
async def test_a_handshake_that_fails_says_why_and_whether_to_come_back(
    answer: bytes, again: str, text: str
) -> None:
    async with answering(answer) as port:
        error = await refusal(Address("127.0.0.1", port))
    assert error.again == again
    assert text in str(error)


async def test_nobody_there_is_said(tmp_path: Path) -> None:
    with_nobody = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = with_nobody[0].socket.getsockname()[1]
    for listener in with_nobody:
        await listener.aclose()
    assert "nobody listens" in str(await refusal(Address("127.0.0.1", port)))
    error = await refusal(own_daemon(tmp_path / "ctl.sock"))
    assert "this daemon: nobody listens" in str(error)


async def test_a_handshake_that_hangs_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(party_socket, "CONNECT_S", 0.2)
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    assert "no connection within" in str(await refusal(Address("127.0.0.1", port)))
    await listeners[0].aclose()


@needs_openssl
async def test_a_certificate_is_checked_and_one_of_the_owners_making_can_be_named(tmp_path: Path) -> None:
    key, certificate = str(tmp_path / "key.pem"), tmp_path / "certificate.pem"
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", key, "-out", str(certificate)]
    await trio.run_process([*make.split(), *names, *files], capture_stderr=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    no = b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"
    async with answering(no, context) as port:
        address = Address("localhost", port, tls=True)
        stranger = await refusal(address, await tls_context(None))
        assert stranger.again == "later"
        assert "certificate is not trusted" in str(stranger)
        assert "no party door" in str(await refusal(address, await tls_context(certificate)))
        wrong_name = await refusal(Address("127.0.0.1", port, tls=True), await tls_context(certificate))
        assert "certificate is not trusted" in str(wrong_name)
    with pytest.raises(LineError, match="no certificates can be read"):
        await tls_context(Path(key))
    async with answering(no) as port:
        plain = await refusal(Address("127.0.0.1", port, tls=True), await tls_context(None))
        assert "write ws://" in str(plain)
