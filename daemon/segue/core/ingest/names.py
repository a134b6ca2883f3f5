"""Reading a release name: what a path below an ingest root says about the film or the episode in it.

Three steps. Our own reader (`names_path`, `names_own`, `names_anime`) takes the path apart. Where the form leaves
nothing to guess (`The.Matrix.1999.1080p.BluRay.x264-GRP`, `Show.S01E02...`, `Title (Year)`) its answer stands:
`canonical`. Else a second, independent reader is asked, and their agreement is the measure of how sure the reading
is (`names_merge`). Every doubt that can be named is a flag (`names_flags`). Nothing here fails, whatever the name.
"""

from collections.abc import Callable

from msgspec.structs import replace as but

from segue.core.ingest.facts import ParsedName
from segue.core.ingest.names_merge import Guess, merge
from segue.core.ingest.names_path import read_path
from segue.core.ingest.names_text import path_parts

Guesser = Callable[[str], Guess]
"""Reads one name or path with another reader; gives an empty guess where that reader fails."""


def read(path: str, guess: Guesser) -> ParsedName:
    """Read a path relative to its ingest root. The other reader is asked only where the name is not canonical."""
    parts = path_parts(path)
    reading = read_path(parts)
    own = reading.own
    if parts.too_long:
        own = but(own, name=but(own.name, flags=(*own.name.flags, "long_name")))
        return _finished(but(own.name, readers="single"))
    if own.complete:
        return _finished(but(own.name, readers="canonical"))
    if not reading.show:
        return _finished(own.name)
    return _finished(merge(own, guess(reading.show)))


def _finished(name: ParsedName) -> ParsedName:
    """Add the doubt that only the finished reading shows."""
    flags = list(name.flags)
    if not name.title and "hash_like_name" not in flags:
        flags.append("no_title")
    return but(name, flags=tuple(dict.fromkeys(flags)))
