"""What travels with a video: subtitles, its `.nfo`, extras, pictures; and what lies there and is left.

Judged by names alone. The tables are data, because what Plex reads of them is partly known from use only.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from segue.core.ingest import paths
from segue.core.ingest.actions import Sibling
from segue.core.ingest.languages import CODES, NAMES
from segue.core.ingest.records import FileKind

SUBTITLES: Final = frozenset({".srt", ".ass", ".ssa", ".smi", ".vtt", ".sub", ".idx", ".sup"})
SUBTITLE_FOLDERS: Final = frozenset({"subs", "sub", "subtitles", "vobsubs", "untertitel"})
VIDEOS: Final = frozenset(
    {".mkv", ".mp4", ".avi", ".m4v", ".ts", ".m2ts", ".wmv", ".mov", ".webm", ".mpg", ".mpeg"}
)
PICTURES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp"})
PICTURE_NAMES: Final = frozenset(
    {"poster", "fanart", "folder", "cover", "banner", "logo", "background", "clearlogo"}
)
EXTRA_SUFFIXES: Final = (
    "trailer",
    "behindthescenes",
    "deleted",
    "featurette",
    "interview",
    "scene",
    "short",
    "other",
)
EXTRA_FOLDERS: Final[dict[str, str]] = {
    "trailers": "Trailers",
    "trailer": "Trailers",
    "behind the scenes": "Behind The Scenes",
    "deleted scenes": "Deleted Scenes",
    "featurettes": "Featurettes",
    "featurette": "Featurettes",
    "interviews": "Interviews",
    "scenes": "Scenes",
    "shorts": "Shorts",
    "other": "Other",
    "extras": "Other",
    "bonus": "Other",
}
"""Folders of a release, and the folder of Plex that its files go to."""
FORCED: Final = frozenset({"forced", "foreign"})
HEARING: Final = frozenset({"sdh", "cc", "hi"})
_EPISODE: Final = re.compile(r"s(\d{1,3})[ ._-]?e(\d{1,4})|(?<!\d)(\d{1,2})x(\d{2,3})(?!\d)", re.IGNORECASE)
_PARTS: Final = re.compile(r"[\s._\-\[\]()]+")
_SAMPLE: Final = re.compile(r"(?<![a-z])samples?(?![a-z])", re.IGNORECASE)


class Sidecar(msgspec.Struct, frozen=True):
    """A file that goes along."""

    path: str
    """Relative to the video's folder."""
    kind: FileKind
    ending: str
    """What comes behind the video's new stem: `.en.forced.srt`, `.nfo`. Of an extra or a picture: its own path."""
    size: int = 0


class Related(msgspec.Struct, frozen=True):
    """What lies near a video."""

    carry: tuple[Sidecar, ...] = ()
    left: tuple[tuple[str, str], ...] = ()
    """Path and reason."""


def sidecars_of(video: str, siblings: Sequence[Sibling], videos_in_folder: int, *, is_film: bool) -> Related:
    """Find what belongs to a video by name. `video` is its name, `siblings` are relative to its folder."""
    stem = _stem(video)
    sole = videos_in_folder <= 1
    carry: list[Sidecar] = []
    left: list[tuple[str, str]] = []
    for sibling in sorted(siblings, key=lambda s: s.path):
        found = _judged(sibling, stem, sole=sole, is_film=is_film)
        if isinstance(found, Sidecar):
            carry.append(found)
        elif found:
            left.append((sibling.path, found))
    return Related(tuple(_numbered(carry)), tuple(left))


def _judged(sibling: Sibling, stem: str, *, sole: bool, is_film: bool) -> Sidecar | str:
    """Say how a file goes along, or why it is left; empty for what is somebody else's."""
    folders, _, name = sibling.path.rpartition("/")
    ending = _extension(name)
    if ending in SUBTITLES:
        return _subtitle(sibling, folders, name, stem, sole=sole)
    if ending == ".nfo" and not folders:
        if _stem(name) == stem or sole:
            return Sidecar(sibling.path, "nfo", ".nfo", sibling.size)
        return ""
    if ending in VIDEOS:
        return _video(sibling, folders, name, stem, sole=sole, is_film=is_film)
    if ending in PICTURES and not folders and sole and is_film and _stem(name).lower() in PICTURE_NAMES:
        return Sidecar(sibling.path, "image", name, sibling.size)
    return "nothing that Plex reads" if sole and not folders else ""


