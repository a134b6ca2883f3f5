"""Decides nothing about parties, only who may speak for which user: passkeys, invitations, and how often one may err.

A passkey is checked by the validation service where there is one, else against the table. Without either only this
machine comes in, and whoever has an invitation. A visitor whose headers say that a proxy forwarded it is not from
this machine; who it is instead, the proxy is believed about only if it is one of the trusted ones.

Everything is kept in memory: answers for a minute, so that a shaky line does not become the service's load, and
failures for a minute, so that nobody can guess. What is being asked counts as a failure until it is known, so a burst
of guesses is not quicker than one after the other.
"""

import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from math import ceil
from typing import Protocol

import msgspec
import trio

from segue.actors.party_failures import FAILURES_MAX, WINDOW_S, Failures
from segue.actors.party_proxies import Place, Proxies
from segue.adapters.passkey import PasskeyUnverified
from segue.core.party.state import Ended, PartyState
from segue.interfaces.party_translation import Credentials
from segue.interfaces.party_visitor import CLOSE_LATER, Admitted, TurnedAway, Visitor
from segue.secret import Secret

CACHE_S = 60.0
"""How long a yes of the service is good for."""
CACHED_MAX = 4096
FLIGHTS_MAX = 16
"""Questions to the service at one time."""


class GateSettings(msgspec.Struct, frozen=True):
    """Who may come in; from `[party]`."""

    passkeys: Mapping[str, Secret] = {}
    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks."""
    require_tls: bool = False


class Service(Protocol):
    """What the gate needs of `adapters.passkey.PasskeyService`."""

    async def is_valid(self, username: str, passkey: Secret) -> bool:
        """Ask; raises `PasskeyUnverified`."""


class PasskeyGate:
    """Judges visitors. Nothing it is asked takes longer than its caller's own deadline."""

    def __init__(
        self,
        now_at: Callable[[], float],
        wall_at: Callable[[], float],
        parties: Callable[[], PartyState],
        settings: GateSettings | None = None,
        service: Service | None = None,
    ) -> None:
        self._now_at, self._wall_at, self._parties = now_at, wall_at, parties
        self._failures = Failures(now_at)
        self._salt = secrets.token_bytes(16)
        self._cached: dict[tuple[str, bytes], float] = {}
        self._came_from: dict[tuple[str, str], None] = {}
        self._flights: dict[str, str] = {}
        """Users whose passkey is being asked about, and from where."""
        self._landed = trio.Event()
        self.change(settings or GateSettings(), service)

    def change(self, settings: GateSettings, service: Service | None) -> None:
        """Take other settings. What is connected stays so until `still_admitted` is asked about it."""
        self._settings, self._service = settings, service
        self._proxies = Proxies(settings.trusted_proxies)
        self._cached.clear()

    @property
    def asks_a_service(self) -> bool:
        """Whether somebody else knows the passkeys, and may change its mind without our hearing of it."""
        return self._service is not None

    def forget(self, username: str) -> None:
        """Forget that a user's passkey was right a moment ago."""
        self._cached = {key: until for key, until in self._cached.items() if key[0] != username}

    # ---------------------------------------------------------------- coming in

    async def admit(self, who: Credentials, invite_hash: str, visitor: Visitor) -> Admitted | TurnedAway:
        """Let a visitor in as the user that it claims to be, or say why not."""
        if visitor.on_socket:
            return Admitted(who.username, "socket", visitor, who.passkey)
        place = self._proxies.place(visitor)
        if self._settings.require_tls and not place.secure:
            return _no_tls()
        wait_s = self._wait_s(who.username, place)
        if wait_s and not self._remembers(who):
            return _too_often(wait_s)
        if invite_hash and self._is_invited(who.username, invite_hash):
            return Admitted(who.username, "invite", visitor, who.passkey)
        if self._service is None and not self._settings.passkeys:
            if place.loopback:
                return Admitted(who.username, "loopback", visitor, who.passkey)
            return self._uninvited(who, invite_hash, place)
        if not who.passkey:
            return self._failed(who, place, "") if invite_hash else _no_passkey(who.username)
        try:
            valid = await self._is_right(who, place)
        except PasskeyUnverified as problem:
            if not problem.turned_away:
                return _unverified()
            valid = False
        if isinstance(valid, TurnedAway):
            return valid
        if not valid:
            return self._failed(who, place, f"The passkey of {who.username} is refused.")
        self._note_success(who, place)
        return Admitted(who.username, "passkey", visitor, who.passkey)

    async def _is_right(self, who: Credentials, place: Place) -> bool | TurnedAway:
        """Check a passkey; at most one question a user is under way, and no more than could still fail."""
        while not self._remembers(who):
            wait_s = self._wait_s(who.username, place)
            if wait_s:
                return _too_often(wait_s)
            if self._service is None:
                return self._matches_table(who)
            if self._may_ask(who.username, place):
                return await self._ask(self._service, who, place)
            await self._landed.wait()
        return True

    def _may_ask(self, username: str, place: Place) -> bool:
        asked_from_there = sum(address == place.address for address in self._flights.values())
        return (
            username not in self._flights
            and len(self._flights) < FLIGHTS_MAX
            and self._failures.count(place.address_key) + asked_from_there < FAILURES_MAX
        )

    async def _ask(self, service: Service, who: Credentials, place: Place) -> bool:
        self._flights[who.username] = place.address
        try:
            valid = await service.is_valid(who.username, who.passkey)
            if valid:
                self._remember(who)
            return valid
        finally:
            del self._flights[who.username]
            self._landed.set()
            self._landed = trio.Event()

    def _matches_table(self, who: Credentials) -> bool:
        known = self._settings.passkeys.get(who.username)
        expected = known.reveal() if known is not None else ""
        # An unknown user costs a comparison, too: how long it takes tells nothing.
        same = hmac.compare_digest(self._digest(who.passkey.reveal()), self._digest(expected))
        return same and known is not None and bool(known)

    # ---------------------------------------------------------------- invitations

    def _is_invited(self, username: str, token_hash: str) -> bool:
        """Tell whether an invitation stands for this user: it is theirs already, or it and the name are new."""
        for party in self._parties().parties.values():
            for invite in party.invites:
                if not hmac.compare_digest(invite.token_hash, token_hash):
                    continue
                if isinstance(party.phase, Ended) or invite.wall_until_at < self._wall_at():
                    return False
                return invite.used_by == username if invite.used_by else not self._is_taken(username)
        return False

    def _is_taken(self, username: str) -> bool:
        """Tell whether somebody goes by that name, or one that looks the same, already."""
        return _looks(username) in {_looks(name) for name in self._names()}

    def _names(self) -> Iterator[str]:
        state = self._parties()
        yield from state.clients
        yield from self._settings.passkeys
        yield from (username for username, _ in self._came_from)
        for party in state.parties.values():
            yield from (member.username for member in party.members)
            yield from (invite.used_by for invite in party.invites if invite.used_by)

    # ---------------------------------------------------------------- looking again

    async def still_admitted(self, admitted: Admitted) -> bool:
        """Look at somebody again who is in: after a change of settings, or of what the service knows.

        A service that does not answer takes nobody's access away.
        """
        username = admitted.username
        place = self._proxies.place(admitted.visitor)
        if admitted.way == "socket":
            return True
        if self._settings.require_tls and not place.secure:
            return False
        if admitted.way == "invite":
            return self._is_guest(username)
        if self._service is None and not self._settings.passkeys:
            return place.loopback
        if not admitted.passkey:
            return False
        who = Credentials(username, admitted.passkey)
        if self._service is None:
            return self._matches_table(who)
        try:
            return await self._service.is_valid(username, admitted.passkey)
        except PasskeyUnverified:
            return True

    def _is_guest(self, username: str) -> bool:
        """Tell whether a party still has a user who came by invitation."""
        return any(party.member(username) is not None for party in self._parties().parties.values())

    # ---------------------------------------------------------------- what is remembered

    def _remembers(self, who: Credentials) -> bool:
        until = self._cached.get(self._cache_key(who))
        return until is not None and until > self._now_at()

    def _remember(self, who: Credentials) -> None:
        now_at = self._now_at()
        if len(self._cached) >= CACHED_MAX:
            self._cached = {key: until for key, until in self._cached.items() if until > now_at}
        if len(self._cached) < CACHED_MAX:
            self._cached[self._cache_key(who)] = now_at + CACHE_S

    def _cache_key(self, who: Credentials) -> tuple[str, bytes]:
        return who.username, self._digest(who.passkey.reveal())

    def _digest(self, text: str) -> bytes:
        return hashlib.blake2b(text.encode(), key=self._salt, digest_size=16).digest()

    def _note_success(self, who: Credentials, place: Place) -> None:
        """Remember where a user comes from: what strangers do wrong elsewhere does not keep them out."""
        if len(self._came_from) >= CACHED_MAX:
            del self._came_from[next(iter(self._came_from))]
        self._came_from[who.username, place.address_key] = None

    def _wait_s(self, username: str, place: Place) -> float:
        """Say how long a visitor must wait because of failures, its own or others' with this name."""
        wait_s = self._failures.wait_s(place.address_key)
        if (username, place.address_key) not in self._came_from:
            wait_s = max(wait_s, self._failures.wait_s(f"user {username}"))
        return wait_s

    # ---------------------------------------------------------------- refusals

    def _failed(self, who: Credentials, place: Place, text: str) -> TurnedAway:
        self._failures.note(place.address_key)
        self._failures.note(f"user {who.username}")
        if text:
            return TurnedAway("bad_passkey", text, "Ask whoever hosts, and set the agent's passkey.")
        text = f"This invitation does not admit {who.username}: it ended, was used, or the name is taken."
        return TurnedAway("invite_unknown", text, "Ask the host for a new one, or choose another username.")

    def _uninvited(self, who: Credentials, invite_hash: str, place: Place) -> TurnedAway:
        if invite_hash:
            return self._failed(who, place, "")
        return TurnedAway(
            "bad_passkey",
            "This orchestrator knows no passkeys, so it admits only its own machine and those it invited.",
            "Ask its host for an invitation; or let them set [party] passkeys_file or passkey_validation_url.",
        )


def _looks(username: str) -> str:
    return unicodedata.normalize("NFKC", username).casefold()


def _no_tls() -> TurnedAway:
    return TurnedAway(
        "tls_required", "This orchestrator takes connections with TLS only.", "Use its wss:// address."
    )


def _no_passkey(username: str) -> TurnedAway:
    return TurnedAway(
        "bad_passkey", f"{username} came without a passkey.", "Set the agent's passkey, or use an invitation."
    )


def _too_often(wait_s: float) -> TurnedAway:
    after_s = ceil(wait_s)
    text = f"Too many wrong passkeys: {FAILURES_MAX} in {WINDOW_S:.0f} s are possible."
    return TurnedAway("too_often", text, f"Try again in {after_s} s.", CLOSE_LATER, after_s)


def _unverified() -> TurnedAway:
    """Say that nobody could tell. Which service was asked is no visitor's affair."""
    text = "The passkey could not be verified: the service that knows passkeys does not answer sensibly."
    return TurnedAway("unverified", text, "Try again in a minute.", CLOSE_LATER, 30)
