"""The reference: one page for each kind of thing that has a name in segue."""

import ast
import inspect
import re
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

from docs.describe import Described, Record, fields_of, meaning_of, wire_name
from docs.tables import code, page, table
from segue import core
from segue.config.describe import describe_settings, settings_table
from segue.config.environment import WELL_KNOWN
from segue.config.passkeys import CREDENTIAL as PASSKEYS
from segue.config.passkeys import KEY as PASSKEYS_FILE
from segue.config.secret_files import SECRET_KEYS
from segue.core.actions import Action, ConfigLoaded
from segue.core.effects import Effect
from segue.core.rules import ROUNDS_MAX, RULES, Rule
from segue.core.vocabulary import ActionBase, EffectBase
from segue.interfaces.door import Door
from segue.interfaces.health import TROUBLES
from segue.interfaces.http_api import DOORS

ACTIONS: tuple[type[ActionBase], ...] = get_args(Action)
EFFECTS: tuple[type[EffectBase], ...] = tuple(dict.fromkeys(get_args(Effect)))

ABOUT_ACTIONS = """\
Everything that can happen. These names stand in the journal, in `seguectl why`, in the event stream and on `/ws/state`.
The tier says who may cause one: *observed* only segue's own actors, *WRITE* whoever a door lets change something.
"""
ABOUT_EFFECTS = """\
Everything that segue can do outside of itself. Each has one owner, the actor that carries it out. What can finish has
exactly one outcome: an [action](actions.md) with the same `effect_id`. The owner `door` is the HTTP door that brought a
request; it reads the effect off the step and answers.

What is marked `after_commit` waits until the journal has its step on disk ([why](../decisions/0008-after-commit.md)).
One that coalesces makes an older one in the same inbox needless.
"""
ABOUT_ROUTES = """\
Every route, on TCP and on the control socket alike. `OPEN` needs no token; `READ` and `WRITE` need one on TCP
(`Authorization: Bearer ...`). Who may do what on the socket: [security](../security.md). Nothing deletes anything. The
same table as OpenAPI is at `/openapi.json`.

An answer is `{"ok": true, "data": {"schema": ..., ...}}` or `{"ok": false, "error": {"code", "message", "hint"}}`.
`{room}` is a room's name, or `-` where there is only one.
"""
ABOUT_RULES = f"""\
What the house decides as one. A rule looks at the joint state and says which actions would make its sentence true.
After every action all are asked, in this order, until none wants anything (at most {ROUNDS_MAX} rounds): the order is
the priority. `seguectl why` names the rule that caused an act.
"""
ABOUT_SETTINGS = """\
Every setting of `segue.toml`. Nothing has to be set but a room's name. `segued --check-config` finds every mistake at
once; `seguectl reload` takes a changed file up. [config.example.toml](../../config.example.toml) is the same as a file.
"""
ABOUT_VARIABLES = """\
Every setting can come from the environment, which goes before the file. Lists are written with commas, a room's name in
capitals with `_` for `-`; a room that the file does not name is added.
"""
ABOUT_SECRETS = """\
A secret is looked for as a systemd credential first, then in its file, then in the environment and in the configuration
itself; never on a command line. A file that everybody may read is refused.
"""
ABOUT_HEALTH = """\
What `seguectl status` can find not well. A code stays the same for ever: the first figure says whose it is (1 Plex,
2 HEOS, 3 segue itself, 4 the ingest). A *warning* mends itself or costs little; for an *error* somebody has to do
something.
"""


def _fields(fields: Iterable[Described]) -> str:
    rows = [(code(field.name), field.type, code(field.default), field.meaning) for field in fields]
    return table(("field", "type", "default", "meaning"), rows) if rows else ""


def _records(heading: str, described: Iterable[Described]) -> list[str]:
    """Describe the records that fields are made of, and those within them."""
    waiting = [record for field in described for record in field.records]
    seen: dict[Record, list[Described]] = {}
    while waiting:
        record = waiting.pop(0)
        if record not in seen:
            seen[record] = fields_of(record)
            waiting += [inner for field in seen[record] for inner in field.records]
    parts = [heading] if seen else []
    for record, fields in seen.items():
        parts += [f"### {record.__name__}", meaning_of(record), _fields(fields)]
    return parts


# ------------------------------------------------------------------ actions


def actions() -> str:
    """Write `actions.md`."""
    parts = [
        ABOUT_ACTIONS,
        table(
            ("action", "tier", "meaning"),
            [(f"[`{wire_name(a)}`](#{_anchor(a)})", a.tier, _first_sentence(meaning_of(a))) for a in ACTIONS],
        ),
    ]
    used: list[Described] = []
    for domain, members in _by_domain().items():
        parts.append(f"## {domain}")
        for action in members:
            fields = [] if action is ConfigLoaded else fields_of(action)  # its fields are the settings
            used += fields
            parts += [f"### `{wire_name(action)}`", f"*{action.tier}*. {meaning_of(action)}", _fields(fields)]
    return page("Actions", *parts, *_records("## Records", used))


def _by_domain() -> dict[str, list[type[ActionBase]]]:
    domains: dict[str, list[type[ActionBase]]] = {}
    for action in ACTIONS:
        domains.setdefault(wire_name(action).partition(".")[0], []).append(action)
    return domains


