"""Speaking on IRC for the parties: the real store and core, and an IRC client that keeps what it is told to say."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from segue.actors.irc_announcer import IrcAnnouncer, Pace
from segue.adapters.irc import Away, Entered, Gone, IrcEvent, Said
from segue.core.actions import Action
from segue.core.party.actions import ClientConnected
from segue.core.party.nicks import NickAsked, NickConfirmRequested
from segue.core.party.requests import CreateRequested, StartRequested, StopRequested
from segue.core.party.settings import Device, Film, PartyRules
from segue.core.state import State
from segue.interfaces.answers import ApiError
from segue.interfaces.views import Json
from segue.runtime.clock import HouseClock
from segue.runtime.inbox import Inbox
from segue.runtime.journal import MemoryJournal
from segue.runtime.store import Store, Subscription

MATRIX: Json = {
    "title": "The Matrix", "year": 1999, "duration_ms": 8_177_000, "guid": "plex://movie/1",
    "filename": "The Matrix (1999).mkv", "rating_key": "51", "kind": "movie",
}  # fmt: skip


class FakeClient:
    """Keeps what is said."""

    def __init__(self, hear: Callable[[IrcEvent], None]) -> None:
        self.hear = hear
        self.trouble = "not connected yet"
        self.announced: list[str] = []
        self.answered: list[tuple[str, str]] = []

    def announce(self, text: str) -> None:
        self.announced.append(text)

    def answer(self, nick: str, text: str) -> None:
        self.answered.append((nick, text))

    async def run(self) -> None:
        self.hear(Entered("segue"))
        await trio.sleep_forever()


class Rig:
    """A store, the announcer, and who is on IRC."""

    def __init__(self) -> None:
        self.store = Store(State(), MemoryJournal())
        inbox = Inbox(self.store.drop)
        self.store.own("irc_announcer", inbox.put)
        for owner in ("party_orchestrator", "log"):
            self.store.own(owner, lambda _: None)
        self.clients: list[FakeClient] = []
        self.finds: Callable[[str], list[Json]] = lambda _: [MATRIX]
        self.look_up_s = 0.0
        self.actor = IrcAnnouncer(self.store, inbox, self._client, HouseClock(), self._find)
        self.steps: Subscription = self.store.subscribe()

    def _client(self, hear: Callable[[IrcEvent], None]) -> FakeClient:
        self.clients.append(FakeClient(hear))
        return self.clients[-1]

    async def _find(self, name: str) -> list[Json]:
        await trio.sleep(self.look_up_s)
        return self.finds(name)

    @property
    def irc(self) -> FakeClient:
        return self.clients[-1]

    async def say(self, nick: str, *texts: str, account: str = "", is_here: bool = True) -> list[str]:
        """Say something and give what that nick is answered."""
        before = len(self.irc.answered)
        for text in texts:
            self.irc.hear(Said(nick, text, account, is_here))
        await trio.testing.wait_all_tasks_blocked()
        return [text for to, text in self.irc.answered[before:] if to == nick]

    async def bind(self, nick: str, username: str, account: str = "") -> None:
        """Let a nick speak for a user: it asks, and the user confirms at the house."""
        (text,) = await self.say(nick, f"!bind {username}", account=account)
        code = re.search(r"party nick ([A-Z0-9]{6}) ", text)
        assert code is not None
        assert self.store.dispatch(NickConfirmRequested(code[1], username), by="test").refusal is None
        await trio.testing.wait_all_tasks_blocked()
        assert self.irc.answered[-1] == (nick, f"You are {username} here now.")

    async def actions(self) -> list[Action]:
        """Give what was dispatched since the last look."""
        with trio.move_on_after(0):
            return [entry.action for entry in await self.steps.get()]
        return []


@asynccontextmanager
async def rig() -> AsyncIterator[Rig]:
    it = Rig()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(it.actor.run)
        await trio.testing.wait_all_tasks_blocked()
        yield it
        nursery.cancel_scope.cancel()


FILM = Film(duration_ms=8_177_000, filename="The Matrix (1999).mkv")


async def test_a_partys_evening_is_announced(autojump_clock: trio.testing.MockClock) -> None:
    async with rig() as it:
        it.store.dispatch(CreateRequested((FILM,)), by="test")
        (party_id,) = it.store.state.party.parties
        it.store.dispatch(StartRequested(party_id=party_id), by="test")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(it.store.run)
            with trio.fail_after(4 * 3600):
                while len(it.irc.announced) < 3:
                    await trio.sleep(10)
            nursery.cancel_scope.cancel()
        it.store.dispatch(StopRequested(party_id=party_id), by="test")
        await trio.testing.wait_all_tasks_blocked()
        kinds = [re.sub(r".*(New|begins\.|Intermission|ended).*", r"\1", text) for text in it.irc.announced]
        assert kinds == ["New", "begins.", "Intermission", "ended"]
        assert all(party_id in text for text in it.irc.announced)


async def test_a_stranger_can_do_nothing_and_is_told_how_to_be_somebody(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Every command of one who is nobody leads to a code, and to nothing else."""
    async with rig() as it:
        it.store.dispatch(CreateRequested((FILM,), rules=PartyRules(join="anyone")), by="test")
        (party_id,) = it.store.state.party.parties
        before = it.store.state.party.parties
        await it.actions()
        for text in ("!list", "!devices", f"!join {party_id}", "!leave", "!create Heat.mkv 170 now"):
            answers = await it.say("mallory", text)
            assert len(answers) == 1
            assert "seguectl party nick" in answers[0]
            assert party_id not in answers[0]
        assert it.store.state.party.parties is before
        assert {type(action) for action in await it.actions()} == {NickAsked}


