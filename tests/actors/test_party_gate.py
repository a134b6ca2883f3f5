"""Who may come in to parties: passkeys, the service that knows them, invitations, and how often one may err."""

import pytest
import trio
from trio.testing import MockClock

from segue.actors.party_gate import CACHE_S, FLIGHTS_MAX, GateSettings, PasskeyGate
from segue.actors.party_proxies import Proxies
from segue.adapters.passkey import PasskeyUnverified
from segue.core.actions import Action
from segue.core.party.actions import ClientConnected
from segue.core.party.requests import CreateRequested, InviteRequested, RemoveRequested, StopRequested
from segue.core.state import State
from segue.interfaces.party_translation import Credentials, hashed
from segue.interfaces.party_visitor import Admitted, TurnedAway, Visitor, visitor
from segue.runtime.journal import MemoryJournal
from segue.runtime.store import Store
from segue.secret import Secret
from tests.helpers.party_hub import FILM

HERE = Visitor("127.0.0.1")
AWAY = Visitor("192.0.2.7")
ELSEWHERE = Visitor("198.51.100.9")
TABLE = GateSettings(passkeys={"alice": Secret("sesame"), "bob": Secret("quince"), "eve": Secret("")})
TOKEN = hashed("an-invitation")
INVITED_S = 86_400.0


def who(username: str, passkey: str = "") -> Credentials:
    return Credentials(username, Secret(passkey))


class VirtualClock:
    """Both clocks on virtual time, and dice that always show the same."""

    def now_at(self) -> float:
        return trio.current_time()

    def wall_at(self) -> float:
        return 1e9 + trio.current_time()

    def entropy(self) -> int:
        return 4711


class Service:
    """A service in memory: knows passkeys, takes its time, and may be out of order."""

    def __init__(self, takes_s: float = 0.1, **known: str) -> None:
        self.known, self.takes_s = known, takes_s
        self.problem: PasskeyUnverified | None = None
        self.asked: list[str] = []
        self.at_once: list[int] = [0]

    async def is_valid(self, username: str, passkey: Secret) -> bool:
        self.asked.append(username)
        self.at_once.append(self.at_once[-1] + 1)
        try:
            await trio.sleep(self.takes_s)
        finally:
            self.at_once.append(self.at_once[-1] - 1)
        if self.problem is not None:
            raise self.problem
        return self.known.get(username) == passkey.reveal()


class House:
    """A gate and the parties that it looks at."""

    def __init__(self, settings: GateSettings | None = None, service: Service | None = None) -> None:
        clock = VirtualClock()
        self.store = Store(State(), MemoryJournal(), clock=clock)
        self.gate = PasskeyGate(
            clock.now_at, clock.wall_at, lambda: self.store.state.party, settings, service
        )

    def ask(self, action: Action) -> None:
        step = self.store.dispatch(action, by="test")
        assert step.refusal is None, step.refusal

    def party_with_invitation(self) -> str:
        self.ask(CreateRequested(films=(FILM,), host="alice"))
        party_id = next(iter(self.store.state.party.parties))
        until_at = 1e9 + trio.current_time() + INVITED_S
        self.ask(InviteRequested(party_id=party_id, token_hash=TOKEN, wall_until_at=until_at))
        return party_id

    def comes(self, username: str, invite: str = "") -> None:
        self.ask(ClientConnected(username, f"link of {username}", (), invite_hash=invite))

    async def admits(self, credentials: Credentials, visitor: Visitor = AWAY, invite: str = "") -> Admitted:
        verdict = await self.gate.admit(credentials, invite, visitor)
        assert isinstance(verdict, Admitted), verdict
        return verdict

    async def refuses(
        self, credentials: Credentials, visitor: Visitor = AWAY, invite: str = ""
    ) -> TurnedAway:
        verdict = await self.gate.admit(credentials, invite, visitor)
        assert isinstance(verdict, TurnedAway), verdict
        said = verdict.message + verdict.hint
        assert not credentials.passkey or credentials.passkey.reveal() not in said
        return verdict


# ------------------------------------------------------------------ where nobody knows passkeys


