"""Where secrets come from: a systemd credential, else a file, else the environment or the configuration file itself.

Never the command line, where everybody sees it. What is wrong with a secret is said without the secret.
"""

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from segue.config.draft import Draft, Where
from segue.errors import StartError
from segue.secret import Secret

SECRET_BYTES_MAX = 4096
USUAL_MARKS = "-_.~+/=:"
"""Beside letters and digits, what tokens are made of."""
ANY_MARKS = "".join(mark for mark in map(chr, range(0x21, 0x7F)) if not mark.isalnum())
"""All of ASCII that can be seen: for what others make up."""
LIKE_A_SECRET = re.compile(r"[A-Za-z0-9_-]{16,}")
"""Names of files that are not there and may be the secret itself, put where its file should be named: not shown."""


class SecretKey(NamedTuple):
    """One secret setting: `section.name`, its `..._file`, and its credential."""

    section: str
    name: str
    credential: str
    characters_min: int
    """A Plex token is Plex' to make; what a person makes up must not be guessable."""
    marks: str = USUAL_MARKS
    """What it may have beside letters and digits."""

    @property
    def key(self) -> str:
        """The key path of the secret itself."""
        return f"{self.section}.{self.name}"

    @property
    def file_key(self) -> str:
        """The key path of its file."""
        return f"{self.key}_file"


PLEX_TOKEN = SecretKey("plex", "token", "plex-token", 1)
WEBHOOK_SECRET = SecretKey("server", "webhook_secret", "webhook-secret", 16, "-_")
API_TOKEN = SecretKey("server", "api_token", "api-token", 16)
TMDB_KEY = SecretKey("tmdb", "api_key", "tmdb-key", 16)
QBITTORRENT_PASSWORD = SecretKey("downloads", "qbittorrent_password", "qbittorrent-password", 1)
TRANSMISSION_PASSWORD = SecretKey("downloads", "transmission_password", "transmission-password", 1)
PARTY_PASSKEY = SecretKey("party.agent", "passkey", "party-passkey", 1, ANY_MARKS)
PARTY_INVITE = SecretKey("party.agent", "invite", "party-invite", 1, ANY_MARKS)
IRC_PASSWORD = SecretKey("irc", "password", "irc-password", 1, ANY_MARKS)
IRC_SASL_PASSWORD = SecretKey("irc", "sasl_password", "irc-sasl-password", 1, ANY_MARKS)
SECRET_KEYS = (
    PLEX_TOKEN,
    WEBHOOK_SECRET,
    API_TOKEN,
    TMDB_KEY,
    QBITTORRENT_PASSWORD,
    TRANSMISSION_PASSWORD,
    PARTY_PASSKEY,
    PARTY_INVITE,
    IRC_PASSWORD,
    IRC_SASL_PASSWORD,
)
NEED_NOT_BE_THERE = (API_TOKEN, PARTY_INVITE)
"""Secrets whose file may be missing: the one is made at the first start, the other goes when its party is over."""


def read_secret(
    key: SecretKey, inline: Secret | None, file: str, environ: Mapping[str, str], draft: Draft
) -> Secret | None:
    """Find one secret; `inline` is what the environment or the configuration file says itself.

    `file` is absolute or empty. A problem is written down, and nothing comes back.
    """
    directory = environ.get("CREDENTIALS_DIRECTORY", "")
    credential = Path(directory, key.credential)
    if directory and _exists(credential):
        secret = _read_file(key, credential, Where(f"credential {key.credential}"), draft, guarded=True)
        if secret is not None or key.key in draft.broken:
            if file:
                draft.notes.append(
                    f"{key.file_key} is not read, because there is a credential {key.credential}."
                )
            return secret
    if file and (key not in NEED_NOT_BE_THERE or _exists(Path(file))):
        return _read_file(
            key, Path(file), draft.where(key.file_key), draft, guarded=is_guarded(file, environ)
        )
    if inline is None or not inline:
        return None
    return _checked(key, inline.reveal(), draft.where(key.key), draft)


def is_guarded(path: str, environ: Mapping[str, str]) -> bool:
    """Say whether a file's directory keeps others out, whatever the file's own mode.

    systemd's credentials are 0440 with an access list on newer versions; containers mount secrets with mode 0444.
    """
    directory = environ.get("CREDENTIALS_DIRECTORY", "")
    return any(Path(path).is_relative_to(guard) for guard in (directory, "/run/secrets") if guard)


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True  # there, but not for us: reading it will say why
    return True


