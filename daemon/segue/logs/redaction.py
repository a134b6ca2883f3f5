"""Keeps secrets out of the log: what is known to be one, and what looks like one.

Secrets mask themselves by their type (`segue.secret`), and tokens travel in headers only. This is the net below that,
for texts that others made: an exception of a library, a URL that a server sent, a header in a debug line.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote

from segue.secret import Secret

MASK = "***"
REGISTERED_CHARACTERS_MIN = 6
"""A shorter secret would mask half of every line, and is none."""
TEXT_CHARACTERS_MAX = 32 * 1024
"""Longer texts are cut: no line of a log is worth a stall."""
DEPTH_MAX = 5

_known: dict[str, None] = {}

_VALUE = r"[^\s\"'&,;)\]}>]+"
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # A header as text, in a dict, a pair or a URL: X-Plex-Token: abc, (b'authorization', b'Bearer abc').
    (
        re.compile(
            rf"\b(x-plex-token|(?:proxy-)?authorization|(?:set-)?cookie)"
            rf"(['\"]?\s*(?:[:=,]|%3[ad])\s*(?:b?['\"])?)(?:(?:bearer|basic|digest)\s+)?{_VALUE}",
            re.IGNORECASE,
        ),
        rf"\1\2{MASK}",
    ),
    # token=abc in a query or a setting, "passkey": "abc" in JSON.
    (
        re.compile(
            rf"(\b\w{{0,40}}(?:token|passkey|secret|password|passwd|api_?key)"
            rf"(?:\s{{0,3}}=\s{{0,3}}|%3d|['\"]\s{{0,3}}:\s{{0,3}})(?:b?['\"])?){_VALUE}",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"\b(bearer\s+)[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(rf"(/webhooks/\w+/){_VALUE}"), rf"\1{MASK}"),
    (re.compile(r"(://)[^/\s@]{1,300}@"), rf"\1{MASK}@"),
)
_SECRET_NAME = re.compile(
    r"(?:token|passkey|secret|password|passwd|api_?key|authorization|cookie)\Z", re.IGNORECASE
)


def register_secret(secret: Secret) -> None:
    """Mask this secret from now on, wherever it stands; former ones stay masked."""
    text = secret.reveal()
    if len(text) >= REGISTERED_CHARACTERS_MIN:
        _known.update({text: None, quote(text, safe=""): None})


def redact(text: str) -> str:
    """Mask what is or looks like a secret. A very long text loses its middle: a traceback's end counts most."""
    for secret in _known:
        text = text.replace(secret, MASK)
    if len(text) > TEXT_CHARACTERS_MAX:
        half = TEXT_CHARACTERS_MAX // 2
        head, tail = (
            text[:half].rsplit(maxsplit=1)[0],
            text[-half:].split(maxsplit=1)[-1],
        )  # no token is cut in two
        text = f"{head} ... ({len(text)} characters) ... {tail}"
    for pattern, masked in _PATTERNS:
        text = pattern.sub(masked, text)
    return text


def redact_value(name: str, value: object, depth: int = 0) -> object:
    """Mask a field of a log line, or of something within it; what is no plain data becomes text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if _SECRET_NAME.search(name):
        return MASK
    if isinstance(value, Mapping) and depth < DEPTH_MAX:
        return {redact(str(key)): redact_value(str(key), item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset) and depth < DEPTH_MAX:
        return [redact_value("", item, depth + 1) for item in value]
    try:
        return redact(value if isinstance(value, str) else str(value))
    except Exception as error:  # a broken __str__ must not break the line that reports it
        return f"({type(value).__name__} without a text: {type(error).__name__})"
