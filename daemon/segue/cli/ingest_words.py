"""The words of the ingest that several pages share: scores, titles, numbers of episodes, reasons with next steps."""

from __future__ import annotations

import re

from segue.cli.fields import Json, number, record, records, text, texts, whole
from segue.cli.paint import Paint, folded
from segue.cli.words import duration, size

LEVEL_STYLES = {"high": "green", "medium": "yellow", "low": "red", "none": "red"}
SCORE_PARTS = (("title", "title"), ("year", "year"), ("popularity", "popularity"), ("kind", "type"))
"""Fields of a score, and what they are called."""
REASONS_SHOWN_MAX = 20
LENGTH_S_MAX = 1000 * 3600.0


def files(count: float, what: str = "file") -> str:
    """Write `1 file`, `1,204 files`."""
    return f"{int(count):,} {what}{'' if int(count) == 1 else 's'}"


def size_of(thing: Json, key: str = "size") -> str:
    """Write a size of an answer; empty where it says none."""
    found = number(thing.get(key))
    return "" if found is None else size(found)


def score(thing: Json, paint: Paint) -> str:
    """Write a score with its level: `0.93 high`."""
    level, value = text(thing.get("level")), number(thing.get("score"))
    words = "no score" if value is None else f"{value:.2f} {level}".rstrip()
    return paint(LEVEL_STYLES.get(level, ""), words)


def label(thing: Json) -> str:
    """Write a film or show: `The Matrix (1999)`."""
    title, year = text(thing.get("title")), whole(thing.get("year"))
    return f"{title} ({year})" if title and year is not None else title


def numbered(thing: Json) -> str:
    """Write which episode it is: `S01E02`, `S01E02-E03`, `#1071`, `2024-03-05`; empty where it is none."""
    season, episodes = whole(thing.get("season")), _whole_numbers(thing.get("episodes"))
    if episodes:
        head = "" if season is None else f"S{season:02}"
        tail = "" if len(episodes) == 1 else f"-E{episodes[-1]:02}"
        return f"{head}E{episodes[0]:02}{tail}"
    if absolute := _whole_numbers(thing.get("absolute")):
        return f"#{absolute[0]}" + ("" if len(absolute) == 1 else f"-{absolute[-1]}")
    return text(thing.get("date")) or ("" if season is None else f"season {season}")


def _whole_numbers(value: object) -> list[int]:
    return [found for each in value if (found := whole(each)) is not None] if isinstance(value, list) else []


def named(thing: Json) -> str:
    """Write a title with the number of its episode: `Breaking Bad (2008) S01E01`."""
    return " ".join(filter(None, (label(thing), numbered(thing))))


def read_as(parsed: Json) -> str:
    """Write what a name says: `film The Matrix (1999), 1080p BluRay, by GRP`."""
    kind = {"film": "film", "episode": "episode", "unknown": ""}.get(text(parsed.get("kind")), "")
    parts = [" ".join(filter(None, (kind, named(parsed) or "without a title")))]
    if parsed.get("episode_title"):
        parts[0] += f' "{text(parsed.get("episode_title"))}"'
    if parsed.get("other_title"):
        parts.append(f"also called {text(parsed.get('other_title'))}")
    parts.append(
        " ".join(filter(None, (text(parsed.get(k)) for k in ("resolution", "source", "hdr", "codec"))))
    )
    parts.append(text(parsed.get("edition")))
    part = whole(parsed.get("part"))
    parts += [f"part {part}"] if part is not None else []
    parts += ["PROPER"] if whole(parsed.get("proper")) else []
    parts += [f"an extra ({text(parsed.get('extra'))})"] if parsed.get("extra") else []
    parts += [f"{name} {text(parsed.get(key))}" for name, key in _IDS if parsed.get(key)]
    parts += [f"by {text(parsed.get('release_group'))}"] if parsed.get("release_group") else []
    return ", ".join(filter(None, parts))


_IDS = (("tmdb", "tmdb_id"), ("tvdb", "tvdb_id"), ("imdb", "imdb_id"))


def length(thing: Json) -> str:
    """Write how long a file plays; empty where that is not known."""
    found = number(thing.get("duration_s"))
    return duration(found) if found is not None and 0 < found < LENGTH_S_MAX else ""


# ------------------------------------------------------------------ reasons


