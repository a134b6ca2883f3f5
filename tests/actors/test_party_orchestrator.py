"""The orchestrator's side of connections under virtual time: what reaches whom, and what the core hears of it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from segue.actors.party_gate import GateSettings, PasskeyGate
from segue.actors.party_links import ACTS_BURST, WAITING_MAX, PartyLink
from segue.actors.party_orchestrator import GOES_S, REVIEW_S, PartyOrchestrator
from segue.adapters.passkey import PasskeyUnverified
from segue.core.actions import Action
from segue.core.party.actions import ClientConnected, ClientDisconnected, SeatReported
from segue.core.party.effects import TellEvent
from segue.core.party.requests import (
    AddRequested,
    CreateRequested,
    PauseRequested,
    QueueRequested,
    RemoveRequested,
    ResyncRequested,
    SkipRequested,
    StartRequested,
)
from segue.core.party.settings import Film, PartyRules
from segue.core.party.state import Seat
from segue.core.state import State
from segue.interfaces.party_old_protocol import Register, StatusUpdate
from segue.interfaces.party_protocol import DeviceBody, Hello, Ready, Report, Want
from segue.interfaces.party_visitor import Admitted, Visitor
from segue.interfaces.party_ws import Goodbye
from segue.runtime.journal import MemoryJournal
from segue.runtime.store import Store
from segue.secret import Secret
from tests.actors.test_party_gate import Service, VirtualClock
from tests.helpers.party_hub import FILM

TV = DeviceBody(id="tv-1", title="Living Room TV")
NAMELESS = Film(duration_ms=5_400_000, guid="plex://movie/77", title="Nameless")
RULES = PartyRules(open=True, join="anyone", start_grace_s=0.0)


class House:
    """A store and an orchestrator, without sockets."""

    def __init__(self, service: Service | None = None, settings: GateSettings | None = None) -> None:
        clock = VirtualClock()
        self.journal = MemoryJournal()
        self.store = Store(State(), self.journal, clock=clock)
        self.service = service
        self.gate = PasskeyGate(
            clock.now_at, clock.wall_at, lambda: self.store.state.party, settings, service
        )
        self.orchestrator = PartyOrchestrator(self.store, clock, self.gate)
        self.store.own("party_orchestrator", self.orchestrator.deliver)

    def ask(self, action: Action) -> None:
        step = self.store.dispatch(action, by="test")
        assert step.refusal is None, step.refusal

    def party(self, *films: Film) -> str:
        self.ask(CreateRequested(films=films or (FILM,), host="alice", rules=RULES))
        return next(iter(self.store.state.party.parties))

    def joins(self, username: str, *devices: DeviceBody, old: bool = False, **more: Any) -> PartyLink:
        admitted = Admitted(username, more.pop("way", "passkey"), Visitor("192.0.2.7"), Secret("sesame"))
        offered = devices or (TV,)
        first = Register(offered, username) if old else Hello((1,), offered, **more)
        return self.orchestrator.join(admitted, first)

    def seat(self, party_id: str, username: str = "alice") -> Seat:
        member = self.store.state.party.parties[party_id].member(username)
        assert member is not None
        return member.seats[0]

    def heard(self, kind: type[Action]) -> list[Any]:
        """Give the core's actions of a type."""
        return [entry.action for entry in self.journal.entries if isinstance(entry.action, kind)]


@asynccontextmanager
async def living(house: House) -> AsyncIterator[House]:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(house.store.run)
        nursery.start_soon(house.orchestrator.run)
        yield house
        nursery.cancel_scope.cancel()


def told(link: PartyLink) -> list[dict[str, Any]]:
    """Take all that a connection is told now."""
    messages = []
    while isinstance(text := link.next(), str):
        messages.append(json.loads(text))
    return messages


def goodbye(link: PartyLink) -> int:
    """Give the code that a connection is closed with."""
    end = link.next()
    assert isinstance(end, Goodbye)
    assert end.reason
    return end.code


def verbs(link: PartyLink) -> list[str]:
    """Give what an old client's players are told to do."""
    return [message["cmd"]["type"] for message in told(link)]


# ------------------------------------------------------------------ who hears what


async def test_a_newer_state_takes_the_place_of_one_that_was_not_sent(autojump_clock: MockClock) -> None:
    house = House()
    party_id = house.party()
    alice = house.joins("alice")
    told(alice)
    house.ask(StartRequested(party_id=party_id))
    house.store.dispatch(PauseRequested(party_id=party_id), by="test")
    states = [message for message in told(alice) if message["type"] == "state"]
    assert len(states) == 1
    assert states[0]["rev"] == house.store.state.party.parties[party_id].rev


async def test_only_members_hear_of_a_party_and_only_the_one_concerned_of_what_is_theirs(
    autojump_clock: MockClock,
) -> None:
    house = House()
    party_id = house.party()
    alice, bob, carol = house.joins("alice"), house.joins("bob", session=party_id), house.joins("carol")
    told(alice), told(bob), told(carol)
    house.ask(StartRequested(party_id=party_id))
    house.ask(ResyncRequested(party_id=party_id, username="bob"))
    heard = {link.username: [message["type"] for message in told(link)] for link in (alice, bob, carol)}
    assert "state" in heard["alice"]
    assert "member" not in heard["alice"]
    assert {"state", "member"} <= set(heard["bob"])
    assert heard["carol"] == []


