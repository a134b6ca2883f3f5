"""The one shape of answer of every door: `{"ok": true, "data"}` or `{"ok": false, "error": {code, message, hint}}`."""

import json
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

T = TypeVar("T")


class ApiError(Exception):
    """A request that is answered with an error, wherever in its handling that turns out."""

    def __init__(self, status: int, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint


def ok(data: dict[str, Any], status: int = 200) -> Response:
    """Answer with data, whose `schema` names its shape and version."""
    return _json({"ok": True, "data": data}, status)


def error(status: int, code: str, message: str, hint: str = "") -> Response:
    """Answer with an error: the stable code, what is wrong, and the next step."""
    return _json({"ok": False, "error": {"code": code, "message": message, "hint": hint}}, status)


def from_error(problem: ApiError) -> Response:
    """Answer with the error that a handler raised."""
    return error(problem.status, problem.code, problem.message, problem.hint)


def encode(body: dict[str, Any]) -> bytes:
    """Write JSON, whatever text a device or a visitor brought: half a surrogate pair is escaped, not an error."""
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError:
        return json.dumps(body).encode()


def _json(body: dict[str, Any], status: int) -> Response:
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    return Response(encode(body), status, headers, "application/json")


async def body_as(request: Request, kind: type[T]) -> T:
    """Decode a JSON body strictly; an empty one counts as `{}`."""
    raw = await request.body()
    try:
        return msgspec.json.decode(raw or b"{}", type=kind)
    except (
        ValueError,
        RecursionError,
    ) as problem:  # msgspec's errors, and what Python says of text that is none
        fields = ", ".join(getattr(kind, "__struct_fields__", ())) or "none"
        raise ApiError(400, "bad_body", f"The body does not fit: {problem}.", f"Fields: {fields}.") from None


DIGITS_MAX = 18
"""Of a number in a query; Python refuses to read some thousand of them."""


def number(request: Request, name: str, default: int, low: int, high: int) -> int:
    """Read a whole number from the query, within limits."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > DIGITS_MAX or not low <= int(text) <= high:
        raise ApiError(
            400, "bad_query", f"{name} is {text[:20]!r}; a number from {low} to {high} is expected."
        )
    return int(text)
