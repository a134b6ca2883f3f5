"""One reading of a whole path: the file's name, what its folders add to it, and where the two disagree."""

import msgspec
from msgspec.structs import replace as but

from segue.core.ingest.facts import ParsedName
from segue.core.ingest.names_folders import (
    Folder,
    abbreviates,
    dashed_number,
    folder,
    is_richer,
    number_in_season,
    read_name,
    same_title,
    with_context,
    without_order,
)
from segue.core.ingest.names_nothing import says_nothing
from segue.core.ingest.names_own import OwnReading
from segue.core.ingest.names_text import PathParts, fold


class PathReading(msgspec.Struct, frozen=True):
    """What our reader makes of a path, and what another reader should be shown of it."""

    own: OwnReading
    show: str
    """The name or the end of the path in which everything stands; empty where there is nothing to read."""


def read_path(parts: PathParts) -> PathReading:
    """Read a path that was taken apart. Never fails."""
    folders = [folder(name) for name in reversed(parts.folders)]
    path = "/".join([*parts.folders, parts.stem])
    titled = [f for f in folders if f.role == "title" and f.reading is not None]
    release = titled[0].reading if titled else None
    if says_nothing(parts.stem):
        return _from_folder(parts, release, folders)
    season = next((f.season for f in folders if f.role == "season"), None)
    pack = release.name.season if release is not None and not release.name.episodes else None
    stem = parts.stem
    own = read_name(stem)
    if parts.folders and own.name.year is not None and own.name.kind == "film" and season is None:
        ordered = without_order(stem)
        own = read_name(ordered) if ordered != stem else own
    if (
        release is not None
        and season is None
        and is_richer(release.name, own.name)
        and _is_hint(own, release)
    ):
        return _from_release(parts, release, own, folders)
    counted = own.name.episodes or own.name.absolute or own.name.date
    if release is not None and not counted and own.name.year is None and _extra(folders):
        return _from_release(parts, release, _only_titled(own), folders)
    if not counted and own.name.year is None:
        own = _with_bare_number(own, parts.stem, season if season is not None else pack, release)
    own = _in_season(own, season)
    needed = own.name.title == "" or (
        own.name.season is not None and own.name.season == season and season is not None
    )
    own = _in_folders(own, [f.reading for f in titled if f.reading is not None], season)
    own = _placed(own, folders)
    return PathReading(own, path if needed and parts.folders else parts.stem)


def _from_folder(parts: PathParts, release: OwnReading | None, folders: list[Folder]) -> PathReading:
    """Read a file whose name says nothing: the folder says it, or nobody does."""
    if release is None:
        return PathReading(_placed(OwnReading(ParsedName(flags=("hash_like_name",))), folders), "")
    name = next(n for n, f in zip(reversed(parts.folders), folders, strict=True) if f.reading is release)
    return PathReading(_placed(release, folders), name)


def _is_hint(own: OwnReading, release: OwnReading) -> bool:
    """Tell whether a file's name only abbreviates its folder's: no second title with numbers of its own."""
    if release.name.episodes or release.name.date or release.name.absolute:
        return True
    short = fold(own.name.title).replace(" ", "")
    return (
        not own.name.title
        or same_title(own.name.title, release.name.title)
        or abbreviates(short, release.name)
    )


def _from_release(
    parts: PathParts, release: OwnReading, own: OwnReading, folders: list[Folder]
) -> PathReading:
    """Read a file that abbreviates the name of the folder it came in."""
    name = but(
        release.name,
        part=release.name.part or own.name.part,
        extra=own.name.extra or release.name.extra,
        proper=max(release.name.proper, own.name.proper),
        episode_title=release.name.episode_title or own.name.episode_title,
        flags=tuple(
            dict.fromkeys([*release.name.flags, *[flag for flag in own.name.flags if flag == "sample"]])
        ),
    )
    own = but(release, name=name, complete=release.complete and not name.flags)
    shown = next(
        n
        for n, f in zip(reversed(parts.folders), folders, strict=True)
        if f.reading == release or f.reading is release
    )
    return PathReading(_placed(own, folders), shown)


def _with_bare_number(
    own: OwnReading, stem: str, season: int | None, release: OwnReading | None
) -> OwnReading:
    """Take a number without any mark for the episode's, where a folder says that there are episodes."""
    if season is not None or _may_count(own, stem, release):
        found = number_in_season(stem, season)
    else:
        found = dashed_number(stem)
    if found is None:
        return own
    numbers, before, title, version = found
    flags = tuple(flag for flag in own.name.flags if flag not in ("season_without_episode", "short_title"))
    name = but(
        own.name,
        kind="episode",
        title=before,
        other_title="",
        season=season,
        episodes=numbers if season is not None else (),
        absolute=numbers if season is None else (),
        episode_title=title,
        proper=own.name.proper + version,
        flags=flags if season is not None else (*flags, "bare_number"),
    )
    if 0 in numbers:
        name = but(name, flags=(*name.flags, "episode_zero"))
    return but(own, name=name, complete=False, sure_numbers=season is not None and stem[:2].isdigit())


def _may_count(own: OwnReading, stem: str, release: OwnReading | None) -> bool:
    """Tell whether a name that begins with a number lies in a folder called after a show."""
    if release is None or not stem[:2].isdigit():
        return False
    return release.name.year is None or own.name.kind != "film"