def _read_file(key: SecretKey, path: Path, where: Where, draft: Draft, *, guarded: bool) -> Secret | None:
    label = key.key if guarded else key.file_key
    data = read_closed(path, where, draft, label=label, guarded=guarded)
    if data is None:
        return None
    text = data.decode("latin-1").strip()
    if not text and guarded:
        return None  # an empty credential is the unit's way to say that there is none
    return _checked(key, text, where, draft, label=label)


def read_closed(
    path: Path, where: Where, draft: Draft, *, label: str, guarded: bool, bytes_max: int = SECRET_BYTES_MAX
) -> bytes | None:
    """Read a file that is to be closed to others; a problem is written down, and nothing comes back.

    At most one byte more than `bytes_max`. `guarded`: its directory keeps others out.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(bytes_max + 1) if stat.S_ISREG(mode) else None
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else str(problem)
        hint = f"It is read as user {os.geteuid()}; a relative path starts at the configuration file."
        if LIKE_A_SECRET.fullmatch(path.name) and not guarded:
            draft.refuse(
                where, label, f"the path of a file (not the secret itself) is expected: {reason}", hint=hint
            )
        else:
            draft.refuse(where, label, f"{path} cannot be read: {reason}", hint=hint)
        return None
    if data is None:
        draft.refuse(where, label, f"{path} is not a regular file")
        return None
    if not guarded and mode & 0o007:
        hint = f"chmod o-rwx {path}"
        draft.refuse(where, label, f"{path} is open to everybody (mode {stat.S_IMODE(mode):04o})", hint=hint)
        return None
    return data


def _checked(key: SecretKey, text: str, where: Where, draft: Draft, *, label: str = "") -> Secret | None:
    """Refuse what could not be a secret: it goes into a header or into an address."""
    plain = text.strip()
    if not key.characters_min <= len(plain) <= SECRET_BYTES_MAX:
        expected = f"expected {key.characters_min} to {SECRET_BYTES_MAX} characters"
        hint = "To make one: openssl rand -hex 24" if key.characters_min > 1 else ""
        draft.refuse(where, label or key.key, expected, got=f"{len(plain)}", hint=hint)
        return None
    if not all(c.isascii() and (c.isalnum() or c in key.marks) for c in plain):
        marks = "ASCII marks" if key.marks is ANY_MARKS else " ".join(key.marks)
        expected = f"expected letters, digits and {marks} only, on one line"
        draft.refuse(where, label or key.key, expected, hint="Is it the right file?" if label else "")
        return None
    return Secret(plain)


def check_inline(draft: Draft, mode: int, environ: Mapping[str, str]) -> None:
    """Refuse a configuration file that holds a secret and is open to everybody."""
    if not mode & 0o007 or is_guarded(draft.source, environ):
        return
    for key in SECRET_KEYS:
        given = draft.sections.get(key.section, {}).get(key.name)
        if given is not None and given.where.source == draft.source and given.value:
            hint = f'chmod o-rwx {draft.source}   or keep it apart: {key.name}_file = "{key.credential}"'
            expected = f"a secret stands in a file that is open to everybody (mode {mode:04o})"
            draft.refuse(given.where, key.key, expected, hint=hint)


def kept_api_token(path: Path) -> Secret:
    """Read the token of TCP callers, or make it at the first start. Raises `StartError`.

    Only its owner can read the file. It appears whole or not at all, because it is linked into place.
    """
    try:
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make_token(path)
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text("ascii").strip()
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is not a text"
        raise StartError(
            f"The API token {path} cannot be read or made: {reason}.",
            "Set [server] api_token_file or state_dir.",
        ) from None
    if mode & 0o007:
        raise StartError(
            f"The API token {path} is open to everybody (mode {mode:04o}).", f"chmod o-rwx {path}"
        )
    if len(text) < API_TOKEN.characters_min:
        raise StartError(f"The API token in {path} is too short.", "Remove the file; a new one is made.")
    return Secret(text)


def _make_token(path: Path) -> None:
    draft = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(os.urandom(32).hex() + "\n")
            file.flush()
            os.fsync(descriptor)
        try:
            os.link(draft, path)
        except FileExistsError:
            return  # another process was first; its token counts
    finally:
        draft.unlink()
