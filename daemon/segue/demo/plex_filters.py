"""Choosing among the items of a section: filters, sorting, and the description of both that clients ask for first.

A filter is a query argument: `genre=12,13` (either, and so with words), `year>>=1990` (greater), `title==Fin`
(exactly), `artist.id=1` (of an ancestor). Clients such as python-plexapi read `<Meta>` before they filter, and refuse
what it does not name.
Reference: the server's API document 1.2.0, "Media Queries". Not simulated: `push`, `pop`, `or`.
"""

import re
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from segue.demo.plex_document import Node
from segue.demo.plex_library import LEVELS, TYPE_NUMBERS, Item, Section
from segue.demo.plex_render import genre_id

Pairs = Sequence[tuple[str, str]]
"""Query arguments in their order; a name may come twice."""
FieldValues = Callable[[Item], Sequence[str | int | float]]


def _one(value: str | float | None) -> Sequence[str | int | float]:
    return [] if value is None else [value]


FIELDS: Final[dict[str, tuple[str, FieldValues]]] = {
    "title": ("string", lambda item: [item.title]),
    "titleSort": ("string", lambda item: [item.title.casefold()]),
    "studio": ("string", lambda item: [item.studio]),
    "summary": ("string", lambda item: [item.summary]),
    "year": ("integer", lambda item: _one(item.year)),
    "index": ("integer", lambda item: _one(item.index)),
    "id": ("integer", lambda item: [item.rating_key]),
    "duration": ("integer", lambda item: _one(item.duration_ms)),
    "viewCount": ("integer", lambda item: [item.view_count]),
    "userRating": ("integer", lambda item: _one(item.user_rating)),
    "addedAt": ("date", lambda item: [item.added_at]),
    "updatedAt": ("date", lambda item: [item.updated_at]),
    "lastViewedAt": ("date", lambda item: _one(item.last_viewed_at)),
    "unwatched": ("boolean", lambda item: [int(not all(leaf.view_count for leaf in item.leaves()))]),
    "genre": ("tag", lambda item: [str(genre_id(genre)) for genre in item.genres]),
    "resolution": ("resolution", lambda item: [item.file.resolution] if item.file else []),
    "guid": ("guid", lambda item: [item.guid]),
}
"""Type of each field, and its values for an item."""

ORDERED: Final = [("=", "is"), ("!=", "is not"), (">>=", "is greater than"), ("<<=", "is less than")]
DATED: Final = [(">>=", "is after"), ("<<=", "is before")]
TAGGED: Final = [("=", "is"), ("!=", "is not")]
WORDED: Final = [
    ("=", "contains"),
    ("!=", "does not contain"),
    ("==", "is"),
    ("!==", "is not"),
    ("<=", "begins with"),
    (">=", "ends with"),
]
OPERATORS: Final = {
    "string": WORDED,
    "integer": ORDERED,
    "date": DATED,
    "boolean": [("=", "is")],
    "tag": TAGGED,
    "resolution": TAGGED,
}
SORTS: Final = ("titleSort", "year", "addedAt", "lastViewedAt", "viewCount", "duration", "userRating")
CHOICES: Final = ("genre", "year", "resolution")
"""Fields of which a section lists the values that occur."""

_FILTER = re.compile(r"(?:([a-z]+)\.)?([A-Za-z]+)([!<>=]*)\Z")
_AGO_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "mon": 2592000, "y": 31536000}


def choose(section: Section, pairs: Pairs) -> list[Item]:
    """Give the items of a section that the arguments ask for, in their order."""
    types = {str(number): name for name, number in TYPE_NUMBERS.items()}
    wanted = dict(pairs).get("type")
    items = section.all(types.get(wanted, wanted) if wanted else None)
    for name, value in pairs:
        test = _filter(name, value)
        if test is not None:
            items = [item for item in items if test(item)]
    return sort_items(items, dict(pairs).get("sort", ""))


def sort_items(items: Iterable[Item], order: str) -> list[Item]:
    """Sort by `field[:desc][,field...]`; what has no value comes last. An unknown field leaves the order as it is."""
    arranged = list(items)
    for key in reversed(order.split(",")):
        name, _, direction = key.partition(":")
        field = FIELDS.get(name.rpartition(".")[2])
        if field is not None:
            arranged = _sort_by(field[1], arranged, descending=direction == "desc")
    return arranged


def _sort_by(values: FieldValues, items: list[Item], *, descending: bool) -> list[Item]:
    known = [item for item in items if values(item)]
    missing = [item for item in items if not values(item)]
    # The values of one field are all text or all numbers.
    return sorted(known, key=lambda item: values(item)[0], reverse=descending) + missing


