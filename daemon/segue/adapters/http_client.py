"""HTTP without surprises: one kept client, one deadline for a whole request, a limit on every body.

The only module that imports httpx, so that its successor can replace it; no type of httpx leaves it.

Theory of operation. A caller names an `Origin` (scheme, host and port, from the configuration) and a path below it;
there is no way to ask for a whole URL, so nothing that a server answers can send us, or a token, to another host.
Redirects are not followed for the same reason. `HttpClient.fetch` gives the answer of a 2xx, and raises an
`HttpError` for everything else. An error names host and path and nothing more: no query, no header and no foreign
exception hangs on it, because tokens live there and exceptions end in logs.
"""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Self
from urllib.parse import quote, urlencode

import trio

from segue.adapters.http_types import (
    REFUSAL_BYTES,
    HttpError,
    HttpRefused,
    HttpTimeout,
    HttpUnavailable,
    Kind,
    Origin,
    Request,
    Response,
    Scheme,
    TooLarge,
)

if TYPE_CHECKING:
    import httpx

__all__ = [
    "HttpClient",
    "HttpError",
    "HttpRefused",
    "HttpTimeout",
    "HttpUnavailable",
    "Origin",
    "Request",
    "Response",
    "TooLarge",
]

CONNECT_S = 2.0
"""Longest wait for a connection, in seconds; on a home network one is there within milliseconds."""
KEPT_S = 15.0
"""How long an idle connection is kept, in seconds; servers close theirs, too, and ours should go first."""


# ------------------------------------------------------------------ the client


class HttpClient:
    """Sends requests on kept connections. Make one, keep it, close it at the end."""

    def __init__(self, user_agent: str, *, connect_s: float = CONNECT_S, verify_tls: bool = True) -> None:
        """`verify_tls` false takes any certificate: for a server with one of its owner's own making."""
        self._user_agent = user_agent
        self._verify_tls = verify_tls
        self._connect_s = connect_s
        self._clients: dict[Scheme, httpx.AsyncClient] = {}
        self._making = trio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections. Later requests would open new ones."""
        while self._clients:
            _, client = self._clients.popitem()
            await client.aclose()

    async def fetch(self, request: Request) -> Response:
        """Send a request and read the whole answer, whose status is 2xx.

        Raises an `HttpError`: `HttpUnavailable`, `HttpTimeout`, `HttpRefused` or `TooLarge`.
        """
        client = self._clients.get(request.origin.scheme) or await self._make(request.origin.scheme)
        progress = _Progress()
        outcome: Response | HttpError | None = None
        with trio.move_on_after(request.total_s):
            outcome = await self._attempt(client, request, progress)
            if request.repeatable and progress.met_a_closed_connection and _is_dropped(outcome):
                progress = _Progress()
                outcome = await self._attempt(client, request, progress)
        # Raised here, outside of every `except`, an error has no context that would show httpx's own.
        if outcome is None:
            raise HttpTimeout(request.where, request.total_s, sent=progress.sent)
        if isinstance(outcome, HttpError):
            raise outcome
        return outcome

    async def _make(self, scheme: Scheme) -> httpx.AsyncClient:
        """Make the client of a scheme, once. Importing httpx and reading the trusted certificates take 0.1-0.3 s
        of CPU, so that is done at the first request, off the loop."""
        async with self._making:
            if scheme not in self._clients:
                self._clients[scheme] = await trio.to_thread.run_sync(
                    _new_client, scheme, self._user_agent, self._verify_tls
                )
            return self._clients[scheme]

    async def _attempt(
        self, client: httpx.AsyncClient, request: Request, progress: _Progress
    ) -> Response | HttpError:
        """Send a request once, and give the answer or what went wrong."""
        import httpx

        # Shorter than the total: httpcore closes a socket whose TLS handshake fails or is late, but forgets one
        # whose handshake is cancelled.
        connect_s = min(self._connect_s, 0.75 * request.total_s)
        try:
            async with client.stream(
                request.method,
                _url(request),
                headers=dict(request.headers),
                content=request.content or None,
                timeout=httpx.Timeout(None, connect=connect_s),
                extensions={"trace": progress},
            ) as answer:
                return await _read(request, answer)
        except httpx.ConnectTimeout:
            return HttpTimeout(request.where, connect_s, sent=False)
        except httpx.ConnectError as error:
            kind, problem = _why_unconnected(error)
            return HttpUnavailable(request.where, kind, problem, sent=False)
        except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
            if _is_garbage(error):
                return HttpUnavailable(request.where, "protocol", "the answer is not HTTP", sent=True)
            problem = "the connection ended before the answer did"
            return HttpUnavailable(request.where, "dropped", problem, sent=progress.sent)
        except httpx.HTTPError as error:
            problem = f"the request failed ({type(error).__name__})"
            return HttpUnavailable(request.where, "protocol", problem, sent=progress.sent)


class _Progress:
    """How far a request has come, by httpcore's account (its `trace` extension)."""

    def __init__(self) -> None:
        self.connected_anew = False
        self.sent = False
        self.answered = False

    async def __call__(self, name: str, _info: Mapping[str, object]) -> None:
        match name:
            case "connection.connect_tcp.started":
                self.connected_anew = True
            case "http11.send_request_headers.started":
                self.sent = True
            case "http11.receive_response_headers.complete":
                self.answered = True

    @property
    def met_a_closed_connection(self) -> bool:
        """True when an idle connection was used and no answer came: the server had closed it meanwhile."""
        return self.sent and not self.connected_anew and not self.answered


