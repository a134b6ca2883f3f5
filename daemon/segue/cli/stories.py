"""`seguectl why`: each act as a story, from what was done back to the first cause.

The daemon tells acts newest first, a fade as one act, and the causes of each nearest first; a story keeps that order,
so the line that answers *why?* is the one right below.
"""

from __future__ import annotations

from segue.cli.fields import Json, number, records, text, whole
from segue.cli.paint import Paint, pad, width
from segue.cli.words import moment

OUTCOME_STYLES = {"done": "green", "failed": "red", "pending": "yellow"}


def stories(data: Json, paint: Paint) -> list[str]:
    """Tell the last acts, the newest first."""
    acts = records(data.get("acts"))
    if not acts:
        return ["segue has done nothing yet that its journal would tell of."]
    room_cells = max(width(text(act.get("room"))) for act in acts)
    lines: list[str] = []
    for act in acts:
        lines += [*([""] if lines else []), *_story(act, paint, room_cells)]
    return lines


def _story(act: Json, paint: Paint, room_cells: int) -> list[str]:
    when = moment(number(act.get("at")))
    room = paint("bold", pad(text(act.get("room")), room_cells))
    lines = [f"{paint('dim', when)}  {room}  {_act(act, paint)}  {_outcome(act, paint)}".rstrip()]
    indent = " " * (width(when) + 2)
    because = records(act.get("because"))
    lines += [f"{indent}{_cause(cause, depth, paint)}" for depth, cause in enumerate(because)]
    if not because:
        lines.append(f"{indent}{paint('dim', 'the journal knows no cause of it any more')}")
    return lines


def _act(act: Json, paint: Paint) -> str:
    words = text(act.get("act")).replace("→", "->").replace("->", paint.sign("→", "->"))
    why = text(act.get("why")).replace("_", " ")
    return f"{words}{paint('cyan', f' ({why})') if why else ''}"


def _outcome(act: Json, paint: Paint) -> str:
    outcome, detail = text(act.get("outcome")), text(act.get("outcome_detail"))
    return paint(OUTCOME_STYLES.get(outcome, ""), outcome) + (f": {detail}" if detail else "")


def _cause(cause: Json, depth: int, paint: Paint) -> str:
    """Write one cause: when, what, and who or which rule brought it about."""
    by, rule, seq = text(cause.get("by")), text(cause.get("rule")).replace("_", " "), whole(cause.get("seq"))
    words = text(cause.get("text")) or text(cause.get("type")) or "something"
    name = who(by)
    if by.startswith("uid:"):
        words = words.replace(f"somebody (uid {by[4:]})", name)
    notes = [f"rule: {rule}"] if rule else []
    notes += [f"by {name}"] if by not in ("", "store") and name not in words else []
    notes += [f"#{seq}"] if seq is not None else []
    lead = "because" if depth == 0 else "  after"
    when = paint("dim", moment(number(cause.get("at"))))
    return f"{lead}  {when}  {words}  {paint('dim', ', '.join(notes))}".rstrip()


def who(by: str) -> str:
    """Write who asked: `uid:1000` by the name of the account, a part of segue by its own name."""
    kind, _, rest = by.partition(":")
    if kind == "actor":
        return rest.replace("_", " ")
    if kind == "token":
        return f"the API token, from {rest}" if rest else "the API token"
    if kind == "uid" and rest.isascii() and rest.isdigit():
        import pwd

        try:
            return pwd.getpwuid(int(rest[:9])).pw_name
        except KeyError:
            return by
    return by
