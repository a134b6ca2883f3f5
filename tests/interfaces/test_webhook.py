"""Plex' webhooks: every form that is known to come in, and everything that must be turned away."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from segue.interfaces.webhook import (
    BadWebhook,
    PlexHook,
    WebhookLimits,
    parse_payload,
    read_plex_webhook,
    secret_matches,
)

BOUNDARY = "------------------------d3b1f0a7"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
SMALL = WebhookLimits(total_bytes=4000, payload_bytes=1000, parts=3)

PLAY: dict[str, Any] = {
    "event": "media.play",
    "user": True,
    "owner": False,
    "Account": {"id": 1, "thumb": "https://plex.tv/u/avatar", "title": "alice"},
    "Server": {"title": "Attic", "uuid": "5466a1"},
    "Player": {"local": True, "publicAddress": "198.51.100.7", "title": "Living Room", "uuid": "living-1"},
    "Metadata": {
        "librarySectionID": 3,
        "ratingKey": "4711",
        "type": "track",
        "title": "Blue in Green",
        "parentTitle": "Kind of Blue",
        "grandparentTitle": "Miles Davis",
        "guid": "plex://track/5d07cdb4",
        "viewOffset": 61500,
    },
}


def part(name: str, content: bytes, more: str = "", filename: str = "") -> bytes:
    """One part of a multipart body, as libcurl writes it."""
    named = f'; filename="{filename}"' if filename else ""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n{more}\r\n'
    return head.encode() + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    """A whole multipart body."""
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


PAYLOAD = part("payload", json.dumps(PLAY).encode(), "Content-Type: application/json\r\n")
THUMB = part("thumb", b"\xff\xd8" + b"\x00\r\n--" * 500, "Content-Type: image/jpeg\r\n", "thumb.jpg")


async def chunks(body: bytes, size: int = 65536) -> AsyncIterator[bytes]:
    """A body as a server hands it on, with an empty chunk at the end as some do."""
    for at in range(0, len(body), size):
        yield body[at : at + size]
    yield b""


def read(body: bytes, content_type: str = MULTIPART, size: int = 65536, **more: Any) -> PlexHook:
    """Read a webhook, without a loop of trio's: it needs none."""
    coroutine = read_plex_webhook(content_type, chunks(body, size), **more)
    try:
        coroutine.send(None)
    except StopIteration as done:
        hook = done.value
        assert isinstance(hook, PlexHook)
        return hook
    raise AssertionError("reading waits for nothing but the body")


def refusal(body: bytes, content_type: str = MULTIPART, **more: Any) -> tuple[int, str]:
    """Read what must be refused; give status and code."""
    with pytest.raises(BadWebhook) as caught:
        read(body, content_type, **more)
    assert caught.value.message.endswith(".")
    assert caught.value.hint
    return caught.value.status, caught.value.code


# ------------------------------------------------------------------ what is read


async def test_a_webhook_of_plex_is_read_as_it_streams_in() -> None:
    """Payload first, poster behind it."""
    assert await read_plex_webhook(MULTIPART, chunks(form(PAYLOAD, THUMB))) == PlexHook(
        event="media.play",
        player_id="living-1",
        player_title="Living Room",
        local=True,
        server_id="5466a1",
        server_title="Attic",
        rating_key="4711",
        media_type="track",
        title="Blue in Green",
        parent_title="Kind of Blue",
        grandparent_title="Miles Davis",
        library_section_id="3",
        guids=("plex://track/5d07cdb4",),
        position_ms=61500,
        account_id="1",
        account_title="alice",
        user=True,
        owner=False,
    )


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (MULTIPART, form(PAYLOAD)),
        (MULTIPART, form(THUMB, PAYLOAD)),
        (MULTIPART, form(part("payload", json.dumps(PLAY).encode()))),
        (MULTIPART, form(part("payload", json.dumps(PLAY).encode(), filename="payload.json"))),
        (MULTIPART, form(PAYLOAD, part("something", b"new"), THUMB)),
        (MULTIPART, b"\r\n" + form(PAYLOAD)),
        (MULTIPART, form(PAYLOAD) + b"epilogue"),
        (f'Multipart/Form-Data; charset=utf-8; boundary="{BOUNDARY}"', form(PAYLOAD)),
        ("application/json", json.dumps(PLAY).encode()),
        ("application/json; charset=utf-8", b"\xef\xbb\xbf" + json.dumps(PLAY).encode()),
    ],
)
def test_order_poster_and_packing_make_no_difference(content_type: str, body: bytes) -> None:
    """The JSON counts, wherever it stands."""
    assert read(body, content_type) == parse_payload(json.dumps(PLAY).encode())


