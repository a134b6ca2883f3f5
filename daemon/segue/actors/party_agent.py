"""This home's part in watch parties: it talks to an orchestrator, and drives the home's own players.

Theory of operation. A line keeps a connection (`party_line`), a talk speaks on it (`party_talk`), and a seat for each
player in each session brings the player to where the orchestrator says (`party_seat`). Seats outlive connections: a
film goes on when the orchestrator is gone, corrected to the last line that is known, and when it is back its state
counts by its revision. Nothing is decided here: whom to obey is the configuration's, what to show the orchestrator's,
how to be in step `core/party/sync`'s.
"""

import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from math import inf

import msgspec
import trio

from segue import __version__, logs
from segue.actors.party_desk import WaitingWants, views
from segue.actors.party_home import HomePlayer, HomeSeen, PartyHome
from segue.actors.party_household import guarded
from segue.actors.party_invitation import Invitation, InvitationError
from segue.actors.party_kept import KeptPlayers
from segue.actors.party_line import End, Link, PartyLine
from segue.actors.party_media import Match, Missing, PartyMedia
from segue.actors.party_player import PlexScreen, Screen
from segue.actors.party_plex import HomePlex
from segue.actors.party_seat import FRESH_S, LOOK_AGAIN_S, Seat
from segue.actors.party_sessions import Sessions
from segue.actors.party_socket import LineError, dial, identity_headers, tls_context
from segue.actors.party_talk import Talk
from segue.actors.party_target import AgentSettings, Target, Targets
from segue.adapters.gdm import Address as GdmAddress
from segue.core.actions import Action
from segue.core.party.home import AgentLinkChanged, HomeSeatGone
from segue.core.party.sync import clock as clocks
from segue.core.party.sync.clock import Probe, ServerClock
from segue.interfaces.answers import ApiError
from segue.interfaces.party_old_protocol import OldCommand, Register
from segue.interfaces.party_protocol import (
    VERSION,
    Answer,
    DeviceBody,
    DownMessage,
    Error,
    Event,
    FilmBody,
    Hello,
    Member,
    Report,
    State,
    UpMessage,
    Want,
    Welcome,
)
from segue.interfaces.views import Json
from segue.runtime.store import CoreError, Store

__all__ = ["AgentSettings", "PartyAgent"]

BY = "actor:party_agent"
OLD_S = 3600.0
"""An orchestrator that spoke the old protocol is asked again whether it knows ours after so long, in seconds."""
UNHEARD_S = 5.0
"""A session that the orchestrator does not name within this time of a welcome is over, in seconds."""
JOIN_S = 8.0
"""Longest wait of `join` for the orchestrator's word, in seconds; the attempts go on after it."""
INVITATION_OVER = frozenset({"invite_unknown", "invite_used"})


