"""The server on real sockets, with independent clients: curl, `websockets`, raw sockets that behave badly."""

import errno
import json
import os
import resource
import socket
import struct
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import trio
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from segue.runtime.http import (
    HttpServer,
    Limits,
    Receive,
    Scope,
    Send,
    open_tcp_listeners,
    open_unix_listener,
)
from tests.runtime.http.talk import GET, Failures, Stream, echo, post, reply, serving

NEVER = Limits(header_s=60, body_s=60, write_s=60)
"""So that nothing but what the test is about ends a connection."""


async def curl(*args: str) -> str:
    """Run curl and give what it prints."""
    done = await trio.run_process(
        ["curl", "-sS", "--max-time", "20", *args], capture_stdout=True, capture_stderr=True
    )
    return done.stdout.decode()


# ---------------------------------------------------------------- independent clients


async def test_curl_gets_posts_and_heads() -> None:
    async with serving(echo) as house:
        url = f"http://localhost:{house.port}/a"
        assert await curl("--ipv4", url) == "GET /a "
        assert await curl("--ipv4", "-d", "x=1", url) == "POST /a x=1"
        assert await curl("--ipv4", "-H", "Transfer-Encoding: chunked", "-d", "x=1", url) == "POST /a x=1"
        assert await curl("--ipv4", "-H", "Expect: 100-continue", "-d", "x", url) == "POST /a x"
        assert "content-length: 8" in (await curl("--ipv4", "-I", url)).lower()
        assert await curl("--ipv4", url, url) == "GET /a GET /a ", "both over one connection"


async def test_curl_talks_over_a_unix_socket(tmp_path: Path) -> None:
    server = HttpServer(echo)
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            await nursery.start(server.serve, [await open_unix_listener(tmp_path / "ctl.sock")])
            path = str(tmp_path / "ctl.sock")
            assert await curl("--unix-socket", path, "http://anything/api") == "GET /api "
            server.stop(1)


async def test_a_large_upload_hears_413_early(tmp_path: Path) -> None:
    """A gigabyte in chunks: the client is stopped soon, and the server's memory does not grow."""
    (tmp_path / "big").touch()
    os.truncate(tmp_path / "big", 1 << 30)
    async with serving(echo) as house:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        sent = await curl(
            *("-H", "Transfer-Encoding: chunked", "-T", str(tmp_path / "big")),
            *("-o", str(tmp_path / "answer"), "-w", "%{http_code} %{size_upload}"),
            f"http://127.0.0.1:{house.port}/",
        )
        status, size = sent.split()
        assert status == "413"
        assert int(size) < 16 << 20
        assert json.loads((tmp_path / "answer").read_bytes())["error"]["code"] == "body_too_large"
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024


async def test_the_websockets_library_talks_to_us() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({**message, "type": "websocket.send"})

    def talk(port: int) -> list[Any]:
        with connect(f"ws://127.0.0.1:{port}/", max_size=None) as ws:
            assert ws.protocol.extensions == []
            seen: list[Any] = []
            for message in ("hello", b"\x00" * 16_000, "ü" * 8000, ""):
                ws.send(message)
                seen.append(ws.recv(timeout=20))
            assert ws.ping().wait(20)
            ws.send("x" * 20_000)
            with pytest.raises(ConnectionClosed) as closed:
                ws.recv(timeout=20)
            assert closed.value.rcvd is not None
            seen.append(closed.value.rcvd.code)
            return seen

    async with serving(app) as house:
        seen = await trio.to_thread.run_sync(talk, house.port)
        assert seen == ["hello", b"\x00" * 16_000, "ü" * 8000, "", 1009]
        assert house.failures.messages == []


# ---------------------------------------------------------------- clients that behave badly


async def test_slow_clients_are_dropped_while_others_are_served() -> None:
    limits = Limits(header_s=0.5, body_s=0.5, connections_per_ip=500, connections=500)
    async with serving(echo, limits=limits) as house:
        slow = [await house.connect() for _ in range(60)]
        for n, client in enumerate(slow):
            await client.send(GET[:20] if n % 2 else post(b"x" * 10)[:-5])
        assert (await (await house.connect()).ask(GET)).status == 200
        for client in slow:
            assert (await client.answer("POST")).status == 408
            assert await client.closed()
        assert house.failures.messages == []


