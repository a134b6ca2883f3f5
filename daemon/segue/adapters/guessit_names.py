"""guessit, asked for one name, answering in plain types.

guessit takes about 10 ms a name and holds the interpreter meanwhile, so it belongs into a worker process. Its own
answer holds a closure and cannot be sent between processes; `GuessedName` can. Written against guessit 4.4.
"""

import datetime
from collections.abc import Mapping
from typing import Any, Final

import msgspec


class GuessedName(msgspec.Struct, frozen=True, omit_defaults=True):
    """What guessit makes of a name. Empty where it says nothing, and where it failed."""

    kind: str = ""
    """`film` or `episode`."""
    title: str = ""
    other_titles: tuple[str, ...] = ()
    year: int | None = None
    seasons: tuple[int, ...] = ()
    episodes: tuple[int, ...] = ()
    absolute: tuple[int, ...] = ()
    date: str = ""
    """`YYYY-MM-DD`."""
    episode_title: str = ""
    part: int | None = None
    error: str = ""
    """What went wrong inside guessit; it raises on some hostile names."""


_KINDS: Final = {"movie": "film", "episode": "episode"}
_OPTIONS: Final = {"no_user_config": True}
"""A configuration file in somebody's home must not change how the house reads names."""


def guessit_version() -> str:
    """Give the installed version without importing guessit; `none` where it is missing."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("guessit")
    except PackageNotFoundError:
        return "none"


def guess(name: str) -> GuessedName:
    """Read one name or path. Never raises: an error inside guessit is noted in the answer."""
    from guessit import guessit

    try:
        return _plain(guessit(name, dict(_OPTIONS)))
    except Exception as error:
        return GuessedName(error=f"{type(error).__name__}: {error}"[:200])


def _plain(found: Mapping[str, Any]) -> GuessedName:
    date = found.get("date")
    parts = _numbers(found.get("part")) or _numbers(found.get("cd"))
    return GuessedName(
        kind=_KINDS.get(str(found.get("type", "")), ""),
        title=_text(found.get("title")),
        other_titles=tuple(str(other) for other in _listed(found.get("alternative_title"))),
        year=next(iter(_numbers(found.get("year"))), None),
        seasons=_numbers(found.get("season")),
        episodes=_numbers(found.get("episode")),
        absolute=_numbers(found.get("absolute_episode")),
        date=date.isoformat()[:10] if isinstance(date, datetime.date) else "",
        episode_title=_text(found.get("episode_title")),
        part=parts[0] if parts else None,
    )


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _numbers(value: Any) -> tuple[int, ...]:
    return tuple([item for item in _listed(value) if isinstance(item, int)])


def _text(value: Any) -> str:
    return " ".join(str(item) for item in _listed(value))
