"""Who speaks on IRC: nicks are bound to users by a code, which the user confirms at the house.

On IRC a nick is whoever took it first, so a nick alone never speaks for a user. A binding is made once and kept, and
speaks for its user only while it is certain who talks:

- where the server vouches for the account that somebody is logged in to, the account is bound, whatever its nick;
- elsewhere the nick is bound, and only as long as that person has been in our channel without a break since the
  code was asked for. Whoever leaves, quits or takes another nick is nobody; so is everybody once our own connection was
  lost, since a nick may have changed hands meanwhile. The same user then confirms a new code.

A code is no secret: it does nothing without somebody who may write at the house. Nicks are compared as the strictest
of IRC's case mappings does, letters A to Z only: two nicks that a server calls the same may count as different here,
and never the other way round.
"""

import re
from typing import ClassVar

import msgspec
from msgspec.structs import replace as but

from segue.core.party.requests import PartyAction
from segue.core.timers import earliest
from segue.core.vocabulary import EffectBase, Out, Tier

CODE_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""What people cannot mistake for one another when they copy it."""
CODE_LENGTH = 6
CODE_S = 600.0
"""How long a code can be confirmed."""
ANOTHER_CODE_S = 15.0
"""A nick that names another user gets a new code no sooner than this after the one before."""
ASKING_MAX = 20
"""Codes that wait to be confirmed, of all nicks together."""
BINDINGS_MAX = 200
NAME_MAX = 64
"""Longest nick, account or username that is taken, in characters."""

# ------------------------------------------------------------------ what is known


class Binding(msgspec.Struct, frozen=True, omit_defaults=True):
    """A nick, or an account, that speaks for a user."""

    nick: str
    """The nick that asked for it, as it is written."""
    username: str
    account: str = ""
    """The account that the server vouched for; then the nick does not matter. Empty: the nick is bound."""
    here: bool = True
    """For a nick: whether it is still the person who asked. False: it must be confirmed again."""


class Asking(msgspec.Struct, frozen=True, omit_defaults=True):
    """A nick that waits for its user to confirm the code."""

    nick: str
    code: str
    until_at: float
    username: str = ""
    """For whom it wants to speak; empty: whoever confirms it says so."""
    account: str = ""


class Nicks(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that are bound, the oldest first, and all that ask to be."""

    bindings: tuple[Binding, ...] = ()
    asking: tuple[Asking, ...] = ()


# ------------------------------------------------------------------ what happens and what is wanted


class NickAsked(PartyAction, frozen=True):
    """Somebody in our channel wants to speak for a user, or gave a command and is nobody yet."""

    nick: str
    account: str = ""
    """The account that the server vouches for; empty: none."""
    username: str = ""
    """As whom; empty: nothing was said of that."""


class NickGone(PartyAction, frozen=True):
    """A nick left the channel, quit or became another; empty: we were away ourselves, so it holds for all."""

    nick: str = ""


class NickConfirmRequested(PartyAction, frozen=True):
    """The house says that the nick which was given this code is this user."""

    tier: ClassVar[Tier] = "WRITE"

    code: str
    username: str


class NickUnbindRequested(PartyAction, frozen=True):
    """The house takes a nick's binding back."""

    tier: ClassVar[Tier] = "WRITE"

    nick: str
    """A nick, or an account."""


class TellNick(EffectBase, frozen=True, kw_only=True, tag="tell_nick"):
    """Tell somebody on IRC something, and nobody else."""

    owner: ClassVar[str] = "irc_announcer"

    nick: str
    text: str


NickActions = NickAsked | NickGone | NickConfirmRequested | NickUnbindRequested

# ------------------------------------------------------------------ questions


def same(one: str, other: str) -> bool:
    """Tell whether two nicks are the same under every case mapping."""
    return _folded(one) == _folded(other)


def _folded(nick: str) -> str:
    return "".join(c.lower() if "A" <= c <= "Z" else c for c in nick)


