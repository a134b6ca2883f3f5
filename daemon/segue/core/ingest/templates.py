"""The small language of name templates: `{title} ({year})/{title} ({year})[ - {quality}]`.

`{word}` is a placeholder, `[...]` a section that is left out when one of its placeholders has nothing to say, `/` parts
folders; `{{`, `}}`, `[[` and `]]` are the characters themselves. There is nothing else: no formats, no conditions, no
sections within sections. A template is read when the configuration is, so that a mistake is found before a file is.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, Literal

import msgspec

TemplateKind = Literal["film", "episode"]
DEPTH_MAX: Final = 5
"""Folders and the file's name, together."""
LITERAL_BYTES_MAX: Final = 80
"""What a template may itself write into one component, so that there is room for the title."""


class Placeholder(msgspec.Struct, frozen=True):
    """What a placeholder stands for."""

    meaning: str
    film: str = ""
    """An example; empty where films do not have it."""
    episode: str = ""
    """An example; empty where episodes do not have it."""


PLACEHOLDERS: Final[Mapping[str, Placeholder]] = {
    "title": Placeholder("title of the film or the show", "The Matrix", "Breaking Bad"),
    "title_sort": Placeholder("the title with its English article at the end", "Matrix, The", "Breaking Bad"),
    "letter": Placeholder("first letter of `title_sort`, `#` for digits and signs", "M", "B"),
    "year": Placeholder("year of the film, or of the show's first episode", "1999", "2008"),
    "season": Placeholder("number of the season in two digits, `00` for specials", "", "01"),
    "episode": Placeholder(
        "season and episode, a range of episodes, or the date of a dated one", "", "S01E01"
    ),
    "episode_title": Placeholder("title of the episode; of several, joined by ` + `", "", "Pilot"),
    "date": Placeholder("date of a dated episode", "", "2024-03-05"),
    "absolute": Placeholder("absolute number of an anime episode in three digits", "", "012"),
    "quality": Placeholder(
        "resolution and source, `3D` and `Proper` where they apply", "1080p BluRay", "1080p WEB-DL"
    ),
    "resolution": Placeholder("height of the picture", "1080p", "1080p"),
    "source": Placeholder("where the picture comes from", "BluRay", "WEB-DL"),
    "codec": Placeholder("codec of the picture", "H.264", "H.265"),
    "hdr": Placeholder("kind of high dynamic range", "DV HDR10", "HDR10"),
    "group": Placeholder("who released it", "GRP", "GRP"),
    "edition": Placeholder("name of the edition", "Director's Cut", ""),
    "edition_tag": Placeholder("the edition as Plex reads it", "{edition-Director's Cut}", ""),
    "part": Placeholder("number of the part of a film in several files; goes last", "pt1", ""),
    "id_tag": Placeholder(
        "the id as Plex reads it: of TMDb for films; of TheTVDB for shows, else of TMDb",
        "{tmdb-603}",
        "{tvdb-81189}",
    ),
    "tmdb_tag": Placeholder("the id of TMDb as Plex reads it", "{tmdb-603}", "{tmdb-1396}"),
    "tvdb_tag": Placeholder("the id of TheTVDB as Plex reads it", "{tvdb-169}", "{tvdb-81189}"),
    "imdb_tag": Placeholder("the id of IMDb as Plex reads it", "{imdb-tt0133093}", "{imdb-tt0903747}"),
    "tmdb_id": Placeholder("the bare number of TMDb", "603", "1396"),
    "tvdb_id": Placeholder("the bare number of TheTVDB", "169", "81189"),
    "imdb_id": Placeholder("the bare id of IMDb", "tt0133093", "tt0903747"),
}
"""Every placeholder, in the order of the documentation."""

FILM_PRESETS: Final[Mapping[str, str]] = {
    "plain": "{title}[ ({year})]/{title}[ ({year})][ {edition_tag}][ - {quality}][ - {part}]",
    "ids": "{title}[ ({year})][ {id_tag}]/{title}[ ({year})][ {id_tag}][ {edition_tag}][ - {quality}][ - {part}]",
}
EPISODE_PRESETS: Final[Mapping[str, str]] = {
    "plain": "{title}/Season {season}/{title} - {episode}[ - {episode_title}]",
    "ids": "{title}[ {id_tag}]/Season {season}/{title} - {episode}[ - {episode_title}]",
}
TITLES: Final = frozenset({"title", "title_sort"})
IDS: Final = frozenset({"id_tag", "tmdb_tag", "tvdb_tag", "imdb_tag", "tmdb_id", "tvdb_id", "imdb_id"})


