"""The server's own answers: what is refused before, or instead of, the application's answer."""

import msgspec


class HttpError(Exception):
    """A request is answered by the server itself, and the connection ends with it."""

    def __init__(
        self, status: int, code: str, message: str, hint: str, headers: tuple[tuple[bytes, bytes], ...] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        """HTTP status."""
        self.code = code
        """A stable word such as `body_too_large`."""
        self.message = message
        """Names the thing and the limit, never what the client sent."""
        self.hint = hint
        """The next step."""
        self.headers = headers
        """Header fields beyond the usual ones."""

    def fields(self) -> tuple[tuple[bytes, bytes], ...]:
        """Give the header fields of the answer."""
        return ((b"content-type", b"application/json"), (b"cache-control", b"no-store"), *self.headers)

    def body(self) -> bytes:
        """Give the answer in the project's one shape of errors."""
        return msgspec.json.encode(
            {"ok": False, "error": {"code": self.code, "message": self.message, "hint": self.hint}}
        )


def bad_request(message: str) -> HttpError:
    """Refuse what is not HTTP/1.1, or not such as we take."""
    return HttpError(
        400, "bad_request", message, "send a plain HTTP/1.1 request; this port does not speak TLS"
    )


def body_too_large(limit_bytes: int) -> HttpError:
    """Refuse a body, unread."""
    return HttpError(
        413,
        "body_too_large",
        f"the body is larger than {limit_bytes} bytes",
        "send less; nothing of it was taken",
    )


def too_slow(what: str, limit_s: float) -> HttpError:
    """Refuse a client that takes its time."""
    return HttpError(408, "too_slow", f"the {what} did not arrive within {limit_s:g} s", "try again")


def too_many_connections(limit: int) -> HttpError:
    """Refuse a connection at the door."""
    return HttpError(
        503,
        "too_many_connections",
        f"{limit} connections are open, and no more are taken",
        "close some, or try again later",
        ((b"retry-after", b"5"),),
    )


def stopping() -> HttpError:
    """Answer for what can no longer be begun."""
    return HttpError(
        503, "stopping", "segue stops", "try again when it has started", ((b"retry-after", b"5"),)
    )


def internal() -> HttpError:
    """Answer for an application that failed; why is in the log, never in the answer."""
    return HttpError(
        500, "internal", "the request failed inside of segue", "look at the log of segued for the reason"
    )
