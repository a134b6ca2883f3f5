"""What every action and every effect has, and the actions that belong to no single domain."""

from collections.abc import Callable
from typing import ClassVar, Literal

import msgspec

from segue.core.stamp import Stamp

Tier = Literal["observed", "READ", "WRITE"]
"""Who may dispatch an action: `observed` only our own actors; READ and WRITE whoever a door admits.
There is no tier for what is BLOCKED: such a thing does not exist behind any door."""


def tagger(domain: str) -> Callable[[str], str]:
    """Make the function that turns `VolumeChanged` into `music.volume_changed` on every wire and in the journal."""

    def tag(name: str) -> str:
        snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
        return f"{domain}.{snake}"

    return tag


class ActionBase(msgspec.Struct, frozen=True):
    """Something that happened or was asked."""

    tier: ClassVar[Tier] = "observed"
    asks: ClassVar[bool] = False
    """True where a person must confirm (what changes files); transport, volume and source never ask."""


class EffectBase(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be done outside."""

    owner: ClassVar[str] = ""
    """The actor that carries it out; `runtime.store` refuses to start when nobody owns an effect."""

    effect_id: str
    """`seq.n`; what can finish has an outcome action that carries it."""
    why: str
    """A short literal such as `fade_in`; shown by `seguectl why`."""
    because: int
    """Number of the step that first led here: a fade's every step points at what began the fade."""
    after_commit: bool = False
    """True for what would hurt if it were forgotten: it waits until the journal has the step on disk."""

    def coalesce_key(self) -> tuple[str, ...] | None:
        """Name what a newer effect of the same key makes needless; nothing where each one counts."""
        return None


class Say(EffectBase, frozen=True, kw_only=True, tag="say"):
    """Write one line to the log. A person's message is a consequence too, so tests can see it."""

    owner: ClassVar[str] = "log"

    level: Literal["info", "warning", "error"]
    text: str


class Refuse(EffectBase, frozen=True, kw_only=True, tag="refuse"):
    """Turn a request down; the door that brought it reads this from the step and answers the visitor."""

    owner: ClassVar[str] = "door"

    code: str
    """A stable word such as `above_max_level`."""
    message: str
    """Names the thing, the value and the limit."""
    hint: str = ""
    """The next step."""


class Accept(EffectBase, frozen=True, kw_only=True, tag="accept"):
    """Tell the visitor in words what the request sets in motion; read by the door like `Refuse`."""

    owner: ClassVar[str] = "door"

    doing: str


class Out:
    """Collects what one step wants done, and numbers it. Lives no longer than the step."""

    def __init__(self, stamp: Stamp, first: int = 0) -> None:
        """`first`: the number of the first effect, where others of the same step come before."""
        self.stamp = stamp
        self.effects: list[EffectBase] = []
        self._first = first

    @property
    def next_id(self) -> str:
        """The id that the next effect must carry."""
        return self.stamp.effect_id(self._first + len(self.effects))

    def add(self, effect: EffectBase) -> str:
        """Add an effect made with `next_id`, and give its id."""
        self.effects.append(effect)
        return effect.effect_id

    def say(self, level: Literal["info", "warning", "error"], text: str, why: str) -> None:
        """Add a line for the log."""
        self.add(Say(effect_id=self.next_id, why=why, because=self.stamp.seq, level=level, text=text))

    def accept(self, doing: str) -> None:
        """Tell the visitor what happens now."""
        self.add(Accept(effect_id=self.next_id, why="accepted", because=self.stamp.seq, doing=doing))

    def refuse(self, code: str, message: str, hint: str = "") -> None:
        """Turn the visitor down."""
        self.add(
            Refuse(
                effect_id=self.next_id,
                why=code,
                because=self.stamp.seq,
                code=code,
                message=message,
                hint=hint,
            )
        )
