"""Asks a service whether a user's passkey is right: the validation of Plex Watch Party.

`{"username", "passkey"}` is posted as JSON to one URL. Only status 200 with `{"valid": true}` lets a user in. A service
that says no is told from one that says nothing sensible, because the first is the user's affair and the second passes;
a bare 403 may be either. The passkey travels in the body alone; neither an error nor a log line can hold it.
"""

import msgspec

from segue.adapters.http_client import HttpClient, HttpError, HttpRefused, Origin, Request
from segue.secret import Secret

TOTAL_S = 5.0
"""Longest wait for the answer, in seconds, connecting included."""
ANSWER_BYTES_MAX = 16 * 1024
NO_WORD_OF_THE_USER = frozenset({405, 407, 408, 421, 425, 426, 429})
"""Statuses of the 4xx that speak of how or when it was asked, and not of whom it was asked about."""


class PasskeyUnverified(Exception):  # noqa: N818 - what it is
    """The service gave no verdict. The text names host, path and cause."""

    def __init__(self, problem: str, *, turned_away: bool = False) -> None:
        super().__init__(problem)
        self.turned_away = turned_away
        """True: it answered 401, 403 or the like. That lets nobody in, and says too little to put anybody out."""


class _Answer(msgspec.Struct):
    valid: bool


class PasskeyService:
    """One validation URL. Raises `ValueError` where the URL is none."""

    def __init__(self, http: HttpClient, url: str) -> None:
        origin = Origin.parse(url)
        self._origin = Origin.of(origin.host, origin.port, origin.scheme)
        # Not what `origin` begins with: a slash at the end of the URL means something to the service.
        self._path = origin.base_path + ("/" if url.strip().endswith("/") or not origin.base_path else "")
        self._http = http

    async def is_valid(self, username: str, passkey: Secret) -> bool:
        """Ask whether the passkey is that user's. Raises `PasskeyUnverified`."""
        turned_away = False
        try:
            request = self._request(username, passkey)
            answer = await self._http.fetch(request)
        except HttpRefused as refused:
            turned_away = 400 <= refused.status < 500 and refused.status not in NO_WORD_OF_THE_USER
            problem = str(refused)
        except HttpError as error:
            problem = str(error)
        else:
            if answer.status != 200:
                problem = f"{request.where}: HTTP status {answer.status}, 200 is expected"
            else:
                try:
                    return msgspec.json.decode(answer.body, type=_Answer).valid
                except (ValueError, RecursionError):
                    problem = f'{request.where}: the answer is not {{"valid": true}} or {{"valid": false}}'
        # Raised outside of every `except`: an exception that hangs on this one could show what was sent.
        raise PasskeyUnverified(problem, turned_away=turned_away)

    def _request(self, username: str, passkey: Secret) -> Request:
        return Request(
            self._origin,
            self._path,
            method="POST",
            headers={"Content-Type": "application/json"},
            content=msgspec.json.encode({"username": username, "passkey": passkey.reveal()}),
            total_s=TOTAL_S,
            max_bytes=ANSWER_BYTES_MAX,
            repeatable=True,
        )
