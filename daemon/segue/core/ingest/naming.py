"""Where a file goes, by Plex' naming rules: a folder below a library root, and a file name.

Source of the rules: Plex' support articles on naming films and series, and on `.plexmatch` (see docs/naming.md).
Templates are settings; what a template leaves out and Plex needs to tell files apart (edition, part) is added.
"""

import re
from typing import Final, Literal

import msgspec

from segue.core.ingest import paths
from segue.core.ingest.facts import Candidate, ParsedName
from segue.core.ingest.templates import Template, parse_template

MOVIE_PLAIN: Final = "{title} ({year})/{title} ({year})[ - {quality}]"
MOVIE_IDS: Final = "{title} ({year})[ {{{id}}}]/{title} ({year})[ {{{id}}}][ - {quality}]"
EPISODE_PLAIN: Final = "{title}/Season {season}/{title} - {episode}[ - {episode_title}]"
EPISODE_IDS: Final = (
    "{title} ({year})[ {{{id}}}]/Season {season}/{title} ({year}) - {episode}[ - {episode_title}]"
)
PRESETS: Final[dict[str, tuple[str, str]]] = {
    "plain": (MOVIE_PLAIN, EPISODE_PLAIN),
    "ids": (MOVIE_IDS, EPISODE_IDS),
}
"""By their name in the configuration: the template of a film, that of an episode."""
PARTS_MAX: Final = 8
"""Plex joins so many parts of a film."""
_EMPTY_BRACKETS: Final = re.compile(r"\s*\(\s*\)|\s*\{\s*\}|\s*\{(?:tmdb|tvdb|imdb)-\s*\}")
_SEASON_FOLDER: Final = re.compile(
    r"(?:season|series|staffel|saison|temporada)\s*0*(\d{1,4})\Z", re.IGNORECASE
)


class NamingSettings(msgspec.Struct, frozen=True):
    """The templates; an empty one is the preset's."""

    preset: Literal["plain", "ids"] = "plain"
    movie: str = ""
    episode: str = ""

    @property
    def movie_template(self) -> Template:
        """The template of a film."""
        return parse_template(self.movie or PRESETS[self.preset][0])

    @property
    def episode_template(self) -> Template:
        """The template of an episode."""
        return parse_template(self.episode or PRESETS[self.preset][1])


class Destination(msgspec.Struct, frozen=True):
    """A place below a library root."""

    folder: str
    """The folder of the file, with slashes between its components; may be empty."""
    stem: str
    """The file's name without its extension."""
    extension: str
    """With its dot, in lower case."""
    notes: tuple[str, ...] = ()

    @property
    def top(self) -> str:
        """The folder of the title: of the film, or of the show."""
        return self.folder.partition("/")[0]

    @property
    def path(self) -> str:
        """The whole path below the root."""
        name = f"{self.stem}{self.extension}"
        return f"{self.folder}/{name}" if self.folder else name


class CannotNameError(ValueError):
    """Something that the name needs is not known; the text says what."""


def destination(
    parsed: ParsedName,
    chosen: Candidate,
    settings: NamingSettings,
    extension: str,
    *,
    source_name: str = "",
    existing_folder: str = "",
    season_folders: tuple[str, ...] = (),
    tell_apart: bool = False,
) -> Destination:
    """Say where a file goes. Raises `CannotNameError`.

    `existing_folder`: the folder that the library has of this very title, relative to its root; it is kept.
    `season_folders`: names of folders in it, so that `Season 1` stays `Season 1`. `tell_apart`: another title has the
    plain folder already, so year and id go into this one's.
    """
    values = _values(parsed, chosen, source_name)
    template = settings.movie_template if chosen.kind == "film" else settings.episode_template
    filled = [_EMPTY_BRACKETS.sub("", part) for part in template.fill(values)]
    if tell_apart:
        filled[0] = _told_apart(filled[0], values)
    if chosen.kind == "film":
        filled[-1] += _told_apart_file(template, values)
    bytes_max = paths.COMPONENT_BYTES_MAX - len(extension.encode()) - paths.SUFFIX_BYTES
    folders = [paths.component(part) for part in filled[:-1]]
    stem = _short_stem(filled[-1], parsed, chosen, template, bytes_max)
    if existing_folder:
        folders = [*existing_folder.split("/"), *folders[1:]]
    if chosen.kind == "show":
        folders = _with_known_season(folders, season_folders)
    notes = () if paths.component(filled[-1]) == stem else ("the name was shortened to fit into 255 bytes",)
    return Destination("/".join(folders), stem, extension.lower(), notes)


# ------------------------------------------------------------------ values