async def test_one_address_cannot_take_all_connections() -> None:
    async with serving(echo, limits=Limits(connections_per_ip=3)) as house:
        held = [await house.connect() for _ in range(3)]
        for client in held:
            await client.ask(GET)
        refused = await house.connect()
        answer = await refused.ask(GET)
        assert (answer.status, answer.error["code"]) == (503, "too_many_connections")
        assert answer.headers["retry-after"] == "5"
        assert await refused.closed()
        await held[0].stream.aclose()
        while house.server.connections == 3:
            await trio.sleep(0.01)
        assert (await (await house.connect()).ask(GET)).status == 200


async def test_a_full_listener_leaves_the_other_one_free(tmp_path: Path) -> None:
    server = HttpServer(echo, limits=Limits(connections=2))
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            listeners = [await open_unix_listener(tmp_path / name) for name in ("a", "b")]
            await nursery.start(server.serve, listeners)
            held = [await trio.open_unix_socket(tmp_path / "a") for _ in range(2)]
            while server.connections < 2:
                await trio.sleep(0.01)
            assert "too_many_connections" in await curl("--unix-socket", str(tmp_path / "a"), "http://x/")
            assert await curl("--unix-socket", str(tmp_path / "b"), "http://x/") == "GET / "
            for stream in held:
                await stream.aclose()
            server.stop(1)


async def test_a_client_that_resets_is_no_failure() -> None:
    stream = Stream()
    async with serving(stream) as house:
        client = await house.connect()
        await client.send(GET)
        await stream.begun.wait()
        assert isinstance(client.stream, trio.SocketStream)
        client.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await client.stream.aclose()
        await stream.ended.wait()
        while house.server.connections:
            await trio.sleep(0.01)
        assert house.failures.messages == []


async def test_an_event_stream_ends_when_its_client_closes() -> None:
    stream = Stream()
    async with serving(stream) as house:
        client = await house.connect()
        await client.send(GET)
        await client.until(b"data: 1\n\n")
        await client.stream.aclose()
        await stream.ended.wait()


async def test_the_answer_survives_a_body_that_nobody_reads() -> None:
    """The client writes on after its answer; a plain close would reset the connection under it."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await reply(send, b"x" * 50_000, 404)

    async with serving(app) as house:
        client = await house.connect()
        await client.send(post(b"x" * 200_000)[:-100_000])
        await trio.sleep(0.05)
        await client.send(b"x" * 100_000)
        await trio.sleep(0.05)
        assert len((await client.answer("POST")).body) == 50_000


# ---------------------------------------------------------------- stopping


async def endless(scope: Scope, receive: Receive, send: Send) -> None:
    """Send for ever."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while True:
        await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})


async def test_stopping_ends_in_time_although_a_client_never_reads() -> None:
    async with serving(endless, limits=NEVER) as house:
        client = await house.connect()
        await client.send(GET)
        await trio.sleep(0.2)
        began_at = trio.current_time()
        house.server.stop(0.5)
        with trio.fail_after(30):
            await house.stopped.wait()
        assert trio.current_time() - began_at >= 0.5, "it had its grace"
        assert house.server.connections == 0


async def test_stopping_idle_needs_no_grace() -> None:
    async with serving(echo) as house:
        clients = [await house.connect() for _ in range(3)]
        await clients[0].ask(GET)
        house.server.stop(60)
        with trio.fail_after(30):
            await house.stopped.wait()


async def test_stopping_finishes_what_is_in_flight_and_accepts_no_more() -> None:
    release = trio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await release.wait()
        await reply(send, b"finished")

    async with serving(app) as house:
        client = await house.connect()
        await client.send(GET)
        while not house.server.connections:
            await trio.sleep(0.01)
        await trio.sleep(0.05)
        house.server.stop(30)
        await trio.sleep(0.05)
        with pytest.raises(OSError, match=r"127\.0\.0\.1"):
            await house.connect()
        release.set()
        answer = await client.answer()
        assert (answer.body, answer.headers["connection"]) == (b"finished", "close")
        await house.stopped.wait()


