"""A scripted segued on a real socket: it says what a test wants, sense or nonsense, and notes what it was asked."""

import json
import queue
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

Json = dict[str, Any]
WAIT_S = 30.0
"""Longer than anything here takes; a test that waits so long has failed."""


class Request:
    """What a client sent."""

    def __init__(self, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body

    def __repr__(self) -> str:
        return f"{self.method} {self.path} {self.body.decode()}"

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


Script = Callable[[socket.socket, Request], None]


def says(data: Json, status: int = 200, *, chunks: int = 0, until_end: bool = False) -> Script:
    """Answer well: with data of a schema, whole, in chunks of so many bytes, or until the connection ends."""
    return answers(status, {"ok": True, "data": data}, chunks=chunks, until_end=until_end)


def refuses(status: int, code: str, message: str, hint: str = "", **more: str) -> Script:
    return answers(status, {"ok": False, "error": {"code": code, "message": message, "hint": hint, **more}})


def answers(status: int, body: Any, *, chunks: int = 0, until_end: bool = False) -> Script:
    raw = json.dumps(body, ensure_ascii=False).encode()
    head = f"HTTP/1.1 {status} Whatever\r\nContent-Type: application/json\r\n"
    if chunks:
        head += "Transfer-Encoding: chunked\r\n"
        pieces = [raw[at : at + chunks] for at in range(0, len(raw), chunks)]
        raw = (
            b"".join(b"%x;ext=1\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
            + b"0\r\nTrailer: x\r\n\r\n"
        )
    elif not until_end:
        head += f"Content-Length: {len(raw)}\r\n"
    return sends(head.encode() + b"\r\n" + raw)


def sends(raw: bytes) -> Script:
    """Send bytes as they are, and hang up."""

    def script(sock: socket.socket, _request: Request) -> None:
        sock.sendall(raw)

    return script


def waits_in_vain(sock: socket.socket, _request: Request) -> None:
    """Answer nothing, until the client hangs up."""
    sock.recv(1)


class Feed:
    """A stream of events that a test pushes frames into; every connection has its own, in the order of opening."""

    def __init__(self) -> None:
        self.opened: queue.Queue[queue.Queue[bytes | None]] = queue.Queue()

    def __call__(self, sock: socket.socket, _request: Request) -> None:
        frames: queue.Queue[bytes | None] = queue.Queue()
        head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        sock.sendall(head.encode())
        self.opened.put(frames)
        while (frame := frames.get(timeout=WAIT_S)) is not None:
            sock.sendall(b"%x\r\n%s\r\n" % (len(frame), frame))


class Reader:
    """The far end of one opened stream."""

    def __init__(self, frames: "queue.Queue[bytes | None]") -> None:
        self._frames = frames
        self._seq = 0

    def raw(self, data: bytes) -> None:
        self._frames.put(data)

    def push(self, frame: Json) -> None:
        self.raw(b"data: " + json.dumps(frame).encode() + b"\n\n")

    def event(self, kind: str, data: Json, at: float = 1_700_000_000.0, **more: Any) -> None:
        self._seq += 1
        self.push({"seq": self._seq, "at": at, "type": kind, "data": data, "cause": None, **more})

    def end(self) -> None:
        self._frames.put(None)


class FakeSegued:
    """The server: a thread that accepts, and one for each connection."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.port = 0
        self.requests: list[Request] = []
        self.feed = Feed()
        self._scripts: dict[tuple[str, str], list[Script]] = {("GET", "/api/v1/events"): [self.feed]}
        self._listener: socket.socket | None = None

    def on(self, method: str, path: str, *scripts: Script) -> None:
        """Say what is answered there: the scripts in turn, the last one for ever."""
        self._scripts[method, path] = list(scripts)

    def start(self) -> "FakeSegued":
        if self.path is not None:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(self.path))
        else:
            self._listener = socket.socket()
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listener.bind(("127.0.0.1", self.port))
            self.port = self._listener.getsockname()[1]
        self._listener.listen(16)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        return self

    def stop(self, *, leave_socket: bool = False) -> None:
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        if self.path is not None and not leave_socket:
            self.path.unlink(missing_ok=True)

    def reader(self) -> Reader:
        """Wait until a client has opened the stream of events."""
        return Reader(self.feed.opened.get(timeout=WAIT_S))

    @property
    def asked(self) -> list[str]:
        """What was asked, as `POST /path {"body"}`."""
        return [repr(request).strip() for request in self.requests]

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with sock:
            sock.settimeout(WAIT_S)
            try:
                request = _read(sock)
                self.requests.append(request)
                self._script(request)(sock, request)
            except (OSError, queue.Empty):
                return

    def _script(self, request: Request) -> Script:
        scripts = self._scripts.get((request.method, request.path))
        if not scripts:
            return refuses(404, "not_found", "There is no such route.", "See /openapi.json.")
        return scripts.pop(0) if len(scripts) > 1 else scripts[0]


def _read(sock: socket.socket) -> Request:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        if not piece:
            raise OSError("no request")
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, path, _version = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += sock.recv(65536)
    return Request(method, path, headers, body)
