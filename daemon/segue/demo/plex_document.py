"""A Plex answer as a tree, written as XML or, when a client asks for it, as JSON.

The two are not the same document with other brackets: XML says `<Track .../>` where JSON has an entry of the list
`Metadata`, numbers and truths are strings in XML, and who plays an item is an object of its own in JSON.
Reference: the server's API document 1.2.0, "MediaContainer".
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final
from xml.sax.saxutils import quoteattr

Value = str | int | float | bool

XML: Final = "application/xml"
JSON: Final = "application/json"
DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
SINGLE: Final = frozenset({"Player", "Session", "TranscodeSession", "User"})
"""Elements of which a parent has at most one: objects in JSON, where all others are lists."""
FORBIDDEN: Final = dict.fromkeys((*(n for n in range(32) if n not in (9, 10, 13)), 0xFFFE, 0xFFFF))
"""Characters that XML 1.0 does not know (section 2.2); a healthy server leaves them out."""


class Node:
    """One element. Attributes that are None are not written."""

    __slots__ = ("attributes", "children", "listed_as", "tag")

    def __init__(
        self,
        tag: str,
        attributes: Mapping[str, Value | None] | None = None,
        children: Iterable["Node"] = (),
        *,
        listed_as: str = "",
    ) -> None:
        self.tag = tag
        self.attributes = {name: value for name, value in (attributes or {}).items() if value is not None}
        self.children = list(children)
        self.listed_as = listed_as or tag
        """Name of the list that it is an entry of, in JSON."""

    def __repr__(self) -> str:
        return f"<{self.tag} {self.attributes.get('title', '')!r}, {len(self.children)} children>"

    def get(self, name: str) -> Value | None:
        """Give an attribute, or nothing."""
        return self.attributes.get(name)


def container(children: Iterable[Node] = (), **attributes: Value | None) -> Node:
    """Make the root of nearly every answer; it counts its children."""
    entries = list(children)
    return Node("MediaContainer", {"size": len(entries), **attributes}, entries)


def to_xml(root: Node) -> bytes:
    """Write a document as XML."""
    parts = [DECLARATION]
    _write_element(root, parts)
    return "".join(parts).encode("utf-8", "replace")


def to_json(root: Node) -> bytes:
    """Write a document as JSON."""
    return json.dumps({root.tag: to_object(root)}, ensure_ascii=False).encode("utf-8", "replace")


def to_object(node: Node) -> dict[str, Any]:
    """Give an element as the object that JSON shows."""
    made: dict[str, Any] = dict(node.attributes)
    for child in node.children:
        if child.tag in SINGLE:
            made[child.listed_as] = to_object(child)
        else:
            made.setdefault(child.listed_as, []).append(to_object(child))
    return made


def _write_element(node: Node, parts: list[str]) -> None:
    parts.append(f"<{node.tag}")
    parts += [f" {name}={_quoted(value)}" for name, value in node.attributes.items()]
    if not node.children:
        parts.append("/>\n")
        return
    parts.append(">\n")
    for child in node.children:
        _write_element(child, parts)
    parts.append(f"</{node.tag}>\n")


def _quoted(value: Value) -> str:
    if isinstance(value, bool):
        return '"1"' if value else '"0"'
    if not isinstance(value, str):
        return f'"{value}"'
    return quoteattr(value.translate(FORBIDDEN), {'"': "&quot;"})
