"""What goes out over HTTP, what comes in, and what goes wrong: plain types, none of them of a library."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self
from urllib.parse import urlsplit

Scheme = Literal["http", "https"]

TOTAL_S = 5.0
"""Longest wait for a whole answer, in seconds, where the caller names none."""
BODY_BYTES = 8 * 1024 * 1024
"""Largest body that is read, where the caller names none."""
REFUSAL_BYTES = 16 * 1024
"""So much of a refusal's body is kept: Tautulli says there what is wrong (HTTP 400)."""

_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?\Z")
_NUMBERS = re.compile(r"[0-9.]+\Z")
_PATH = re.compile(r"/(?!/)[^?#\\\s\x00-\x20\x7f]*\Z")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+\Z")
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?\Z|\Z")


# ------------------------------------------------------------------ what goes out and comes in


@dataclass(frozen=True, slots=True)
class Origin:
    """Whom requests go to: scheme, host and port, and a path that everything there begins with."""

    scheme: Scheme
    host: str
    """A name, an IPv4 address, or an IPv6 address without brackets."""
    port: int
    base_path: str = ""
    """Empty, or `/plex` for a server behind a proxy; never ends with a slash."""

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read `http://host:port`, as a configuration has it.

        Raises `ValueError` that says what is wrong; user names and queries are refused, since secrets in a URL end
        in logs, and are not repeated in the error.
        """
        try:
            parts = urlsplit(url.strip())
        except ValueError:
            raise ValueError("a URL looks like http://host:port") from None
        if parts.scheme not in ("http", "https"):
            raise ValueError("a URL must begin with http:// or https://")
        if parts.username is not None or parts.password is not None:
            raise ValueError("a URL must not carry a user name or a password")
        if parts.query or parts.fragment:
            raise ValueError("a URL must end after its path: secrets belong into a file or a credential")
        try:
            port = parts.port
        except ValueError:
            raise ValueError("a URL's port is a number of at most 65535") from None
        scheme: Scheme = "https" if parts.scheme == "https" else "http"
        return cls.of(parts.hostname or "", port or (443 if scheme == "https" else 80), scheme, parts.path)

    @classmethod
    def of(cls, host: str, port: int, scheme: Scheme = "http", base_path: str = "") -> Self:
        """Make an origin of its parts. Raises `ValueError` where they do not name a host and a port."""
        if not _is_host(host):
            raise ValueError(f"{host[:80]!r} is neither a host name nor an IP address")
        if not 0 < port < 65536:
            raise ValueError(f"port {port} is not between 1 and 65535")
        base_path = base_path.rstrip("/")
        if base_path and not _PATH.match(base_path):
            raise ValueError("a URL's path begins with one slash and has no spaces")
        return cls(scheme, host, port, base_path)

    def __str__(self) -> str:
        """Give `http://host:port`, safe to show."""
        return f"{self.scheme}://{self.netloc}{self.base_path}"

    @property
    def netloc(self) -> str:
        """Host and port, with brackets around an IPv6 address."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Shows neither its query nor its headers, since tokens may be there."""

    origin: Origin
    path: str
    """Begins with one slash; what is foreign in it has been percent-encoded by the caller."""
    method: Literal["GET", "POST", "PUT", "DELETE"] = "GET"
    query: Mapping[str, str | int] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes = field(default=b"", repr=False)
    total_s: float = TOTAL_S
    """Deadline for everything from the first packet to the last byte of the answer, in seconds."""
    max_bytes: int = BODY_BYTES
    repeatable: bool = False
    """True when asking twice changes nothing: then a connection that the server closed while it was idle is
    replaced, once, without a word."""

    def __post_init__(self) -> None:
        if not _PATH.match(self.path):
            raise ValueError("the path of a request begins with one slash and holds no query")
        for name, value in self.headers.items():
            # The value stays out of the message, and must not reach the encoder either: its error quotes it.
            if not _HEADER_NAME.match(name) or not _HEADER_VALUE.match(value):
                raise ValueError(f"the header {name[:40]!r} holds characters that HTTP cannot carry")

    @property
    def where(self) -> str:
        """Host and path: all that an error says about a request."""
        return f"{self.origin.netloc}{self.origin.base_path}{self.path}"


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a request, read whole."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """Names in lower case."""
    body: bytes = field(repr=False)


# ------------------------------------------------------------------ what goes wrong


class HttpError(Exception):
    """A request came to nothing. The text names host, path and cause, and never a secret."""

    def __init__(self, where: str, problem: str, *, sent: bool) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem
        self.sent = sent
        """False only when it is certain that the server has seen nothing of the request."""


Kind = Literal["connection_refused", "unreachable", "unknown_name", "tls", "dropped", "protocol"]


class HttpUnavailable(HttpError):  # noqa: N818 - the reason is the name
    """There was no answer that could be understood."""

    def __init__(self, where: str, kind: Kind, problem: str, *, sent: bool) -> None:
        super().__init__(where, problem, sent=sent)
        self.kind: Kind = kind


class HttpTimeout(HttpError):  # noqa: N818 - the reason is the name
    """The deadline passed first."""

    def __init__(self, where: str, after_s: float, *, sent: bool) -> None:
        doing = "no answer" if sent else "no connection"
        super().__init__(where, f"{doing} within {after_s:g} s", sent=sent)


class HttpRefused(HttpError):  # noqa: N818 - the reason is the name
    """The server answered with a status other than 2xx."""

    def __init__(self, where: str, response: Response) -> None:
        self.status = response.status
        self.body = response.body
        """The beginning of the answer, at most `REFUSAL_BYTES`."""
        self.headers = response.headers
        super().__init__(where, f"HTTP status {response.status}{_sent_on_to(response)}", sent=True)

    @property
    def retry_after_s(self) -> float | None:
        """How long the server asks us to wait, in seconds, when it says so in seconds (RFC 9110, 10.2.3)."""
        text = self.headers.get("retry-after", "").strip()
        return float(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


class TooLarge(HttpError):  # noqa: N818 - the reason is the name
    """The body is longer than the request allowed; the rest was left unread."""

    def __init__(self, where: str, limit: int) -> None:
        super().__init__(where, f"the answer is longer than {limit} bytes", sent=True)
        self.limit = limit


# ------------------------------------------------------------------ small helpers


def _is_host(host: str) -> bool:
    """Tell whether httpx, and Python's own name look-up, will take this for a host without a complaint."""
    try:
        if ":" in host:
            return "%" not in host and bool(ipaddress.IPv6Address(host))
        if _NUMBERS.match(host):
            return bool(ipaddress.IPv4Address(host))
    except ValueError:
        return False
    return _NAME.match(host) is not None


def _sent_on_to(response: Response) -> str:
    """Say where a redirect points, without its path: the setting may have to name that host."""
    if not 300 <= response.status < 400:
        return ""
    try:
        origin = Origin.parse(
            urlsplit(response.headers.get("location", ""))._replace(query="", fragment="").geturl()
        )
    except ValueError:
        return ", a redirect, which is not followed"
    return f", a redirect to {origin.scheme}://{origin.netloc}, which is not followed"