async def test_whoever_names_a_user_is_that_user_only_once_the_house_says_so(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with rig() as it:
        (text,) = await it.say("mallory", "!bind alice")
        assert text.endswith(" alice")
        (text,) = await it.say("mallory", "!devices")
        assert "seguectl party nick" in text
        await it.bind("alice_", "alice")
        (text,) = await it.say("alice_", "!devices")
        assert text.startswith("alice, your home is not connected")
        (text,) = await it.say("mallory", "!devices")
        assert "seguectl party nick" in text


async def test_a_user_creates_joins_and_leaves_as_the_core_lets_them(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with rig() as it:
        await it.bind("al", "alice")
        await it.bind("bobby", "bob")
        it.store.dispatch(
            ClientConnected("alice", "l1", (Device("d1", "Living Room TV"), Device("d2", "Phone"))), by="t"
        )
        (done,) = await it.say("al", "!create the matrix")
        (party,) = it.store.state.party.parties.values()
        assert done == f"Done: makes party {party.party_id}."
        assert party.film == Film(8_177_000, "plex://movie/1", "The Matrix (1999).mkv", "The Matrix")
        assert [(m.username, m.role) for m in party.members] == [("alice", "host")]
        (done,) = await it.say("al", f"!join Phone {party.party_id}")
        assert done == "Done: adds alice with Phone."
        (no,) = await it.say("bobby", f"!join {party.party_id}")
        assert no == f"bob is not in party {party.party_id}. Ask its host to add you."
        (no,) = await it.say("bobby", "!join zzzzzz")
        assert f"Parties: {party.party_id}" in no
        (line,) = await it.say("bobby", "!list")
        assert line.startswith(f"{party.party_id} The Matrix: not begun, 1 of 1 there")
        (done,) = await it.say("al", "!leave")
        assert done == "Done: removes alice."
        entry = [entry for entry in await it.steps.get() if entry.by == "irc:alice"]
        assert len(entry) == 3


async def test_what_is_no_command_is_answered_with_what_would_be_one_and_chatter_with_nothing(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with rig() as it:
        await it.bind("al", "alice")
        assert "six letters" in (await it.say("al", "!join the party"))[0]
        assert "!devices" in (await it.say("al", "!help"))[0]
        assert await it.say("al", "what a film!", "!seen bob", "!") == []


async def test_a_flood_is_not_answered(autojump_clock: trio.testing.MockClock) -> None:
    """Neither one person's nor that of many strangers, and others are heard all the same."""
    async with rig() as it:
        await it.bind("al", "alice")
        await it.bind("bobby", "bob")
        await trio.sleep(60)
        await it.actions()
        assert len(await it.say("al", *["!devices"] * 100)) == 4
        for n in range(100):
            await it.say(f"stranger{n}", "!list")
        assert len(await it.actions()) <= 8
        assert len([a for a in it.irc.answered if a[0].startswith("stranger")]) <= 8
        assert it.actor.unheard >= 96 + 92
        assert len(await it.say("bobby", "!devices")) == 1
        await trio.sleep(4.1)
        assert len(await it.say("al", *["!devices"] * 3)) == 1


async def test_whoever_left_is_nobody_when_they_come_back(autojump_clock: trio.testing.MockClock) -> None:
    """A nick is whoever took it first: between leaving and coming back it may have changed hands."""
    async with rig() as it:
        await it.bind("al", "alice")
        it.irc.hear(Gone("al"))
        (text,) = await it.say("al", "!devices")
        assert "seguectl party nick" in text
        assert text.endswith(" alice")


async def test_when_we_were_away_everybody_is_nobody(autojump_clock: trio.testing.MockClock) -> None:
    async with rig() as it:
        await it.bind("al", "alice")
        it.irc.hear(Away("it closed the connection"))
        it.irc.hear(Away("nobody there"))
        it.irc.hear(Entered("segue"))
        (text,) = await it.say("al", "!devices")
        assert "seguectl party nick" in text
        kinds = [type(action).__name__ for action in await it.actions()]
        assert kinds.count("NickGone") == 1


async def test_an_account_that_the_server_vouches_for_stays_its_user(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Whatever its nick, and from outside of the channel, too."""
    async with rig() as it:
        await it.bind("al", "alice", account="alice-acc")
        it.irc.hear(Away("gone"))
        it.irc.hear(Entered("segue"))
        (text,) = await it.say("other", "!devices", account="alice-acc", is_here=False)
        assert text.startswith("alice, ")
        (text,) = await it.say("al", "!devices")
        assert "seguectl party nick" in text


async def test_somebody_out_of_sight_is_not_even_given_a_code(autojump_clock: trio.testing.MockClock) -> None:
    async with rig() as it:
        await it.bind("al", "alice")
        await it.actions()
        (text,) = await it.say("al", "!devices", is_here=False)
        assert "I only know people whom I see in the channel" in text
        assert await it.actions() == []


async def test_who_comes_and_goes_without_a_name_here_makes_no_action(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """A busy channel writes nothing into the journal."""
    async with rig() as it:
        for n in range(50):
            it.irc.hear(Gone(f"guest{n}"))
        assert await it.actions() == []


@pytest.mark.parametrize("why", ["slow", "error", "nonsense", "nothing"])
async def test_a_house_that_cannot_look_films_up_takes_the_length_that_is_typed(
    autojump_clock: trio.testing.MockClock, why: str
) -> None:
    async with rig() as it:
        await it.bind("al", "alice")

        def fails(_: str) -> list[Json]:
            raise ApiError(503, "plex", "Plex is down.")

        answers: dict[str, Callable[[str], list[Json]]] = {
            "error": fails, "nonsense": lambda _: [{"title": 5}, {"duration_ms": "long"}], "nothing": lambda _: [],
        }  # fmt: skip
        it.finds = answers.get(why, it.finds)
        it.look_up_s = 3600.0 if why == "slow" else 0.0
        await it.say("al", "!create The Matrix (1999).mkv")
        await trio.sleep(20)
        assert "This house has no film" in it.irc.answered[-1][1]
        await it.say("al", "!create The Matrix (1999).mkv 2:16:17")
        await trio.sleep(20)
        (party,) = it.store.state.party.parties.values()
        assert party.film == FILM


async def test_commands_are_done_in_the_order_in_which_they_came(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with rig() as it:
        await it.bind("al", "alice")
        await trio.sleep(60)
        it.look_up_s = 5.0
        await it.say("al", "!create the matrix", "!leave")
        await trio.sleep(20)
        assert [text.split(":")[0] for _, text in it.irc.answered[-2:]] == ["Done", "Done"]


async def test_its_end_makes_everybody_nobody_and_lets_the_steps_go(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with rig() as it:
        await it.bind("al", "alice")
        await it.actions()
    (binding,) = it.store.state.party.nicks.bindings
    assert not binding.here
    assert it.store._subscriptions == {it.steps}


def test_an_allowance_comes_back_and_is_not_kept_for_everybody_there_ever_was() -> None:
    pace = Pace(2.0, 10.0)
    assert [pace.allows("al", at) for at in (0.0, 0.0, 0.0, 9.0, 10.0, 10.0, 1000.0, 1000.0, 1000.0)] == [
        True, True, False, False, True, False, True, True, False,
    ]  # fmt: skip
    for n in range(10_000):
        assert pace.allows(f"nick{n}", 1000.0)
    assert len(pace._left) <= 200
