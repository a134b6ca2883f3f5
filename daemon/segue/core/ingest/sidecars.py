"""What travels with a video: subtitles, its `.nfo`, extras, pictures; and what lies there and is left.

Judged by names alone. The tables are data, because what Plex reads of them is partly known from use only. A file that
fits two videos travels with neither: nobody has to look for it in the wrong place.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace as but

from segue.core.ingest import paths
from segue.core.ingest.actions import Sibling
from segue.core.ingest.arrivals import Arrivals
from segue.core.ingest.languages import folded, is_language, language_of, last_words, marks_of, words_of
from segue.core.ingest.naming import Destination
from segue.core.ingest.records import FileKind

SUBTITLES: Final = frozenset({".srt", ".ass", ".ssa", ".smi", ".vtt", ".sub", ".idx", ".sup"})
PAIRED: Final = frozenset({".idx", ".sub"})
"""Two files that are one subtitle: they keep one name."""
SUBTITLE_FOLDERS: Final = frozenset({"subs", "sub", "subtitles", "subtitle", "vobsubs", "untertitel"})
VIDEOS: Final = frozenset(
    {".mkv", ".mp4", ".avi", ".m4v", ".ts", ".m2ts", ".wmv", ".mov", ".webm", ".mpg", ".mpeg"}
)
PICTURES: Final = frozenset({".jpg", ".jpeg", ".png", ".tbn"})
PICTURE_NAMES: Final = frozenset(
    {
        "poster", "cover", "default", "folder", "movie",
        "fanart", "art", "backdrop", "background", "banner", "logo", "clearlogo",
    }
)  # fmt: skip
"""Pictures that Plex finds beside a film by these names, also as `poster-2`."""
PICTURE_SUFFIXES: Final = frozenset({"", "-poster", "-fanart", "-thumb"})
"""What may stand between a video's stem and the ending of its own picture."""
EXTRAS: Final[dict[str, str]] = {
    "trailer": "Trailers",
    "behindthescenes": "Behind The Scenes",
    "deleted": "Deleted Scenes",
    "featurette": "Featurettes",
    "interview": "Interviews",
    "scene": "Scenes",
    "short": "Shorts",
    "other": "Other",
}
"""Plex' suffixes for extras, and its folders for the same."""
EXTRA_FOLDERS: Final[dict[str, str]] = {
    **{folder.lower(): folder for folder in EXTRAS.values()},
    "trailer": "Trailers",
    "behindthescenes": "Behind The Scenes",
    "making of": "Behind The Scenes",
    "deleted": "Deleted Scenes",
    "featurette": "Featurettes",
    "interview": "Interviews",
    "extras": "Other",
    "extra": "Other",
    "bonus": "Other",
    "specials": "Other",
}
"""Folders of a release, and the folder of Plex that their files go to."""
SHOW_NFOS: Final = frozenset({"tvshow", "season"})

