"""Which item of this home's Plex a party's film is: asked live, each time, and refused where that is not sure.

By guid first, then by the exact name of its file; and in either case its length must be within two seconds of the
party's, since another cut cannot be in step.
"""

from typing import Literal

import msgspec

from segue.actors.party_plex import HomePlex
from segue.adapters.plex import PlexError, PlexRefused
from segue.adapters.plex_films import FilmOnServer, base_name
from segue.adapters.plex_json import MediaFile
from segue.interfaces.answers import ApiError
from segue.interfaces.party_protocol import FilmBody
from segue.interfaces.views import Json

LENGTH_MS = 2000
"""So much may lengths differ (docs/party-protocol.md, "state")."""
LENGTH_UNKNOWN_MS = 24 * 3600 * 1000
"""The length of a film that an orchestrator of the old protocol names: it does not say."""
VIDEO_SUFFIXES = (".mkv", ".mp4", ".m4v", ".avi", ".mov", ".ts", ".m2ts", ".wmv", ".webm", ".mpg", ".mpeg")


class Match(msgspec.Struct, frozen=True):
    """The item to show."""

    server_id: str
    rating_key: str
    title: str
    duration_ms: int | None
    """Of the file whose length fits; nothing where the server has not analysed it."""


class Missing(msgspec.Struct, frozen=True):
    """There is none, and how to mend that. The words are those of `ready` in docs/party-protocol.md."""

    problem: Literal["no_film", "wrong_duration", "plex_down"]
    detail: str


class PartyMedia:
    """Finds films on one server."""

    def __init__(self, plex: HomePlex | None) -> None:
        self._plex = plex

    async def find(self, film: FilmBody) -> Match | Missing:
        """Find the item for a party's film. Never raises for what a server can do."""
        if self._plex is None:
            return Missing("plex_down", "No Plex server is configured in this home. Set [plex] url.")
        try:
            server_id = (await self._plex.server.identity()).machine_identifier
            candidates = await self._candidates(self._plex, film)
        except PlexError as error:
            return Missing("plex_down", why_down(self._plex, error))
        for candidate in candidates:
            for file in _preferred(candidate, film):
                if fits(file.duration_ms, film.duration_ms):
                    return Match(server_id, candidate.rating_key, candidate.name, file.duration_ms)
        return _missing(film, candidates)

    async def _candidates(self, plex: HomePlex, film: FilmBody) -> list[FilmOnServer]:
        found: dict[str, FilmOnServer] = {}
        if film.guid:
            found |= {f.rating_key: f for f in await plex.films.by_guid(film.guid, film.title)}
            if any(fits(file.duration_ms, film.duration_ms) for f in found.values() for file in f.files):
                return list(found.values())
        if film.filename:
            # Also where the guid was found in another cut: the file that is meant may be an item of its own.
            found |= {f.rating_key: f for f in await plex.films.by_filename(film.filename, film.title)}
        return list(found.values())

    async def search(self, text: str) -> list[Json]:
        """List what a person may have meant: a title, a file's name, or a guid. Raises `ApiError`."""
        if self._plex is None:
            raise ApiError(503, "plex_down", "No Plex server is configured in this home.", "Set [plex] url.")
        try:
            return [_shown(film) for film in await self._meant(self._plex, text.strip())]
        except PlexError as error:
            raise ApiError(503, "plex_down", why_down(self._plex, error)) from None

    async def _meant(self, plex: HomePlex, text: str) -> tuple[FilmOnServer, ...]:
        if "://" in text:
            return await plex.films.by_guid(text)
        if text.casefold().endswith(VIDEO_SUFFIXES):
            return await plex.films.by_filename(base_name(text))
        return await plex.films.by_title(text)


def fits(here_ms: int | None, party_ms: int) -> bool:
    """Tell whether two lengths are those of the same cut. A file that was not analysed has none, and fits nothing."""
    if party_ms >= LENGTH_UNKNOWN_MS:
        return True
    return here_ms is not None and abs(here_ms - party_ms) <= LENGTH_MS


def why_down(plex: HomePlex, error: PlexError) -> str:
    """Say why a server cannot be asked, and what to do."""
    if isinstance(error, PlexRefused):
        return f"Plex at {plex.origin} refuses the token ({error}). Renew [plex] token_file."
    return f"Plex at {plex.origin} does not answer ({error}). Start it, or correct [plex] url."


def clock_time(duration_ms: int) -> str:
    """Write a length as people do: `1:58:20`."""
    seconds = round(duration_ms / 1000)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _preferred(candidate: FilmOnServer, film: FilmBody) -> list[MediaFile]:
    return sorted(candidate.files, key=lambda file: base_name(file.path) != film.filename)


def _missing(film: FilmBody, candidates: list[FilmOnServer]) -> Missing:
    name = film.title or film.filename or film.guid
    if not candidates:
        wanted = film.filename or film.guid
        return Missing(
            "no_film",
            f"{name!r} is not on this home's Plex: neither its guid nor a file named exactly {wanted!r}. "
            "Add it to the library there and scan.",
        )
    lengths = [file.duration_ms for candidate in candidates for file in candidate.files]
    known = sorted({length for length in lengths if length is not None})
    if not known:
        return Missing(
            "wrong_duration", f"Plex does not know yet how long {name!r} is. Have it analyse the film."
        )
    here = ", ".join(clock_time(length) for length in known[:4])
    return Missing(
        "wrong_duration",
        f"{name!r} lasts {here} here and {clock_time(film.duration_ms)} in the party: another cut cannot be in step. "
        "Bring the same version.",
    )


def _shown(film: FilmOnServer) -> Json:
    lengths = [file.duration_ms for file in film.files if file.duration_ms]
    return {
        "title": film.name,
        "year": film.year,
        "guid": film.guid,
        "filename": film.filenames[0] if film.files else "",
        "duration_ms": lengths[0] if lengths else None,
        "rating_key": film.rating_key,
        "kind": "episode" if film.show else "movie",
    }
