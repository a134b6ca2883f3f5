"""From what was written to typed values: one key at a time, so that each mistake is named and none hides another."""

from functools import cache
from typing import Annotated, Any, NamedTuple, get_type_hints

import msgspec
from msgspec import inspect

from segue.config.draft import Draft, Given, closest, refuse_key, shorten
from segue.config.schema import SECTIONS
from segue.secret import Secret

TEXT_CHARACTERS_MAX = 4096
TRUE, FALSE = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})


class Key(NamedTuple):
    """What a key of a section may hold, read off the struct's annotations."""

    section: str
    name: str
    annotation: Any
    kind: inspect.Type
    """The type without its description and without `None`."""
    expected: str
    """The same for people: `a whole number from 0 to 100`."""
    meaning: str
    default: object
    """`msgspec.NODEFAULT` for the one key that has none, a room's name."""

    @property
    def is_secret(self) -> bool:
        """Whether its value must not be shown."""
        return isinstance(self.kind, inspect.CustomType)

    @property
    def is_textual(self) -> bool:
        """Whether an empty text is a value of it (from the environment, a list is a text too)."""
        return isinstance(self.kind, inspect.StrType | inspect.VarTupleType)


@cache
def keys_of(section: str) -> dict[str, Key]:
    """List the keys of a section, in the order of the schema."""
    struct = SECTIONS[section]
    annotations = get_type_hints(struct, include_extras=True)
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    keys = {}
    for field in info.fields:
        described, extra, meaning = field.type, {}, ""
        if isinstance(described, inspect.Metadata):
            extra = described.extra or {}
            meaning = (described.extra_json_schema or {}).get("description", "")
            described = described.type
        kind = _without_none(described)
        expected = extra.get("expected") or expected_of(kind)
        keys[field.name] = Key(
            section, field.name, annotations[field.name], kind, expected, meaning, field.default
        )
    return keys


def _without_none(kind: inspect.Type) -> inspect.Type:
    if isinstance(kind, inspect.UnionType):
        (kind,) = (one for one in kind.types if not isinstance(one, inspect.NoneType))
    return kind


def expected_of(kind: inspect.Type) -> str:
    """Say in words what a type takes."""
    match kind:
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType(ge=low, le=high):
            return f"a whole number from {low} to {high}"
        case inspect.FloatType(ge=low, le=high):
            return f"a number from {low} to {high}"
        case inspect.LiteralType(values=values):
            return "one of " + ", ".join(f'"{value}"' for value in values)
        case inspect.VarTupleType(item_type=item):
            return (
                "a list of texts"
                if isinstance(item, inspect.StrType)
                else f"a list, each item {expected_of(item)}"
            )
        case _:
            return "text"


# ------------------------------------------------------------------ reading one section


def read_section(section: str, label: str, givens: dict[str, Given], draft: Draft) -> dict[str, Any]:
    """Turn what was given for a section into typed values; what is wrong is refused and left out."""
    keys = keys_of(section)
    values = {}
    for name, given in givens.items():
        key = keys.get(name)
        if key is None:
            refuse_key(draft, given.where, section, label, name)
            continue
        value = (
            from_text(given.value, key.kind)
            if given.is_text and isinstance(given.value, str)
            else given.value
        )
        problem = _problem_of(value, key)
        if problem is None:
            values[name] = Secret(str(value)) if key.is_secret else msgspec.convert(value, key.annotation)
        else:
            path = f"{label}.{name}"
            expected, got, suggestion, hint = problem
            draft.refuse(given.where, path, f"expected {expected}", got=got, suggestion=suggestion, hint=hint)
    return values


def from_text(text: str, kind: inspect.Type) -> Any:
    """Read a value from the environment by the type it must have; what does not fit stays text."""
    match kind:
        case inspect.BoolType():
            plain = text.strip().lower()
            return True if plain in TRUE else False if plain in FALSE else text
        case inspect.IntType() | inspect.FloatType():
            try:
                return int(text) if isinstance(kind, inspect.IntType) else float(text)
            except ValueError:
                return text
        case inspect.VarTupleType(item_type=item):
            return [from_text(part.strip(), item) for part in text.split(",") if part.strip()]
        case _:
            return text


class Mismatch(NamedTuple):
    """Why a value does not fit, in the words of a `ConfigProblem`."""

    expected: str
    got: str = ""
    suggestion: str = ""
    hint: str = ""


def _problem_of(value: object, key: Key) -> Mismatch | None:
    got = "something else" if key.is_secret else show(value)
    for text in value if isinstance(value, list) else (value,):
        if isinstance(text, str) and (len(text) > TEXT_CHARACTERS_MAX or _has_control(text)):
            limit = f"at most {TEXT_CHARACTERS_MAX} characters, none of them a control character"
            return Mismatch(limit, "" if key.is_secret else got)
    try:
        msgspec.convert(value, str if key.is_secret else key.annotation)
    except (msgspec.ValidationError, OverflowError):
        return Mismatch(key.expected, got, _suggestion(value, key.kind), _hint(value, key.kind))
    return None


def _has_control(text: str) -> bool:
    return any(c < " " or "\x7f" <= c < "\xa0" or "\ud800" <= c <= "\udfff" for c in text)


def _suggestion(value: object, kind: inspect.Type) -> str:
    if isinstance(kind, inspect.VarTupleType):
        for item in value if isinstance(value, list) else (value,):
            near = _suggestion(item, kind.item_type)
            if near:
                return near
        return ""
    if not isinstance(value, str):
        return ""
    if isinstance(kind, inspect.LiteralType):
        choices = {str(choice).replace("-", "_"): str(choice) for choice in kind.values}
        near = "" if value in kind.values else closest(value, list(choices))
        return f'"{choices[near]}"' if near else ""
    if isinstance(kind, inspect.StrType) and kind.pattern:
        changed = _mended(value, kind.pattern)
        return f'"{changed}"' if changed else ""
    return ""


def _mended(value: str, pattern: str) -> str:
    """Try the usual slips: capitals, blanks, a forgotten `inputs/`."""
    plain = "-".join(value.lower().split())
    for candidate in (plain, f"inputs/{plain.replace('-', '_')}"):
        try:
            msgspec.convert(candidate, Annotated[str, msgspec.Meta(pattern=pattern)])
        except msgspec.ValidationError:
            continue
        return candidate
    return ""


def _hint(value: object, kind: inspect.Type) -> str:
    if not isinstance(value, str):
        return ""
    if isinstance(kind, inspect.VarTupleType):
        return 'A list stands in brackets, even one of a single item: ["..."].'
    fits = from_text(value, kind)
    return "Write it without quotes." if not isinstance(fits, str) else ""


def show(value: object) -> str:
    """Show a value as the file would have it, shortened."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{shorten(value)}"'
        case int() if value.bit_length() > 64:
            return "a huge number"
        case int() | float():
            return str(value)
        case dict():
            return "a table"
        case [*items]:
            return shorten(
                "[" + ", ".join("[...]" if isinstance(i, list) else show(i) for i in items[:10]) + "]"
            )
        case _:
            return "a date or time"
