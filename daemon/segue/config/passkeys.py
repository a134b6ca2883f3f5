"""The table of passkeys: one `user:passkey` a line, for a house that has no service to validate them."""

from collections.abc import Mapping
from pathlib import Path

from segue.config.draft import Draft, Where
from segue.config.schema_party import PASSKEY_CHARACTERS_MAX, USERNAME_CHARACTERS_MAX
from segue.config.secret_files import is_guarded, read_closed
from segue.secret import Secret

KEY = "party.passkeys_file"
CREDENTIAL = "party-passkeys"
FILE_BYTES_MAX = 256 * 1024
"""Some thousands of users; whatever is larger is another file."""
PASSKEY_CHARACTERS_MIN = 8
"""What a person makes up must not be guessable; whoever guesses is slowed down besides."""


def read_passkeys(file: str, environ: Mapping[str, str], draft: Draft) -> dict[str, Secret]:
    """Read the table: the credential, else the file (absolute or empty). Every bad line is written down."""
    directory = environ.get("CREDENTIALS_DIRECTORY", "")
    credential = Path(directory, CREDENTIAL)
    if directory and credential.exists():
        where = Where(f"credential {CREDENTIAL}")
        data = read_closed(credential, where, draft, label=KEY, guarded=True, bytes_max=FILE_BYTES_MAX)
        if data is None or data.strip():
            if file:
                draft.notes.append(f"{KEY} is not read, because there is a credential {CREDENTIAL}.")
            return _table(data or b"", where, draft)
    if not file:
        return {}
    path, guarded = Path(file), is_guarded(file, environ)
    data = read_closed(path, draft.where(KEY), draft, label=KEY, guarded=guarded, bytes_max=FILE_BYTES_MAX)
    return _table(data or b"", Where(file), draft)


def _table(data: bytes, where: Where, draft: Draft) -> dict[str, Secret]:
    if len(data) > FILE_BYTES_MAX:
        draft.refuse(where, KEY, f"expected at most {FILE_BYTES_MAX} bytes")
        return {}
    table: dict[str, Secret] = {}
    for number, raw in enumerate(data.split(b"\n"), 1):
        at = where._replace(line=number)
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError:
            draft.refuse(at, KEY, "expected UTF-8")
            continue
        if not line or line.startswith("#"):
            continue
        username, _, passkey = (part.strip() for part in line.partition(":"))
        problem = problem_of_username(username) or _problem_of_passkey(passkey)
        if not problem and username in table:
            problem = "this user has a line already"
        if problem:
            draft.refuse(at, KEY, problem, hint="A line is user:passkey; # begins a comment.")
        else:
            table[username] = Secret(passkey)
    return table


def problem_of_username(username: str) -> str:
    """Say why a text is no username of a party; empty when it is."""
    if 1 <= len(username) <= USERNAME_CHARACTERS_MAX and username.isprintable():
        return ""
    return f"expected a username of 1 to {USERNAME_CHARACTERS_MAX} printable characters"


def _problem_of_passkey(passkey: str) -> str:
    least, most = PASSKEY_CHARACTERS_MIN, PASSKEY_CHARACTERS_MAX
    if least <= len(passkey) <= most and all("!" <= mark <= "~" for mark in passkey):
        return ""
    return f"expected a passkey of {least} to {most} ASCII characters without blanks"
