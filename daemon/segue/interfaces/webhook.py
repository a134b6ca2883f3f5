"""Plex' webhooks: from the bytes of a visitor to a hint.

Plex posts `multipart/form-data` with a part `payload`, which is JSON, and at times a part `thumb`, a poster of tens of
kilobytes that nobody here wants. Forwarders post the JSON alone. There is no signature, so a webhook proves nothing;
it is read to learn which player it is about, and everything in it may be missing, of another type, or a lie.

Reading is streaming: the poster is dropped as it comes, and a body that is too long ends the reading at once, with the
rest unread. Whatever is wrong with a body is `BadWebhook`, which carries the whole answer to the visitor.

Reference: Plex support, article 115002267687.
"""

import hmac
import json
import math
from collections.abc import AsyncGenerator, AsyncIterable
from typing import Any

import msgspec
from multipart import (
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)


class WebhookLimits(msgspec.Struct, frozen=True):
    """How much of a webhook is read."""

    total_bytes: int = 4 * 1024 * 1024
    """The whole body with its poster."""
    payload_bytes: int = 256 * 1024
    """The JSON; the largest known, of a film with its whole cast, has 15 kB."""
    parts: int = 8
    """Plex sends one or two."""


class BadWebhook(Exception):  # noqa: N818 - the status is the name
    """A webhook that cannot be read. Carries what the visitor is told."""

    def __init__(self, status: int, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint


class PlexHook(msgspec.Struct, frozen=True):
    """What a webhook says. Everything may be empty, and nothing of it is proven."""

    event: str = ""
    """`media.play` and so on; unknown ones are kept by name."""
    player_id: str = ""
    """`Player.uuid`: the machine identifier of a session's player. `library.new` has none."""
    player_title: str = ""
    local: bool | None = None
    """Whether the player is in the server's network."""
    server_id: str = ""
    """`Server.uuid`: the machine identifier of the server that sent it."""
    server_title: str = ""
    rating_key: str = ""
    media_type: str = ""
    """`track`, `movie`, `episode`, `album`, ..."""
    title: str = ""
    parent_title: str = ""
    grandparent_title: str = ""
    library_section_id: str = ""
    guids: tuple[str, ...] = ()
    """The item's guid, and those of other databases where a forwarder adds them."""
    position_ms: int | None = None
    rating: float | None = None
    """0-10 for `media.rate`; nothing, zero or below when a rating was taken away."""
    live: bool = False
    account_id: str = ""
    account_title: str = ""
    """Often the server's owner, whoever plays: players are told apart by `player_id`."""
    user: bool | None = None
    """Sent because of the account whose webhook this is."""
    owner: bool | None = None
    """Sent because the account owns the server; with both true the same event may come twice."""


LIMITS = WebhookLimits()
TEXT_MAX = 512
"""Characters of a text that are kept: titles are shorter, and a forger's event name ends in the journal."""
GUIDS_MAX = 32


async def read_plex_webhook(
    content_type: str, body: AsyncIterable[bytes], limits: WebhookLimits = LIMITS
) -> PlexHook:
    """Read a webhook as it streams in. Raises `BadWebhook` with status 400, 413 or 415.

    The deadline is the server's; nothing is read after an error.
    """
    try:
        return parse_payload(await _read_payload(content_type, body, limits))
    finally:
        # A generator that is left in the middle would otherwise be closed at a time of the collector's choosing.
        if isinstance(body, AsyncGenerator):
            await body.aclose()


def secret_matches(given: str, expected: str) -> bool:
    """Compare a visitor's secret in constant time. An empty secret matches nothing."""
    same = hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode("utf-8", "replace"))
    return same and bool(expected)


# ------------------------------------------------------------------ bytes


async def _read_payload(content_type: str, body: AsyncIterable[bytes], limits: WebhookLimits) -> bytes:
    kind, options = parse_options_header(content_type)  # type: ignore[no-untyped-call]
    match kind:
        case "multipart/form-data":
            return await _read_parts(options.get("boundary", ""), body, limits)
        case "application/json":
            return await _read_all(body, limits)
        case _:
            raise BadWebhook(
                415,
                "unsupported_content_type",
                f"A webhook of type {kind[:80]!r} cannot be read.",
                "Send multipart/form-data as Plex does, or application/json.",
            )


async def _read_all(body: AsyncIterable[bytes], limits: WebhookLimits) -> bytes:
    payload = bytearray()
    async for chunk in body:
        payload += chunk
        if len(payload) > limits.payload_bytes:
            raise _too_big("JSON", limits.payload_bytes)
    return bytes(payload)


async def _read_parts(boundary: str, body: AsyncIterable[bytes], limits: WebhookLimits) -> bytes:
    """Find the part `payload` among the parts."""
    try:
        parts = _Parts(boundary, limits)
        async for chunk in body:
            parts.feed(chunk)
        return parts.payload()
    except ParserLimitReached as error:
        raise BadWebhook(
            413, "too_large", f"The body breaks a limit: {error}.", "Send what Plex sends."
        ) from None
    except (MultipartError, UnicodeError) as error:
        reason = error if isinstance(error, MultipartError) else "undecodable header"
        raise BadWebhook(
            400,
            "malformed_multipart",
            f"The body is not multipart/form-data: {reason}.",
            "Send what Plex sends.",
        ) from None


