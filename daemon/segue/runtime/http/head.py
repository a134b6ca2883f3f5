"""A request's head, read once: what the server itself must know of it, and the ASGI scope."""

from urllib.parse import unquote

import h11
import msgspec

from segue.runtime.http.asgi import PEER, Origin, Scope
from segue.runtime.http.errors import HttpError, bad_request


class Head(msgspec.Struct, frozen=True):
    """The parts of a request's head."""

    method: str
    http_version: str
    raw_path: bytes
    """As sent, still percent-encoded."""
    query: bytes
    headers: list[tuple[bytes, bytes]]
    """Names in lower case."""
    host: bytes | None
    """The Host field, or the authority of an absolute target (RFC 9112, section 3.2.2)."""
    content_length: int | None
    chunked: bool
    websocket: bool
    """True when the client asks for an upgrade to WebSocket."""

    @property
    def path(self) -> str:
        """The path, decoded."""
        text = self.raw_path.decode("ascii")
        return unquote(text) if "%" in text else text

    def scope(self, origin: Origin, state: dict[str, object]) -> Scope:
        """Make the ASGI scope (HTTP, section "HTTP Connection Scope"; the WebSocket one has the same keys but one)."""
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": self.http_version,
            "scheme": "http",
            "path": self.path,
            "raw_path": self.raw_path,
            "query_string": self.query,
            "root_path": "",
            "headers": self.headers,
            "client": origin.client,
            "server": origin.server,
            "state": state,
            "extensions": {PEER: origin.peer},
        }
        if self.websocket:
            scope["type"] = "websocket"
            scope["scheme"] = "ws"
            scope["extensions"]["websocket.http.response"] = {}
        else:
            scope["method"] = self.method
        return scope


def read_head(request: h11.Request, url_limit_bytes: int) -> Head:
    """Take a request's head apart.

    Raises:
        HttpError: the head is of a kind that we do not take.
    """
    if len(request.target) > url_limit_bytes:
        raise HttpError(
            414,
            "url_too_long",
            f"the URL is longer than {url_limit_bytes} bytes",
            "put the data into the body",
        )
    if request.http_version not in (b"1.0", b"1.1"):
        raise HttpError(
            505, "bad_version", "only HTTP/1.0 and HTTP/1.1 are spoken here", "send an HTTP/1.1 request"
        )
    headers = list(request.headers)
    # h11 has merged repeated lengths and refused repeated hosts and codings, so the last one is the only one.
    fields = dict(headers)
    length = fields.get(b"content-length")
    chunked = b"transfer-encoding" in fields
    if chunked and (length is not None or request.http_version == b"1.0"):
        # Two sizes, or a coding that an old proxy would not know: how requests are smuggled (RFC 9112, 6.1).
        raise bad_request("Transfer-Encoding cannot stand beside Content-Length, nor in HTTP/1.0")
    raw_path, query, authority = split_target(request.target)
    return Head(
        method=request.method.decode("ascii"),
        http_version=request.http_version.decode("ascii"),
        raw_path=raw_path,
        query=query,
        headers=headers,
        host=authority or fields.get(b"host"),
        content_length=None if length is None else int(length),
        chunked=chunked,
        websocket=fields.get(b"upgrade", b"").lower() == b"websocket",
    )


def split_target(target: bytes) -> tuple[bytes, bytes, bytes | None]:
    """Split a request target into path, query and, where it is absolute, authority (RFC 9112, section 3.2).

    Raises:
        HttpError: the target has none of the forms that an origin server takes.
    """
    authority = None
    if not target.startswith(b"/") and target != b"*":
        scheme, found, rest = target.partition(b"://")
        if not found or scheme.lower() not in (b"http", b"https", b"ws", b"wss"):
            raise bad_request("the request target is neither a path nor an http URL")
        end = min((i for i in (rest.find(b"/"), rest.find(b"?")) if i >= 0), default=len(rest))
        authority, target = rest[:end], rest[end:]
        if not authority:
            raise bad_request("the request target names no host")
        if not target.startswith(b"/"):
            target = b"/" + target
    path, _, query = target.partition(b"?")
    return path, query, authority
