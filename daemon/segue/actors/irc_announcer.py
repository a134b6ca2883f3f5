"""Speaks on IRC for the parties: announces them, and carries people's commands to the core and the answers back.

It decides nothing: who somebody is and what they may do is the core's. Here is only how much of it there may be. A
person's commands are heard at a slow pace, those of all strangers together at a slower one; what comes faster is not
heard at all, since an answer to each would make a flood of ours out of a flood of theirs.

Announcements are read off the steps that the store publishes. One that was lost because we were slow is not made up
for: on IRC, late is worse than never.
"""

import logging
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

import msgspec
import trio

from segue.adapters.irc import Away, Entered, Gone, IrcEvent, Said
from segue.core.party.effects import TellEvent
from segue.core.party.nicks import NickAsked, NickGone, TellNick, is_known, user_of
from segue.core.party.requests import PartyRequests
from segue.core.party.settings import Film
from segue.interfaces import party_irc
from segue.interfaces.answers import ApiError
from segue.interfaces.moment import Moment
from segue.interfaces.party_irc import BadCommand, Command
from segue.interfaces.views import Json
from segue.runtime.clock import Clock
from segue.runtime.inbox import Inbox
from segue.runtime.store import Store, Subscription

log = logging.getLogger(__name__)

BY = "actor:irc_announcer"
WAITING_MAX = 10
"""Commands that wait for the one before."""
LOOK_UP_S = 10.0
"""Longest look-up of a film."""
FILMS_MAX = 50
PERSON = (4.0, 4.0)
STRANGERS = (8.0, 8.0)
"""Commands at once, and seconds until there may be one more: of one person; of all strangers together."""
PERSONS_MAX = 200


class Client(Protocol):
    """An IRC client: `adapters.irc.IrcClient`, or a test's."""

    trouble: str
    """Why it is not in its channel; empty while it is."""

    def announce(self, text: str) -> None:
        """Say something in the channel, soon."""

    def answer(self, nick: str, text: str) -> None:
        """Tell one person something, soon."""

    async def run(self) -> None:
        """Stay connected, for ever."""


MakeClient = Callable[[Callable[[IrcEvent], None]], Client]
FindFilm = Callable[[str], Awaitable[list[Json]]]
"""Looks films up on the house's Plex; may raise `ApiError`."""


class Pace:
    """An allowance for each of many; those that were not heard of for longest are forgotten."""

    def __init__(self, at_once: float, every_s: float) -> None:
        self._at_once = at_once
        self._every_s = every_s
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, name: str, now_at: float) -> bool:
        """Take one off somebody's allowance; false when there is none left."""
        left, at = self._left.pop(name, (self._at_once, -math.inf))
        left = min(self._at_once, left + (now_at - at) / self._every_s)
        self._left[name] = (left - 1.0 if left >= 1.0 else left, now_at)
        if len(self._left) > PERSONS_MAX:
            self._left.popitem(last=False)
        return left >= 1.0