async def test_cancelling_serve_ends_everything() -> None:
    server = HttpServer(endless, limits=NEVER)
    listeners = await open_tcp_listeners("127.0.0.1", 0)
    port = listeners[0].socket.getsockname()[1]
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            await nursery.start(server.serve, listeners)
            stream = await trio.open_tcp_stream("127.0.0.1", port)
            await stream.send_all(GET)
            await trio.sleep(0.1)
            nursery.cancel_scope.cancel()
            stream.socket.close()
    assert server.connections == 0


async def test_tcp_connections_find_out_when_the_other_side_has_vanished() -> None:
    server = HttpServer(echo)
    listener = (await open_tcp_listeners("127.0.0.1", 0))[0]
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            await nursery.start(server.serve, [listener])
            await trio.sleep(0.01)
            assert listener.socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert listener.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
            server.stop(0)


async def test_a_server_stopped_before_it_serves_ends_at_once() -> None:
    server = HttpServer(echo)
    server.stop(1)
    with trio.fail_after(10):
        await server.serve(await open_tcp_listeners("127.0.0.1", 0))


# ---------------------------------------------------------------- accept


class Failing(trio.abc.Listener[trio.SocketStream]):
    """A listener whose accept fails a few times, then works."""

    def __init__(self, inner: trio.SocketListener, error: OSError, times: int) -> None:
        self.inner = inner
        self.error = error
        self.left = times

    async def accept(self) -> trio.SocketStream:
        if self.left:
            self.left -= 1
            await trio.lowlevel.checkpoint()
            raise self.error
        return await self.inner.accept()

    async def aclose(self) -> None:
        await self.inner.aclose()


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENOBUFS, errno.EIO])
async def test_a_failing_accept_is_said_once_and_tried_again(code: int) -> None:
    failures = Failures()
    server = HttpServer(echo, on_failure=failures)
    inner = (await open_tcp_listeners("127.0.0.1", 0))[0]
    port = inner.socket.getsockname()[1]
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            await nursery.start(server.serve, [Failing(inner, OSError(code, "x"), 3)])
            assert await curl(f"http://127.0.0.1:{port}/") == "GET / "
            server.stop(1)
    assert failures.messages == [
        f"cannot accept connections, trying on: {errno.errorcode[code]}",
        "accepting connections again",
    ]


EXHAUSTED = textwrap.dedent(
    """
    import os, resource, socket, trio
    from segue.runtime.http import HttpServer, open_tcp_listeners
    from tests.runtime.http.talk import echo

    async def main():
        failures = []
        server = HttpServer(echo, on_failure=lambda message, error: failures.append(message))
        listeners = await open_tcp_listeners("127.0.0.1", 0)
        address = listeners[0].socket.getsockname()
        async with trio.open_nursery() as nursery:
            await nursery.start(server.serve, listeners)
            client = socket.create_connection(address)
            client.sendall(b"GET / HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
            client.setblocking(False)
            taken = []
            try:
                while True:
                    taken.append(os.dup(0))
            except OSError:
                pass
            await trio.sleep(0.5)
            for fd in taken:
                os.close(fd)
            await trio.lowlevel.wait_readable(client)
            print(client.recv(1000).split()[1], failures)
            client.close()
            server.stop(1)

    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    trio.run(main)
    """
)


async def test_without_descriptors_the_server_waits_and_goes_on() -> None:
    done = await trio.run_process(
        [sys.executable, "-c", EXHAUSTED],
        capture_stdout=True,
        env={**os.environ, "PYTHONPATH": "daemon:."},
        cwd=Path(__file__).parents[3],
        stdin=subprocess.DEVNULL,
    )
    assert done.stdout.decode().strip() == (
        "b'200' ['cannot accept connections, trying on: EMFILE', 'accepting connections again']"
    )