def _video(
    sibling: Sibling, folders: str, name: str, stem: str, *, sole: bool, is_film: bool
) -> Sidecar | str:
    if _SAMPLE.search(sibling.path):
        return "a sample"
    suffix = next((s for s in EXTRA_SUFFIXES if _stem(name).lower().endswith(f"-{s}")), "")
    folder = EXTRA_FOLDERS.get(folders.lower())
    if not is_film or not (sole or _stem(name).startswith(stem)):
        return "an extra of a series" if suffix or folder else ""
    if folder is not None:
        return Sidecar(sibling.path, "extra", f"{folder}/{paths.component(name)}", sibling.size)
    return Sidecar(sibling.path, "extra", f"-{suffix}{_extension(name)}", sibling.size) if suffix else ""


def is_extra(path: str) -> bool:
    """Tell whether a video is an extra by its name or its folder."""
    folders, _, name = path.rpartition("/")
    nearest = folders.rpartition("/")[2].lower()
    return nearest in EXTRA_FOLDERS or any(_stem(name).lower().endswith(f"-{s}") for s in EXTRA_SUFFIXES)


# ------------------------------------------------------------------ subtitles


def _subtitle(sibling: Sibling, folders: str, name: str, stem: str, *, sole: bool) -> Sidecar | str:
    first, _, deeper = folders.partition("/")
    in_subs = first.lower() in SUBTITLE_FOLDERS
    if folders and not in_subs:
        return ""
    own = _stem(name)
    belongs = (
        sole
        or own == stem
        or own.startswith((f"{stem}.", f"{stem}-", f"{stem} ", f"{stem}_"))
        or deeper.lower() == stem.lower()
        or (_episode_of(own) is not None and _episode_of(own) == _episode_of(stem))
    )
    if not belongs:
        return ""
    rest = own[len(stem) :] if own.startswith(stem) else own
    return Sidecar(sibling.path, "subtitle", subtitle_ending(rest, _extension(name)), sibling.size)


def subtitle_ending(rest: str, extension: str) -> str:
    """Make what Plex reads behind the stem out of the words of a subtitle's name: `.pt-BR.forced.srt`."""
    found = [word.lower() for word in _PARTS.split(rest) if word]
    languages = [w for w in found if w not in FORCED | HEARING and (w in CODES or w in NAMES)]
    if not languages and "hi" in found:
        languages, found = (
            ["hi"],
            [word for word in found if word != "hi"],
        )  # Hindi, where nothing else is said
    language = CODES.get(languages[-1]) or NAMES[languages[-1]] if languages else ""
    forced, hearing = not FORCED.isdisjoint(found), not HEARING.isdisjoint(found)
    joined = "-".join(_PARTS.split(rest)).lower()
    language = next(
        (code for text, code in REGIONAL.items() if joined.endswith(text) or f"{text}-" in joined), language
    )
    marks = f"{f'.{language}' if language else ''}{'.forced' if forced else ''}{'.sdh' if hearing else ''}"
    return f"{marks}{extension}"


REGIONAL: Final[dict[str, str]] = {
    "pt-br": "pt-BR",
    "brazilian": "pt-BR",
    "zh-hans": "zh-Hans",
    "zh-hant": "zh-Hant",
    "es-419": "es-419",
    "es-mx": "es-MX",
    "fr-ca": "fr-CA",
}


def _episode_of(text: str) -> tuple[int, int] | None:
    match = _EPISODE.search(text)
    if match is None:
        return None
    season, episode = (match[1], match[2]) if match[1] else (match[3], match[4])
    return int(season), int(episode)


def _numbered(found: Iterable[Sidecar]) -> Iterable[Sidecar]:
    """Give sidecars of the same ending a number each, so that none takes another's name."""
    seen: dict[str, int] = {}
    for sidecar in found:
        key = sidecar.ending.casefold()
        count = seen[key] = seen.get(key, 0) + 1
        if count == 1:
            yield sidecar
            continue
        base, dot, extension = sidecar.ending.rpartition(".")
        yield msgspec.structs.replace(sidecar, ending=f"{base}.{count}{dot}{extension}")


def name_for(sidecar: Sidecar, folder: str, stem: str) -> str:
    """Give where a sidecar goes, relative to the root: beside the video, or in one of Plex' folders."""
    if sidecar.kind == "image" or "/" in sidecar.ending:
        name = sidecar.ending if sidecar.kind != "image" else paths.component(sidecar.ending)
        return f"{folder}/{name}" if folder else name
    return f"{folder}/{stem}{sidecar.ending}" if folder else f"{stem}{sidecar.ending}"


def _extension(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    return f".{extension.lower()}" if dot and stem else ""


def _stem(name: str) -> str:
    stem, dot, _ = name.rpartition(".")
    return stem if dot and stem else name
