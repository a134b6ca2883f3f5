"""The IRC client against a small server that says only what the test makes it say, over real sockets."""

import logging
import ssl
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trio

from segue.adapters.irc import Away, Entered, Gone, IrcClient, IrcEvent, IrcSettings, Said, Timing
from segue.secret import Secret
from tests.adapters.irc_server import Server, Visit, irc_server
from tests.helpers.ngircd import make_certificate, needs_openssl
from tests.helpers.rig import free_port

QUICK = Timing(line_s=0.05, back_off_s=(0.05,), later_s=0.1)
PASSWORD = "canary-irc-4711"


@dataclass
class Heard:
    """What the client told us, and who runs it."""

    client: IrcClient
    events: list[IrcEvent] = field(default_factory=list)

    async def until(self, holds: Callable[[IrcEvent], bool]) -> IrcEvent:
        """Wait for an event, among those that came, too; older ones are forgotten."""
        with trio.fail_after(60):
            while True:
                while self.events:
                    if holds(event := self.events.pop(0)):
                        return event
                await trio.sleep(0.005)

    async def entered(self) -> None:
        await self.until(lambda e: isinstance(e, Entered))


def settings(server: Server, **more: object) -> IrcSettings:
    fields: dict[str, object] = {
        "host": server.host, "port": server.port, "tls": False, "channel": "#films",
    }  # fmt: skip
    return IrcSettings(**{**fields, **more})  # type: ignore[arg-type]


@asynccontextmanager
async def running(how: IrcSettings, timing: Timing = QUICK) -> AsyncIterator[Heard]:
    heard: Heard

    def hear(event: IrcEvent) -> None:
        heard.events.append(event)

    heard = Heard(IrcClient(how, hear, timing=timing))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(heard.client.run)
        yield heard
        nursery.cancel_scope.cancel()


async def test_it_comes_in_says_its_line_and_leaves_politely() -> None:
    async with irc_server() as server:
        async with running(settings(server, password=Secret(PASSWORD))) as heard:
            visit = await server.visit()
            await visit.admit()
            await heard.entered()
            assert heard.client.is_in
            assert heard.client.trouble == ""
            heard.client.announce("Party abc123 begins.")
            assert await visit.until("PRIVMSG") == "PRIVMSG #films :Party abc123 begins."
            assert visit.lines[:4] == [
                "CAP LS 302", f"PASS {PASSWORD}", "NICK segue",
                "USER segue 0 * :segue, announcements of watch parties",
            ]  # fmt: skip
        assert (await visit.line()).startswith("QUIT")


async def test_nothing_is_said_before_it_is_in_the_channel() -> None:
    """What is announced meanwhile is said then."""
    async with irc_server() as server, running(settings(server)) as heard:
        heard.client.announce("early")
        visit = await server.visit()
        await visit.admit()
        assert await visit.until("PRIVMSG", "NOTICE") == "PRIVMSG #films early"
        join = visit.lines.index("JOIN #films")
        assert all(not line.startswith("PRIVMSG") for line in visit.lines[:join])


async def test_answers_are_notices_and_announcements_go_first() -> None:
    async with irc_server() as server, running(settings(server)) as heard:
        heard.client.answer("alice", "an answer")
        heard.client.announce("an announcement")
        visit = await server.visit()
        await visit.admit()
        assert await visit.until("PRIVMSG", "NOTICE") == "PRIVMSG #films :an announcement"
        assert await visit.until("PRIVMSG", "NOTICE") == "NOTICE alice :an answer"


async def test_no_text_becomes_a_line_of_its_own() -> None:
    async with irc_server() as server, running(settings(server)) as heard:
        visit = await server.visit()
        await visit.admit()
        heard.client.announce("a film\r\nQUIT :gone\r\n\x00\x01ACTION")
        heard.client.answer("alice\r\nQUIT", "never said")
        heard.client.answer("alice,bob,#else", "never said either")
        heard.client.announce("the end")
        await visit.until("PRIVMSG #films :the end")
        said = [line for line in visit.lines if line.startswith(("PRIVMSG", "NOTICE", "QUIT"))]
        assert said == ["PRIVMSG #films :a film  QUIT :gone    ACTION", "PRIVMSG #films :the end"]


async def test_a_long_text_is_cut_between_two_characters() -> None:
    async with irc_server() as server, running(settings(server)) as heard:
        visit = await server.visit()
        await visit.admit()
        heard.client.announce("ü漢🎬" * 100)
        line = await visit.until("PRIVMSG")
        relayed = f":segue!~seguesegue@{'h' * 63} {line}\r\n".encode()
        assert len(relayed) <= 512
        assert line.endswith("…")
        assert "\ufffd" not in line