class IrcAnnouncer:
    """Owns the house's place on IRC."""

    def __init__(
        self,
        store: Store,
        inbox: Inbox,
        make_client: MakeClient,
        clock: Clock,
        find_film: FindFilm | None = None,
    ) -> None:
        """`make_client` makes the adapter anew at each start; without `find_film`, lengths must be typed."""
        self._store = store
        self._inbox = inbox
        self._make_client = make_client
        self._clock = clock
        self._find_film = find_film
        self._client = make_client(self.hear)
        self._is_in = False
        self._persons, self._strangers = Pace(*PERSON), Pace(*STRANGERS)
        self._put, self._taken = trio.open_memory_channel[tuple[Said, str, Command]](WAITING_MAX)
        self.unheard = 0
        """Commands that came too fast."""

    @property
    def trouble(self) -> str:
        """Why we are not in the channel; empty while we are."""
        return self._client.trouble

    async def run(self) -> None:
        """Stay connected, announce, listen and answer, for ever."""
        self._client = client = self._make_client(self.hear)
        self._put, self._taken = trio.open_memory_channel[tuple[Said, str, Command]](WAITING_MAX)
        steps = self._store.subscribe()
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(client.run)
                nursery.start_soon(self._announce, steps)
                nursery.start_soon(self._tell)
                nursery.start_soon(self._obey)
        finally:
            self._store.unsubscribe(steps)
            self._left()

    # ---------------------------------------------------------------- what happens in the house

    async def _announce(self, steps: Subscription) -> None:
        while True:
            for entry in await steps.get():
                for effect in entry.effects:
                    if isinstance(effect, TellEvent):
                        text = party_irc.announcement(effect, entry.after.party)
                        if text:
                            self._client.announce(text)

    async def _tell(self) -> None:
        while True:
            effect = await self._inbox.get()
            if isinstance(effect, TellNick):
                self._client.answer(effect.nick, effect.text)
            self._inbox.done(effect)

    # ---------------------------------------------------------------- what happens on IRC

    def hear(self, event: IrcEvent) -> None:
        """Take in what happened on IRC, in order."""
        match event:
            case Entered():
                self._is_in = True
            case Away():
                self._left()
            case Gone(nick):
                if is_known(self._store.state.party.nicks, nick):
                    self._store.post(NickGone(nick), by=BY)
            case Said():
                self._hear_words(event)

    def _left(self) -> None:
        """Say that we see nobody any more."""
        if self._is_in:
            self._is_in = False
            self._store.post(NickGone(), by=BY)

    def _hear_words(self, said: Said) -> None:
        command = party_irc.heard(said.text)
        if command is None:
            return
        nicks = self._store.state.party.nicks
        username = user_of(nicks, said.nick, said.account) if said.is_here or said.account else ""
        pace, name = (self._persons, username) if username else (self._strangers, "")
        if not pace.allows(name, trio.current_time()):
            self.unheard += 1
        elif command.name == "help":
            self._client.answer(said.nick, party_irc.HELP)
        elif not said.is_here and not said.account:
            text = "I only know people whom I see in the channel. Join it, and say it again."
            self._client.answer(said.nick, text)
        elif command.name == "bind" or not username:
            wanted = command.rest if command.name == "bind" else ""
            self._store.post(NickAsked(said.nick, said.account, wanted), by=BY)
        else:
            try:
                self._put.send_nowait((said, username, command))
            except trio.WouldBlock:
                self.unheard += 1

    async def _obey(self) -> None:
        """Do one command after the other: a slow one delays others, and cannot be overtaken by its own undoing."""
        async for said, username, command in self._taken:
            try:
                lines = await self._done(username, command)
            except BadCommand as problem:
                lines = [str(problem)]
            for line in lines:
                self._client.answer(said.nick, line)

    async def _done(self, username: str, command: Command) -> list[str]:
        """Do a command of a user and say what became of it. Raises `BadCommand`."""
        state = self._store.state.party
        match command.name:
            case "devices":
                return party_irc.devices(state, username)
            case "list":
                return party_irc.parties(state, Moment(self._clock.now_at(), self._clock.wall_at()))
            case "join":
                return self._ask(party_irc.joining(command.rest, username), username)
            case "leave":
                return self._ask(party_irc.leaving(command.rest, username, state), username)
            case "create":
                new = party_irc.creating(command.rest, self._clock.wall_at())
                film = party_irc.chosen(new, await self._films(new.filename))
                return self._ask(party_irc.created(new, film, username), username)
            case "bind" | "help":
                return []

    def _ask(self, action: PartyRequests, username: str) -> list[str]:
        step = self._store.dispatch(action, by=f"irc:{username}")
        return party_irc.answered(action, step.refusal, step.acceptance)

    async def _films(self, name: str) -> list[Film]:
        """Look films up; none where nobody can say."""
        found: list[Json] = []
        if self._find_film is not None:
            with trio.move_on_after(LOOK_UP_S), suppress(ApiError):
                found = await self._find_film(name)
        films: list[Film] = []
        for each in found[:FILMS_MAX]:
            with suppress(msgspec.ValidationError):
                films.append(msgspec.convert(each, Film))
        return films
