"""A small IRC server that says only what a test makes it say. Written after RFC 2812, apart from our client."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trio

WAIT_S = 60.0


@dataclass
class Visit:
    """One connection, from the server's end."""

    stream: trio.abc.Stream
    rest: bytes = b""
    lines: list[str] = field(default_factory=list)
    """All that came, in order."""
    at: list[float] = field(default_factory=list)
    """When each of them came."""
    wait_s: float = WAIT_S

    async def line(self) -> str:
        """Wait for the next line. Raises `EOFError` at the end."""
        with trio.fail_after(self.wait_s):
            while b"\r\n" not in self.rest:
                try:
                    data = await self.stream.receive_some(4096)
                except trio.BrokenResourceError:
                    data = b""
                if not data:
                    raise EOFError
                self.rest += data
        line, _, self.rest = self.rest.partition(b"\r\n")
        assert len(line) <= 510, "a line of IRC has 512 bytes at most"
        self.lines.append(line.decode())
        self.at.append(trio.current_time())
        return self.lines[-1]

    async def until(self, *starts: str) -> str:
        """Read on until a line begins so."""
        while not (line := await self.line()).startswith(starts):
            pass
        return line

    async def say(self, *lines: str | bytes) -> None:
        """Send lines."""
        with trio.fail_after(self.wait_s):
            for line in lines:
                await self.stream.send_all((line.encode() if isinstance(line, str) else line) + b"\r\n")

    async def ended(self) -> None:
        """Read on until the other end has closed."""
        try:
            while True:
                await self.line()
        except EOFError:
            return

    async def admit(self, nick: str = "segue", *, caps: str = "", members: str = "@op alice bob") -> None:
        """Let it in, up to and into the channel `#films`."""
        await self.until("CAP LS")
        await self.until("USER ")
        await self.say(f":irc.test CAP * LS :{caps}")
        if caps:
            wanted = (await self.until("CAP REQ ")).removeprefix("CAP REQ ").lstrip(":")
            await self.say(f":irc.test CAP * ACK :{wanted}")
        await self.until("CAP END")
        await self.say(f":irc.test 001 {nick} :Welcome", f":irc.test 376 {nick} :End of MOTD")
        await self.enter(nick, members=members)

    async def enter(self, nick: str = "segue", *, members: str = "@op alice bob") -> None:
        """Let it into the channel."""
        await self.until("JOIN #films")
        await self.say(
            f":{nick}!~segue@host.test JOIN #films",
            f":irc.test 353 {nick} = #films :{members} {nick}",
            f":irc.test 366 {nick} #films :End of NAMES",
        )


@dataclass
class Server:
    """Where it listens, and who came."""

    host: str
    port: int
    arrivals: trio.MemoryReceiveChannel[Visit]

    async def visit(self) -> Visit:
        """Wait for the next connection."""
        with trio.fail_after(WAIT_S):
            return await self.arrivals.receive()


@asynccontextmanager
async def irc_server(tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """Listen on loopback while the block runs."""
    arrived, arrivals = trio.open_memory_channel[Visit](10)

    async def serve(stream: trio.SocketStream) -> None:
        secure = (
            trio.SSLStream(stream, tls, server_side=True, https_compatible=True)
            if tls is not None
            else stream
        )
        await arrived.send(Visit(secure))
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, serve, listeners)
        yield Server("127.0.0.1", listeners[0].socket.getsockname()[1], arrivals)
        nursery.cancel_scope.cancel()
