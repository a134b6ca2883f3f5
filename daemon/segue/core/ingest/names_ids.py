"""Ids of databases and editions that a name or a folder carries: `{tmdb-603}`, `tt0133093`, `{edition-X}`."""

import re

import msgspec


class Carried(msgspec.Struct, frozen=True):
    """What was taken out of a name, and the name without it."""

    text: str
    tmdb_id: int | None = None
    tvdb_id: int | None = None
    imdb_id: str = ""
    edition: str = ""


_TMDB = re.compile(
    r"[\[{(] ?tm(?:db)?(?:id)?[-=_: ](\d{1,9}) ?[\]})]|\btmdb(?:id)?[-=](\d{1,9})\b", re.IGNORECASE
)
_TVDB = re.compile(
    r"[\[{(] ?tv(?:db)?(?:id)?[-=_: ](\d{1,9}) ?[\]})]|\btvdb(?:id)?[-=](\d{1,9})\b", re.IGNORECASE
)
_IMDB = re.compile(
    r"[\[{(] ?(?:imdb(?:id)?[-=_: ])?(tt\d{7,9}) ?[\]})]|(?<![^\W_])(?:imdb(?:id)?[-=])?(tt\d{7,9})(?![^\W_])",
    re.IGNORECASE,
)
_EDITION = re.compile(r"\{edition-([^{}]{1,60})\}", re.IGNORECASE)


def carried(stem: str) -> Carried:
    """Take the ids and the edition out of a name as it is written."""
    if "{" not in stem and "tt" not in stem.lower() and "db" not in stem.lower():
        return Carried(stem)
    text = stem
    found: dict[str, str] = {}
    for key, pattern in (("tmdb", _TMDB), ("tvdb", _TVDB), ("imdb", _IMDB), ("edition", _EDITION)):
        match = pattern.search(text)
        if match is not None:
            found[key] = next(group for group in match.groups() if group)
            text = (text[: match.start()].rstrip() + " " + text[match.end() :].lstrip()).strip()
    return Carried(
        text,
        tmdb_id=int(found["tmdb"]) if "tmdb" in found else None,
        tvdb_id=int(found["tvdb"]) if "tvdb" in found else None,
        imdb_id=found.get("imdb", "").lower(),
        edition=found.get("edition", "").strip(),
    )
