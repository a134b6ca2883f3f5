"""What must be true of the ingest's settings together."""

from collections.abc import Iterator
from typing import NamedTuple

from segue.config.schema import Config


class Trouble(NamedTuple):
    """One contradiction: the key, what is expected, what is there, and the next step."""

    key: str
    expected: str
    got: str = ""
    hint: str = ""


def troubles(config: Config) -> Iterator[Trouble]:
    """Find every contradiction of the ingest's settings."""
    yield from _folders(config)
    yield from _endings(config)
    yield from _pairs("ingest.plex_paths", config.ingest.plex_paths)
    yield from _pairs("downloads.paths", config.downloads.paths)
    match = config.match
    if match.medium > match.high:
        yield Trouble(
            "match.medium", f"expected at most match.high, which is {match.high:g}", f"{match.medium:g}"
        )
    weights = (match.weight_title, match.weight_year, match.weight_popularity, match.weight_kind)
    if not match.weight_title or sum(weights) <= 0:
        yield Trouble("match.weight_title", "expected more than 0: a title always counts", "0")


def _folders(config: Config) -> Iterator[Trouble]:
    """A folder that is watched is no library, and neither lies in the other: what goes in would come out again."""
    ingest = config.ingest
    libraries = [("ingest.movies", path) for path in ingest.movies]
    libraries += [("ingest.shows", path) for path in ingest.shows]
    for key, path in (*(("ingest.watch", path) for path in ingest.watch), *libraries):
        if path in ("/", ""):
            yield Trouble(key, "expected a folder of its own, not the whole machine", f'"{path}"')
    for watched in ingest.watch:
        for key, library in libraries:
            if _within(watched, library) or _within(library, watched):
                yield Trouble(
                    key,
                    f"expected a folder apart from ingest.watch, which has {watched}",
                    f'"{library}"',
                    "Put both beside each other below one folder: then hardlinks work, too.",
                )
    for first, second in _overlapping(ingest.watch):
        yield Trouble(
            "ingest.watch", f"{second} is below {first}, which is watched with all below it", f'"{second}"'
        )
    if ingest.watch and not libraries:
        yield Trouble(
            "ingest.watch",
            "new media needs a place to go to, and neither ingest.movies nor ingest.shows is set",
            hint='For example: movies = ["/srv/media/Movies"]',
        )


def _overlapping(paths: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for first in paths:
        for second in paths:
            if first != second and _within(second, first):
                yield first, second


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _endings(config: Config) -> Iterator[Trouble]:
    for key, endings in (
        ("ingest.extensions", config.ingest.extensions),
        ("ingest.temporary_suffixes", config.ingest.temporary_suffixes),
    ):
        for ending in endings:
            if not ending.startswith(".") or len(ending) < 2 or "/" in ending:
                yield Trouble(key, "expected endings with their dot, such as .mkv", f'"{ending}"')


def _pairs(key: str, pairs: tuple[str, ...]) -> Iterator[Trouble]:
    for pair in pairs:
        ours, equals, theirs = pair.partition("=")
        if not equals or not ours.startswith("/") or not theirs:
            yield Trouble(key, "expected our path, `=`, and theirs, such as /srv/media=/data", f'"{pair}"')