def _new_client(scheme: Scheme, user_agent: str, verify_tls: bool) -> httpx.AsyncClient:
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    import httpx

    for name in ("httpx", "httpcore"):
        # httpx logs whole URLs at INFO, httpcore headers at DEBUG.
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx.AsyncClient(
        headers={"User-Agent": user_agent, "Accept-Encoding": "identity", "Accept": "*/*"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        # Neither proxies nor ~/.netrc: requests go where the configuration says, with what it says.
        trust_env=False,
        verify=httpx.create_ssl_context(verify=verify_tls) if scheme == "https" else False,
        limits=httpx.Limits(max_connections=32, max_keepalive_connections=16, keepalive_expiry=KEPT_S),
    )


async def _read(request: Request, answer: httpx.Response) -> Response | HttpError:
    """Read an answer's body, at most as much as the request allows."""
    ok = 200 <= answer.status_code < 300
    limit = request.max_bytes if ok else REFUSAL_BYTES
    headers = dict(answer.headers.items())
    encoding = headers.get("content-encoding", "identity")
    if ok and encoding != "identity":
        # We ask for none: a small body that unpacks to a huge one would pass the limit.
        return HttpUnavailable(request.where, "protocol", "the answer is packed, unasked", sent=True)
    if ok and int(headers.get("content-length", 0)) > limit:
        return TooLarge(request.where, limit)
    body = bytearray()
    with trio.CancelScope() as reading:
        async for chunk in answer.aiter_raw():
            body += chunk
            if len(body) > limit:
                # Leaving the loop would abandon generators within httpx that trio complains about. A cancelled
                # read unwinds them from the inside.
                reading.cancel()
    if not ok:
        return HttpRefused(request.where, Response(answer.status_code, headers, bytes(body[:limit])))
    if len(body) > limit:
        return TooLarge(request.where, limit)
    return Response(answer.status_code, headers, bytes(body))


# ------------------------------------------------------------------ small helpers


def _url(request: Request) -> httpx.URL:
    import httpx

    origin = request.origin
    target = quote(origin.base_path + request.path, safe="/%:@!$&'()*+,;=~-._")
    if request.query:
        target += "?" + urlencode(request.query, quote_via=quote)
    return httpx.URL(scheme=origin.scheme, host=origin.host, port=origin.port, raw_path=target.encode())


def _is_dropped(outcome: Response | HttpError) -> bool:
    return isinstance(outcome, HttpUnavailable) and outcome.kind == "dropped"


def _is_garbage(error: httpx.NetworkError | httpx.RemoteProtocolError) -> bool:
    """Tell an answer that breaks HTTP's rules from a connection that ended before or within one: h11 and httpcore
    raise the same class for both."""
    import httpx

    text = str(error)
    return isinstance(error, httpx.RemoteProtocolError) and not (
        "disconnected" in text or "closed connection" in text
    )


def _why_unconnected(error: BaseException) -> tuple[Kind, str]:
    """Find the cause below a failed connection, and say it in words."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "tls", f"the certificate is not trusted: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return "tls", "no secure connection; is this an http:// server?"
        if isinstance(cause, ConnectionRefusedError):
            return "connection_refused", "nobody listens there"
        if isinstance(cause, socket.gaierror):
            return "unknown_name", "the name is not known"
    return "unreachable", "no way there"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Walk down an exception's causes, also through groups: trio tries several addresses at once."""
    waiting = [error]
    for _ in range(32):
        if not waiting:
            return
        here = waiting.pop(0)
        yield here
        waiting += [below for below in (here.__cause__, here.__context__) if below is not None]
        if isinstance(here, BaseExceptionGroup):
            waiting += here.exceptions