@given(st.integers(1, 400))
def test_the_size_of_the_chunks_makes_no_difference(size: int) -> None:
    """A boundary may come in two pieces."""
    assert read(form(THUMB, PAYLOAD), size=size).rating_key == "4711"


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"event": "media.scrobble"},
        {"event": "library.new", "Metadata": {}},
        {"event": "admin.database.backup", "user": True, "owner": True, "Account": {}, "Server": {}},
        {"event": None, "Player": None, "Metadata": None, "Account": [], "Server": "x"},
        {"event": 5, "Metadata": {"ratingKey": {"a": 1}, "title": ["x"], "live": [], "viewOffset": "soon"}},
    ],
)
def test_every_field_may_be_missing_or_strange(payload: dict[str, Any]) -> None:
    """library.new has no player, admin events have neither player nor item, a bare event has nothing."""
    hook = read(form(part("payload", json.dumps(payload).encode())))
    assert (hook.player_id, hook.rating_key, hook.position_ms) == ("", "", None)


@pytest.mark.parametrize(
    ("value", "text"),
    [(4711, "4711"), ("4711", "4711"), (4711.0, "4711"), (True, ""), (1.5, ""), (1e300, "")],
)
def test_keys_and_ids_are_text_or_numbers(value: Any, text: str) -> None:
    """Both come in, from different servers and forwarders."""
    hook = parse_payload(json.dumps({"Metadata": {"ratingKey": value}, "Account": {"id": value}}).encode())
    assert (hook.rating_key, hook.account_id) == (text, text)


@pytest.mark.parametrize(
    ("value", "rating"),
    [(8.0, 8.0), ("9.5", 9.5), (0, 0.0), (-1, -1.0), ("", None), ("nan", None), (True, None)],
)
def test_a_rating_is_a_number_or_a_text(value: Any, rating: float | None) -> None:
    """Zero and below mean that it was taken away."""
    assert parse_payload(json.dumps({"rating": value}).encode()).rating == rating


@pytest.mark.parametrize(
    ("item", "guids"),
    [
        ({"guid": "plex://movie/1"}, ("plex://movie/1",)),
        ({"guid": ["imdb://tt1", "tmdb://2"]}, ("imdb://tt1", "tmdb://2")),
        (
            {"guid": "plex://movie/1", "Guid": [{"id": "imdb://tt1"}, {"id": 5}, 7, {}]},
            ("plex://movie/1", "imdb://tt1", "5", "7"),
        ),
        ({"guid": {}}, ()),
    ],
)
def test_a_guid_is_a_text_or_a_list(item: dict[str, Any], guids: tuple[str, ...]) -> None:
    """`guid` and `Guid` are different keys."""
    assert parse_payload(json.dumps({"Metadata": item}).encode()).guids == guids


@pytest.mark.parametrize(
    ("value", "live"), [("1", True), (1, True), (True, True), ("0", False), (None, False)]
)
def test_live_television_says_so_in_several_ways(value: Any, live: bool) -> None:
    """As a text, a number, or a truth."""
    assert parse_payload(json.dumps({"Metadata": {"live": value}}).encode()).live is live


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        (b"Caf\xe9", "Caf�"),
        ("坂本龍一".encode(), "坂本龍一"),
        (b"a\x01b", "a\x01b"),
        (b"\\ud83d!", "?!"),
        (b"\\u5742", "坂"),
    ],
)
def test_titles_may_hold_bytes_that_no_standard_allows(raw: bytes, title: str) -> None:
    """They are replaced, and what comes out can be written anywhere."""
    hook = parse_payload(b'{"event":"media.play","Metadata":{"title":"' + raw + b'"}}')
    assert (hook.event, hook.title) == ("media.play", title)
    hook.title.encode()