class _Parts:
    """Takes the chunks of a multipart body, keeps the payload, and lets everything else go."""

    def __init__(self, boundary: str, limits: WebhookLimits) -> None:
        self._limits = limits
        self._parser = PushMultipartParser(boundary, max_segment_count=limits.parts)
        self._payload: bytearray | None = None
        self._is_payload = False
        self._received = 0

    def feed(self, chunk: bytes) -> None:
        self._received += len(chunk)
        if self._received > self._limits.total_bytes:
            raise _too_big("body", self._limits.total_bytes)
        if not chunk or self._parser.closed:
            return
        for event in self._parser.parse(chunk):
            if isinstance(event, MultipartSegment):
                self._begin(event)
            elif event and self._is_payload and self._payload is not None:
                self._payload += event
                if len(self._payload) > self._limits.payload_bytes:
                    raise _too_big("payload", self._limits.payload_bytes)

    def payload(self) -> bytes:
        """Give the payload of a body that has come to its end."""
        self._parser.close()  # type: ignore[no-untyped-call]
        if self._payload is None:
            raise BadWebhook(
                400, "no_payload", "The body has no part named payload.", "Put the JSON into that part."
            )
        return bytes(self._payload)

    def _begin(self, part: MultipartSegment) -> None:
        self._is_payload = part.name == "payload"
        if not self._is_payload:
            return
        if self._payload is not None:
            raise BadWebhook(
                400,
                "two_payloads",
                "The body has two parts named payload.",
                "Send one webhook in one request.",
            )
        self._payload = bytearray()


def _too_big(what: str, limit: int) -> BadWebhook:
    return BadWebhook(413, "too_large", f"The {what} is longer than {limit} bytes.", "Send what Plex sends.")


# ------------------------------------------------------------------ JSON


def parse_payload(payload: bytes) -> PlexHook:
    """Read the JSON of a webhook, whatever types its values have. Raises `BadWebhook` with status 400."""
    decoded = _decode(payload)
    if not isinstance(decoded, dict):
        raise BadWebhook(400, "no_object", "The payload is JSON, but no object.", "Send what Plex sends.")
    player, server = _object(decoded, "Player"), _object(decoded, "Server")
    account, item = _object(decoded, "Account"), _object(decoded, "Metadata")
    return PlexHook(
        event=_text(decoded.get("event")),
        player_id=_text(player.get("uuid")),
        player_title=_text(player.get("title")),
        local=_flag(player.get("local")),
        server_id=_text(server.get("uuid")),
        server_title=_text(server.get("title")),
        rating_key=_text(item.get("ratingKey")),
        media_type=_text(item.get("type")),
        title=_text(item.get("title")),
        parent_title=_text(item.get("parentTitle")),
        grandparent_title=_text(item.get("grandparentTitle")),
        library_section_id=_text(item.get("librarySectionID")),
        guids=(*_guids(item.get("guid")), *_guids(item.get("Guid"))),
        position_ms=_whole(item.get("viewOffset")),
        rating=_number(decoded.get("rating")),
        live=_flag(item.get("live")) is True,
        account_id=_text(account.get("id")),
        account_title=_text(account.get("title")),
        user=_flag(decoded.get("user")),
        owner=_flag(decoded.get("owner")),
    )


def _decode(payload: bytes) -> Any:
    """Decode JSON. Titles out of old file tags may bring bytes that are no UTF-8, bare control characters or half a
    surrogate pair; then the slow way, which minds none of them, is good enough."""
    try:
        try:
            return msgspec.json.decode(payload)
        except (UnicodeDecodeError, msgspec.DecodeError):
            return json.loads(payload.decode("utf-8-sig", "replace"), strict=False)
    except RecursionError:
        problem = "it is nested too deeply"
    except ValueError as error:
        problem = str(error)[:160]
    raise BadWebhook(400, "malformed_json", f"The payload is not JSON: {problem}.", "Send what Plex sends.")


def _object(of: dict[str, Any], name: str) -> dict[str, Any]:
    value = of.get(name)
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    """Read what is text or a number by turns, such as `ratingKey` and `Account.id`."""
    if isinstance(value, str):
        return value[:TEXT_MAX].encode("utf-8", "replace").decode()
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return str(int(value)) if abs(value) < 2**63 and value == int(value) else ""


def _flag(value: Any) -> bool | None:
    if isinstance(value, str):
        return {"1": True, "true": True, "0": False, "false": False}.get(value.lower())
    return bool(value) if isinstance(value, bool | int | float) else None


def _number(value: Any) -> float | None:
    try:
        number = (
            float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
        )
    except (ValueError, OverflowError):
        return None
    return number if number is not None and math.isfinite(number) else None


def _whole(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and 0 <= number < 2**53 else None


def _guids(value: Any) -> tuple[str, ...]:
    """Read a guid, a list of them, or a list of objects with an `id`."""
    listed = value[:GUIDS_MAX] if isinstance(value, list) else [value]
    texts = (_text(entry.get("id") if isinstance(entry, dict) else entry) for entry in listed)
    return tuple(text for text in texts if text)
