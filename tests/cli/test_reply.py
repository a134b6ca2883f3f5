"""Reading HTTP: the same whatever the pieces are, and an error for everything else."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.cli.errors import CtlError
from segue.cli.reply import Events, Reply

BODY = b'{"ok": true, "data": {"schema": "segue.status/1"}}'
WHOLE = {
    "by length": b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY),
    "until the end": b"HTTP/1.1 200 OK\r\n\r\n" + BODY,
    "in chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\n%s\r\n%x;x=y\r\n%s\r\n0\r\nTrailer: z\r\n\r\n" % (BODY[:5], len(BODY) - 5, BODY[5:]),
    "after an interim reply": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n" + BODY,
}


def pieces(raw: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(raw) + 1) for cut in cuts), len(raw)]
    return [raw[a:b] for a, b in pairwise(edges) if a != b]


def read(reply: Reply, raw: list[bytes]) -> bytes:
    body = b""
    for piece in raw:
        body += reply.feed(piece)
    if not reply.done:
        body += reply.feed(b"")
    return body


@pytest.mark.parametrize("raw", WHOLE.values(), ids=WHOLE)
@given(cuts=st.lists(st.integers(min_value=0), max_size=8))
def test_the_pieces_make_no_difference(raw: bytes, cuts: list[int]) -> None:
    reply = Reply()
    assert read(reply, pieces(raw, cuts)) == BODY
    assert (reply.status, reply.done) == (200, True)


@pytest.mark.parametrize("raw", [WHOLE["by length"], WHOLE["in chunks"]], ids=["by length", "in chunks"])
@given(end=st.integers(min_value=0))
def test_what_is_cut_off_is_never_taken_for_the_whole(raw: bytes, end: int) -> None:
    with pytest.raises(CtlError):
        read(Reply(), [raw[: end % len(raw)]] if end % len(raw) else [])


@given(raw=st.binary(max_size=300), cuts=st.lists(st.integers(min_value=0), max_size=4), proper=st.booleans())
def test_anything_else_is_an_error_and_never_a_crash(raw: bytes, cuts: list[int], proper: bool) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" if proper else b""
    try:
        read(Reply(), pieces(head + raw, cuts))
    except CtlError as error:
        assert error.exit_code == 3


def test_what_comes_after_the_body_is_not_read() -> None:
    reply = Reply()
    assert reply.feed(WHOLE["by length"] + b"more") == BODY
    assert reply.done


@given(cuts=st.lists(st.integers(min_value=0), max_size=8))
def test_events_come_whole_whatever_the_pieces_are(cuts: list[int]) -> None:
    raw = b": alive\n\nid: 1\ndata: one\n\ndata:two\r\ndata: three\r\n\r\n\n\nevent: x\n\ndata: \xc3\xbc\n\n"
    raw += b"data: cut off"
    events = Events()
    assert [event for piece in pieces(raw, cuts) for event in events.feed(piece)] == [
        "one",
        "two\nthree",
        "ü",
    ]


def test_an_event_without_end_is_refused() -> None:
    for piece in (b"data: " + b"x" * 1_000_000, b"data: x\n" * 100_000):
        events = Events()
        with pytest.raises(CtlError):
            for _ in range(20):
                events.feed(piece)
