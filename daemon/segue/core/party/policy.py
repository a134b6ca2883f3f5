"""Who may do what, and how often."""

from msgspec.structs import replace as but

from segue.core.party.requests import (
    ASKED,
    AddRequested,
    OffsetRequested,
    PartyRequest,
    RemoveRequested,
    ResyncRequested,
)
from segue.core.party.state import Member, Party
from segue.core.vocabulary import Out

WANTS_MAX = 5.0
"""Wishes that a member may have at once..."""
WANT_EVERY_S = 2.0
"""...and how fast the allowance comes back."""


def may(party: Party, username: str, right: str, about: str = "") -> bool:
    """Tell whether a user has a right; the empty user is the house itself. `about`: the user whom it concerns."""
    if not username:
        return True
    member = party.member(username)
    if member is None:
        return False
    if member.role == "host":
        return True
    concerned = party.member(about) if about and about != username else None
    if concerned is not None and concerned.role != "guest":
        return False
    match right:
        case "transport":
            return party.rules.open or member.role == "cohost"
        case "lead":
            return member.role == "cohost"
        case "self-or-lead":
            return about == username or member.role == "cohost"
        case _:
            return False


def admit(party: Party, action: PartyRequest, out: Out) -> Party | None:
    """Let a request pass, at the cost of the member's allowance, or refuse it."""
    if not action.who:
        return but(party, because=out.stamp.seq)
    member = party.member(action.who)
    joins = isinstance(action, AddRequested) and action.username == action.who
    if member is None and joins and party.rules.join == "anyone":
        return but(party, because=out.stamp.seq)
    if member is None:
        out.refuse(
            "not_a_member", f"{action.who} is not in party {party.party_id}.", "Ask its host to add you."
        )
        return None
    asked = ASKED[type(action)]
    about = action.username if isinstance(action, RemoveRequested | OffsetRequested | ResyncRequested) else ""
    if not joins and not may(party, action.who, asked.right, about):
        host = next((m.username for m in party.members if m.role == "host"), "")
        out.refuse(
            "not_allowed",
            f"{action.who} is {member.role} of party {party.party_id} and may not {asked.words}.",
            f"Ask the host, {host}." if host else "The party has no host; ask the house that hosts it.",
        )
        return None
    after = spend(member, out.stamp.now_at)
    if after is None:
        out.refuse(
            "too_often",
            f"{action.who} asks too often: {WANTS_MAX:g} wishes, and one more every {WANT_EVERY_S:g} s.",
            "Wait a few seconds.",
        )
        return None
    members = tuple(after if m is member else m for m in party.members)
    return but(party, members=members, because=out.stamp.seq)


def spend(member: Member, now_at: float) -> Member | None:
    """Take one wish off a member's allowance; nothing when there is none left."""
    left = min(WANTS_MAX, member.wants + max(0.0, now_at - member.wants_at) / WANT_EVERY_S)
    if left < 1.0:
        return None
    return but(member, wants=left - 1.0, wants_at=now_at)