async def test_listeners_hear_what_everybody_is_told(autojump_clock: MockClock) -> None:
    house = House()
    events: list[TellEvent] = []
    house.orchestrator.on_event(events.append)
    party_id = house.party()
    house.ask(StartRequested(party_id=party_id))
    assert [event.kind for event in events][:2] == ["created", "gathering"]
    assert not any(event.to for event in events)


async def test_a_removed_member_hears_so_and_is_shown_no_more(autojump_clock: MockClock) -> None:
    house = House()
    party_id = house.party()
    house.joins("alice")
    bob = house.joins("bob", session=party_id)
    house.orchestrator.hear(bob, Report(session=party_id, device="tv-1", rev=1, note="in_step"))
    assert [seat["username"] for seat in house.orchestrator.live(party_id)["seats"]] == ["bob"]
    told(bob)
    house.ask(RemoveRequested(party_id=party_id, username="bob"))
    assert any(message.get("removed") for message in told(bob))
    assert house.orchestrator.live(party_id)["seats"] == []


# ------------------------------------------------------------------ old and new connections


async def test_what_an_older_connection_says_and_its_end_count_for_nothing(autojump_clock: MockClock) -> None:
    house = House()
    party_id = house.party()
    old = house.joins("alice")
    new = house.joins("alice")
    assert goodbye(old) == 4001
    house.orchestrator.hear(old, Want(session=party_id, op="start", id=1))
    house.orchestrator.hear(old, Hello((1,), ()))
    house.orchestrator.leave(old)
    assert house.store.state.party.clients["alice"].link_id == new.link_id
    assert house.heard(ClientDisconnected) == []
    assert house.store.state.party.parties[party_id].phase_name == "lobby"
    house.orchestrator.leave(new)
    assert house.store.state.party.clients == {}
    assert house.orchestrator.connections == 0


async def test_whoever_is_full_of_what_was_not_read_is_cut_off(autojump_clock: MockClock) -> None:
    house = House()
    alice = house.joins("alice")
    for _ in range(WAITING_MAX + 1):
        alice.tell("x")
    assert goodbye(alice) == 1008
    alice.tell("more")
    assert alice.queued == 0
    bob = house.joins("bob")
    bob.tell("x" * 70_000)
    assert goodbye(bob) == 1008


async def test_listening_ends_when_there_is_something_to_say(autojump_clock: MockClock) -> None:
    house = House()
    alice = house.joins("alice")
    told(alice)
    woken = trio.Event()

    async def listen() -> None:
        with trio.CancelScope() as scope:
            alice.listens(scope)
            await trio.sleep_forever()
        woken.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(listen)
        await wait_all_tasks_blocked()
        assert not woken.is_set()
        alice.tell("{}")
        with trio.fail_after(1):
            await woken.wait()


# ------------------------------------------------------------------ what the core hears


async def test_a_report_that_flutters_is_told_when_it_may_be(autojump_clock: MockClock) -> None:
    house = House()
    party_id = house.party()
    alice = house.joins("alice")
    told(alice)
    for note in ("in_step", "stalled", "in_step", "stalled"):
        house.orchestrator.hear(alice, Report(session=party_id, device="tv-1", rev=1, note=note))
    assert len(house.heard(SeatReported)) == 1
    with trio.CancelScope() as scope:
        alice.listens(scope)
        await trio.sleep_forever()  # until the moment of what is held
    assert alice.next() is None
    assert [action.report.note for action in house.heard(SeatReported)] == ["in_step", "stalled"]


async def test_a_thousand_reports_of_a_film_are_few_actions(autojump_clock: MockClock) -> None:
    house = House()
    party_id = house.party()
    alice = house.joins("alice")
    for n in range(1000):
        await trio.sleep(5)
        report = Report(
            session=party_id, device="tv-1", rev=1, note="in_step", drift_ms=n % 40, state="playing"
        )
        house.orchestrator.hear(alice, report)
    assert len(house.heard(SeatReported)) < 90
    (seat,) = house.orchestrator.live(party_id)["seats"]
    assert (seat["drift_ms"], seat["heard_s"]) == (999 % 40, 0.0)


async def test_too_much_at_once_is_refused_and_not_heard(autojump_clock: MockClock) -> None:
    house = House()
    party_id = house.party()
    alice = house.joins("alice")
    told(alice)
    for n in range(int(ACTS_BURST)):
        house.orchestrator.hear(alice, Ready(session=party_id, device="tv-1", rev=1, problem=f"trouble_{n}"))
    told(alice)
    house.orchestrator.hear(alice, Ready(session=party_id, device="tv-1", rev=1, problem="one_more"))
    house.orchestrator.hear(alice, Want(session=party_id, op="start", id=7))
    error, answer = told(alice)
    assert (error["type"], error["code"]) == ("error", "too_often")
    assert (answer["type"], answer["code"], answer["id"]) == ("answer", "too_often", 7)
    assert house.seat(party_id).problem == f"trouble_{int(ACTS_BURST) - 1}"
    await trio.sleep(1)
    house.orchestrator.hear(alice, Want(session=party_id, op="start", id=8))
    assert house.store.state.party.parties[party_id].phase_name != "lobby"