async def test_without_any_passkeys_only_this_machine_comes_in(autojump_clock: MockClock) -> None:
    house = House()
    assert (await house.admits(who("alice"), HERE)).way == "loopback"
    assert (await house.admits(who("alice"), Visitor("::1"))).way == "loopback"
    assert (await house.admits(who("alice"), Visitor("::ffff:127.0.0.1"))).way == "loopback"
    assert (await house.refuses(who("alice", "x"), AWAY)).code == "bad_passkey"
    assert (await house.refuses(who("alice"), Visitor(""))).code == "bad_passkey"


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip", "via", "x-forwarded-proto"])
async def test_whoever_came_through_a_proxy_is_not_from_this_machine(
    header: str, autojump_clock: MockClock
) -> None:
    house = House()
    claims = visitor("127.0.0.1", {header: "127.0.0.1"})
    assert (await house.refuses(who("alice"), claims)).code == "bad_passkey"


async def test_the_control_socket_comes_in_always(autojump_clock: MockClock) -> None:
    house = House(TABLE, Service())
    admitted = await house.admits(who("anyone"), Visitor(on_socket=True))
    assert admitted.way == "socket"
    assert await house.gate.still_admitted(admitted)


# ------------------------------------------------------------------ the table


async def test_the_table_lets_in_with_the_right_passkey_only(autojump_clock: MockClock) -> None:
    house = House(TABLE)
    assert (await house.admits(who("alice", "sesame"))).way == "passkey"
    for wrong in (
        who("alice", "quince"),
        who("alice"),
        who("mallory", "sesame"),
        who("eve"),
        who("eve", "x"),
    ):
        assert (await house.refuses(wrong, ELSEWHERE)).code == "bad_passkey"
    assert (await house.refuses(who("alice"), HERE)).code == "bad_passkey", "from here neither"


async def test_five_wrong_passkeys_a_minute_are_possible_from_one_address(autojump_clock: MockClock) -> None:
    house = House(TABLE)
    for n in range(5):
        assert (await house.refuses(who(f"user{n}", "guess"))).code == "bad_passkey"
    locked = await house.refuses(who("alice", "sesame"))
    assert (locked.code, locked.close) == ("too_often", 1013)
    assert locked.retry_after_s == 60
    await house.admits(who("alice", "sesame"), ELSEWHERE)
    await trio.sleep(60.1)
    await house.admits(who("alice", "sesame"))


async def test_five_wrong_passkeys_a_minute_are_possible_for_one_user_from_anywhere(
    autojump_clock: MockClock,
) -> None:
    house = House(TABLE)
    await house.admits(who("alice", "sesame"), AWAY)
    for n in range(5):
        await house.refuses(who("alice", "guess"), Visitor(f"198.51.100.{n}"))
    assert (await house.refuses(who("alice", "sesame"), Visitor("198.51.100.77"))).code == "too_often"
    await house.admits(who("alice", "sesame"), AWAY)  # strangers cannot lock her out of where she comes from
    await house.admits(who("bob", "quince"), Visitor("198.51.100.77"))


async def test_a_network_of_ipv6_counts_as_one_address(autojump_clock: MockClock) -> None:
    house = House(TABLE)
    for n in range(5):
        await house.refuses(who(f"user{n}", "guess"), Visitor(f"2001:db8::{n + 1}"))
    assert (await house.refuses(who("alice", "sesame"), Visitor("2001:db8::abcd"))).code == "too_often"
    await house.admits(who("alice", "sesame"), Visitor("2001:db8:0:1::1"))


# ------------------------------------------------------------------ the service


async def test_the_service_is_asked_once_a_minute(autojump_clock: MockClock) -> None:
    service = Service(alice="sesame")
    house = House(service=service)
    for _ in range(3):
        await house.admits(who("alice", "sesame"))
    assert service.asked == ["alice"]
    await trio.sleep(CACHE_S + 1)
    await house.admits(who("alice", "sesame"))
    assert service.asked == ["alice", "alice"]


async def test_a_no_is_not_kept_and_another_passkey_is_asked_about(autojump_clock: MockClock) -> None:
    service = Service(alice="sesame")
    house = House(service=service)
    await house.refuses(who("alice", "guess"))
    service.known["alice"] = "guess"
    await house.admits(who("alice", "guess"))
    assert (await house.refuses(who("alice", "other"))).code == "bad_passkey"


async def test_the_service_goes_before_the_table(autojump_clock: MockClock) -> None:
    house = House(TABLE, Service(alice="open"))
    await house.admits(who("alice", "open"))
    await house.refuses(who("alice", "sesame"))


async def test_a_service_that_gives_no_verdict_is_nobodys_failure(autojump_clock: MockClock) -> None:
    service = Service(alice="sesame")
    house = House(service=service)
    service.problem = PasskeyUnverified("auth.example/validate: HTTP status 500")
    for _ in range(7):
        turned = await house.refuses(who("alice", "sesame"))
        assert (turned.code, turned.close) == ("unverified", 1013)
        assert "auth.example" not in turned.message + turned.hint, (
            "which service it is, is no visitor's affair"
        )
    service.problem = None
    await house.admits(who("alice", "sesame"))


