"""Where a file goes in the library, and what it is called there.

A template gives the path below a library root; `templates` reads it, `paths` makes names of what it says. Here is
decided what the placeholders stand for, which folder a title has, and what is given up when a name is too long. The
titles are somebody else's text: whatever they hold, the path stays below the root.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, Literal, NamedTuple

import msgspec

from segue.core.ingest import paths
from segue.core.ingest.facts import Candidate, CandidateKind, EpisodeFact, ParsedName
from segue.core.ingest.numbering import Numbering, joined_titles, number, season_folder
from segue.core.ingest.quality import quality_of, quality_text
from segue.core.ingest.templates import (
    EPISODE_PRESETS,
    FILM_PRESETS,
    IDS,
    TITLES,
    Component,
    Template,
    parse_template,
    render,
)

STEM_BYTES_MAX: Final = 208
"""Bytes of a file's name without its extension: what remains of 255 is for ` - version 2`, and for
`.2.zh-Hant.forced.srt` and its like."""
UNTITLED: Final = "Untitled"

_TAG = re.compile(r"\{(tmdb|tvdb|imdb)-([^{}]+)\}", re.IGNORECASE)
_ARTICLE = re.compile(r"(the|an|a) (?=\S)", re.IGNORECASE)
_IMDB = re.compile(r"tt\d{5,12}")
_RESERVED: Final = frozenset(
    {
        "behind the scenes", "deleted scenes", "featurettes", "interviews", "scenes", "shorts", "trailers", "other",
        "extras", "specials", "lost+found",
    }
)  # fmt: skip
"""Folders that Plex takes for something else than a title."""
_GIVEN_UP: Final = (
    ("episode_title", 60), ("title", 80), ("episode_title", 0), ("edition", 0), ("group", 0), ("title", 8),
)  # fmt: skip
"""What is shortened when a name is too long, in this order, and how many bytes of it stay."""


class Chosen(msgspec.Struct, frozen=True, omit_defaults=True):
    """The film or the show that a file was found to be."""

    kind: CandidateKind
    title: str
    year: int | None = None
    tmdb_id: int | None = None
    tvdb_id: int | None = None
    imdb_id: str = ""
    episodes: tuple[EpisodeFact, ...] = ()
    """Those that the file holds, as the database has them; empty where that is not known."""


class NamingSettings(msgspec.Struct, frozen=True):
    """How names are written. An empty template is the preset's."""

    preset: Literal["plain", "ids"] = "plain"
    film_template: str = ""
    episode_template: str = ""

    def template(self, kind: CandidateKind) -> Template:
        """Read the template of a kind; raises `TemplateError`, which the configuration has shown before."""
        if kind == "film":
            return parse_template(self.film_template or FILM_PRESETS[self.preset], "film")
        return parse_template(self.episode_template or EPISODE_PRESETS[self.preset], "episode")


