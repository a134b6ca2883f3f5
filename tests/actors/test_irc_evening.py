"""A party arranged on a real IRC server: the real store, core and client; the people there share no code with ours."""

import re
from pathlib import Path

import trio

from segue.actors.irc_announcer import IrcAnnouncer
from segue.adapters.irc import IrcClient, IrcSettings, Timing
from segue.core.party.actions import ClientConnected
from segue.core.party.nicks import NickConfirmRequested, NickUnbindRequested
from segue.core.party.requests import StartRequested, StopRequested
from segue.core.party.settings import Device, Film, PartyRules, PartySettings
from segue.core.party.state import PartyState
from segue.core.state import State
from segue.runtime.clock import HouseClock
from segue.runtime.inbox import Inbox
from segue.runtime.journal import MemoryJournal
from segue.runtime.store import Store
from tests.helpers.ngircd import Ngircd, Person, needs_ngircd, ngircd, person

pytestmark = needs_ngircd
QUICK = Timing(line_s=0.02, back_off_s=(0.1,))
OPEN = PartyState(settings=PartySettings(rules=PartyRules(join="anyone", start_grace_s=0.5)))


def house(server: Ngircd) -> tuple[Store, IrcAnnouncer]:
    store = Store(State(party=OPEN), MemoryJournal())
    inbox = Inbox(store.drop)
    store.own("irc_announcer", inbox.put)
    for owner in ("party_orchestrator", "log"):
        store.own(owner, lambda _: None)
    settings = IrcSettings(host=server.host, port=server.tls_port, ca_file=server.ca_file, channel="#films")
    return store, IrcAnnouncer(
        store, inbox, lambda hear: IrcClient(settings, hear, timing=QUICK), HouseClock()
    )


async def bound(who: Person, username: str, store: Store) -> None:
    """Become a user: ask for a code, and have the house confirm it."""
    await who.say(f"!bind {username}")
    text = await who.hears("seguectl party nick", kind="NOTICE")
    code = re.search(r"party nick (\w{6}) (\w+)", text)
    assert code is not None
    assert code[2] == username
    assert store.dispatch(NickConfirmRequested(code[1], username), by="test").refusal is None
    assert await who.hears("You are", kind="NOTICE") == f"You are {username} here now."


async def test_friends_arrange_a_film_and_a_stranger_does_not(tmp_path: Path) -> None:
    async with ngircd(tmp_path) as server, trio.open_nursery() as nursery:
        al, bobby, mallory = [await person(server, nick) for nick in ("al", "bobby", "mallory")]
        store, announcer = house(server)
        nursery.start_soon(store.run)
        nursery.start_soon(announcer.run)
        await al.until(lambda line: line.startswith(":segue!") and " JOIN " in line)
        await bound(al, "alice", store)
        await bound(bobby, "bob", store)

        store.dispatch(ClientConnected("bob", "link", (Device("d1", "Living Room TV"),)), by="test")
        await bobby.say("!devices")
        assert await bobby.hears("players", kind="NOTICE") == "Your players: Living Room TV"

        await al.say("!create Ocean's Eleven (2001).mkv 1:56:20")
        text = await bobby.hears("New party")
        party_id = text.split()[2].rstrip(":")
        assert text == (
            f"New party {party_id}: Ocean's Eleven (2001).mkv (1:56:20), begins when its host starts it. "
            f"Take part: !join {party_id}"
        )
        party = store.state.party.parties[party_id]
        assert party.film == Film(duration_ms=6_980_000, filename="Ocean's Eleven (2001).mkv")

        await bobby.say(f"!join Living Room TV {party_id}")
        assert await bobby.hears("Done", kind="NOTICE") == "Done: adds bob with Living Room TV."
        before = store.state.party.parties
        for text in (f"!join TV {party_id}", f"!leave {party_id}", "!create x.mkv 90 now"):
            await mallory.say(text)
            await mallory.hears("seguectl party nick", kind="NOTICE")
        assert store.state.party.parties is before

        store.dispatch(StartRequested(party_id=party_id, who="alice"), by="test")
        assert await mallory.hears("begins.") == f"Party {party_id}: Ocean's Eleven (2001).mkv begins."
        store.dispatch(StopRequested(party_id=party_id, who="alice"), by="test")
        assert await al.hears("ended") == f"Party {party_id}: alice ended the party."
        nursery.cancel_scope.cancel()


async def test_whoever_takes_a_nick_that_was_left_is_not_its_user(tmp_path: Path) -> None:
    async with ngircd(tmp_path) as server, trio.open_nursery() as nursery:
        al = await person(server, "al")
        mallory = await person(server, "mallory")
        store, announcer = house(server)
        nursery.start_soon(announcer.run)
        await al.until(lambda line: line.startswith(":segue!") and " JOIN " in line)
        await bound(al, "alice", store)
        await al.leave()
        await mallory.until(lambda line: line.startswith(":al!") and " QUIT " in line)
        await mallory.send("NICK al")
        await mallory.until(lambda line: " NICK " in line)
        await mallory.say("!create x.mkv 90 now")
        text = await mallory.hears("seguectl party nick", kind="NOTICE")
        assert text.endswith(" alice")
        assert not store.state.party.parties
        nursery.cancel_scope.cancel()


async def test_what_the_house_takes_back_holds_at_once(tmp_path: Path) -> None:
    async with ngircd(tmp_path) as server, trio.open_nursery() as nursery:
        al = await person(server, "al")
        store, announcer = house(server)
        nursery.start_soon(announcer.run)
        await al.until(lambda line: line.startswith(":segue!") and " JOIN " in line)
        await bound(al, "alice", store)
        assert store.dispatch(NickUnbindRequested("AL"), by="test").refusal is None
        await al.say("!devices")
        await al.hears("seguectl party nick", kind="NOTICE")
        nursery.cancel_scope.cancel()


async def test_a_server_that_vanishes_leaves_nobody_bound(tmp_path: Path) -> None:
    async with ngircd(tmp_path) as server, trio.open_nursery() as nursery:
        al = await person(server, "al")
        store, announcer = house(server)
        nursery.start_soon(announcer.run)
        await al.until(lambda line: line.startswith(":segue!") and " JOIN " in line)
        await bound(al, "alice", store)
        await server.stop()
        with trio.fail_after(60):
            while store.state.party.nicks.bindings[0].here:
                await trio.sleep(0.02)
        nursery.cancel_scope.cancel()
