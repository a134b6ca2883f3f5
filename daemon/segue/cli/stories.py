"""`seguectl why`: each act as a story, from what was done back to the first cause.

A fade is dozens of commands with one cause; they are told as one act. The daemon tells acts newest first, and the
causes of each nearest first; a story keeps that order, so the line that answers *why?* is the one right below.
"""

from __future__ import annotations

from segue.cli.fields import Json, number, records, text, whole
from segue.cli.paint import Paint, pad, width
from segue.cli.words import counted, duration, moment

OUTCOME_STYLES = {"done": "green", "failed": "red", "pending": "yellow"}
ARROWS = ("->", "→")


class Story:
    """Acts of one room that have the same reason and the same cause, newest first."""

    def __init__(self, act: Json) -> None:
        self.acts = [act]
        self.key = (text(act.get("room")), text(act.get("why")), _kind(act), _first_cause(act))

    def takes(self, act: Json) -> bool:
        """Add an act when it belongs here."""
        same = (text(act.get("room")), text(act.get("why")), _kind(act), _first_cause(act)) == self.key
        if same:
            self.acts.append(act)
        return same


def _kind(act: Json) -> str:
    return text(act.get("act")).partition(" ")[0]


def _first_cause(act: Json) -> object:
    """Tell acts of different occasions apart; an act without any cause stands alone."""
    causes = [whole(cause.get("seq")) for cause in records(act.get("because"))]
    return causes[-1] if causes else whole(act.get("seq"))


def stories(data: Json, paint: Paint, count: int) -> list[str]:
    """Tell the last acts, the newest first."""
    told: list[Story] = []
    for act in records(data.get("acts")):
        if not any(story.takes(act) for story in told[-3:]):
            told.append(Story(act))
    if not told:
        return ["segue has done nothing yet that its journal would tell of."]
    rooms = max(width(story.key[0]) for story in told[:count])
    lines: list[str] = []
    for story in told[:count]:
        lines += [*([""] if lines else []), *_tell(story, paint, rooms)]
    return lines


def _tell(story: Story, paint: Paint, room_cells: int) -> list[str]:
    newest = story.acts[0]
    when = paint("dim", moment(number(newest.get("at"))))
    room = paint("bold", pad(story.key[0], room_cells))
    lines = [f"{when}  {room}  {_act(story, paint)}  {_outcome(story, paint)}".rstrip()]
    indent = " " * (width(when) + 2)
    because = records(newest.get("because"))
    for depth, cause in enumerate(because):
        lines.append(f"{indent}{_cause(cause, depth, paint)}")
    if not because:
        lines.append(f"{indent}{paint('dim', 'the journal knows no cause of it any more')}")
    return lines


def _act(story: Story, paint: Paint) -> str:
    """Write what was done; a run of levels as one move."""
    newest, oldest = text(story.acts[0].get("act")), text(story.acts[-1].get("act"))
    if len(story.acts) == 1:
        words = newest
    else:
        words = _joined(oldest, newest) or f"{newest}, and before it {oldest}"
        words = f"{words} in {counted(len(story.acts), 'step')}{_lasted(story)}"
    for arrow in ARROWS:
        words = words.replace(arrow, paint.sign("→", "->"))
    why = story.key[1].replace("_", " ")
    return f"{words}{paint('cyan', f' ({why})') if why else ''}"


def _joined(oldest: str, newest: str) -> str:
    """Make `volume 42 -> 18` out of `volume 42 -> 41` and `volume 20 -> 18`; nothing where acts are not like that."""
    for arrow in ARROWS:
        before, found, _ = oldest.partition(arrow)
        _, also, after = newest.partition(arrow)
        if found and also:
            return f"{before}{arrow}{after}"
    return ""


def _lasted(story: Story) -> str:
    ended, began = number(story.acts[0].get("at")), number(story.acts[-1].get("at"))
    return f", {duration(ended - began)}" if ended is not None and began is not None and ended > began else ""


def _outcome(story: Story, paint: Paint) -> str:
    """Write how it came out; of several steps, the first failure counts more than the last success."""
    acts = story.acts
    chosen = next((act for act in acts if text(act.get("outcome")) == "failed"), acts[0])
    outcome = text(chosen.get("outcome"))
    detail = text(chosen.get("outcome_detail"))
    return paint(OUTCOME_STYLES.get(outcome, ""), outcome) + (f": {detail}" if detail else "")


def _cause(cause: Json, depth: int, paint: Paint) -> str:
    when = paint("dim", moment(number(cause.get("at"))))
    words = text(cause.get("text")) or text(cause.get("type")) or "something"
    rule, by = text(cause.get("rule")).replace("_", " "), text(cause.get("by"))
    notes = [f"rule: {rule}"] if rule else []
    notes += [f"by {who(by)}"] if by and by != "store" else []
    number_of = whole(cause.get("seq"))
    notes += [f"#{number_of}"] if number_of is not None else []
    lead = "because" if depth == 0 else "  after"
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
