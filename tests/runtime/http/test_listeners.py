"""Listening sockets: clear errors, the life of a Unix socket's file, who calls."""

import fcntl
import os
import socket
import stat
from contextlib import closing
from pathlib import Path

import pytest
import trio

from segue.runtime.http import HttpServer, ListenError, open_tcp_listeners, open_unix_listener
from tests.runtime.http.talk import GET, Client, Failures, echo


async def test_a_taken_port_is_named() -> None:
    first = (await open_tcp_listeners("127.0.0.1", 0))[0]
    port = first.socket.getsockname()[1]
    async with first:
        with pytest.raises(ListenError, match=rf"127\.0\.0\.1:{port}: .*in use.*; choose another"):
            await open_tcp_listeners("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "port"),
    [("192.0.2.1", 0), ("host.invalid", 0), ("127.0.0.1", 70000), ("127.0.0.1", -1), ("a" * 300, 0)],
)
async def test_an_impossible_address_is_named(host: str, port: int) -> None:
    with pytest.raises(ListenError, match=rf"cannot listen on {host}:{port}: ."):
        await open_tcp_listeners(host, port)


async def test_the_sockets_do_not_reach_child_processes(tmp_path: Path) -> None:
    unix = await open_unix_listener(tmp_path / "s")
    tcp = (await open_tcp_listeners("127.0.0.1", 0))[0]
    async with unix, tcp:
        assert not os.get_inheritable(tcp.socket.fileno())
        client = await trio.open_unix_socket(tmp_path / "s")
        served = await unix.accept()
        async with client, served:
            assert not os.get_inheritable(served.socket.fileno())


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777])
async def test_the_file_has_the_wanted_mode_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        listener = await open_unix_listener(tmp_path / "s", mode=0o660)
    finally:
        os.umask(before)
    async with listener:
        assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o660


async def test_the_file_goes_with_the_listener(tmp_path: Path) -> None:
    async with await open_unix_listener(tmp_path / "s"):
        assert (tmp_path / "s").is_socket()
    assert not (tmp_path / "s").exists()


async def test_a_file_that_a_dead_process_left_is_replaced(tmp_path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as dead:
        dead.bind(str(tmp_path / "s"))
    async with await open_unix_listener(tmp_path / "s"), await trio.open_unix_socket(tmp_path / "s"):
        pass


async def test_a_socket_in_use_is_left_alone(tmp_path: Path) -> None:
    async with await open_unix_listener(tmp_path / "s") as first:
        with pytest.raises(ListenError, match="another process listens there"):
            await open_unix_listener(tmp_path / "s")
        async with await trio.open_unix_socket(tmp_path / "s"):
            with trio.fail_after(10):
                await (await first.accept()).aclose()


async def test_a_socket_with_a_full_queue_is_in_use(tmp_path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as busy, closing(socket.socket(socket.AF_UNIX)) as waiting:
        busy.bind(str(tmp_path / "s"))
        busy.listen(0)
        waiting.connect(str(tmp_path / "s"))
        with pytest.raises(ListenError, match="another process listens there"):
            await open_unix_listener(tmp_path / "s")
        assert (tmp_path / "s").exists()


async def test_what_is_no_socket_is_never_removed(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("mine")
    with pytest.raises(ListenError, match="is not a socket"):
        await open_unix_listener(tmp_path / "s")
    assert (tmp_path / "s").read_text() == "mine"


async def test_a_file_that_somebody_else_put_there_is_not_removed(tmp_path: Path) -> None:
    async with await open_unix_listener(tmp_path / "s"):
        (tmp_path / "s").unlink()
        (tmp_path / "s").write_text("theirs")
    assert (tmp_path / "s").read_text() == "theirs"


async def test_a_missing_directory_and_a_long_path_are_named(tmp_path: Path) -> None:
    with pytest.raises(ListenError, match=f"{tmp_path}/no: No such file or directory; make the directory"):
        await open_unix_listener(tmp_path / "no" / "s")
    with pytest.raises(ListenError, match="at most 107 bytes"):
        await open_unix_listener(tmp_path / ("s" * 108))


async def test_two_processes_that_start_together_do_not_take_each_others_socket(tmp_path: Path) -> None:
    directory = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        with pytest.raises(ListenError, match="another process opens a socket there"):
            await open_unix_listener(tmp_path / "s")
    finally:
        os.close(directory)


async def test_the_caller_over_a_unix_socket_is_known(tmp_path: Path) -> None:
    seen = []

    async def app(scope, receive, send):  # type: ignore[no-untyped-def]
        seen.append((scope["extensions"]["segue.peer"], scope["client"], scope["server"]))
        await echo(scope, receive, send)

    server = HttpServer(app)
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            await nursery.start(server.serve, [await open_unix_listener(tmp_path / "s")])
            client = Client(await trio.open_unix_socket(tmp_path / "s"), server, Failures())
            async with client.stream:
                assert (await client.ask(GET.replace(b"localhost", b"stranger.example"))).status == 200
            server.stop(1)
    peer, address, served = seen[0]
    assert (peer.pid, peer.uid, peer.gid) == (os.getpid(), os.getuid(), os.getgid())
    assert (address, served) == (None, (str(tmp_path / "s"), None))
    assert not (tmp_path / "s").exists(), "the file goes when the server stops"