def test_an_unknown_event_keeps_its_name_up_to_a_length() -> None:
    """Plex adds events; a forger must not fill the journal with one."""
    assert parse_payload(b'{"event":"media.dance"}').event == "media.dance"
    assert len(parse_payload(json.dumps({"event": "x" * 100_000}).encode()).event) == 512


# ------------------------------------------------------------------ what is turned away


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/mixed; boundary=x",
        "application/jsonp",
        "é" * 200,
    ],
)
def test_other_content_types_are_not_read(content_type: str) -> None:
    """The body is left alone."""

    touched: list[int] = []

    async def untouchable() -> AsyncIterator[bytes]:
        touched.append(1)
        yield b""

    with pytest.raises(BadWebhook) as caught:
        read_plex_webhook(content_type, untouchable()).send(None)
    assert touched == []
    assert (caught.value.status, caught.value.code) == (415, "unsupported_content_type")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "malformed_multipart"),
        (b"OK", "malformed_multipart"),
        (form(), "no_payload"),
        (form(THUMB), "no_payload"),
        (form(part("Payload", b"{}")), "no_payload"),
        (form(PAYLOAD, PAYLOAD), "two_payloads"),
        (form(PAYLOAD, THUMB, PAYLOAD), "two_payloads"),
        (form(PAYLOAD)[:-20], "malformed_multipart"),
        (PAYLOAD, "malformed_multipart"),
        (
            form(PAYLOAD).replace(b"Content-Disposition: form-data", b"Content-Disposition: inline"),
            "malformed_multipart",
        ),
        (form(PAYLOAD).replace(b"Content-Type", b"\xff\xfe"), "malformed_multipart"),
        (form(part("payload", b"")), "malformed_json"),
        (form(part("payload", b"{")), "malformed_json"),
        (form(part("payload", b"event=media.play")), "malformed_json"),
        (form(part("payload", b'{"a":1} trailing')), "malformed_json"),
        (form(part("payload", b"[" * 100_000)), "malformed_json"),
        (form(part("payload", b'{"a":' + b"9" * 5000 + b"x}")), "malformed_json"),
        (form(part("payload", b"[]")), "no_object"),
        (form(part("payload", b'"media.play"')), "no_object"),
        (form(part("payload", b"null")), "no_object"),
    ],
)
def test_a_malformed_body_is_400_and_says_what_is_wrong(body: bytes, code: str) -> None:
    """Never a crash, whatever is posted."""
    assert refusal(body) == (400, code)


@pytest.mark.parametrize(
    "boundary", ["", "; boundary=", '; boundary=""', "; boundary=other", "; charset=utf-8"]
)
def test_a_missing_or_wrong_boundary_is_400(boundary: str) -> None:
    """There are no parts to be found then."""
    assert refusal(form(PAYLOAD), "multipart/form-data" + boundary) == (400, "malformed_multipart")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (MULTIPART, form(part("payload", b" " * 1001))),
        (MULTIPART, form(PAYLOAD, part("thumb", b"x" * 4000))),
        (MULTIPART, form(PAYLOAD) + b"x" * 4000),
        (MULTIPART, form(PAYLOAD, *[part("x", b"")] * 4)),
        (MULTIPART, form(part("x", b"", "A: " + "b" * 5000 + "\r\n"))),
        (MULTIPART, form(part("x", b"", "A: b\r\n" * 20))),
        ("application/json", b" " * 1001),
    ],
)
def test_a_body_above_a_limit_is_413(content_type: str, body: bytes) -> None:
    """Payload, whole, number of parts, and headers of parts each have one."""
    for size in (100, 65536):
        assert refusal(body, content_type, size=size, limits=SMALL) == (413, "too_large")


def test_just_within_the_limits_is_fine() -> None:
    """The limits themselves are allowed."""
    padded = json.dumps(PLAY).encode().ljust(1000)
    room = 4000 - len(form(part("payload", padded), part("thumb", b"")))
    body = form(part("payload", padded), part("thumb", b"x" * room))
    assert len(body) == 4000
    assert read(body, limits=SMALL).event == "media.play"


