"""An address on TCP, and the token that it needs; only read where `--url` or SEGUE_URL names one."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from segue.cli.client import Target
from segue.cli.errors import NOT_PERMITTED, CtlError, usage

TOKEN_BYTES_MAX = 4096
DEFAULT_PORTS = {"http": 3001, "https": 443}
"""Of http: the one that segued listens on; https is only ever spoken by a proxy in front of it."""


def target_of(url: str, token_file: str | None) -> Target:
    """Read an address such as `http://house:3001`, and the token from its file. Raises `CtlError`."""
    example = "It looks like http://127.0.0.1:3001."
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise usage("The URL makes no sense.", example) from None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.query or parts.fragment:
        raise usage("The URL must be http:// or https:// with a host, and nothing after the path.", example)
    if "@" in parts.netloc:
        raise usage("A URL with a user or a password is not taken: others can read it.", "Use --token-file.")
    if not (url.isascii() and url.isprintable() and " " not in url):
        raise usage("The URL has characters that an address cannot have.", example)
    return Target(
        host=parts.hostname,
        port=port or DEFAULT_PORTS[parts.scheme],
        tls=parts.scheme == "https",
        prefix=parts.path.rstrip("/"),
        token=_token(token_file) if token_file else "",
    )


def _token(path: str) -> str:
    """Read a token; nothing of it is ever part of a message."""
    try:
        with Path(path).open("rb") as file:
            token = file.read(TOKEN_BYTES_MAX + 1).decode("latin-1").strip()
    except PermissionError:
        hint = (
            "It belongs to the user of segued; `sudo` reads it, or copy it to a file of yours with mode 0600."
        )
        raise CtlError(NOT_PERMITTED, "token_file", f"The token file {path} may not be read.", hint) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such path"
        raise usage(f"The token file {path} cannot be read: {reason}.") from None
    if (
        not token
        or len(token) > TOKEN_BYTES_MAX
        or not token.isascii()
        or not token.isprintable()
        or " " in token
    ):
        raise usage(f"The token file {path} holds no token: one line of printable characters is expected.")
    return token