# ------------------------------------------------------------------ clients of the old protocol


async def test_an_old_client_that_is_far_off_is_corrected(autojump_clock: MockClock) -> None:
    async with living(House()) as house:
        party_id = house.party()
        alice = house.joins("alice", old=True)
        house.ask(StartRequested(party_id=party_id))
        await trio.sleep(5)
        assert verbs(alice) == ["play"]
        for _ in range(20):
            await trio.sleep(10)
            house.orchestrator.hear(alice, StatusUpdate("Movie.mkv", 3_000_000))
        sent = told(alice)
        assert [message["cmd"]["type"] for message in sent] == ["seek"] * len(sent)
        assert 1 <= len(sent) <= 4, "not again within a minute"
        assert sent[0]["cmd"]["offset"] < 300_000


async def test_a_resync_of_an_old_client_is_a_seek(autojump_clock: MockClock) -> None:
    async with living(House()) as house:
        party_id = house.party()
        alice = house.joins("alice", old=True)
        house.ask(StartRequested(party_id=party_id))
        await trio.sleep(30)
        assert verbs(alice) == ["play"]
        house.ask(ResyncRequested(party_id=party_id, username="alice"))
        assert verbs(alice) == ["seek"]


async def test_that_an_old_client_cannot_know_a_film_is_said_in_the_lobby_and_taken_back(
    autojump_clock: MockClock,
) -> None:
    async with living(House()) as house:
        party_id = house.party(NAMELESS)
        alice = house.joins("alice", old=True)
        seat = house.seat(party_id)
        assert seat.problem == "no_film"
        assert "file name" in seat.detail
        house.ask(QueueRequested(party_id=party_id, films=(FILM,)))
        house.ask(StartRequested(party_id=party_id))
        await trio.sleep(5)
        assert verbs(alice) == []
        house.ask(SkipRequested(party_id=party_id))
        await trio.sleep(5)
        assert verbs(alice) == ["play"]
        assert house.seat(party_id).problem == ""


async def test_an_old_client_that_is_removed_is_told_nothing_more(autojump_clock: MockClock) -> None:
    async with living(House()) as house:
        party_id = house.party()
        house.ask(AddRequested(party_id=party_id, username="bob"))
        bob = house.joins("bob", old=True)
        house.ask(StartRequested(party_id=party_id))
        await trio.sleep(5)
        assert verbs(bob) == ["play"]
        house.ask(RemoveRequested(party_id=party_id, username="bob"))
        house.ask(PauseRequested(party_id=party_id))
        await trio.sleep(5)
        assert verbs(bob) in ([], ["stop"])


# ------------------------------------------------------------------ access that is taken back


async def test_a_service_that_changes_its_mind_is_heard_within_a_quarter_of_an_hour(
    autojump_clock: MockClock,
) -> None:
    service = Service(alice="sesame", bob="sesame")
    async with living(House(service)) as house:
        alice, bob = house.joins("alice"), house.joins("bob")
        told(alice), told(bob)
        service.problem = PasskeyUnverified("down")
        await trio.sleep(REVIEW_S * 2)
        service.problem = None
        assert service.asked, "it was asked, and its silence put nobody out"
        assert not alice.ended
        del service.known["bob"]
        await trio.sleep(REVIEW_S + 10)
        assert goodbye(bob) == 4003
        assert not alice.ended


async def test_nobody_is_asked_about_where_nobody_came_with_a_passkey(autojump_clock: MockClock) -> None:
    service = Service()
    async with living(House(service)) as house:
        house.joins("alice", way="socket")
        await trio.sleep(REVIEW_S * 3)
        assert service.asked == []


async def test_a_guest_who_is_in_no_party_any_more_is_sent_away(autojump_clock: MockClock) -> None:
    async with living(House()) as house:
        party_id = house.party()
        guest = house.joins("guest", session=party_id, way="invite")
        house.ask(RemoveRequested(party_id=party_id, username="guest"))
        assert any(message.get("removed") for message in told(guest))
        await trio.sleep(GOES_S + 1)
        assert goodbye(guest) == 4003


async def test_access_can_be_taken_back_at_once(autojump_clock: MockClock) -> None:
    house = House()
    alice = house.joins("alice")
    assert house.orchestrator.revoke("alice")
    assert goodbye(alice) == 4003
    assert not house.orchestrator.revoke("nobody")


async def test_devices_may_be_offered_anew_on_a_connection_that_stands(autojump_clock: MockClock) -> None:
    house = House()
    alice = house.joins("alice")
    house.orchestrator.hear(alice, Hello((1,), (DeviceBody(id="tv-2", title="Projector"),)))
    assert [device.device_id for device in house.store.state.party.clients["alice"].devices] == ["tv-2"]
    assert len(house.heard(ClientConnected)) == 2