async def test_a_taken_nick_gets_something_behind_it_and_comes_back_later() -> None:
    async with irc_server() as server, running(settings(server), Timing(beat_s=0.05, silent_s=60)) as heard:
        visit = await server.visit()
        await visit.until("USER")
        await visit.say(":irc.test 433 * segue :Nickname is already in use")
        assert await visit.until("NICK") == "NICK segue_"
        await visit.say(":irc.test 433 * segue_ :Nickname is already in use")
        assert await visit.until("NICK") == "NICK segue__"
        await visit.say(":irc.test CAP * LS :", ":irc.test 001 segue__ :Hi", ":irc.test 422 segue__ :No MOTD")
        await visit.enter("segue__")
        assert await heard.until(lambda e: isinstance(e, Entered)) == Entered("segue__")
        await visit.until("NICK segue")
        await visit.say(":segue__!~segue@host NICK :segue", "PING :x")
        await visit.until("PONG")


async def test_a_server_that_gives_no_nick_away_is_left() -> None:
    async with irc_server() as server, running(settings(server)) as heard:
        visit = await server.visit()
        await visit.until("USER")
        for _ in range(20):
            try:
                await visit.say(":irc.test 433 * x :Nickname is already in use")
            except trio.BrokenResourceError:
                break
        end = await heard.until(lambda e: isinstance(e, Away))
        assert isinstance(end, Away)
        assert "no nick like segue is free" in end.reason
        await server.visit()  # and it tries again


async def test_it_comes_back_after_a_loss_and_says_what_waited() -> None:
    async with irc_server() as server, running(settings(server)) as heard:
        visit = await server.visit()
        await visit.admit()
        await heard.entered()
        await visit.say("ERROR :Closing link: too many hamsters")
        end = await heard.until(lambda e: isinstance(e, Away))
        assert end == Away("the server says: Closing link: too many hamsters")
        assert not heard.client.is_in
        assert "hamsters" in heard.client.trouble
        heard.client.announce("still worth saying")
        again = await server.visit()
        await again.admit()
        assert await again.until("PRIVMSG") == "PRIVMSG #films :still worth saying"


async def test_answers_do_not_outlive_the_link_on_which_they_were_asked_for() -> None:
    """A nick may be somebody else's by then."""
    async with irc_server() as server, running(settings(server)) as heard:
        visit = await server.visit()
        heard.client.answer("alice", "for alice only")
        await visit.stream.aclose()
        again = await server.visit()
        await again.admit()
        await heard.entered()
        heard.client.announce("the end")
        await again.until("PRIVMSG #films :the end")
        assert not [line for line in again.lines if line.startswith("NOTICE")]


async def test_an_answer_dies_with_the_presence_of_whom_it_is_for() -> None:
    async with irc_server() as server, running(settings(server)) as heard:
        visit = await server.visit()
        await visit.admit()
        await heard.entered()
        heard.client.announce("first")
        heard.client.answer("alice", "for alice only")
        heard.client.answer("bob", "for bob")
        await visit.say(":alice!~a@host PART #films")
        assert await heard.until(lambda e: isinstance(e, Gone)) == Gone("alice")
        await visit.until("NOTICE bob")
        assert not [line for line in visit.lines if line.startswith("NOTICE alice")]


async def test_a_flood_from_the_server_ends_the_link() -> None:
    """It may make us owe it a few answers, and no heap of them; and no line without an end."""
    async with irc_server() as server, running(settings(server)) as heard:
        visit = await server.visit()
        await visit.say(b"x" * 9000)
        end = await heard.until(lambda e: isinstance(e, Away))
        assert isinstance(end, Away)
        assert "longer than" in end.reason
        visit = await server.visit()
        await visit.admit()
        await visit.say(b"\r\n".join(b"PING :%d" % n for n in range(500)))
        end = await heard.until(lambda e: isinstance(e, Away))
        assert isinstance(end, Away)
        assert "64" in end.reason


async def test_a_server_that_cannot_be_reached_is_tried_again_and_named_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    how = IrcSettings(host="127.0.0.1", port=free_port(), tls=False, channel="#films")
    with caplog.at_level(logging.INFO, "segue.adapters.irc"):
        async with running(how) as heard:
            for _ in range(3):
                await heard.until(lambda e: isinstance(e, Away))
    lines = [r.getMessage() for r in caplog.records if r.name == "segue.adapters.irc"]
    assert len(lines) == 1
    assert f"127.0.0.1:{how.port} cannot be reached" in lines[0]


async def test_a_plain_server_is_not_spoken_to_over_tls() -> None:
    """Nothing but the handshake is sent: a password never goes over a line that should be closed and is not."""
    async with irc_server() as server:
        how = settings(server, tls=True, password=Secret(PASSWORD))
        async with running(how) as heard:
            visit = await server.visit()
            await visit.say(":irc.test NOTICE * :*** Looking up your hostname")
            end = await heard.until(lambda e: isinstance(e, Away))
            assert isinstance(end, Away)
            assert "does not speak TLS" in end.reason
            with trio.fail_after(60):
                data = bytes(await visit.stream.receive_some(4096))
            assert PASSWORD.encode() not in data
            assert b"NICK" not in data


