"""Reading the code for the reference: what a record's fields are called, what they take, and what they mean."""

import ast
import inspect
import textwrap
from functools import cache
from typing import NamedTuple

import msgspec
from msgspec.inspect import (
    BoolType,
    DictType,
    Field,
    FloatType,
    IntType,
    LiteralType,
    NoneType,
    StrType,
    StructType,
    TupleType,
    Type,
    UnionType,
    VarTupleType,
    type_info,
)

Record = type[msgspec.Struct]


class Described(NamedTuple):
    """One field of a record, in words."""

    name: str
    type: str
    default: str
    """Empty for a field that must be given."""
    meaning: str
    """Empty where the name says it."""
    records: tuple[Record, ...]
    """The records that its type is made of."""


def fields_of(record: Record, *, without: Record | None = None) -> list[Described]:
    """Describe the fields of a record in their order; `without` those that a base has already."""
    info = type_info(record)
    assert isinstance(info, StructType)
    known = set(without.__struct_fields__) if without is not None else set()
    meanings = field_meanings(record)
    return [_described(field, meanings) for field in info.fields if field.name not in known]


def _described(field: Field, meanings: dict[str, str]) -> Described:
    return Described(
        field.name,
        words(field.type),
        _default(field),
        meanings.get(field.name, ""),
        tuple(_records(field.type)),
    )


def _default(field: Field) -> str:
    if field.default is not msgspec.NODEFAULT:
        return _value(field.default)
    is_unset = not field.required and field.default_factory is msgspec.NODEFAULT
    return "unchanged" if is_unset else ""


def _value(default: object) -> str:
    if default is None:
        return "nothing"
    return msgspec.json.encode(default).decode()


def words(kind: Type) -> str:
    """Say in words what a type takes."""
    *others, last = _alternatives(kind)
    return f"{', '.join(others)} or {last}" if others else last


def _alternatives(kind: Type) -> list[str]:
    match kind:
        case BoolType():
            return ["true", "false"]
        case IntType():
            return ["whole number"]
        case FloatType():
            return ["number"]
        case StrType():
            return ["text"]
        case NoneType():
            return ["nothing"]
        case LiteralType(values=values):
            return [f"`{value}`" for value in values]
        case VarTupleType(item_type=item):
            return [f"list of {words(item)}"]
        case TupleType(item_types=items):
            return [f"({', '.join(words(item) for item in items)})"]
        case DictType(key_type=key, value_type=value):
            return [f"map of {words(key)} to {words(value)}"]
        case UnionType(types=types):
            ordered = sorted(types, key=lambda one: isinstance(one, NoneType))
            return [text for one in ordered for text in _alternatives(one)]
        case StructType(cls=record):
            return [f"[{record.__name__}](#{record.__name__.lower()})"]
        case _:
            raise TypeError(f"no words for {kind!r} yet")


def _records(kind: Type) -> list[Record]:
    match kind:
        case StructType(cls=record):
            return [record]
        case VarTupleType(item_type=inner):
            return _records(inner)
        case TupleType(item_types=items):
            return [record for one in items for record in _records(one)]
        case UnionType(types=types):
            return [record for one in types for record in _records(one)]
        case _:
            return []


@cache
def field_meanings(record: Record) -> dict[str, str]:
    """Find the text that stands below a field in the code, for the fields of a record and of its bases."""
    meanings: dict[str, str] = {}
    for owner in reversed(record.__mro__):
        if owner.__module__.startswith("segue."):
            meanings |= _texts_below(ast.parse(textwrap.dedent(inspect.getsource(owner))))
    return meanings


def _texts_below(tree: ast.Module) -> dict[str, str]:
    (body,) = tree.body
    assert isinstance(body, ast.ClassDef)
    texts: dict[str, str] = {}
    for field, below in zip(body.body, body.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                texts[name] = " ".join(text.split())
            case _:
                pass
    return texts


def meaning_of(thing: type) -> str:
    """Give a class' docstring on one line; a class without one of its own is a mistake."""
    doc = vars(thing).get("__doc__")
    if not doc:
        raise TypeError(f"{thing.__module__}.{thing.__name__} has no docstring of its own")
    return " ".join(doc.split())


def wire_name(thing: Record) -> str:
    """Give what an action or effect is called on every wire and in the journal."""
    return str(thing.__struct_config__.tag)
