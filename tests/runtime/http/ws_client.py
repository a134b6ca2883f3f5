"""An independent WebSocket client (`websockets`, sans-IO) on a test's stream, and an echo to talk to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import trio
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from segue.runtime.http import Message, Receive, Scope, Send
from segue.runtime.http.wire import ClientGoneError
from tests.runtime.http.talk import Client, talking

HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


class WsClient:
    """The `websockets` library on a test's stream; it answers no ping unless told to read."""

    def __init__(self, client: Client, subprotocols: list[Subprotocol] | None = None) -> None:
        self.client = client
        self.protocol = ClientProtocol(
            parse_uri("ws://localhost/ws"), subprotocols=subprotocols, max_size=None
        )
        self.frames: list[Frame] = []

    async def open(self) -> None:
        self.protocol.send_request(self.protocol.connect())
        await self.flush()
        while self.protocol.state is State.CONNECTING and not self.protocol.handshake_exc:
            await self.read()

    async def flush(self) -> None:
        for data in self.protocol.data_to_send():
            if data:
                await self.client.send(data)

    async def read(self) -> bool:
        """Read once; False at the end of the stream."""
        try:
            data = await self.client.stream.receive_some(65536)
        except trio.BrokenResourceError:
            data = b""
        if data:
            self.protocol.receive_data(data)
        else:
            self.protocol.receive_eof()
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await self.flush()
        self.frames += [e for e in self.protocol.events_received() if isinstance(e, Frame)]
        return bool(data)

    async def next(self) -> Frame:
        """Wait for the next frame that is not about pings."""
        while True:
            while self.frames:
                frame = self.frames.pop(0)
                if frame.opcode not in (Opcode.PING, Opcode.PONG):
                    return frame
            assert await self.read(), "the stream ended"

    async def text(self) -> str:
        frame = await self.next()
        assert frame.opcode is Opcode.TEXT
        return bytes(frame.data).decode()

    async def say(self, text: str) -> None:
        self.protocol.send_text(text.encode())
        await self.flush()

    async def ended(self) -> int | None:
        """Read to the end and give the close code that came."""
        while await self.read():
            pass
        return self.protocol.close_code


class Echo:
    """Says back what it hears; remembers how the link ended."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.scopes: list[Scope] = []
        self.refused_sends = 0
        """How often an answer came too late: the other way to learn that a link has ended."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        assert await receive() == {"type": "websocket.connect"}
        await send({"type": "websocket.accept"})
        while True:
            message = await receive()
            self.heard.append(message)
            if message["type"] == "websocket.disconnect":
                return
            try:
                await send({**message, "type": "websocket.send"})
            except ClientGoneError:
                self.refused_sends += 1
                raise


@asynccontextmanager
async def linked(app: Any, **options: Any) -> AsyncIterator[WsClient]:
    async with talking(app, **options) as client:
        ws = WsClient(client)
        await ws.open()
        assert ws.protocol.state is State.OPEN
        yield ws
