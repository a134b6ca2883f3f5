"""HTTP/1.1 over one socket: one connection for one request, and nothing that waits without a deadline.

segued listens on a Unix socket, where the kernel tells it who is calling, and perhaps on TCP, where the token does.
"""

from __future__ import annotations

import json
import os
import socket
import time

from segue import __version__
from segue.cli.errors import NOT_PERMITTED, REFUSED, UNREACHABLE, CtlError, usage
from segue.cli.fields import Json, plain, record
from segue.cli.reply import BODY_BYTES_MAX, Events, Reply, not_segued

CONNECT_S = 2.0
"""A socket of this machine answers in microseconds; one in the house in milliseconds."""
ANSWER_S = 10.0
"""From the request to the end of the answer; `--timeout` changes it."""
RECEIVE_BYTES = 64 * 1024
SYSTEM_SOCKET = "/run/segue-ctl/ctl.sock"
CONFIRM_HEADER = "Segue-Confirm"
"""Carries the one-time id of a confirmation in the second call."""


class Target:
    """One address at which segued may listen: the path of a socket, or a host and a port."""

    def __init__(
        self,
        path: str = "",
        *,
        host: str = "",
        port: int = 0,
        tls: bool = False,
        prefix: str = "",
        token: str = "",
    ) -> None:
        self.path = path
        self.host = host
        self.port = port
        self.tls = tls
        self.prefix = prefix
        """What stands before every path, where a proxy asks for it."""
        self._token = token

    def __str__(self) -> str:
        return self.path or f"{'https' if self.tls else 'http'}://{self.authority}{self.prefix}"

    @property
    def authority(self) -> str:
        """The content of the `Host` header."""
        if self.path:
            return "localhost"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def open(self) -> socket.socket:
        """Connect. Raises `OSError`."""
        if not self.path:
            return self._open_tcp()
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(CONNECT_S)
            sock.connect(self.path)
        except BaseException:
            sock.close()
            raise
        return sock

    def _open_tcp(self) -> socket.socket:
        sock = socket.create_connection((self.host, self.port), CONNECT_S)
        if not self.tls:
            return sock
        import ssl

        return ssl.create_default_context().wrap_socket(sock, server_hostname=self.host)

    def request(self, method: str, path: str, body: Json | None = None, *, confirm: str = "") -> bytes:
        """Write a request. The token is in a header, never in the address."""
        payload = b"" if body is None else json.dumps(body).encode()
        lines = [
            f"{method} {self.prefix}{path} HTTP/1.1",
            f"Host: {self.authority}",
            f"User-Agent: seguectl/{__version__}",
            "Accept: application/json, text/event-stream",
            "Connection: close",
        ]
        if self._token:
            lines.append(f"Authorization: Bearer {self._token}")
        if confirm:
            lines.append(f"{CONFIRM_HEADER}: {confirm}")
        if method != "GET":
            lines += ["Content-Type: application/json", f"Content-Length: {len(payload)}"]
        return "\r\n".join((*lines, "", "")).encode() + payload


# ------------------------------------------------------------------ where


def targets(socket_path: str | None, url: str | None, token_file: str | None) -> list[Target]:
    """Say where to look for segued: as the options say, else the environment, else the two usual sockets."""
    if socket_path is None and url is None:
        socket_path = os.environ.get("SEGUE_SOCKET") or None
        url = os.environ.get("SEGUE_URL") or None if socket_path is None else None
    if url is not None:
        from segue.cli.remote import target_of

        return [target_of(url, token_file or os.environ.get("SEGUE_TOKEN_FILE") or None)]
    if socket_path is not None:
        if not socket_path:
            raise usage("--socket is empty: the path of segued's control socket is expected.")
        return [Target(socket_path)]
    found = [Target(SYSTEM_SOCKET)]
    runtime_dir = os.environ.get("XDG_RUNTIME_DIR")
    if runtime_dir:
        found.append(Target(f"{runtime_dir}/segue/ctl.sock"))
    else:
        state_home = os.environ.get("XDG_STATE_HOME") or f"{os.environ.get('HOME', '')}/.local/state"
        found.append(Target(f"{state_home}/segue/ctl.sock"))
    return found


def connect(candidates: list[Target]) -> tuple[socket.socket, Target]:
    """Connect to the first address at which somebody answers. Raises `CtlError` with the most telling failure."""
    failures: list[tuple[Target, OSError]] = []
    for target in candidates:
        try:
            return target.open(), target
        except OSError as error:
            failures.append((target, error))
    from segue.cli.unreachable import explain

    raise explain(failures)


# ------------------------------------------------------------------ one answer


class Answer:
    """What segued answered: the object as it came, and its `data`."""

    def __init__(self, raw: str, body: Json) -> None:
        self.raw = raw
        self.data = record(body.get("data"))