def _anchor(thing: Record) -> str:
    return wire_name(thing).replace(".", "")


def _first_sentence(text: str) -> str:
    head, stop, _ = text.partition(". ")
    return head + stop.strip()


# ------------------------------------------------------------------ effects


def effects() -> str:
    """Write `effects.md`."""
    waiting = waits_for_commit()
    parts = [
        ABOUT_EFFECTS,
        table(
            ("effect", "owner", "can be after_commit", "coalesces"),
            [
                (
                    f"[`{wire_name(e)}`](#{_anchor(e)})",
                    code(e.owner),
                    "yes" if e.__name__ in waiting else "",
                    _coalesces(e),
                )
                for e in EFFECTS
            ],
        ),
        "Every effect has these fields:",
        _fields(fields_of(EffectBase)),
    ]
    used: list[Described] = []
    for effect in EFFECTS:
        fields = fields_of(effect, without=EffectBase)
        used += fields
        parts += [
            f"## `{wire_name(effect)}`",
            meaning_of(effect).partition(" Outcome: ")[0],
            f"Owner: `{effect.owner}`. Outcome: {_outcome(effect)}",
            _fields(fields),
        ]
    return page("Effects", *parts, *_records("## Records", used))


def _outcome(effect: type[EffectBase]) -> str:
    """Find what the docstring of an effect, or of its base, says about how it ends."""
    for owner in effect.__mro__:
        outcome = " ".join((vars(owner).get("__doc__") or "").split()).partition("Outcome: ")[2]
        if outcome:
            return re.sub(r"`(\w+)`", lambda name: _linked(name[1]), outcome)
    return "none; nobody waits for it."


def _linked(class_name: str) -> str:
    """Name an action as it is on the wire, with the way to it."""
    action = next((a for a in ACTIONS if a.__name__ == class_name), None)
    if action is None:
        return code(class_name)
    return f"[`{wire_name(action)}`](actions.md#{_anchor(action)})"


def _coalesces(effect: type[EffectBase]) -> str:
    method = effect.coalesce_key
    return "" if method is EffectBase.coalesce_key else inspect.cleandoc(method.__doc__ or "")


def waits_for_commit() -> set[str]:
    """Name the effects that the core makes with `after_commit`."""
    found = set()
    for path in Path(core.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Name(id=name), keywords=keywords) if name[:1].isupper():
                    if any(keyword.arg == "after_commit" for keyword in keywords):
                        found.add(name)
                case _:
                    pass
    return found


# ------------------------------------------------------------------ rules


def rules() -> str:
    """Write `rules.md`."""
    rows = [
        (f"{place}", f"**{sentence(rule)}**", inspect.cleandoc(rule.__doc__ or ""))
        for place, rule in enumerate(RULES, 1)
    ]
    return page(
        "Rules",
        ABOUT_RULES,
        table(("", "rule", "what it does"), rows),
    )


def sentence(rule: Rule) -> str:
    """Read a rule's name aloud."""
    spoken = rule.__name__.replace("_", " ")
    return spoken[:1].upper() + spoken[1:]


# ------------------------------------------------------------------ settings


def settings() -> str:
    """Write `settings.md`."""
    return page(
        "Settings",
        ABOUT_SETTINGS,
        settings_table(),
        "## From the environment",
        ABOUT_VARIABLES,
        table(
            ("variable", "setting"),
            [(code(s.variable), code(f"{s.section}.{s.key}")) for s in describe_settings()]
            + [(code(name), code(f"{section}.{key}")) for name, (section, key) in WELL_KNOWN.items()],
        ),
        "## Secrets",
        ABOUT_SECRETS,
        table(
            ("secret", "credential", "file"),
            [
                *((code(s.key), code(s.credential), code(s.file_key)) for s in SECRET_KEYS),
                ("the table of passkeys", code(PASSKEYS), code(PASSKEYS_FILE)),
            ],
        ),
    )


# ------------------------------------------------------------------ routes


def routes() -> str:
    """Write `routes.md`."""
    bodies = list(dict.fromkeys(door.body for door in DOORS if door.body is not None and _has_fields(door)))
    parts = [
        ABOUT_ROUTES,
        table(
            ("method", "path", "tier", "body", "what it does"),
            [(d.method, code(d.path), d.tier, _body(d), d.summary) for d in DOORS]
            + [("WebSocket", code("/ws/state"), "READ", "", "A snapshot, then every step as it happens.")],
        ),
        "## Bodies",
    ]
    for body in bodies:  # grows by the records that bodies are made of
        fields = fields_of(body)
        parts += [f"### {body.__name__}", meaning_of(body), _fields(fields)]
        inner = [record for field in fields for record in field.records]
        bodies += [record for record in dict.fromkeys(inner) if record not in bodies]
    return page("Routes", *parts)


def _has_fields(door: Door) -> bool:
    return bool(door.body.__struct_fields__)


def _body(door: Door) -> str:
    if door.body is None or not _has_fields(door):
        return ""
    return f"[{door.body.__name__}](#{door.body.__name__.lower()})"


# ------------------------------------------------------------------ health


def health() -> str:
    """Write `health.md`."""
    return page(
        "Health",
        ABOUT_HEALTH,
        table(
            ("code", "severity", "title", "what to do"),
            [(code(t.code), t.severity, t.title, t.hint) for t in TROUBLES],
        ),
    )