def choices(section: Section, field: str) -> list[Node]:
    """List the values of a field that occur in a section, e.g. its genres."""
    titles: dict[str, str] = {}
    for top in section.items:
        for item in top.descendants():
            if field == "genre":
                titles |= {str(genre_id(genre)): genre for genre in item.genres}
            else:
                titles |= {str(value): str(value) for value in FIELDS[field][1](item)}
    path = f"/library/sections/{section.key}"
    return [
        Node("Directory", {"key": key, "title": title, "type": field, "fastKey": f"{path}/all?{field}={key}"})
        for key, title in sorted(titles.items(), key=lambda pair: pair[1])
    ]


def meta_node(section: Section, item_types: Sequence[str] = ()) -> Node:
    """Describe the filters, sorts and fields of a section (`includeMeta=1`), for its own types or for those named."""
    types = item_types or LEVELS[section.type]
    children = [_type_node(section, item_type, active=item_type == section.type) for item_type in types]
    for field_type, operators in OPERATORS.items():
        listed = [Node("Operator", {"key": key, "title": title}) for key, title in operators]
        children.append(Node("FieldType", {"type": field_type}, listed))
    return Node("Meta", {}, children)


def _type_node(section: Section, item_type: str, *, active: bool) -> Node:
    path = f"/library/sections/{section.key}"
    number = TYPE_NUMBERS.get(item_type, 18)
    prefix = "" if item_type == "movie" else f"{item_type}."
    filters = [
        Node(
            "Filter",
            {
                "filter": name,
                "filterType": {"year": "integer"}.get(name, "string"),
                "key": f"{path}/{name}?type={number}",
                "title": name.capitalize(),
                "type": "filter",
            },
        )
        for name in CHOICES
    ]
    sorts = [
        Node("Sort", {"key": name, "descKey": f"{name}:desc", "defaultDirection": "asc", "title": name})
        for name in SORTS
    ]
    fields = [
        Node("Field", {"key": f"{prefix}{name}", "title": name, "type": field_type})
        for name, (field_type, _) in FIELDS.items()
        if field_type != "guid"
    ]
    attributes = {
        "key": f"{path}/all?type={number}",
        "type": item_type,
        "title": item_type.capitalize() + "s",
    }
    return Node("Type", attributes | {"active": active}, [*filters, *sorts, *fields])


# ------------------------------------------------------------ one filter


def _filter(name: str, value: str) -> Callable[[Item], bool] | None:
    """Make a test of one argument; nothing when it is no filter."""
    match = _FILTER.match(name)
    if match is None or match[2] not in FIELDS:
        return None
    level, field, operator = match.groups()
    field_type, values = FIELDS[field]
    alternatives = value.split(",")

    def holds(item: Item) -> bool:
        subject = _at_level(item, level)
        if subject is None:
            return False
        return _compare(field_type, values(subject), operator, alternatives)

    return holds


def _at_level(item: Item, level: str | None) -> Item | None:
    """Find the item, or its ancestor, that a filter such as `artist.id` speaks of."""
    current: Item | None = item
    while level and current is not None and current.type != level:
        current = current.parent
    return current


def _compare(
    field_type: str, values: Sequence[str | int | float], operator: str, alternatives: Sequence[str]
) -> bool:
    if field_type == "string":
        texts = [str(value).casefold() for value in values]
        return any(_compare_words(texts, operator, wanted.casefold()) for wanted in alternatives)
    if operator in (">>", "<<"):
        limit = _number(alternatives[0])
        return any(float(value) > limit if operator == ">>" else float(value) < limit for value in values)
    hit = any(str(value) in alternatives for value in values)
    return not hit if operator == "!" else hit


def _compare_words(values: Sequence[str], operator: str, wanted: str) -> bool:
    tests: dict[str, Callable[[str], bool]] = {
        "": lambda text: wanted in text,
        "!": lambda text: wanted not in text,
        "=": lambda text: text == wanted,
        "!=": lambda text: text != wanted,
        "<": lambda text: text.startswith(wanted),
        ">": lambda text: text.endswith(wanted),
    }
    test = tests.get(operator)
    return test is not None and any(test(value) for value in values)


def _number(text: str) -> float:
    """Read a number, or a moment given as so long ago, e.g. `-30d`. What is neither is 0."""
    ago = re.fullmatch(r"-(\d+)(s|mon|m|h|d|w|y)", text)
    if ago:
        return time.time() - int(ago[1]) * _AGO_S[ago[2]]
    try:
        return float(text)
    except ValueError:
        return 0.0
