"""The IRC client on a real server, Debian's ngircd, over TLS; the people there speak through sockets of their own."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trio

from segue.adapters.irc import Away, Entered, Gone, IrcClient, IrcEvent, IrcSettings, Said, Timing
from segue.secret import Secret
from tests.helpers.ngircd import Ngircd, make_certificate, needs_ngircd, ngircd, person

pytestmark = needs_ngircd
QUICK = Timing(line_s=0.02, back_off_s=(0.1,), later_s=0.2, beat_s=0.2, silent_s=60.0, connect_s=60.0)
PASSWORD = "canary-irc-0815"


@dataclass
class Heard:
    client: IrcClient
    events: list[IrcEvent] = field(default_factory=list)

    async def until(self, holds: Callable[[IrcEvent], bool]) -> IrcEvent:
        """Wait for an event; older ones are forgotten."""
        with trio.fail_after(60):
            while True:
                while self.events:
                    if holds(event := self.events.pop(0)):
                        return event
                await trio.sleep(0.01)

    async def away(self) -> str:
        event = await self.until(lambda e: isinstance(e, Away))
        assert isinstance(event, Away)
        return event.reason


@asynccontextmanager
async def running(server: Ngircd, **more: object) -> AsyncIterator[Heard]:
    fields: dict[str, object] = {
        "host": server.host, "port": server.tls_port, "ca_file": server.ca_file, "channel": "#films", **more,
    }  # fmt: skip
    heard: Heard

    def hear(event: IrcEvent) -> None:
        heard.events.append(event)

    heard = Heard(IrcClient(IrcSettings(**fields), hear, timing=QUICK))  # type: ignore[arg-type]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(heard.client.run)
        yield heard
        nursery.cancel_scope.cancel()


async def test_it_speaks_and_listens_over_tls(tmp_path: Path) -> None:
    async with ngircd(tmp_path) as server:
        alice = await person(server, "alice")
        async with running(server) as heard:
            await heard.until(lambda e: e == Entered("segue"))
            heard.client.announce("Party abc123: The Matrix begins.")
            assert await alice.hears("segue!", "#films") == "Party abc123: The Matrix begins."
            await alice.say("!list")
            assert await heard.until(lambda e: isinstance(e, Said)) == Said(
                "alice", "!list", "", is_here=True
            )
            heard.client.answer("alice", "There is no party.")
            assert await alice.hears("segue!", kind="NOTICE") == "There is no party."
            heard.client.announce("ü漢🎬" * 200)
            text = await alice.hears("漢")
            assert text.endswith(("🎬…", "漢…", "ü…"))
        await alice.until(lambda line: "segue!" in line and " QUIT " in line)


async def test_it_goes_without_tls_where_that_is_set(tmp_path: Path) -> None:
    async with ngircd(tmp_path) as server, running(server, port=server.port, tls=False) as heard:
        await heard.until(lambda e: isinstance(e, Entered))


async def _is_not_spoken_to(server: Ngircd, ca_file: str) -> None:
    async with running(server, ca_file=ca_file, password=Secret(PASSWORD)) as heard:
        reason = await heard.away()
    assert f"the certificate of {server.host}:{server.tls_port} is not good" in reason
    assert "irc.tls_ca_file" in reason
    assert 'User "segue' not in (server.directory / "ngircd.log").read_text()


async def test_a_server_that_nobody_vouches_for_is_not_spoken_to(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    async with ngircd(tmp_path) as server:
        make_certificate(other, server.host)
        await _is_not_spoken_to(server, str(other / "cert.pem"))
        await _is_not_spoken_to(server, "")  # nor do the authorities of the system know it


async def test_a_server_with_the_certificate_of_another_is_not_spoken_to(tmp_path: Path) -> None:
    async with ngircd(tmp_path, certified="192.0.2.1") as server:
        await _is_not_spoken_to(server, server.ca_file)


async def test_a_server_that_wants_a_password_gets_it(tmp_path: Path) -> None:
    async with ngircd(tmp_path, f"Password = {PASSWORD}") as server:
        async with running(server, password=Secret(PASSWORD)) as heard:
            await heard.until(lambda e: isinstance(e, Entered))
        async with running(server, password=Secret("wrong")) as heard:
            reason = await heard.away()
            assert "assword" in reason
            assert "wrong" not in reason


async def test_a_taken_nick_is_gone_around_and_taken_back(tmp_path: Path) -> None:
    async with ngircd(tmp_path) as server:
        thief = await person(server, "segue")
        alice = await person(server, "alice")
        async with running(server) as heard:
            await heard.until(lambda e: e == Entered("segue_"))
            await thief.leave()
            await alice.until(lambda line: line.startswith(":segue_!") and " NICK " in line)
            await alice.say("!list", to="segue")
            assert await heard.until(lambda e: isinstance(e, Said)) == Said(
                "alice", "!list", "", is_here=True
            )


async def test_comings_and_goings_are_seen(tmp_path: Path) -> None:
    async with ngircd(tmp_path) as server, running(server) as heard:
        await heard.until(lambda e: isinstance(e, Entered))
        alice = await person(server, "alice")
        bob = await person(server, "bob")
        await alice.send("NICK Alicia")
        assert await heard.until(lambda e: isinstance(e, Gone)) == Gone("alice")
        await alice.send("PART #films")
        assert await heard.until(lambda e: isinstance(e, Gone)) == Gone("Alicia")
        await alice.say("!list", to="segue")
        assert await heard.until(lambda e: isinstance(e, Said)) == Said("Alicia", "!list", "", is_here=False)
        await alice.join()
        await alice.say("!list", to="segue")
        assert await heard.until(lambda e: isinstance(e, Said)) == Said("Alicia", "!list", "", is_here=True)
        await bob.leave()
        assert await heard.until(lambda e: isinstance(e, Gone)) == Gone("bob")


async def test_a_server_that_dies_is_come_back_to(tmp_path: Path) -> None:
    async with ngircd(tmp_path) as server, running(server) as heard:
        await heard.until(lambda e: isinstance(e, Entered))
        await server.stop()
        assert await heard.away()
        await server.start()
        await heard.until(lambda e: isinstance(e, Entered))
        alice = await person(server, "alice")
        heard.client.announce("back again")
        assert await alice.hears("segue!") == "back again"


async def test_it_returns_after_it_was_thrown_out(tmp_path: Path) -> None:
    async with ngircd(tmp_path) as server:
        alice = await person(server, "alice")  # the first in a channel is its operator
        async with running(server) as heard:
            await heard.until(lambda e: isinstance(e, Entered))
            await alice.send("KICK #films segue :too chatty")
            assert await heard.away() == "alice threw us out: too chatty"
            await heard.until(lambda e: isinstance(e, Entered))