async def test_a_bare_refusal_of_the_service_counts_as_a_wrong_passkey(autojump_clock: MockClock) -> None:
    service = Service()
    service.problem = PasskeyUnverified("HTTP status 403", turned_away=True)
    house = House(service=service)
    for _ in range(5):
        assert (await house.refuses(who("alice", "guess"))).code == "bad_passkey"
    assert (await house.refuses(who("alice", "guess"))).code == "too_often"


async def test_a_burst_of_guesses_is_no_quicker_than_one_after_the_other(autojump_clock: MockClock) -> None:
    service = Service(takes_s=1.0, alice="sesame")
    house = House(service=service)
    verdicts: list[str] = []

    async def guess(n: int) -> None:
        verdicts.append((await house.refuses(who(f"user{n}", "guess"))).code)

    async with trio.open_nursery() as nursery:
        for n in range(30):
            nursery.start_soon(guess, n)
    assert len(service.asked) == 5
    assert sorted(verdicts) == ["bad_passkey"] * 5 + ["too_often"] * 25


async def test_many_homes_that_come_back_at_once_ask_a_few_at_a_time(autojump_clock: MockClock) -> None:
    service = Service(takes_s=1.0, **{f"user{n}": "right" for n in range(40)})
    house = House(service=service)
    async with trio.open_nursery() as nursery:
        for n in range(40):
            nursery.start_soon(house.admits, who(f"user{n}", "right"), Visitor(f"198.51.100.{n}"))
    assert max(service.at_once) == FLIGHTS_MAX


async def test_two_connections_of_a_user_are_one_question(autojump_clock: MockClock) -> None:
    service = Service(alice="sesame")
    house = House(service=service)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(house.admits, who("alice", "sesame"))
        nursery.start_soon(house.admits, who("alice", "sesame"))
    assert service.asked == ["alice"]


async def test_whoever_gives_up_waiting_leaves_no_trace(autojump_clock: MockClock) -> None:
    service = Service(takes_s=3.0, alice="sesame")
    house = House(service=service)
    with trio.move_on_after(1.0):
        await house.admits(who("alice", "sesame"))
    await house.admits(who("alice", "sesame"))
    assert len(service.asked) == 2


# ------------------------------------------------------------------ invitations


async def test_an_invitation_lets_a_new_name_in_without_a_passkey(autojump_clock: MockClock) -> None:
    house = House(TABLE)
    house.party_with_invitation()
    assert (await house.admits(who("carol"), invite=TOKEN)).way == "invite"
    house.comes("carol", TOKEN)
    await house.admits(who("carol"), invite=TOKEN)  # the answer may have been lost
    assert (await house.refuses(who("dora"), invite=TOKEN)).code == "invite_unknown"


@pytest.mark.parametrize("username", ["alice", "ALICE", "bob", "eve", "\uff41lice"])
async def test_an_invitation_never_lets_in_under_a_name_that_somebody_goes_by(
    username: str, autojump_clock: MockClock
) -> None:
    house = House(TABLE)
    house.party_with_invitation()
    assert (await house.refuses(who(username), invite=TOKEN)).code == "invite_unknown"


async def test_nor_under_the_name_of_one_who_is_connected_or_came_by_passkey(
    autojump_clock: MockClock,
) -> None:
    house = House(service=Service(gina="right"))
    house.party_with_invitation()
    await house.admits(who("gina", "right"), ELSEWHERE)
    assert (await house.refuses(who("gina"), invite=TOKEN)).code == "invite_unknown"
    house.comes("hugo")
    assert (await house.refuses(who("hugo"), invite=TOKEN)).code == "invite_unknown"


async def test_an_invitation_ends_with_its_time_and_with_its_party(autojump_clock: MockClock) -> None:
    house = House(TABLE)
    party_id = house.party_with_invitation()
    await trio.sleep(INVITED_S + 1)
    assert (await house.refuses(who("carol"), invite=TOKEN)).code == "invite_unknown"
    house = House(TABLE)
    party_id = house.party_with_invitation()
    house.ask(StopRequested(party_id=party_id))
    assert (await house.refuses(who("carol"), invite=TOKEN)).code == "invite_unknown"