class TemplateError(ValueError):
    """A template that cannot be used. Its text is a sentence; `position` counts characters from 0."""

    def __init__(self, text: str, position: int, hint: str = "") -> None:
        super().__init__(f"{text} (character {position + 1})")
        self.text = text
        self.position = position
        self.hint = hint


class Field(msgspec.Struct, frozen=True, tag="field"):
    """A placeholder in a template."""

    name: str


class Section(msgspec.Struct, frozen=True, tag="section"):
    """What is left out when one of its placeholders has nothing to say."""

    pieces: "tuple[str | Field, ...]"


class Component(msgspec.Struct, frozen=True):
    """One folder of a template, or the file's name."""

    pieces: tuple[str | Field | Section, ...]

    @property
    def fields(self) -> frozenset[str]:
        """Name its placeholders, those in sections, too."""
        return frozenset(field.name for field in _fields(self.pieces))

    @property
    def always(self) -> frozenset[str]:
        """Name the placeholders outside of sections."""
        return frozenset(piece.name for piece in self.pieces if isinstance(piece, Field))


class Template(msgspec.Struct, frozen=True):
    """A template that was read: folders, and the file's name last."""

    components: tuple[Component, ...]

    @property
    def folders(self) -> tuple[Component, ...]:
        """Give all but the file's name."""
        return self.components[:-1]

    @property
    def file(self) -> Component:
        """Give the component that names the file, without its extension."""
        return self.components[-1]


def render(component: Component, values: Mapping[str, str]) -> str:
    """Write a component out. A placeholder without a value is nothing."""
    text = ""
    for piece in component.pieces:
        if isinstance(piece, Section):
            names = [field.name for field in _fields(piece.pieces)]
            if not all(values.get(name) for name in names):
                continue
            text += "".join(_text(inner, values) for inner in piece.pieces)
        else:
            text += _text(piece, values)
    return text


def _text(piece: str | Field, values: Mapping[str, str]) -> str:
    return values.get(piece.name, "") if isinstance(piece, Field) else piece


def _fields(pieces: tuple[str | Field | Section, ...]) -> Iterator[Field]:
    for piece in pieces:
        if isinstance(piece, Field):
            yield piece
        elif isinstance(piece, Section):
            yield from _fields(piece.pieces)


# ------------------------------------------------------------------ reading

_TOKEN = re.compile(r"\{\{|\}\}|\[\[|\]\]|\{[^{}\[\]/]*\}|[\[\]{}/]|[^\[\]{}/]+")
_NOT_IN_NAMES = re.compile(
    r'[\x00-\x1f\x7f-\x9f\\:*?"<>|\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]'
)
_ESCAPED: Final = frozenset({"{{", "}}", "[[", "]]"})