async def test_reading_stops_at_the_limit() -> None:
    """An endless poster is not read to its end."""
    given_out = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given_out
        yield PAYLOAD + part("thumb", b"")[:-2]
        while True:
            given_out += 65536
            yield b"x" * 65536

    with pytest.raises(BadWebhook):
        await read_plex_webhook(MULTIPART, endless())
    assert given_out <= 4 * 1024 * 1024 + 65536


async def test_a_deadline_ends_the_reading_of_a_body_that_stops_coming(autojump_clock: Any) -> None:
    """The server's deadline works, since nothing here stands in its way."""

    async def stalling() -> AsyncIterator[bytes]:
        yield PAYLOAD[:50]
        await trio.sleep_forever()

    body = stalling()
    with trio.move_on_after(10) as scope:
        await read_plex_webhook(MULTIPART, body)
    assert scope.cancelled_caught


# ------------------------------------------------------------------ anything at all

WHOLE = form(PAYLOAD, part("thumb", b"\xff\xd8\xff" * 10, filename="thumb.jpg"))


def outcome(body: bytes, content_type: str = MULTIPART, size: int = 65536) -> PlexHook | int:
    """Read whatever is given: a webhook or a status, and nothing else."""
    try:
        hook = read(body, content_type, size)
    except BadWebhook as error:
        assert error.status in (400, 413, 415)
        return error.status
    json.dumps([hook.event, hook.title, hook.player_id]).encode()
    return hook


def test_no_beginning_of_a_webhook_is_a_webhook() -> None:
    """A body that ends early is malformed, at whatever byte it ends."""
    for end in range(len(WHOLE) - 2):
        assert outcome(WHOLE[:end]) == 400, f"at byte {end}"


@given(st.integers(0, len(WHOLE) - 1), st.binary(max_size=4), st.integers(0, 4), st.integers(1, 200))
def test_a_changed_webhook_is_a_webhook_or_an_error(at: int, new: bytes, lost: int, size: int) -> None:
    """Bytes replaced, inserted and lost, in chunks of any size: the same webhook or a refusal, and no crash."""
    body = WHOLE[:at] + new + WHOLE[at + lost :]
    whole, pieces = outcome(body), outcome(body, size=size)
    # The parser looks at line ends around boundaries as they come, so whether a broken one is forgiven is a matter of
    # luck; what it never is, is another webhook.
    assert whole == pieces or isinstance(whole, int) or isinstance(pieces, int)


@given(st.binary(max_size=300), st.sampled_from([MULTIPART, "application/json"]) | st.text(max_size=60))
def test_any_bytes_of_any_type_are_a_webhook_or_an_error(body: bytes, content_type: str) -> None:
    """Whoever knows the address may send whatever they like."""
    outcome(body, content_type)
    outcome(form(part("payload", body)))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    [
        "event",
        "rating",
        "user",
        "uuid",
        "title",
        "ratingKey",
        "guid",
        "Guid",
        "id",
        "live",
        "viewOffset",
        "local",
    ]
)
OBJECTS = st.dictionaries(FIELDS, VALUES)


@given(
    st.dictionaries(st.sampled_from(["Player", "Server", "Account", "Metadata"]), OBJECTS | VALUES), OBJECTS
)
def test_any_json_object_is_a_webhook(objects: dict[str, Any], top: dict[str, Any]) -> None:
    """Whatever types its values have."""
    assert isinstance(parse_payload(json.dumps(objects | top).encode()), PlexHook)


# ------------------------------------------------------------------ the secret


@pytest.mark.parametrize(
    ("given_text", "expected", "same"),
    [
        ("abc", "abc", True),
        ("abc", "abd", False),
        ("abc", "abcd", False),
        ("", "", False),
        ("", "abc", False),
        ("abc", "", False),
        ("é", "é", True),
        ("\udcff", "é", False),
        ("\udcff", "\udcff", True),
    ],
)
def test_a_secret_matches_itself_and_an_empty_one_matches_nothing(
    given_text: str, expected: str, same: bool
) -> None:
    """Text of any kind may stand in a path."""
    assert secret_matches(given_text, expected) is same