def user_of(nicks: Nicks, nick: str, account: str = "") -> str:
    """Say for whom somebody speaks; empty: for nobody. `account` is what the server vouches for."""
    if account:
        for bound in nicks.bindings:
            if bound.account and same(bound.account, account):
                return bound.username
    for bound in nicks.bindings:
        if not bound.account and bound.here and same(bound.nick, nick):
            return bound.username
    return ""


def is_known(nicks: Nicks, nick: str) -> bool:
    """Tell whether it matters that this nick goes: it speaks for somebody without an account, or asks to."""
    speaks = any(b.here and not b.account and same(b.nick, nick) for b in nicks.bindings)
    return speaks or any(same(a.nick, nick) for a in nicks.asking)


def next_at(nicks: Nicks) -> float | None:
    """Give the moment at which the next code ends."""
    return earliest(asking.until_at for asking in nicks.asking)


def pruned(nicks: Nicks, now_at: float) -> Nicks:
    """Forget the codes that nobody confirmed in time."""
    still = tuple(asking for asking in nicks.asking if asking.until_at > now_at)
    return nicks if len(still) == len(nicks.asking) else but(nicks, asking=still)


def durable(nicks: Nicks) -> Nicks:
    """Project on what outlives the process: who is bound. A later process has not seen who stayed."""
    return Nicks(bindings=tuple(but(b, here=False) for b in nicks.bindings))


# ------------------------------------------------------------------ what is decided


def reduced(nicks: Nicks, action: NickActions, out: Out) -> Nicks:
    """Take in what was said on IRC, or what the house wants."""
    nicks = pruned(nicks, out.stamp.now_at)
    match action:
        case NickAsked():
            return _asked(nicks, action, out)
        case NickGone(nick):
            return _gone(nicks, nick)
        case NickConfirmRequested():
            return _confirmed(nicks, action, out)
        case NickUnbindRequested(nick):
            return _unbound(nicks, nick, out)


def _tell(out: Out, nick: str, text: str, why: str) -> None:
    out.add(TellNick(effect_id=out.next_id, why=why, because=out.stamp.seq, nick=nick, text=text))


def _asked(nicks: Nicks, action: NickAsked, out: Out) -> Nicks:
    nick, account = action.nick, action.account
    if not all(map(_is_name, (nick, account or "-", action.username or "-"))):
        _tell(out, nick[:NAME_MAX], f"A name has 1 to {NAME_MAX} characters, all printable.", "bad_name")
        return nicks
    speaks_for = user_of(nicks, nick, account)
    if speaks_for and action.username in ("", speaks_for):
        _tell(out, nick, f"You are {speaks_for} already.", "bound_already")
        return nicks
    username = action.username or _formerly(nicks, nick)
    before = next((a for a in nicks.asking if same(a.nick, nick)), None)
    if before is not None and before.account == account and action.username in ("", before.username):
        _tell_code(out, before)
        return nicks
    others = tuple(a for a in nicks.asking if a is not before)
    if before is not None and before.until_at - out.stamp.now_at > CODE_S - ANOTHER_CODE_S:
        _tell(out, nick, f"Not so fast: another code in {ANOTHER_CODE_S:.0f} s.", "too_often")
        return nicks
    if len(others) >= ASKING_MAX:
        text = f"{len(others)} codes wait to be confirmed, the limit. Try again in {CODE_S / 60:.0f} minutes."
        _tell(out, nick, text, "too_many")
        return nicks
    asking = Asking(nick, _new_code(others, out.stamp.entropy), out.stamp.now_at + CODE_S, username, account)
    _tell_code(out, asking)
    return but(nicks, asking=(*others, asking))


def _is_name(text: str) -> bool:
    return 0 < len(text) <= NAME_MAX and text.isprintable()


