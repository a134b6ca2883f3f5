"""Looks up what a person names by an id: a film, or a show with those of its episodes that each name speaks of."""

from collections.abc import Sequence

from segue.actors.identifier import Identifier
from segue.core.ingest.facts import Candidate, CandidateKind, ParsedName
from segue.core.ingest.reviewing import set_right
from segue.interfaces.answers import ApiError
from segue.interfaces.door import GivenCandidate, WantedId


async def look_up(
    finder: Identifier, wanted: WantedId, names: Sequence[ParsedName], *, has_key: bool
) -> GivenCandidate:
    """Find the film or show of an id. Raises `ApiError` when there is none, or TMDb does not say."""
    if wanted.kind is None and wanted.tmdb_id is not None:
        raise ApiError(400, "which_kind", "TMDb numbers films and shows apart.", "Say --film or --show.")
    kinds: tuple[CandidateKind, ...] = ("film", "show") if wanted.kind is None else (wanted.kind,)
    for kind in kinds:
        read = [set_right(name, kind, wanted.season, wanted.episodes) for name in names or [ParsedName()]]
        if not has_key:
            return GivenCandidate(_as_named(kind, wanted.tmdb_id, read))
        first = await _with_id(finder, read[0], kind, wanted)
        if first is not None:
            rest = [await _with_id(finder, name, kind, wanted) for name in read[1:] if kind == "show"]
            found = (first, *rest)
            return GivenCandidate(first, tuple(None if one is None else one.episodes for one in found))
    named = wanted.imdb_id or (
        f"tmdb {wanted.tmdb_id}" if wanted.tvdb_id is None else f"tvdb {wanted.tvdb_id}"
    )
    raise ApiError(404, "unknown_id", f"TMDb has no {' or '.join(kinds)} {named}.")


async def _with_id(
    finder: Identifier, name: ParsedName, kind: CandidateKind, wanted: WantedId
) -> Candidate | None:
    found = await finder.by_id(
        name, kind, tmdb_id=wanted.tmdb_id, imdb_id=wanted.imdb_id, tvdb_id=wanted.tvdb_id
    )
    if found.problem:
        raise ApiError(503, f"tmdb_{found.problem}", f"TMDb could not be asked: {found.detail}.")
    return found.candidates[0] if found.candidates else None


def _as_named(kind: CandidateKind, tmdb_id: int | None, names: Sequence[ParsedName]) -> Candidate:
    """Take a person's word for an id where TMDb cannot be asked: title and year are the name's."""
    titles = {(name.title, name.year) for name in names}
    (title, year), *others = titles
    if tmdb_id is None or not title or others:
        raise ApiError(
            422,
            "no_tmdb_key",
            "There is no TMDb key, so an id cannot be looked up; only the names could say the title.",
            "Set [tmdb] api_key_file; or say --tmdb for files whose names have one title.",
        )
    return Candidate(kind, tmdb_id, title, year=year, by_id=True)
