"""IRC lines, without a socket: taken out of a stream, put together, with nothing in them that could be another line.

Reference: RFC 2812, section 2.3 (messages), and the IRCv3 message tags.
"""

from typing import Final

from irctokens.line import Line, build, tokenise

LINE_BYTES_MAX: Final = 512
"""A line with its CR LF, as the receiver gets it: with the sender's prefix, which the server puts in front."""
TAKEN_BYTES_MAX: Final = 8191 + LINE_BYTES_MAX
"""The longest line that we take: tags may come before it."""
PREFIX_BYTES: Final = len(":!@ ") + 10 + 63
"""What the server puts in front of our words at most, beside our nick: user and host."""
ELLIPSIS: Final = "…"
TARGET_BYTES_MAX: Final = 200


class LineTooLong(ValueError):  # noqa: N818 - the reason is the name
    """So many bytes without an end of line are no IRC."""


class LineBuffer:
    """Cuts what arrives into lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes | bytearray) -> list[bytes]:
        """Take bytes and give the lines that are whole now, without their ends. Raises `LineTooLong`."""
        *lines, self._rest = (self._rest + bytes(data)).split(b"\n")
        if any(len(line) > TAKEN_BYTES_MAX for line in (*lines, self._rest)):
            raise LineTooLong(f"a line is longer than {TAKEN_BYTES_MAX} bytes")
        return [line.rstrip(b"\r") for line in lines]


def parsed(line: bytes) -> Line | None:
    """Take a line apart; nothing for what is none. irctokens stumbles over empty lines and bad tags in several ways."""
    try:
        return tokenise(line)
    except (ValueError, IndexError):
        return None


def formed(command: str, *params: str) -> bytes:
    """Put a line together. Raises `ValueError` where a parameter could be read as anything else than itself."""
    for param in params:
        if any(mark in param for mark in "\r\n\0"):
            raise ValueError(f"{command}: a parameter holds an end of line")
    if any(not param for param in params[:-1]):
        raise ValueError(f"{command}: a parameter is empty")
    line = build(command, list(params)).format().encode("utf-8", "replace") + b"\r\n"
    if len(line) > LINE_BYTES_MAX:
        raise ValueError(f"{command}: {len(line)} bytes, at most {LINE_BYTES_MAX} are possible")
    return line


def spoken(command: str, nick: str, target: str, text: str) -> bytes:
    """Put a line together that others hear: on one line whatever the text holds, and cut so that all of it arrives.

    `nick` is ours. Raises `ValueError` for a target that is none or several.
    """
    if not is_target(target):
        raise ValueError(f"{command}: no such target is possible")
    used = len(f"{nick}{command} {target} :".encode()) + PREFIX_BYTES + len(b"\r\n")
    words = cut(clean(text), LINE_BYTES_MAX - used)
    if not words:
        raise ValueError(f"{command}: there is nothing to say")
    return formed(command, target, words)


def is_target(target: str) -> bool:
    """Tell whether a text is one nick or one channel, and not several, a mask, or something else."""
    marks = " ," if is_channel(target) else " ,!@*?$:"
    return (
        0 < len(target.encode("utf-8", "replace")) <= TARGET_BYTES_MAX
        and target.isprintable()
        and not any(mark in target for mark in marks)
    )


def is_channel(target: str) -> bool:
    """Tell whether a target is a channel."""
    return target[:1] in ("#", "&", "+", "!")


def clean(text: str) -> str:
    """Put a space in the place of whatever cannot be printed: ends of lines, colours, what a client would obey."""
    return "".join(c if c.isprintable() else " " for c in text).strip()


def cut(text: str, bytes_max: int) -> str:
    """Cut a text to so many bytes of UTF-8, between two characters, and show that it was cut."""
    data = text.encode("utf-8", "replace")
    if len(data) <= bytes_max:
        return data.decode()
    room = bytes_max - len(ELLIPSIS.encode())
    return data[:room].decode("utf-8", "ignore") + ELLIPSIS if room >= 0 else ""


def folded(nick: str) -> str:
    """Give a nick or a channel in the form in which two are compared: letters A to Z only."""
    return "".join(c.lower() if "A" <= c <= "Z" else c for c in nick)
