"""The event stream, on SSE and on a WebSocket alike: a snapshot first, then every step and every effect.

A reader that is too slow loses the oldest steps and gets a fresh snapshot instead, so that it never shows a house that
does not exist. A keep-alive goes out only while somebody listens.
"""

from collections.abc import AsyncIterator, Callable, Iterator

import trio
from starlette.responses import Response, StreamingResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from segue.core.vocabulary import Accept, Refuse
from segue.interfaces.answers import encode
from segue.interfaces.moment import Moment
from segue.interfaces.views import Json, Surroundings, action_frame, effect_frame, snapshot_frame
from segue.runtime.journal import Entry
from segue.runtime.store import Store

KEEP_ALIVE_S = 20.0
"""Between two signs of life on a quiet stream, so that a dead reader is found and a proxy keeps the line."""

Now = Callable[[], Moment]
Around = Callable[[], Surroundings]


def stream(store: Store, now: Now, around: Around) -> Response:
    """Answer with server-sent events that never end by themselves."""
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_sse(store, now, around), headers=headers, media_type="text/event-stream")


async def _sse(store: Store, now: Now, around: Around) -> AsyncIterator[bytes]:
    subscription = store.subscribe()
    try:
        yield _sse_frame(snapshot_frame(store.state, now(), around()))
        while True:
            entries: list[Entry] = []
            with trio.move_on_after(KEEP_ALIVE_S):
                entries = await subscription.get()
            if not entries:
                yield b": alive\n\n"
                continue
            if subscription.lost:
                subscription.lost = False
                yield _sse_frame(snapshot_frame(store.state, now(), around()))
                continue
            yield b"".join(_sse_frame(frame) for frame in frames(entries))
    finally:
        store.unsubscribe(subscription)


def _sse_frame(frame: Json) -> bytes:
    head = b"id: %d\n" % frame["seq"] if "seq" in frame else b""
    return head + b"data: " + encode(frame) + b"\n\n"


def frames(entries: list[Entry]) -> Iterator[Json]:
    """Turn steps into event frames: the action, then what it wants done. Answers to visitors are not news."""
    for entry in entries:
        yield action_frame(entry)
        for effect in entry.effects:
            if not isinstance(effect, Accept | Refuse):
                yield effect_frame(entry, effect)


async def feed(websocket: WebSocket, store: Store, now: Now, around: Around) -> None:
    """Feed a WebSocket until it goes away. What it sends is read and ignored, so that its end is noticed."""
    await websocket.accept()
    subscription = store.subscribe()
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_until_gone, websocket, nursery.cancel_scope)
            await websocket.send_text(_text(snapshot_frame(store.state, now(), around())))
            while True:
                entries = await subscription.get()
                if subscription.lost:
                    subscription.lost = False
                    await websocket.send_text(_text(snapshot_frame(store.state, now(), around())))
                    continue
                for frame in frames(entries):
                    await websocket.send_text(_text(frame))
    finally:
        store.unsubscribe(subscription)


def _text(frame: Json) -> str:
    return encode(frame).decode()


async def _until_gone(websocket: WebSocket, scope: trio.CancelScope) -> None:
    try:
        while True:
            await websocket.receive()
    except (WebSocketDisconnect, RuntimeError):
        scope.cancel()