class PartyAgent:
    """The actor, and what the doors ask of it."""

    def __init__(
        self,
        store: Store,
        settings: AgentSettings,
        plex: HomePlex | None,
        *,
        gdm_addresses: tuple[GdmAddress, ...] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        """`plex` is nothing where no server is configured: then every film is missing, and the lobby says so."""
        self._store = store
        self._settings = settings
        self._plex = plex
        self._targets = Targets(settings)
        self.players = KeptPlayers(settings.state_dir)
        self._home = PartyHome(
            plex,
            settings.authorized,
            lambda: self.players.titles,
            gdm=settings.gdm,
            gdm_addresses=gdm_addresses,
        )
        self._media = PartyMedia(plex)
        self._line = PartyLine(self._dial, self._talk_on, self._lost, rng=rng)
        self._seen = HomeSeen()
        self._seen_at = -inf
        self._looking = trio.Lock()
        self._searching = False
        self.clock = ServerClock()
        """The orchestrator's, as far as it is known."""
        self._epoch = ""
        self._target: Target | None = None
        self._link: Link | None = None
        self._talk: Talk | None = None
        self._old_next = False
        """Whether the next connection begins with the old protocol."""
        self._hello_at = -inf
        """When a connection last began with ours."""
        self._sessions = Sessions(self, self._start)
        self._wants = WaitingWants()
        self._up, self._reason = False, ""
        self._news = trio.Event()
        """Set when the connection or its reason has changed."""
        self._nursery: trio.Nursery | None = None
        self._log = logs.get_logger("party_agent")

    # ---------------------------------------------------------------- life

    async def run(self) -> None:
        """Take part until cancelled."""
        await self.players.load()
        await self._targets.load()
        for seat in self._store.state.party.home.seats:
            self.post(HomeSeatGone(seat.party_id, seat.device_id))
        self._said(up=False, reason="connecting")
        try:
            async with trio.open_nursery() as self._nursery:
                self._nursery.start_soon(self._line.run)
                self._nursery.start_soon(self.players.keep)
                self._nursery.start_soon(self._look_first)
                await trio.sleep_forever()
        finally:
            self._nursery = None
            with suppress(CoreError):
                self.post(AgentLinkChanged(up=False, orchestrator=""))
            with trio.CancelScope(shield=True, deadline=trio.current_time() + 1.0):
                await self.players.save()

    async def _look_first(self) -> None:
        """Look around at the start, so that the orchestrator knows the players before a party needs them."""
        if await self._targets.choose() is None:
            return  # a home that is in no parties is left in peace
        await guarded(lambda: self.look(0.0), "The look around")

    # ---------------------------------------------------------------- the line

    async def _dial(self, nursery: trio.Nursery) -> Link:
        target = await self._targets.choose()
        if target is None:
            raise LineError(self._targets.problem, again="never")
        if self._target is not None and self._target.address != target.address:
            self._sessions.forget_all()
            self._epoch, self._old_next = "", False
        self._target = target
        headers = identity_headers(target.username, target.passkey)
        tls = await tls_context(self._settings.ca_file) if target.address.tls else None
        return await dial(nursery, target.address, headers, tls=tls)

    async def _talk_on(self, link: Link) -> None:
        """Talk on a connection until it has ended."""
        talk = Talk(self, old=self._old_next and trio.current_time() - self._hello_at < OLD_S)
        if not talk.old:
            self._hello_at = trio.current_time()
        self._link, self._talk = link, talk
        try:
            await talk.run(link)
        finally:
            self._link = self._talk = None
            self._old_next = talk.next_is_old(link.close_code)
            self._wants.lost()
            self._sessions.lost()

    def _lost(self, end: End) -> None:
        self._said(up=False, reason=end.reason)

    def _said(self, *, up: bool, reason: str = "") -> None:
        """Tell the house what the connection is like."""
        self._up, self._reason = up, reason
        where = self._target.address.shown if self._target is not None else ""
        self.post(AgentLinkChanged(up, where, reason))
        self._news.set()
        self._news = trio.Event()

    @property
    def _invitation(self) -> Invitation | None:
        return None if self._target is None else self._target.invitation

    # ---------------------------------------------------------------- what the talk tells

    def hello(self) -> Hello:
        """Say who we are."""
        invitation = self._invitation
        return Hello(
            proto=(VERSION,),
            devices=self._devices(),
            username="" if self._target is None else self._target.username,
            invite="" if invitation is None else invitation.token.reveal(),
            agent=f"segue/{__version__}",
        )

    def register(self) -> Register:
        """The same in the old protocol."""
        return Register(self._devices(), "" if self._target is None else self._target.username)

    def _devices(self) -> tuple[DeviceBody, ...]:
        """Name the authorised players: as they were just seen, or as they are remembered."""
        named = [(p.device_id, p.title) for p in self._seen.players]
        if not named:
            titles = self.players.titles
            for name in self._settings.authorized:
                named += [(k, t) for k, t in titles.items() if name in (k, t)]
        known = {key[:200]: title[:200] or key[:200] for key, title in named if key}
        return tuple(DeviceBody(id=key, title=title) for key, title in known.items())[:32]

    @property
    def needs_time(self) -> bool:
        """Whether a film runs, or is about to."""
        return not self.clock.known or self._sessions.need_time

    def welcomed(self, welcome: Welcome | None) -> None:
        """There is a conversation now."""
        new_clock = welcome is None or welcome.epoch != self._epoch
        if welcome is None:
            # That protocol has no clock: what it says holds from when it arrives, on our own.
            now_s = trio.current_time()
            here = Probe(now_s, now_s, now_s, now_s)
            self._epoch, self.clock = "", clocks.add(clocks.add(clocks.add(ServerClock(), here), here), here)
        elif new_clock:
            self._epoch, self.clock = welcome.epoch, ServerClock()
        self._sessions.welcomed(new_clock=new_clock and welcome is not None)
        self._said(up=True)
        if self._talk is not None:
            talk = self._talk
            self._start(lambda: self._forget_unnamed(talk))

    def learned_time(self, probe: Probe) -> None:
        """A probe came back."""
        knew = self.clock.known
        self.clock = clocks.add(self.clock, probe)
        self._sessions.learned_time(probe, first=self.clock.known and not knew)

    def heard(self, message: DownMessage) -> None:
        """The orchestrator said something."""
        match message:
            case Member():
                self._heard_member(message)
            case State():
                self._heard_state(message)
            case Event():
                self._sessions.event(message)
            case Answer():
                self._wants.answered(message)
            case Error():
                self._heard_error(message)
            case _:
                pass  # a second welcome; the time is the talk's

    def commanded(self, command: OldCommand) -> None:
        """An orchestrator of the old protocol said something."""
        player = self._seen.player(command.device.id) or self._seen.player(command.device.title)
        if player is None or not player.device_id:
            self._log.warning(f"The orchestrator commands {command.device.title!r}, which is not authorised.")
        else:
            self._sessions.command(command, player)

    def _heard_member(self, member: Member) -> None:
        self._sessions.member(member)
        self._search()
        invitation = self._invitation
        if invitation is not None and invitation.party_id == member.session not in self._sessions.members:
            # Not at once: the answer to our wish to leave may be on its way.
            self._start(lambda: self._drop(invitation, "This home is in that party no more.", after_s=1.0))

    def _heard_state(self, state: State) -> None:
        self._sessions.state(state)
        if self._talk is not None and self.needs_time:
            self._talk.needs_time()
        invitation = self._invitation
        if invitation is not None and state.phase == "ended" and state.session == invitation.party_id:
            self._start(lambda: self._targets.is_over(invitation))

    def _heard_error(self, error: Error) -> None:
        self._log.warning(f"The orchestrator says: {error.message} {error.hint}".rstrip())
        invitation = self._invitation
        if error.code in INVITATION_OVER and invitation is not None:
            why = f"{error.message} {error.hint}".rstrip()
            self._start(lambda: self._drop(invitation, why))

    async def _drop(self, invitation: Invitation, why: str, *, after_s: float = 0.0) -> None:
        """Go back to the orchestrator of the configuration."""
        await self._targets.is_over(invitation, why)
        await trio.sleep(after_s)
        self._reconnect()

    async def _forget_unnamed(self, talk: Talk) -> None:
        await trio.sleep(UNHEARD_S)
        if self._talk is talk:
            self._sessions.forget_unnamed()

    def _start(self, run: Callable[[], Awaitable[None]]) -> None:
        if self._nursery is not None:
            self._nursery.start_soon(guarded, run, "A part of the party agent")

    # ---------------------------------------------------------------- what seats need

    def say(self, message: UpMessage) -> bool:
        """Tell the orchestrator; false when there is no connection."""
        talk = self._talk
        if talk is None or not talk.welcome:
            return False
        if not talk.old:
            talk.say(message)
        elif isinstance(message, Report) and (status := self._sessions.status(message)) is not None:
            talk.say_status(message.device, status)
        return True

    def post(self, action: Action) -> None:
        """Tell this house."""
        self._store.post(action, by=BY)

    def drives(self, device_id: str, seat: Seat) -> bool:
        """Take a player, unless another seat has it."""
        return self._sessions.drives(device_id, seat)

    def lets_go(self, device_id: str, seat: Seat) -> None:
        """Give a player free."""
        self._sessions.lets_go(device_id, seat)

    async def look(self, younger_than_s: float) -> HomeSeen:
        """Look around in this home, or remember what was seen a moment ago."""
        async with self._looking:
            if trio.current_time() - self._seen_at > younger_than_s:
                before = self._devices()
                self._seen, self._seen_at = await self._home.look(), trio.current_time()
                for player in self._seen.players:
                    if player.device_id:
                        self.players.note(player.device_id, title=player.title)
                if self._talk is not None and self._devices() != before:
                    self._talk.hello_again()
        self._search()
        return self._seen

    def _search(self) -> None:
        """Look on for players that were never seen, while a party waits for one: they have no seat yet that would."""
        if self._misses_a_player() and not self._searching:
            self._searching = True
            self._start(self._keep_looking)

    def _misses_a_player(self) -> bool:
        unseen = self._never_looked or any(not player.device_id for player in self._seen.players)
        return unseen and self._sessions.without_player

    @property
    def _never_looked(self) -> bool:
        return self._seen_at == -inf

    async def _keep_looking(self) -> None:
        try:
            while self._misses_a_player():
                await trio.sleep(0 if self._never_looked else LOOK_AGAIN_S)
                await self.look(FRESH_S)
        finally:
            self._searching = False

    async def find(self, film: FilmBody) -> Match | Missing:
        """Find the item for a film."""
        return await self._media.find(film)

    def screen(self, player: HomePlayer, match: Match) -> Screen:
        """Give a player to drive."""
        assert self._plex is not None and player.info is not None
        return PlexScreen(self._plex, player.info, match)

    # ---------------------------------------------------------------- what the doors ask

    def home(self) -> Json:
        """Show this home's part in parties."""
        return views(
            target=self._target,
            up=self._up,
            reason=self._reason or self._targets.problem,
            old=self._talk is not None and self._talk.old,
            seen=self._seen,
            members=self._sessions.members,
            seats=tuple(self._sessions),
        )

    async def want(
        self, party_id: str, op: str, position_ms: int | None = None, offset_ms: int | None = None
    ) -> Json:
        """Pass a person's wish on to the orchestrator, and give its answer: `ok`, `code`, `message`, `hint`."""
        talk = self._talk
        if talk is None or not talk.welcome:
            raise ApiError(
                503, "no_orchestrator", f"There is no connection to the orchestrator: {self._reason}"
            )
        if talk.old:
            raise ApiError(
                422, "old_orchestrator", "This orchestrator speaks the old protocol, which has no wishes."
            )
        body = {"session": party_id, "op": op, "position_ms": position_ms, "offset_ms": offset_ms}
        number = self._wants.next_id()
        try:
            want = msgspec.convert({"type": "want", "id": number} | body, Want)
        except msgspec.ValidationError as error:
            raise ApiError(422, "bad_want", f"The orchestrator would not understand this: {error}.") from None
        return await self._wants.ask(number, lambda: talk.say(want))

    async def join(self, link: str) -> Json:
        """Take an invitation, keep it, and go there. Says whether it is there yet; the attempts go on."""
        try:
            invitation = await self._targets.accept(link)
        except InvitationError as error:
            raise ApiError(422, error.code, error.message, error.hint) from None
        self._reconnect()
        with trio.move_on_after(JOIN_S):
            while not self._is_in(invitation.party_id):
                await self._next_news()
        return {
            "schema": "segue.party-joined/1",
            "party_id": invitation.party_id,
            "orchestrator": invitation.at.shown,
            "joined": self._is_in(invitation.party_id),
            "reason": "" if self._is_in(invitation.party_id) else self._reason,
        }

    async def find_film(self, text: str) -> list[Json]:
        """Look for a film on this home's Plex."""
        return await self._media.search(text)

    def _is_in(self, party_id: str) -> bool:
        return self._up and party_id in self._sessions.members

    async def _next_news(self) -> None:
        with trio.move_on_after(0.2):
            await self._news.wait()

    def _reconnect(self) -> None:
        """Connect anew, now: to somebody else, or as somebody else."""
        link = self._link
        if link is not None:
            self._start(link.close)
        self._line.try_now()