UNCLEAR: Final = "it does not say which video it belongs to"
_LEFT: Final = {"archive": "an archive", "temporary": "not whole yet"}
_EPISODE = re.compile(
    r"(?<![a-z0-9])s(?P<s>\d{1,4})[ ._-]?(?P<e>e\d{1,4}(?:[ ._-]?e\d{1,4}|-\d{1,4}(?![\dpi]))*)"
    r"|(?<!\d)(?P<x>\d{1,2})x(?P<y>\d{2,3})(?!\d)",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+")
_EXTRA = re.compile(rf"-({'|'.join(EXTRAS)})$", re.IGNORECASE)
_PICTURE = re.compile(rf"({'|'.join(sorted(PICTURE_NAMES))})(?:-\d{{1,2}})?", re.IGNORECASE)
_ARRIVALS: Final = Arrivals()


class Sidecar(msgspec.Struct, frozen=True):
    """A file that goes along."""

    path: str
    """Relative to the video's folder."""
    kind: FileKind
    ending: str
    """What comes behind the video's new stem (`.en.forced.srt`, `.nfo`, `-trailer.mkv`), or a path of its own in the
    video's new folder (`poster.jpg`, `Trailers/Teaser.mkv`). The former begins with a dot, a dash or a space."""
    size: int = 0


class Related(msgspec.Struct, frozen=True):
    """What lies near a video."""

    carry: tuple[Sidecar, ...] = ()
    left: tuple[tuple[str, str], ...] = ()
    """Path and reason."""


class NamedSidecar(msgspec.Struct, frozen=True):
    """A sidecar with its place in the library."""

    source: str
    """Relative to the video's folder."""
    path: str
    """Relative to the library's root."""
    kind: FileKind
    size: int = 0


class NamedSidecars(msgspec.Struct, frozen=True):
    """All sidecars of a video, each with a place of its own."""

    files: tuple[NamedSidecar, ...] = ()
    left: tuple[tuple[str, str], ...] = ()
    """Path and reason, as `Related` has them, and those whose place is taken."""


class _Video(msgspec.Struct, frozen=True):
    """The video, and what has to be known of its neighbours."""

    stem: str
    """As written."""
    own: str
    """Its stem, folded."""
    others: frozenset[str]
    """Stems of the other films or episodes in its folder, folded."""
    sole: bool
    """True when everything in its folder is its own."""
    is_film: bool


def sidecars_of(
    video: str,
    siblings: Sequence[Sibling],
    videos_in_folder: int,
    *,
    is_film: bool,
    own_folder: bool = True,
) -> Related:
    """Find what belongs to a video. `video` is its name; `siblings` are relative to its folder, without itself.

    `videos_in_folder` counts it, too. With `own_folder` false (a folder where everything arrives) only what has the
    video's name is its own.
    """
    told = sorted(siblings, key=lambda s: (s.path.count("/"), s.path))
    beside = [s for s in told if "/" not in s.path and extension_of(s.path) in VIDEOS]
    mains = [s for s in beside if not _is_minor(s)]
    only = not mains and videos_in_folder <= 1 + len(beside)
    others = frozenset(_key(stem_of(s.path)) for s in mains)
    stem = stem_of(video)
    this = _Video(stem, _key(stem), others, own_folder and only, is_film)
    carry: list[Sidecar] = []
    left: list[tuple[str, str]] = []
    for sibling in told:
        found = _judged(sibling, this)
        if isinstance(found, Sidecar):
            carry.append(found)
        elif found:
            left.append((sibling.path, found))
    kept, twins = _told_apart(carry)
    return Related(tuple(kept), (*left, *twins))


def _is_minor(video: Sibling) -> bool:
    """Tell whether a video is a sample, an extra or an advertisement: no film of its own."""
    junk = _ARRIVALS.file_left(video.path) == "junk"
    return junk or _ARRIVALS.is_sample(video.path, video.size) or is_extra(video.path)


def _judged(sibling: Sibling, video: _Video) -> Sidecar | str:
    """Say how a file goes along, or why it is left; empty for what is somebody else's."""
    folders, _, name = sibling.path.rpartition("/")
    if any("\ud800" <= c <= "\udfff" for c in sibling.path):
        return "its name is not UTF-8"
    why = _ARRIVALS.left_because(sibling.path)
    if why in _LEFT:
        return _LEFT[why]
    if why not in ("", "sidecar", "extension", "junk"):
        return ""
    ending = extension_of(name)
    if ending in VIDEOS and why == "junk":
        return "an advertisement"
    if ending in VIDEOS:
        return _video(sibling, folders, name, video)
    if ending in SUBTITLES:
        return _subtitle(sibling, folders, name, video)
    if ending == ".nfo" and not folders:
        return _nfo(sibling, name, video)
    if ending in PICTURES and not folders:
        return _picture(sibling, name, video)
    return "nothing that Plex reads" if video.sole and not folders else ""


def _nfo(sibling: Sibling, name: str, video: _Video) -> Sidecar | str:
    own = _key(stem_of(name))
    if own in SHOW_NFOS:
        return "it is the whole show's"
    if own == video.own or (video.sole and not video.others):
        return Sidecar(sibling.path, "nfo", ".nfo", sibling.size)
    return ""


def _picture(sibling: Sibling, name: str, video: _Video) -> Sidecar | str:
    own, ending = _key(stem_of(name)), extension_of(name)
    if own.startswith(video.own) and own[len(video.own) :] in PICTURE_SUFFIXES:
        return Sidecar(sibling.path, "image", own[len(video.own) :] + ending, sibling.size)
    if not video.sole:
        return ""
    if video.is_film and _PICTURE.fullmatch(stem_of(name)):
        return Sidecar(sibling.path, "image", stem_of(name).lower() + ending, sibling.size)
    return "no picture that Plex looks for"


# ------------------------------------------------------------------ extras and samples


def is_extra(path: str) -> bool:
    """Tell whether a video is an extra by its name or its folder."""
    folders, _, name = path.rpartition("/")
    nearest = folders.rpartition("/")[2].lower()
    # Specials of a show are episodes, whatever they are beside a film.
    in_folder = nearest in EXTRA_FOLDERS and nearest != "specials"
    return in_folder or _EXTRA.search(stem_of(name)) is not None


def _video(sibling: Sibling, folders: str, name: str, video: _Video) -> Sidecar | str:
    if _ARRIVALS.is_sample(sibling.path, sibling.size):
        return "a sample"
    suffix = _EXTRA.search(stem_of(name))
    first, _, last = folders.lower().partition("/")
    folder = EXTRA_FOLDERS.get(last.rpartition("/")[2]) or EXTRA_FOLDERS.get(first)
    if suffix is None and folder is None:
        return ""
    plain = stem_of(name)[: suffix.start()] if suffix else stem_of(name)
    owner = _owner(_key(plain), video)
    if suffix is not None and not folders and _key(plain) == video.own:
        return Sidecar(sibling.path, "extra", f"-{suffix[1].lower()}{extension_of(name)}", sibling.size)
    if owner and owner != video.own:
        return ""
    if not video.is_film:
        return "an extra of the whole show"
    if not video.sole and owner != video.own:
        return UNCLEAR
    folder = folder or EXTRAS[suffix[1].lower() if suffix else "other"]
    title = _extra_title(plain[len(video.stem) :] if owner and _key(plain) != video.own else plain)
    return Sidecar(sibling.path, "extra", f"{folder}/{title}{extension_of(name)}", sibling.size)


def _extra_title(text: str) -> str:
    """Give an extra the name that Plex shows: words with spaces."""
    if " " not in text.strip():
        text = text.replace(".", " ").replace("_", " ")
    return paths.stem(paths.plain(text).strip(" .-"), 180) or "Extra"


# ------------------------------------------------------------------ subtitles


def _subtitle(sibling: Sibling, folders: str, name: str, video: _Video) -> Sidecar | str:
    around = [_key(folder) for folder in folders.split("/") if folder]
    if around and not (
        around[0] in SUBTITLE_FOLDERS or is_language(folded(around[0])) or video.own in around
    ):
        return ""
    own = _key(stem_of(name))
    whose = _whose(own, around, video)
    if whose is not None:
        return whose
    words = words_of(own[len(video.own) :]) if own.startswith(video.own) else last_words(own)
    if not language_of(words):
        words = [word for folder in around if folder != video.own for word in last_words(folder)] + words
    return Sidecar(sibling.path, "subtitle", marks_of(words) + extension_of(name), sibling.size)


def _whose(own: str, around: Sequence[str], video: _Video) -> str | None:
    """Say why a subtitle is not this video's; nothing when it is: by its name, its folder, its number, or alone."""
    owner = _owner(own, video) or next((key for key in around if key == video.own or key in video.others), "")
    if owner:
        return None if owner == video.own else ""
    numbers = _episodes_of(own) or next((n for folder in around[::-1] if (n := _episodes_of(folder))), ())
    if not numbers:
        return None if video.sole else UNCLEAR if _may_be_anybodys(own) else ""
    if numbers != _episodes_of(video.own):
        return "it belongs to another episode" if video.sole else ""
    return UNCLEAR if any(_episodes_of(other) == numbers for other in video.others) else None


def _may_be_anybodys(own: str) -> bool:
    """Tell whether a subtitle's name says nothing but its language."""
    return len(last_words(own)) == len(words_of(own))


def subtitle_ending(rest: str, extension: str) -> str:
    """Make what Plex reads behind the stem out of the words of a subtitle's name: `.pt-BR.forced.srt`."""
    return marks_of(words_of(rest)) + extension


def _episodes_of(text: str) -> tuple[int, ...]:
    """Give season and episodes that a name states; empty for none."""
    match = _EPISODE.search(text)
    if match is None:
        return ()
    if match["x"]:
        return int(match["x"]), int(match["y"])
    return (int(match["s"]), *(int(n) for n in _DIGITS.findall(match["e"])))


# ------------------------------------------------------------------ names


def _told_apart(carry: Iterable[Sidecar]) -> tuple[list[Sidecar], list[tuple[str, str]]]:
    """Give a number to what would have the same name; what is the same again is left."""
    kept: list[Sidecar] = []
    left: list[tuple[str, str]] = []
    taken: dict[str, Sidecar] = {}
    pairs: dict[tuple[str, str], int] = {}
    for one in carry:
        paired = extension_of(one.path) in PAIRED
        twin = taken.get(one.ending.casefold())
        if twin is not None and not paired and (one.kind == "nfo" or one.size == twin.size > 0):
            left.append((one.path, f"{twin.path} goes along already"))
            continue
        key = stem_of(one.path), stem_of(f"x{one.ending}")
        number = pairs.get(key, 0) if paired else 0
        if not number:
            both = [but(one, ending=key[1][1:] + ending) for ending in PAIRED] if paired else [one]
            number = 1
            while any(_numbered(each, number).casefold() in taken for each in both):
                number += 1
            pairs[key] = number
        ending = _numbered(one, number)
        taken[ending.casefold()] = one
        kept.append(but(one, ending=ending))
    return kept, left


def _numbered(one: Sidecar, number: int) -> str:
    """Give the n-th ending: the number stands where Plex still reads what is behind it."""
    if number == 1:
        return one.ending
    if one.ending.startswith("."):
        return f".{number}{one.ending}"
    if one.ending.startswith("-"):
        return f" {number}{one.ending}"
    return f"{stem_of(one.ending)} {number}{extension_of(one.ending)}"


def name_for(sidecar: Sidecar, folder: str, stem: str) -> str:
    """Give where a sidecar goes, relative to the root: beside the video, or in one of Plex' folders."""
    name = stem + sidecar.ending if sidecar.ending[:1] in ".- " else sidecar.ending
    return f"{folder}/{name}" if folder else name


def names_for(where: Destination, related: Related, taken: Collection[str] = ()) -> NamedSidecars:
    """Give every sidecar its place, no two the same; `taken` are paths that the library has, relative to the root.

    Without a folder of its own a film has no pictures, and its extras carry Plex' suffix instead.
    """
    used = {paths.fold(path) for path in taken} | {paths.fold(where.path)}
    files: list[NamedSidecar] = []
    left = list(related.left)
    for one in related.carry:
        if not where.title_folder and one.ending[:1] not in ".- ":
            if one.kind == "image":
                left.append((one.path, "the film has no folder of its own"))
                continue
            suffix = next(s for s, folder in EXTRAS.items() if one.ending.startswith(f"{folder}/"))
            one = but(one, ending=f"-{suffix}{extension_of(one.ending)}")  # noqa: PLW2901
        path, number = name_for(one, where.folder, where.stem), 1
        while paths.fold(path) in used and one.kind == "extra" and number < 1000:
            number += 1
            path = name_for(but(one, ending=_numbered(one, number)), where.folder, where.stem)
        if paths.fold(path) in used:
            left.append((one.path, "the library has one of this name"))
            continue
        used.add(paths.fold(path))
        files.append(NamedSidecar(one.path, path, one.kind, one.size))
    return NamedSidecars(tuple(files), tuple(left))


def _owner(own: str, video: _Video) -> str:
    """Give the video whose stem a name begins with, the longest one; empty for none."""
    fits = [s for s in (video.own, *video.others) if own.startswith(s) and not own[len(s) :][:1].isalnum()]
    return max(fits, key=len, default="")


def _key(text: str) -> str:
    return paths.fold(text)


def extension_of(name: str) -> str:
    """Give the extension of a name or a path with its dot, in small letters; empty for none."""
    stem, dot, extension = name.rpartition("/")[2].rpartition(".")
    return f".{extension.lower()}" if dot and stem else ""


def stem_of(name: str) -> str:
    """Give a name or a path without its extension."""
    return name.rpartition(".")[0] if extension_of(name) else name
