"""No way of writing lets a secret out."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue import logs
from segue.logs import redact
from segue.secret import Secret
from tests.helpers.log import CANARY, restored_log, written


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    with restored_log():
        yield


@pytest.mark.parametrize(
    "text",
    [
        "GET http://h:32400/status/sessions?X-Plex-Token={} failed",
        "GET http://h:32400/x?a=1&X-Plex-Token={}&b=2",
        "x-plex-token%3D{}",
        "X-Plex-Token: {}",
        "{{'X-Plex-Token': '{}', 'Accept': 'x'}}",
        "[(b'x-plex-token', b'{}')]",
        "Authorization: Bearer {}",
        "authorization: Basic {}",
        "{{'authorization': 'Bearer {}'}}",
        "[(b'Authorization', b'Bearer {}')]",
        "Cookie: {}",
        "the header was Bearer {}",
        "wss://h/ws?passkey={}&name=alice",
        "?token={}#x",
        "api_key={}",
        "apikey={}",
        '{{"passkey": "{}"}}',
        "{{'auth_token': '{}'}}",
        'token = "{}"',
        "POST /webhooks/plex/{} 404",
        "http://alice:{}@h:1/",
        "http://{}@h:1/",
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str) -> None:
    """Also a secret that nobody has registered: a forged one, or one of another service."""
    masked = redact(text.format(CANARY))
    assert CANARY not in masked
    assert "***" in masked


@pytest.mark.parametrize(
    "text",
    [
        "plex.token: a Plex server needs a token",
        'plex.token_file: expected text. token_file = "plex-token"',
        "The token was refused.",
        "room=living level=42",
        "http://192.0.2.5:32400/status/sessions",
        "Serving /webhooks/plex",
    ],
)
def test_what_is_no_secret_is_left(text: str) -> None:
    """A log that masks half of each line helps nobody."""
    assert redact(text) == text


def test_a_registered_secret_is_masked_wherever_it_stands() -> None:
    """Alone in a sentence, within another word, and as it stands in a URL."""
    logs.register_secret(Secret("can/ary+Tq8m"))
    assert redact("a can/ary+Tq8m b xcan/ary+Tq8mx can%2Fary%2BTq8m") == "a *** b x***x ***"
    logs.register_secret(Secret("abc"))
    assert redact("abc") == "abc"


PLACES = st.sampled_from(
    ["text", "field", "name", "nested", "list", "bytes", "object", "exception", "cause", "group"]
)


class Talkative:
    def __repr__(self) -> str:
        return f"<{CANARY}>"


def failure(place: str) -> BaseException:
    if place == "group":
        return ExceptionGroup("several", [ValueError(CANARY), KeyError({"a": CANARY})])
    error = ValueError(CANARY if place == "exception" else "x")
    error.__cause__ = OSError(5, CANARY, CANARY) if place == "cause" else None
    error.add_note(CANARY if place == "cause" else "x")
    return error


@pytest.mark.parametrize("style", ["plain", "console", "json", "journal"])
@given(places=st.lists(PLACES, max_size=4), before=st.text(max_size=5), after=st.text(max_size=5))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_way_of_writing_lets_a_secret_out(style: str, places: list[str], before: str, after: str) -> None:
    """Whatever part of a line holds it, and whoever made the exception that holds it."""
    stream = written("debug", style)
    logs.register_secret(Secret(CANARY))
    inside = f"{before}{CANARY}{after}"
    fields: dict[str, object] = {}
    everywhere: dict[str, dict[str, object]] = {
        "text": {},
        "field": {"room": inside},
        "name": {"access_token": "other"},
        "nested": {"deep": {"a": [{"b": (inside,)}], inside: 1}},
        "list": {"many": [inside, {inside}]},
        "bytes": {"raw": inside.encode("utf-8", "replace")},
        "object": {"thing": Talkative()},
    }
    for place in places:
        fields.update(everywhere.get(place, {"exc_info": failure(place)}))
    logs.get_logger("actor").error(inside if "text" in places else "text", **fields)
    assert stream.getvalue()
    assert "canary" not in stream.getvalue()
    assert "other" not in stream.getvalue()


def test_a_long_text_is_cut_and_its_end_is_kept() -> None:
    """A line costs little whatever comes; the end of a traceback is where the error is."""
    logs.register_secret(Secret(CANARY))
    masked = redact("x " * 100_000 + CANARY + " y" * 100_000 + " the end")
    assert len(masked) < 40_000
    assert masked.endswith("the end")


def test_a_thing_without_a_text_is_written_too() -> None:
    """A broken `__str__` does not break the line that reports it."""

    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("no")

    stream = written()
    logs.get_logger().info("text", thing=Broken(), deep=[[[[[[[["x"]]]]]]]])
    assert "Broken without a text: RuntimeError" in stream.getvalue()