def _values(parsed: ParsedName, chosen: Candidate, source_name: str) -> dict[str, str]:
    title = paths.words(chosen.title) or paths.words(chosen.original_title) or paths.UNNAMED
    year = str(chosen.year) if chosen.year is not None else ""
    values = {
        "title": title,
        "year": year,
        "resolution": paths.words(parsed.resolution),
        "source": paths.words(parsed.source),
        "edition": paths.words(parsed.edition),
        "part": f"pt{parsed.part}" if parsed.part is not None and 1 <= parsed.part <= PARTS_MAX else "",
        "tmdb": str(chosen.tmdb_id),
        "tvdb": str(chosen.tvdb_id or ""),
        "imdb": chosen.imdb_id,
        "name": paths.words(source_name) or title,
    }
    values["quality"] = " ".join(filter(None, (values["resolution"], values["source"])))
    use_tvdb = chosen.kind == "show" and chosen.tvdb_id
    values["id"] = f"tvdb-{chosen.tvdb_id}" if use_tvdb else f"tmdb-{chosen.tmdb_id}"
    if chosen.kind == "show":
        values |= _episode_values(parsed, chosen)
    return values


def _episode_values(parsed: ParsedName, chosen: Candidate) -> dict[str, str]:
    """Say season and episode: as numbers, by date, or absolutely where nothing else is known."""
    titles = [paths.words(e.title) for e in chosen.episodes or () if e.title]
    title = " + ".join(dict.fromkeys(titles)) if titles else paths.words(parsed.episode_title)
    known = [(e.season, e.number) for e in chosen.episodes or ()]
    if parsed.season is not None and parsed.episodes:
        season, numbers = parsed.season, tuple(sorted(set(parsed.episodes)))
    elif known and len({season for season, _ in known}) == 1:
        season, numbers = known[0][0], tuple(sorted(number for _, number in known))
    elif parsed.date:
        return {"season": parsed.date[:4], "episode": parsed.date, "episode_title": title}
    elif parsed.absolute or parsed.episodes:
        season, numbers = 1, tuple(sorted(set(parsed.absolute or parsed.episodes)))
    else:
        raise CannotNameError("neither season and episode nor a date is known")
    return {
        "season": f"{season:02}",
        "episode": f"S{season:02}{episode_range(numbers)}",
        "episode_title": title,
    }


def episode_range(numbers: tuple[int, ...]) -> str:
    """Write episodes as Plex reads them: `E01`, `E01-E03` for a run, `E01E03` where there is a gap."""
    if len(numbers) == 1:
        return f"E{numbers[0]:02}"
    if numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"E{numbers[0]:02}-E{numbers[-1]:02}"
    return "".join(f"E{number:02}" for number in numbers)


def _told_apart(folder: str, values: dict[str, str]) -> str:
    """Add year and id to a folder's name, as far as they are not in it."""
    if values["year"] and f"({values['year']})" not in folder:
        folder += f" ({values['year']})"
    return folder if f"{{{values['id']}}}" in folder else f"{folder} {{{values['id']}}}"


def _told_apart_file(template: Template, values: dict[str, str]) -> str:
    """Add to a film's name what Plex needs to tell files of one film apart, unless the template has it."""
    added = ""
    if values["edition"] and "edition" not in template.placeholders:
        added += f" {{edition-{values['edition'].replace('{', '').replace('}', '')}}}"
    if values["part"] and "part" not in template.placeholders:
        added += f" - {values['part']}"
    return added


def _short_stem(
    filled: str, parsed: ParsedName, chosen: Candidate, template: Template, bytes_max: int
) -> str:
    """Cut a name that is too long where that hurts least: in the title; numbers, ids and quality stay."""
    stem = paths.component(filled)
    if len(stem.encode()) <= bytes_max:
        return stem
    values = _values(parsed, chosen, "")
    for name in ("episode_title", "title"):
        while len(values.get(name, "").encode()) > 12 and len(stem.encode()) > bytes_max:
            excess = len(stem.encode()) - bytes_max
            values[name] = paths.shorten(values[name], max(len(values[name].encode()) - excess, 12))
            again = _EMPTY_BRACKETS.sub("", template.fill(values)[-1])
            again += _told_apart_file(template, values) if chosen.kind == "film" else ""
            stem = paths.component(again)
            if excess <= 0 or len(values[name].encode()) <= 12:
                break
    return paths.component(stem, bytes_max=bytes_max)


def _with_known_season(folders: list[str], known: tuple[str, ...]) -> list[str]:
    """Use the library's own name for this season's folder, where it has one."""
    if len(folders) < 2:
        return folders
    wanted = season_of(folders[-1])
    for name in known:
        if season_of(name) is not None and season_of(name) == wanted:
            return [*folders[:-1], name]
    return folders


def season_of(folder: str) -> int | None:
    """Read the season that a folder's name states: `Season 1`, `Specials`; nothing where it states none."""
    if folder.casefold() == "specials":
        return 0
    match = _SEASON_FOLDER.match(folder.strip())
    return int(match[1]) if match else None