def _formerly(nicks: Nicks, nick: str) -> str:
    """Say for whom a nick spoke before it left."""
    return next((b.username for b in nicks.bindings if not b.account and same(b.nick, nick)), "")


def _tell_code(out: Out, asking: Asking) -> None:
    left_min = max(1, round((asking.until_at - out.stamp.now_at) / 60))
    user = _quoted(asking.username) if asking.username else "YOUR-USERNAME"
    text = f"Confirm within {left_min} min at the house: seguectl party nick {asking.code} {user}"
    _tell(out, asking.nick, text, "code")


def _quoted(username: str) -> str:
    """Write a name so that a shell takes it as it is: whoever asks made it up, and somebody will paste the line."""
    if re.fullmatch(r"[A-Za-z0-9_.@][A-Za-z0-9_.@-]*", username):
        return username
    inner = username.replace("'", "'\\''")
    return f"'{inner}'"


def _new_code(others: tuple[Asking, ...], entropy: int) -> str:
    """Make a code of the step's entropy; the next one where somebody has it."""
    number = entropy
    while True:
        rest, code = number, ""
        for _ in range(CODE_LENGTH):
            rest, digit = divmod(rest, len(CODE_ALPHABET))
            code += CODE_ALPHABET[digit]
        if all(code != asking.code for asking in others):
            return code
        number += 1


def _gone(nicks: Nicks, nick: str) -> Nicks:
    def stays(bound_nick: str) -> bool:
        return nick != "" and not same(bound_nick, nick)

    bindings = tuple(
        but(b, here=False) if b.here and not b.account and not stays(b.nick) else b for b in nicks.bindings
    )
    asking = tuple(a for a in nicks.asking if stays(a.nick))
    after = Nicks(bindings, asking)
    return nicks if after == nicks else after


def _confirmed(nicks: Nicks, action: NickConfirmRequested, out: Out) -> Nicks:
    code = action.code.strip().upper()
    asking = next((a for a in nicks.asking if a.code == code), None)
    if asking is None:
        text = f"No nick was given the code {action.code[:20]!r}, or its ten minutes are over."
        out.refuse("unknown_code", text, "Say !bind and your username in the channel; that gives a new one.")
        return nicks
    username = action.username
    if not _is_name(username):
        out.refuse("bad_user", f"A username has 1 to {NAME_MAX} characters, all of them printable.")
        return nicks
    if asking.username not in ("", username):
        text = f"{asking.nick} asked to be {asking.username}, not {username}."
        out.refuse("other_user", text, "Confirm with that user, or say !bind with the right one on IRC.")
        return nicks
    bound = Binding(asking.nick, username, asking.account)
    others = tuple(b for b in nicks.bindings if _key(b) != _key(bound))
    if len(others) >= BINDINGS_MAX:
        out.refuse("too_many_nicks", f"{len(others)} nicks are bound, the limit.", "Unbind one of them.")
        return nicks
    who = f"account {bound.account}" if bound.account else f"nick {bound.nick}"
    out.accept(f"lets {who} speak for {username} on IRC")
    _tell(out, bound.nick, f"You are {username} here now.", "bound")
    return Nicks((*others, bound), tuple(a for a in nicks.asking if a is not asking))


def _key(bound: Binding) -> tuple[bool, str]:
    return bool(bound.account), _folded(bound.account or bound.nick)


def _unbound(nicks: Nicks, nick: str, out: Out) -> Nicks:
    left = tuple(b for b in nicks.bindings if not same(b.account or b.nick, nick))
    asking = tuple(a for a in nicks.asking if not same(a.nick, nick))
    if len(left) == len(nicks.bindings) and len(asking) == len(nicks.asking):
        names = ", ".join(b.account or b.nick for b in nicks.bindings[:20]) or "none"
        out.refuse("unknown_nick", f"{nick[:NAME_MAX]!r} is not bound.", f"Bound: {names}.")
        return nicks
    out.accept(f"unbinds {nick}")
    return Nicks(left, asking)