def reasons(
    thing: Json,
    paint: Paint,
    columns: int | None,
    indent: str,
    *,
    job_id: str = "",
    most: int = REASONS_SHOWN_MAX,
) -> list[str]:
    """Lay out why something is not done by itself, each sentence with its next step.

    A step that several share is said after the last. Steps speak of a job as `ID`: they get its id, and are left out
    where there is none.
    """
    found = records(thing.get("reasons"))
    lines = []
    for at, reason in enumerate(found[:most]):
        sentence = text(reason.get("text")) or text(reason.get("code")).replace("_", " ")
        lines += folded(sentence, indent, columns)
        hint = step(text(reason.get("hint")), job_id)
        later = (step(text(each.get("hint")), job_id) for each in found[at + 1 : most])
        if hint and hint not in later:
            arrow = paint.sign("→", "->")
            lines += [paint("cyan", line) for line in folded(f"{arrow} {hint}", indent, columns)]
    if len(found) > most:
        lines.append(f"{indent}{paint('dim', f'and {len(found) - most} more reasons')}")
    return lines


def step(hint: str, job_id: str) -> str:
    """Write a next step for one job; empty where it needs a job and there is none."""
    if not re.search(r"\bID\b", hint):
        return hint
    return re.sub(r"\bID\b", lambda _: job_id, hint) if job_id else ""


# ------------------------------------------------------------------ candidates


def candidate(found: Json, paint: Paint, columns: int | None, indent: str) -> list[str]:
    """Lay out one candidate: its place, title, year and score, the parts of the score, and where to read about it."""
    parts = record(found.get("score"))
    total = number(parts.get("total"))
    place = whole(found.get("place"))
    head = paint("bold", f"{'-' if place is None else f'{place}.'} {label(found) or 'without a title'}")
    notes = [text(found.get("kind")), *_runtime(found)]
    original = text(found.get("original_title"))
    notes += [original] if original and original != text(found.get("title")) else []
    votes = whole(found.get("votes"))
    notes += [f"{votes:,} votes"] if votes is not None else []
    of_score = [
        f"{name} {value:.2f}" for key, name in SCORE_PARTS if (value := number(parts.get(key))) is not None
    ]
    shown = "no score" if total is None else f"score {total:.2f}"
    lines = [f"{indent}{head}  {shown}"]
    more = indent + "   "
    lines += folded(", ".join(filter(None, notes)), more, columns)
    lines += folded(", ".join(of_score), more, columns)
    url = text(found.get("url"))
    return [*lines, f"{more}{paint('blue', url)}"] if url else lines


def _runtime(found: Json) -> list[str]:
    runtime = whole(found.get("runtime_min"))
    return [f"{runtime} min"] if runtime else []


def short_list(found: list[Json], most: int = 2) -> str:
    """Write the first candidates in one line: `The Thing (2011), or The Thing (1982), or 3 more`."""
    names = [label(each) or "without a title" for each in found[:most]]
    names += [f"{len(found) - most} more"] if len(found) > most else []
    return ", or ".join(names)


# ------------------------------------------------------------------ plans


def plan(found: Json, paint: Paint, columns: int | None, indent: str) -> list[str]:
    """Lay out what a job would do. Paths are never cut: their exact names are what one looks for."""
    arrow = paint.sign("→", "->")
    lines = []
    for file in records(found.get("files")):
        kind = text(file.get("kind"))
        notes = [kind] if kind not in ("", "video") else []
        notes += [size_of(file)] if size_of(file) else []
        notes += ["the file there goes to the recycle folder"] if file.get("replaces") is True else []
        destination = text(file.get("destination"))
        if destination and destination == text(file.get("source")):
            lines.append(f"{indent}{paint('dim', '= it has this name already')}")
            continue
        note = f"  {paint('dim', '(' + ', '.join(notes) + ')')}" if notes else ""
        lines.append(f"{indent}{arrow} {destination or '?'}{note}")
    for path in texts(found.get("retires")):
        lines.append(f"{indent}{paint('yellow', 'recycles')} {path}")
    for pair in _pairs(found.get("left")):
        lines += folded(f"leaves {pair[0]}: {pair[1]}", indent, columns)
    for note in texts(found.get("notes")):
        lines += folded(note, indent, columns)
    return lines


def _pairs(value: object) -> list[list[str]]:
    pairs = [texts(each) for each in value] if isinstance(value, list) else []
    return [pair for pair in pairs if len(pair) == 2]