class House:
    """segued as a command sees it: ask, tell, listen."""

    def __init__(self, candidates: list[Target], answer_s: float = ANSWER_S) -> None:
        self.candidates = candidates
        self._answer_s = answer_s

    def get(self, path: str) -> Answer:
        """Read something. Raises `CtlError`."""
        return self._call("GET", path)

    def post(self, path: str, body: Json | None = None, *, confirm: str = "") -> Answer:
        """Ask for something to be done. Raises `CtlError`; one with `confirm` wants the call again with that id."""
        return self._call("POST", path, body, confirm=confirm)

    def _call(self, method: str, path: str, body: Json | None = None, *, confirm: str = "") -> Answer:
        deadline = time.monotonic() + CONNECT_S + self._answer_s
        sock, target = connect(self.candidates)
        try:
            reply, raw = _exchange(sock, target.request(method, path, body, confirm=confirm), deadline)
        except TimeoutError:
            raise self._too_slow(method) from None
        except OSError as error:
            raise _broken(error) from None
        finally:
            sock.close()
        return understood(reply, raw)

    def _too_slow(self, method: str) -> CtlError:
        also = " It may still be done." if method == "POST" else ""
        return CtlError(
            UNREACHABLE,
            "too_slow",
            f"segued did not answer within {self._answer_s:g} s.{also}",
            "`seguectl status` shows whether it is well; `--timeout` waits longer.",
        )

    def listen(self, path: str) -> Stream:
        """Open a stream of events. Raises `CtlError`."""
        sock, target = connect(self.candidates)
        try:
            sock.sendall(target.request("GET", path))
            return Stream(sock, time.monotonic() + self._answer_s)
        except TimeoutError:
            sock.close()
            raise self._too_slow("GET") from None
        except OSError as error:
            sock.close()
            raise _broken(error) from None
        except CtlError:
            sock.close()
            raise


def _exchange(sock: socket.socket, request: bytes, deadline: float) -> tuple[Reply, bytes]:
    sock.settimeout(_left(deadline))
    sock.sendall(request)
    reply, pieces, size = Reply(), [], 0
    while not reply.done:
        sock.settimeout(_left(deadline))
        pieces.append(reply.feed(sock.recv(RECEIVE_BYTES)))
        size += len(pieces[-1])
        if size > BODY_BYTES_MAX:
            raise not_segued(f"its answer is larger than {BODY_BYTES_MAX >> 20} MiB")
    return reply, b"".join(pieces)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _broken(error: OSError) -> CtlError:
    text = error.strerror or type(error).__name__
    return CtlError(UNREACHABLE, "closed", f"The connection to segued broke: {text}.", "Ask again.")


def understood(reply: Reply, raw: bytes) -> Answer:
    """Read the one shape of answer. Raises `CtlError` for a refusal, and for what segued cannot have said."""
    try:
        body = record(json.loads(raw))
    except (ValueError, RecursionError):
        raise not_segued(f"status {reply.status} with something that is not JSON") from None
    words = raw.decode(errors="replace").strip()
    if reply.status < 400 and body.get("ok") is True:
        return Answer(words, body)
    error = record(body.get("error"))
    if not isinstance(error.get("code"), str):
        raise not_segued(f"status {reply.status} without a reason")
    code = NOT_PERMITTED if reply.status in (401, 403) else REFUSED
    message, hint, confirm = (_lines(error.get(name)) for name in ("message", "hint", "confirm"))
    refusal = CtlError(code, plain(str(error["code"])), message or "segued refused.", hint)
    refusal.answer = words
    refusal.confirm = confirm if reply.status == 409 and confirm.isascii() and "\n" not in confirm else ""
    if refusal.code in ("no_token", "wrong_token"):
        refusal.hint = "Name the file of [server] api_token_file: `--token-file FILE` or SEGUE_TOKEN_FILE."
    raise refusal


def _lines(value: object) -> str:
    """Give text that may have several lines, each of them safe on a terminal."""
    return "\n".join(plain(line) for line in value.splitlines()) if isinstance(value, str) else ""


# ------------------------------------------------------------------ events


class Stream:
    """An open stream of events; the caller waits until the socket can be read, or until its own deadline."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._reply = Reply()
        self._events = Events()
        self._early = b""
        while not self._reply.status:
            sock.settimeout(_left(deadline))
            self._early += self._reply.feed(sock.recv(RECEIVE_BYTES))
        if self._reply.status != 200:
            self._refuse(deadline)
        if not self._reply.headers.get("content-type", "").startswith("text/event-stream"):
            raise not_segued("it has no stream of events")
        sock.settimeout(CONNECT_S)

    def _refuse(self, deadline: float) -> None:
        raw = self._early
        while not self._reply.done and len(raw) < BODY_BYTES_MAX:
            self._sock.settimeout(_left(deadline))
            raw += self._reply.feed(self._sock.recv(RECEIVE_BYTES))
        understood(self._reply, raw)
        raise not_segued("it has no stream of events")

    def fileno(self) -> int:
        """The socket, for `select`."""
        return self._sock.fileno()

    @property
    def pending(self) -> bool:
        """True when there is something to read that `select` does not see."""
        return bool(self._early) or bool(getattr(self._sock, "pending", int)())

    def read(self) -> list[str]:
        """Take what has come, and give the data of each complete event. Raises `CtlError` when the stream has ended."""
        if self._early:
            body, self._early = self._early, b""
            return self._events.feed(body)
        try:
            body = self._reply.feed(self._sock.recv(RECEIVE_BYTES))
        except OSError as error:
            raise _broken(error) from None
        if self._reply.done:
            raise CtlError(UNREACHABLE, "ended", "segued ended the stream.")
        return self._events.feed(body)

    def close(self) -> None:
        """Hang up."""
        self._sock.close()
