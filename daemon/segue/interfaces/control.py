"""Who is asking, and how much they may do: the one place where every door's caller is judged.

Three tiers. READ changes nothing. WRITE moves the house. What is BLOCKED (deleting a file or a library) has no route
and no action, so there is nothing to judge. A caller on the control socket is known by the uid that the kernel tells
(`SO_PEERCRED`); a caller on TCP by the bearer token. Nothing else is believed, no address and no header.
"""

import grp
import hmac
import pwd
from typing import Literal

import msgspec

RouteTier = Literal["OPEN", "READ", "WRITE"]
"""OPEN is for `/healthz` and `/readyz`, which say yes or no, and for webhooks, which carry a secret of their own."""


class Policy(msgspec.Struct, frozen=True):
    """Who may do what; from `[server]`."""

    api_token: str = ""
    """Compared in constant time, never shown. Empty: TCP callers may do nothing."""
    write_uids: frozenset[int] = frozenset()
    write_gids: frozenset[int] = frozenset()
    """Both empty: whoever may open the control socket may write."""

    def __repr__(self) -> str:
        return f"Policy(write_uids={set(self.write_uids)}, write_gids={set(self.write_gids)})"


class Caller(msgspec.Struct, frozen=True):
    """One visitor: by uid on the socket, by address on TCP."""

    uid: int | None = None
    gid: int | None = None
    pid: int | None = None
    address: str = ""
    bearer: str = ""

    def __repr__(self) -> str:
        return f"Caller({self.name})"

    @property
    def name(self) -> str:
        """How the journal and `seguectl why` name the caller."""
        return f"uid:{self.uid}" if self.uid is not None else f"token:{self.address or 'unknown'}"


class Denied(msgspec.Struct, frozen=True):
    """Why a caller may not: the status, a stable code, and what to do."""

    status: int
    code: str
    message: str
    hint: str


def judge(caller: Caller, tier: RouteTier, policy: Policy) -> Denied | None:
    """Say why a caller may not use a route of this tier; nothing when it may."""
    if tier == "OPEN":
        return None
    if caller.uid is None:
        return _judge_token(caller, policy)
    if tier == "READ" or not (policy.write_uids or policy.write_gids):
        return None
    if caller.uid in policy.write_uids or caller.uid == 0:
        return None
    if policy.write_gids & _groups_of(caller):
        return None
    return Denied(
        403,
        "not_permitted",
        f"uid {caller.uid} may read but not change anything here.",
        "Add it to [server] write_uids or write_groups.",
    )


def _judge_token(caller: Caller, policy: Policy) -> Denied | None:
    if policy.api_token and hmac.compare_digest(caller.bearer.encode(), policy.api_token.encode()):
        return None
    return Denied(
        401,
        "no_token" if not caller.bearer else "wrong_token",
        "This address needs the token.",
        "Send `Authorization: Bearer ...` with the content of [server] api_token_file.",
    )


def _groups_of(caller: Caller) -> set[int]:
    """Give the groups of a peer: the one it runs with, and those of its account."""
    groups = {caller.gid} if caller.gid is not None else set()
    try:
        name = pwd.getpwuid(caller.uid or 0).pw_name
    except KeyError:
        return groups
    return groups | {entry.gr_gid for entry in grp.getgrall() if name in entry.gr_mem}
