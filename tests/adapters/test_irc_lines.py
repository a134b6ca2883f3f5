"""IRC lines: whatever a text holds, one line goes out, and whatever comes in, nothing falls over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.adapters.irc_lines import LineBuffer, LineTooLong, clean, cut, formed, parsed, spoken
from segue.adapters.irc_outbox import KEEP_S, WAITING_MAX, Outbox

ANYTHING = st.text(max_size=700)


@given(ANYTHING, st.sampled_from(["alice", "#films", "#" + "ü" * 40]))
def test_whatever_is_said_is_one_line_that_arrives_whole(text: str, target: str) -> None:
    """With the longest prefix that a server may put in front, no receiver gets more than 512 bytes."""
    if not clean(text):
        with pytest.raises(ValueError, match="nothing to say"):
            spoken("PRIVMSG", "segue", target, text)
        return
    line = spoken("PRIVMSG", "segue", target, text)
    assert line.endswith(b"\r\n")
    assert not any(mark in line[:-2] for mark in b"\r\n\0\x01")
    relayed = b":segue!" + b"u" * 10 + b"@" + b"h" * 63 + b" " + line
    assert len(relayed) <= 512
    heard = parsed(line[:-2])
    assert heard is not None
    assert heard.command == "PRIVMSG"
    assert heard.params[0] == target
    assert len(heard.params) == 2
    assert heard.params[1] == cut(clean(text), len(heard.params[1].encode()))


@given(ANYTHING)
def test_a_target_is_one_nick_or_one_channel(target: str) -> None:
    try:
        line = spoken("NOTICE", "segue", target, "hello there")
    except ValueError:
        return
    heard = parsed(line[:-2])
    assert heard is not None
    assert heard.params == [target, "hello there"]
    assert not set(target) & set(" ,\r\n\0")


@pytest.mark.parametrize(
    "target", ["", "alice,bob", "al ice", ":alice", "*", "alice!a@host", "$*.org", "a" * 201, "al\nice"]
)
def test_a_target_that_is_none_or_many_is_refused(target: str) -> None:
    with pytest.raises(ValueError, match="no such target"):
        spoken("NOTICE", "segue", target, "hello")


@given(ANYTHING, st.integers(min_value=0, max_value=400))
def test_a_text_is_cut_between_two_characters(text: str, bytes_max: int) -> None:
    short = cut(text, bytes_max)
    assert len(short.encode()) <= bytes_max
    whole = text.encode("utf-8", "replace").decode()
    assert short == whole or whole.startswith(short.removesuffix("…"))


@given(st.lists(ANYTHING, max_size=4))
def test_no_parameter_can_be_read_as_anything_else(params: list[str]) -> None:
    try:
        line = formed("COMMAND", *params)
    except ValueError:
        return
    assert line.count(b"\n") == 1
    heard = parsed(line[:-2])
    assert heard is not None
    assert heard.params == [p.encode("utf-8", "replace").decode() for p in params]


@given(st.binary(max_size=600))
def test_whatever_comes_is_taken_apart_or_left(line: bytes) -> None:
    heard = parsed(line)
    assert heard is None or heard.command


@given(st.lists(st.binary(max_size=300).filter(lambda x: b"\n" not in x)), st.data())
def test_lines_do_not_depend_on_how_they_arrive(lines: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(line + b"\r\n" for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    buffer, found = LineBuffer(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += buffer.feed(stream[start:end])
    assert found == [line.rstrip(b"\r") for line in lines]


def test_a_line_without_an_end_is_not_collected_for_ever() -> None:
    buffer = LineBuffer()
    with pytest.raises(LineTooLong):
        for _ in range(20):
            buffer.feed(b"x" * 1000)


def test_what_waits_is_little_and_answers_give_way() -> None:
    outbox = Outbox()
    for n in range(WAITING_MAX):
        outbox.put(f"answer {n}", 0.0, "alice")
    outbox.put("announcement", 0.0)
    assert len(outbox) == WAITING_MAX
    assert outbox.dropped == 1
    words = outbox.take(0.0)
    assert words is not None
    assert words.text == "announcement"
    words = outbox.take(0.0)
    assert words is not None
    assert (words.text, words.to) == ("answer 1", "alice")


def test_the_oldest_announcement_gives_way_where_there_are_only_such() -> None:
    outbox = Outbox()
    for n in range(WAITING_MAX + 1):
        outbox.put(f"announcement {n}", 0.0)
    words = outbox.take(0.0)
    assert words is not None
    assert words.text == "announcement 1"


def test_what_is_stale_is_not_said() -> None:
    """An announcement that waited for longer than two minutes helps nobody."""
    outbox = Outbox()
    outbox.put("stale", 0.0)
    outbox.put("fresh", 60.0)
    words = outbox.take(KEEP_S + 1.0)
    assert words is not None
    assert words.text == "fresh"
    assert outbox.take(KEEP_S + 1.0) is None
    assert outbox.dropped == 1


def test_answers_to_one_nick_are_forgotten_without_those_to_others() -> None:
    outbox = Outbox()
    outbox.put("for alice", 0.0, "Alice")
    outbox.put("for bob", 0.0, "bob")
    outbox.forget_answers("alice")
    words = outbox.take(0.0)
    assert words is not None
    assert words.to == "bob"