async def test_tokens_cannot_be_guessed_either(autojump_clock: MockClock) -> None:
    house = House(TABLE)
    house.party_with_invitation()
    for n in range(5):
        await house.refuses(who(f"user{n}"), invite=hashed(f"guess {n}"))
    assert (await house.refuses(who("carol"), invite=TOKEN)).code == "too_often"


async def test_an_invitation_that_is_none_leaves_the_passkey_to_be_judged(autojump_clock: MockClock) -> None:
    house = House(TABLE)
    assert (await house.admits(who("alice", "sesame"), invite=hashed("old"))).way == "passkey"


# ------------------------------------------------------------------ looking again


async def test_a_passkey_that_was_changed_takes_access_back(autojump_clock: MockClock) -> None:
    house = House(TABLE)
    alice, bob = await house.admits(who("alice", "sesame")), await house.admits(who("bob", "quince"))
    house.gate.change(GateSettings(passkeys={"alice": Secret("other"), "bob": Secret("quince")}), None)
    assert not await house.gate.still_admitted(alice)
    assert await house.gate.still_admitted(bob)


async def test_a_service_that_says_no_takes_access_back_and_one_in_trouble_does_not(
    autojump_clock: MockClock,
) -> None:
    service = Service(alice="sesame")
    house = House(service=service)
    alice = await house.admits(who("alice", "sesame"))
    for problem in (PasskeyUnverified("down"), PasskeyUnverified("403", turned_away=True)):
        service.problem = problem
        assert await house.gate.still_admitted(alice)
    service.problem = None
    assert await house.gate.still_admitted(alice)
    del service.known["alice"]
    assert not await house.gate.still_admitted(alice)


async def test_a_guest_by_invitation_stays_as_long_as_a_party_has_it(autojump_clock: MockClock) -> None:
    house = House(TABLE)
    party_id = house.party_with_invitation()
    carol = await house.admits(who("carol"), invite=TOKEN)
    house.comes("carol", TOKEN)
    assert await house.gate.still_admitted(carol)
    house.ask(RemoveRequested(party_id=party_id, username="carol"))
    assert not await house.gate.still_admitted(carol)


async def test_once_there_are_passkeys_this_machine_needs_one_too(autojump_clock: MockClock) -> None:
    house = House()
    alice = await house.admits(who("alice"), HERE)
    assert await house.gate.still_admitted(alice)
    house.gate.change(TABLE, None)
    assert not await house.gate.still_admitted(alice)


# ------------------------------------------------------------------ proxies and TLS


async def test_tls_is_required_where_it_is_set_and_believed_from_trusted_proxies_only(
    autojump_clock: MockClock,
) -> None:
    house = House(
        GateSettings(passkeys=TABLE.passkeys, trusted_proxies=("127.0.0.1", "10.0.0.0/8"), require_tls=True)
    )
    forwarded = {"x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "https"}
    assert (await house.refuses(who("alice", "sesame"), AWAY)).code == "tls_required"
    assert (
        await house.refuses(who("alice", "sesame"), visitor("192.0.2.1", forwarded))
    ).code == "tls_required"
    plain = forwarded | {"x-forwarded-proto": "http"}
    assert (await house.refuses(who("alice", "sesame"), visitor("127.0.0.1", plain))).code == "tls_required"
    await house.admits(who("alice", "sesame"), visitor("127.0.0.1", forwarded))
    await house.admits(who("alice", "sesame"), visitor("10.1.2.3", forwarded))
    await house.admits(who("alice", "sesame"), HERE)


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "source"),
    [
        ("127.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", "192.0.2.7, 10.0.0.1", "192.0.2.7"),
        ("127.0.0.1", "6.6.6.6, 192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", "192.0.2.7:4711", "192.0.2.7"),
        ("127.0.0.1", '"[2001:db8::1]:99"', "2001:db8::1"),
        ("127.0.0.1", "unknown", "127.0.0.1"),
        ("127.0.0.1", "192.0.2.7, unknown", "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("192.0.2.1", "127.0.0.1", "192.0.2.1"),
        ("127.0.0.1", "1.1.1.1," * 100 + "10.0.0.1", "1.1.1.1"),
    ],
)
def test_where_a_visitor_comes_from_is_the_last_hop_that_a_trusted_proxy_names(
    peer: str, forwarded_for: str, source: str
) -> None:
    proxies = Proxies(("127.0.0.1", "10.0.0.0/8"))
    place = proxies.place(visitor(peer, {"x-forwarded-for": forwarded_for}))
    assert (place.address, place.loopback) == (source, False)


def test_a_proxy_that_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="proxy"):
        Proxies(("my proxy",))