class Existing(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the library has already, in the root that the file goes to. Paths are relative to that root."""

    folder: str = ""
    """The folder of this very title; empty when it has none (or its files lie in the root itself)."""
    season_folders: tuple[str, ...] = ()
    """Names of the folders below `folder` in which its episodes lie; an empty one for `folder` itself."""
    owners: tuple[tuple[str, int | None], ...] = ()
    """Folders whose names begin like the title, with the TMDb id of the title that is in each: nothing where that is
    not known (then its tag speaks, else it is taken for this title's), 0 for certainly another title's."""


class Destination(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a file goes. Every component is safe, and at most 255 bytes long."""

    kind: CandidateKind
    folder: str
    """Relative to the root; empty for the root itself."""
    stem: str
    """At most `STEM_BYTES_MAX` bytes: names of subtitles begin with it."""
    extension: str
    """With its dot."""
    title_folder: str = ""
    """The film's or show's own folder, relative to the root; empty when the template gives it none."""
    notes: tuple[str, ...] = ()
    """What a person should know."""
    problem: str = ""
    """Why Plex would not know what it is; then nothing goes there without a person."""

    @property
    def name(self) -> str:
        """Give the file's name."""
        return self.stem + self.extension

    @property
    def path(self) -> str:
        """Give the path relative to the root."""
        return f"{self.folder}/{self.name}" if self.folder else self.name


class _Folder(NamedTuple):
    """A folder with what had to be done to it."""

    path: str
    with_year: bool = False
    note: str = ""


def chosen_from(candidate: Candidate) -> Chosen:
    """Take what names need from a candidate."""
    return Chosen(
        candidate.kind,
        candidate.title or candidate.original_title,
        candidate.year,
        candidate.tmdb_id,
        candidate.tvdb_id,
        candidate.imdb_id,
        candidate.episodes or (),
    )


def destination(
    parsed: ParsedName,
    chosen: Chosen,
    settings: NamingSettings,
    extension: str,
    *,
    existing: Existing | None = None,
    beside: bool = False,
) -> Destination:
    """Say where a file goes. `extension` has its dot; `existing` is what the library has of it and of its namesakes.

    With `beside` another version stays: then the quality is in the name even where the template has none. Raises
    `TemplateError` when the settings hold a template that cannot be used.
    """
    existing = existing or Existing()
    template = settings.template(chosen.kind)
    numbering = number(parsed, chosen.episodes) if chosen.kind == "show" else None
    values = _values(parsed, chosen, numbering)
    title_folder, folder, notes = _folders(template, values, chosen, numbering, existing)
    if title_folder.with_year:
        values = _with_year(values, template.file)
    stem, shortened = _stem(template.file, values, beside=beside)
    if shortened:
        notes += ("The title was shortened: a name has at most 255 bytes.",)
    return Destination(
        kind=chosen.kind,
        folder=folder,
        stem=stem,
        extension=paths.extension(extension),
        title_folder=title_folder.path,
        notes=notes + (numbering.notes if numbering else ()),
        problem=numbering.problem if numbering else _part_problem(parsed),
    )


# ------------------------------------------------------------------ folders


def _folders(
    template: Template,
    values: dict[str, str],
    chosen: Chosen,
    numbering: Numbering | None,
    existing: Existing,
) -> tuple[_Folder, str, tuple[str, ...]]:
    """Give the title's folder, the whole folder, and what there is to say about them."""
    at = next((n for n, part in enumerate(template.folders) if part.fields & (TITLES | IDS)), None)
    notes: tuple[str, ...] = ()
    if existing.folder and paths.is_below(existing.folder):
        title = _Folder(existing.folder)
        rest = template.folders[at + 1 :] if at is not None else ()
    elif at is None:
        title, rest = _Folder(""), template.folders
    else:
        above = [text for part in template.folders[:at] if (text := _written(part, values)[0])]
        title = _title_folder(template.folders[at], "/".join(above), values, chosen, existing)
        rest = template.folders[at + 1 :]
        notes = (title.note,) if title.note else ()
    below = [title.path] if title.path else []
    for part in rest:
        if numbering is not None and "season" in part.fields and not part.fields & (TITLES | {"episode"}):
            there = season_folder(numbering.season, existing.season_folders) if title.path else None
            text = there if there is not None and _is_season(there) else _written(part, values)[0]
        else:
            text = _written(part, values)[0]
        if text:
            below.append(text)
    return title, "/".join(below), notes


def _is_season(name: str) -> bool:
    return not name or ("/" not in name and paths.is_below(name))


def _title_folder(
    part: Component, above: str, values: dict[str, str], chosen: Chosen, existing: Existing
) -> _Folder:
    """Find a folder for the title that is no other title's, with as little added as will do."""
    owners = {
        paths.fold(folder): (folder, owner) for folder, owner in existing.owners if paths.is_below(folder)
    }
    made = _Folder("")
    for name, with_year, note in _variants(part, values):
        path = f"{above}/{name}" if above else name
        made = _Folder(path, with_year, note)
        if paths.fold(name) in _RESERVED:
            continue
        there, owner = owners.get(paths.fold(path), (path, None))
        if _is_own(there, owner, chosen):
            return _Folder(there, with_year, note)
    if paths.fold(made.path.rpartition("/")[2]) in _RESERVED:
        return _Folder(f"{made.path}_", made.with_year, made.note)
    return made


def _variants(part: Component, values: dict[str, str]) -> Iterator[tuple[str, bool, str]]:
    """Give names for a title's folder: as the template has it, with the year, with the id."""
    plain = _written(part, values)[0] or UNTITLED
    yield plain, False, ""
    with_year = _with_year(values, part)
    dated = _written(part, with_year)[0] or UNTITLED
    if dated != plain:
        yield dated, True, f"The year is added: the folder {plain} is not this title's."
    tag = values["id_tag"]
    if tag and not part.fields & IDS:
        room = paths.NAME_BYTES_MAX - paths.size(tag) - 1
        yield (
            f"{_written(part, with_year, room)[0] or UNTITLED} {tag}",
            dated != plain,
            f"The id is added: the folder {dated} is not this title's.",
        )


def _with_year(values: dict[str, str], part: Component) -> dict[str, str]:
    if not values["year"] or "year" in part.fields:
        return values
    return {**values, "title": f"{paths.cut(values['title'], 160)} ({values['year']})"}


def _is_own(folder: str, owner: int | None, chosen: Chosen) -> bool:
    """Tell whether a folder may be the title's: it is not there, or nothing says that it is another's."""
    if owner is not None:
        return owner == chosen.tmdb_id
    ids = {"tmdb": str(chosen.tmdb_id or ""), "tvdb": str(chosen.tvdb_id or ""), "imdb": chosen.imdb_id}
    found = [(ids[kind.lower()], value.strip()) for kind, value in _TAG.findall(folder.rpartition("/")[2])]
    return all(not ours or ours == theirs for ours, theirs in found)


# ------------------------------------------------------------------ names


def _stem(part: Component, values: dict[str, str], *, beside: bool) -> tuple[str, bool]:
    """Write a file's name without its extension; tell whether something had to be shortened."""
    tail = ""
    if beside and values["quality"] and not part.fields & {"quality", "resolution"}:
        tail += f" - {values['quality']}"
    if values["part"] and "part" not in part.fields:
        tail += f" - {values['part']}"
    text, shortened = _written(part, values, STEM_BYTES_MAX - paths.size(tail))
    return paths.stem((text or UNTITLED) + tail, STEM_BYTES_MAX) or UNTITLED, shortened


def _written(
    part: Component, values: dict[str, str], bytes_max: int = paths.NAME_BYTES_MAX
) -> tuple[str, bool]:
    """Write one component out within its bytes; tell whether something had to be shortened."""
    text = render(part, _derived(values))
    shortened = paths.size(text) > bytes_max
    for name, least in _GIVEN_UP if shortened else ():
        over = paths.size(text) - bytes_max
        if over <= 0:
            break
        value = values.get(name, "")
        keep = max(paths.size(value) - over, least)
        if paths.size(value) > keep:
            values = {**values, name: paths.cut(value, keep)}
            text = render(part, _derived(values))
    return paths.component(text, bytes_max), shortened


def _derived(values: Mapping[str, str]) -> dict[str, str]:
    """Add the placeholders that are made of others."""
    title, edition = values["title"], values["edition"]
    article = _ARTICLE.match(title)
    title_sort = f"{title[article.end() :]}, {article[1]}" if article else title
    first = title_sort.lstrip(" .-('")[:1].upper()
    return {
        **values,
        "title_sort": title_sort,
        "letter": first if first.isalpha() else "#",
        "edition_tag": f"{{edition-{edition}}}" if edition else "",
    }


# ------------------------------------------------------------------ values


def _values(parsed: ParsedName, chosen: Chosen, numbering: Numbering | None) -> dict[str, str]:
    """Give what the placeholders stand for, but those that are made of others."""
    values = {
        "title": _title(parsed, chosen),
        "year": str(chosen.year) if chosen.year is not None and 1000 <= chosen.year <= 9999 else "",
        "quality": _word(quality_text(quality_of(parsed))),
        "resolution": _word(parsed.resolution),
        "source": _word(parsed.source),
        "codec": _word(parsed.codec),
        "hdr": _word(parsed.hdr),
        "group": _word(parsed.release_group),
        "edition": paths.cut(paths.plain(parsed.edition), 80),
        "part": f"pt{parsed.part}" if parsed.part is not None and 1 <= parsed.part <= 99 else "",
        **_ids(chosen),
    }
    if numbering is None:
        return values
    absolute = f"{parsed.absolute[0]:03}" if parsed.absolute and 0 <= parsed.absolute[0] <= 9999 else ""
    return values | {
        "edition": "",
        "part": "",
        "season": f"{numbering.season:02}",
        "episode": numbering.label,
        "episode_title": paths.plain(joined_titles(numbering.titles) or parsed.episode_title),
        "date": numbering.label if numbering.label == parsed.date else "",
        "absolute": absolute,
    }


def _title(parsed: ParsedName, chosen: Chosen) -> str:
    """Give a title of which something remains in a name: the database's, the name's, else an id."""
    for text in (chosen.title, parsed.title):
        if title := paths.title(text):
            return title
    tag = _ids(chosen)["id_tag"]
    return tag.strip("{}") or UNTITLED


def _word(text: str) -> str:
    return paths.cut(paths.plain(text), 32)


def _ids(chosen: Chosen) -> dict[str, str]:
    ids = {
        "tmdb": str(chosen.tmdb_id) if _is_id(chosen.tmdb_id) else "",
        "tvdb": str(chosen.tvdb_id) if _is_id(chosen.tvdb_id) else "",
        "imdb": chosen.imdb_id if _IMDB.fullmatch(chosen.imdb_id) else "",
    }
    tags = {kind: f"{{{kind}-{value}}}" if value else "" for kind, value in ids.items()}
    order = ("tmdb", "imdb", "tvdb") if chosen.kind == "film" else ("tvdb", "tmdb", "imdb")
    return {
        **{f"{kind}_id": value for kind, value in ids.items()},
        **{f"{kind}_tag": tag for kind, tag in tags.items()},
        "id_tag": next((tags[kind] for kind in order if tags[kind]), ""),
    }


def _is_id(number: int | None) -> bool:
    return number is not None and 0 < number < 10**12


def _part_problem(parsed: ParsedName) -> str:
    if parsed.part is None or 1 <= parsed.part <= 8:
        return ""
    return f"It is part {str(parsed.part)[:12]} of a film; Plex joins at most 8."