class _Reader:
    """Reads one template from left to right."""

    def __init__(self, text: str, kind: TemplateKind) -> None:
        self.text = text
        self.kind: TemplateKind = kind
        self.components: list[Component] = []
        self.pieces: list[str | Field | Section] = []
        self.section: list[str | Field] | None = None
        self.opened_at = 0
        self.begun_at = 0

    def read(self) -> Template:
        """Read all of it."""
        for token in _TOKEN.finditer(self.text):
            self._take(token[0], token.start())
        if self.section is not None:
            raise TemplateError("a section is opened and never closed", self.opened_at, "Add `]`.")
        self._end_component(len(self.text))
        return Template(tuple(self.components))

    def _take(self, sign: str, at: int) -> None:
        if sign in _ESCAPED:
            self._add(sign[0])
        elif sign == "/":
            if self.section is not None:
                raise TemplateError("a section cannot reach across folders", at, "Close it before the `/`.")
            self._end_component(at)
            self.begun_at = at + 1
        elif sign == "[":
            if self.section is not None:
                raise TemplateError("a section within a section", at, "Write them one after the other.")
            self.section, self.opened_at = [], at
        elif sign == "]":
            self._end_section(at)
        elif sign in "{}":
            raise TemplateError(
                f"a single `{sign}`",
                at,
                f"Write `{sign * 2}` for the character; `{{id_tag}}` is a whole tag such as {{tmdb-603}}.",
            )
        elif sign[0] == "{":
            self._add(Field(_checked_name(sign[1:-1], at, self.kind)))
        else:
            self._literal(sign, at)

    def _literal(self, text: str, at: int) -> None:
        wrong = _NOT_IN_NAMES.search(text)
        if wrong:
            raise TemplateError(
                f"{wrong[0]!r} cannot stand in a name", at + wrong.start(), "Write ` - ` or leave it out."
            )
        self._add(text)

    def _add(self, piece: str | Field) -> None:
        if self.section is None:
            self.pieces.append(piece)
        else:
            self.section.append(piece)

    def _end_section(self, at: int) -> None:
        if self.section is None:
            raise TemplateError("`]` closes nothing", at, "Write `]]` for the character.")
        if not any(isinstance(piece, Field) for piece in self.section):
            raise TemplateError(
                "a section without a placeholder",
                self.opened_at,
                "It would always be there: write `[[` for `[`.",
            )
        self.pieces.append(Section(tuple(self.section)))
        self.section = None

    def _end_component(self, at: int) -> None:
        made = Component(tuple(self.pieces))
        self.pieces = []
        literal = render(made, {})
        if not made.fields and not literal.strip(" ."):
            raise TemplateError(
                "an empty or dotted part",
                min(self.begun_at, at),
                "Paths begin below the library's root, without `/`.",
            )
        if literal.startswith(".") and made.pieces[0] == literal:
            raise TemplateError(
                "a name that begins with a dot is hidden", self.begun_at, "Take the dot away."
            )
        if sum(len(text.encode()) for text in _literals(made)) > LITERAL_BYTES_MAX:
            raise TemplateError(
                f"a part with more than {LITERAL_BYTES_MAX} bytes of its own", self.begun_at, "Shorten it."
            )
        self.components.append(made)
        if len(self.components) > DEPTH_MAX:
            raise TemplateError(f"more than {DEPTH_MAX} parts", self.begun_at, "Use fewer folders.")


def _literals(component: Component) -> Iterator[str]:
    for piece in component.pieces:
        inner = piece.pieces if isinstance(piece, Section) else (piece,)
        yield from (text for text in inner if isinstance(text, str))


def parse_template(text: str, kind: TemplateKind) -> Template:
    """Read a template for films or for episodes; raises `TemplateError` with the place and the way out.

    The file's name has to tell files apart: it needs `{title}`, and an episode's `{episode}`, outside of sections.
    """
    if not text.strip():
        raise TemplateError("an empty template", 0, "Leave the setting out for the preset.")
    template = _Reader(text, kind).read()
    needed = "episode" if kind == "episode" else "title"
    told = template.file.always
    if needed not in told and not (needed == "title" and told & TITLES):
        raise TemplateError(
            f"the file's name needs `{{{needed}}}`",
            text.rfind("/") + 1,
            "Put it into the last part, outside of `[...]`: without it different files would have one name.",
        )
    if not any((part.always & TITLES) or (part.always & IDS) for part in template.components):
        raise TemplateError(
            "no `{title}` anywhere", 0, "Name the show in a folder: `{title}/Season {season}/...`."
        )
    return template


def _checked_name(name: str, at: int, kind: TemplateKind) -> str:
    known = PLACEHOLDERS.get(name)
    if known is None:
        near = _nearest(name, kind)
        hint = f"Did you mean `{{{near}}}`?" if near else _known(kind)
        raise TemplateError(f"`{{{name}}}` is no placeholder", at, hint)
    if not (known.film if kind == "film" else known.episode):
        raise TemplateError(f"{kind}s have no `{{{name}}}`", at, _known(kind))
    return name


def placeholders(kind: TemplateKind) -> tuple[str, ...]:
    """Name the placeholders that films, or episodes, have."""
    return tuple(name for name, p in PLACEHOLDERS.items() if (p.film if kind == "film" else p.episode))


def _known(kind: TemplateKind) -> str:
    return "placeholders are " + ", ".join(f"{{{name}}}" for name in placeholders(kind)) + "."


def _nearest(name: str, kind: TemplateKind) -> str:
    """Find the placeholder that was probably meant; nothing when none is near."""
    plain = re.sub(r"[^a-z]+", "_", name[:40].lower()).strip("_")
    distance, best = min((_distance(plain, known), known) for known in placeholders(kind))
    return best if distance <= max(1, (len(best) + 1) // 3) else ""


def _distance(a: str, b: str) -> int:
    """Count the letters to be changed, added or left out (Levenshtein)."""
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (left != right))
    return row[-1]