def _in_season(own: OwnReading, season: int | None) -> OwnReading:
    """Put a reading into the season of its folder."""
    name = own.name
    if season is None:
        return own
    if name.season is None and name.absolute:
        if season in (0, 1):
            return but(own, name=but(name, season=season, episodes=name.absolute, absolute=()))
        return but(own, name=but(name, flags=(*name.flags, "bare_number")), complete=False)
    if name.season is None and name.episodes:
        return but(own, name=but(name, season=season), sure_numbers=True)
    if name.season is None and name.date == "" and name.kind != "film":
        return but(own, name=but(name, kind="unknown"), complete=False)
    if name.season is not None and name.season != season and name.season != 0:
        return but(own, name=but(name, flags=(*name.flags, "folder_disagrees")), complete=False)
    return own


def _in_folders(own: OwnReading, readings: list[OwnReading], season: int | None) -> OwnReading:
    """Add what the folders called after a film or a show say, the nearest first."""
    for reading in readings:
        untitled = not own.name.title
        name = own.name
        outer = reading.name
        if untitled:
            name = with_context(name, outer)
            if name.kind != "episode":
                name = but(name, kind=outer.kind)
            own = but(own, name=name, complete=own.sure_numbers and not name.flags and _is_clean(reading))
            own = _numbers_agree(own, outer)
            continue
        own = _numbers_agree(own, outer)
        if same_title(name.title, outer.title) or same_title(name.other_title, outer.title):
            if name.year is not None and outer.year is not None and name.year != outer.year:
                own = _disagreeing(own)
                continue
            own = but(own, name=with_context(own.name, but(outer, title="")))
        else:
            own = _with_other_title(own, reading, season)
    return own


def _is_clean(reading: OwnReading) -> bool:
    """Tell whether a folder's name leaves no doubt about the title: `Title`, `Title (2010)`."""
    name = reading.name
    if name.flags or len(fold(name.title)) < 2:
        return False
    plain = not (name.season or name.episodes or name.absolute or name.date) and not any(
        c.isdigit() for c in name.title
    )
    return reading.complete or (plain and name.kind == "unknown" and not name.other_title)


def _numbers_agree(own: OwnReading, outer: ParsedName) -> OwnReading:
    name = own.name
    seasons = (
        name.season is not None
        and outer.season is not None
        and name.season != outer.season
        and "several_seasons" not in outer.flags
    )
    episodes = bool(outer.episodes and name.episodes and not set(name.episodes) <= set(outer.episodes))
    if (seasons and name.season) or (episodes and name.season == outer.season):
        return _disagreeing(own)
    if name.season is None and name.episodes and outer.season is not None:
        return but(own, name=but(name, season=outer.season))
    return own


def _with_other_title(own: OwnReading, reading: OwnReading, season: int | None) -> OwnReading:
    """Weigh a folder whose title is another: a translation, an abbreviation, a shelf, or a contradiction."""
    name, outer = own.name, reading.name
    if name.kind == "episode" and season is not None:
        swapped = but(name, title=outer.title, other_title=name.title)
        short = fold(name.title).replace(" ", "")
        joined = but(own, name=with_context(swapped, but(outer, title="")))
        return but(joined, complete=False) if abbreviates(short, outer) else _disagreeing(joined)
    if outer.year is None and not outer.season and outer.kind == "unknown":
        return own
    if name.year is not None and outer.year == name.year:
        return but(own, name=with_context(name, outer), complete=False)
    if name.year is None and outer.year is not None and name.kind != "episode":
        swapped = but(name, kind="film", title=outer.title, other_title=name.title)
        related = fold(name.title) in fold(outer.title)
        joined = but(own, name=with_context(swapped, but(outer, title="")), complete=False)
        return joined if related else _disagreeing(joined)
    return _disagreeing(own)


def _disagreeing(own: OwnReading) -> OwnReading:
    flags = tuple(dict.fromkeys([*own.name.flags, "folder_disagrees"]))
    return but(own, name=but(own.name, flags=flags), complete=False)


def _extra(folders: list[Folder]) -> str:
    """Give what a folder of extras makes of its files; it counts only within the folder of a film or a show."""
    for at, place in enumerate(folders):
        if place.role == "extras" and any(outer.role in ("title", "season") for outer in folders[at + 1 :]):
            return place.extra
    return ""


def _only_titled(own: OwnReading) -> OwnReading:
    """Make of an extra's name the title of the extra, beside that of the film or the show."""
    return but(own, name=ParsedName(episode_title=own.name.title, extra=own.name.extra, flags=own.name.flags))


def _placed(own: OwnReading, folders: list[Folder]) -> OwnReading:
    """Add what the folders of parts, extras and samples say."""
    name = own.name
    extra = _extra(folders)
    if extra and not name.extra:
        name = but(name, extra=extra)
    for place in folders:
        if place.role == "part" and name.part is None and name.kind == "film":
            name = but(name, part=place.part)
        elif place.role == "sample" and "sample" not in name.flags:
            name = but(name, flags=(*name.flags, "sample"))
    return own if name is own.name else but(own, name=name, complete=own.complete and not name.flags)