async def test_a_connection_that_goes_nowhere_is_given_up() -> None:
    """The handshake is never answered."""
    async with irc_server() as server:
        how = settings(server, tls=True)
        async with running(how, Timing(connect_s=0.2)) as heard:
            await server.visit()
            end = await heard.until(lambda e: isinstance(e, Away))
            assert isinstance(end, Away)
            assert "does not answer within 0.2 s" in end.reason


async def test_what_waits_is_bounded_and_answers_give_way_first() -> None:
    async with irc_server() as server, running(settings(server)) as heard:
        for n in range(15):
            heard.client.announce(f"announcement-{n}")
        for n in range(15):
            heard.client.answer("alice", f"answer-{n}")
        heard.client.announce("last")
        visit = await server.visit()
        await visit.admit()
        await visit.until("NOTICE alice answer-14")
        said = [line for line in visit.lines if line.startswith(("PRIVMSG", "NOTICE"))]
        assert len(said) == 20
        assert [line for line in said if "announcement" in line] == [
            f"PRIVMSG #films announcement-{n}" for n in range(15)
        ]
        assert said[-4:] == [f"NOTICE alice answer-{n}" for n in range(11, 15)]
        assert heard.client.dropped == 11


async def test_it_comes_back_into_a_channel_that_it_was_thrown_out_of() -> None:
    async with irc_server() as server, running(settings(server), Timing(beat_s=0.05, silent_s=60)) as heard:
        visit = await server.visit()
        await visit.admit()
        await heard.entered()
        await visit.say(":op!o@host KICK #films segue :too chatty")
        assert await heard.until(lambda e: isinstance(e, Away)) == Away("op threw us out: too chatty")
        await visit.until("JOIN #films")
        await visit.say(":irc.test 474 segue #films :Cannot join channel (+b)")
        end = await heard.until(lambda e: isinstance(e, Away))
        assert end == Away("#films cannot be entered: Cannot join channel (+b)")
        await visit.say(":op!o@host INVITE segue #films")
        await visit.enter()
        await heard.entered()


async def test_a_person_is_heard_with_where_they_are() -> None:
    async with irc_server() as server, running(settings(server)) as heard:
        visit: Visit = await server.visit()
        await visit.admit()
        await heard.entered()
        await visit.say(
            ":alice!~a@host PRIVMSG #films :!list",
            ":mallory!~m@host PRIVMSG segue :!list",
        )
        assert await heard.until(lambda e: isinstance(e, Said)) == Said("alice", "!list", "", is_here=True)
        assert await heard.until(lambda e: isinstance(e, Said)) == Said("mallory", "!list", "", is_here=False)


def test_an_account_is_never_logged_in_to_without_tls() -> None:
    with pytest.raises(ValueError, match="over TLS"):
        IrcSettings(host="h", tls=False, channel="#c", account="a", account_password=Secret("b"))


@needs_openssl
async def test_an_account_is_logged_in_to_over_tls(tmp_path: Path) -> None:
    """And whom the server then vouches for is told with what they say."""
    make_certificate(tmp_path, "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    async with irc_server(context) as server:
        how = settings(
            server,
            tls=True,
            ca_file=str(tmp_path / "cert.pem"),
            account="house",
            account_password=Secret(PASSWORD),
        )
        async with running(how) as heard:
            visit = await server.visit()
            await visit.until("USER")
            await visit.say(":irc.test CAP * LS :account-tag sasl=PLAIN")
            assert await visit.until("CAP REQ") == "CAP REQ :account-tag sasl"
            await visit.say(":irc.test CAP * ACK :account-tag sasl")
            await visit.until("AUTHENTICATE PLAIN")
            await visit.say("AUTHENTICATE +")
            said = await visit.until("AUTHENTICATE ")
            assert b64decode(said.split()[1]) == f"house\0house\0{PASSWORD}".encode()
            await visit.say(":irc.test 903 segue :SASL authentication successful")
            await visit.until("CAP END")
            await visit.say(":irc.test 001 segue :Welcome", ":irc.test 376 segue :End of MOTD")
            await visit.enter()
            await heard.entered()
            await visit.say("@account=alice :al!a@host PRIVMSG segue :!list")
            assert await heard.until(lambda e: isinstance(e, Said)) == Said(
                "al", "!list", "alice", is_here=False
            )


@needs_openssl
async def test_a_refused_account_is_said_without_its_password(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_certificate(tmp_path, "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    async with irc_server(context) as server:
        how = settings(
            server,
            tls=True,
            ca_file=str(tmp_path / "cert.pem"),
            account="house",
            account_password=Secret(PASSWORD),
        )
        assert PASSWORD not in repr(how)
        async with running(how) as heard:
            visit = await server.visit()
            await visit.until("USER")
            await visit.say(":irc.test CAP * LS :sasl", ":irc.test CAP * ACK :sasl")
            await visit.until("AUTHENTICATE PLAIN")
            await visit.say(":irc.test 904 segue :SASL authentication failed")
            end = await heard.until(lambda e: isinstance(e, Away))
            assert end == Away("it does not log us in to account house: SASL authentication failed")
            await visit.ended()
    assert PASSWORD not in caplog.text
