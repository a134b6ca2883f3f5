"""Driving players over real sockets: which way a command goes, and what its answer is worth."""

import traceback
from collections.abc import AsyncIterator
from typing import Any, get_args
from urllib.parse import parse_qs, urlsplit

import pytest
import trio

from segue.adapters.companion import Companion, PlayerAddress, PlayerRefused, PlayerUnreachable, Sent, Verb
from segue.adapters.http_client import HttpClient
from segue.adapters.plex_xml import PlexError, PlexUnreadable
from tests.adapters.plex_bodies import TIMELINES
from tests.adapters.raw_http import RawServer, close_after, drop, hang, ok, serving

CANARY = "canary-owner-7d1a"
OK = ok(b"OK", "text/plain")
NESTED_500 = ok(b'<MediaContainer><Response code="500" status="no"/></MediaContainer>')


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with HttpClient("segue-test/1") as made:
        yield made


def companion(http: HttpClient, server: RawServer, **more: Any) -> Companion:
    """A controller with the owner's token and short deadlines."""
    return Companion(
        http, server.url, lambda: CANARY, "our-own-id", **({"direct_s": 0.3, "server_s": 0.5} | more)
    )


def at(player: RawServer, name: str = "living-1") -> PlayerAddress:
    """Where a simulated player listens."""
    return PlayerAddress(name, "127.0.0.1", player.port)


def asked(server: RawServer, n: int = 0) -> tuple[str, dict[str, str]]:
    """The path and query of the nth request."""
    url = urlsplit(server.lines(n)[0].split()[1])
    return url.path, {name: values[0] for name, values in parse_qs(url.query).items()}


async def failure_of(companion: Companion, player: PlayerAddress, verb: Verb = "pause") -> PlexError:
    """Send a command that must fail, and check that no secret shows."""
    with pytest.raises(PlexError) as caught:
        await companion.command(player, verb)
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    return caught.value


# ------------------------------------------------------------------ the ordinary way


async def test_a_command_goes_to_the_player_itself_and_the_server_hears_nothing(http: HttpClient) -> None:
    """The direct way is the shorter one."""
    async with serving(OK) as player, serving(OK) as server:
        sent = await companion(http, server).command(at(player), "pause")
        assert sent == Sent("direct", answered=True)
        assert asked(player) == ("/player/playback/pause", {"commandID": "1", "type": "music"})
        assert player.headers()["x-plex-target-client-identifier"] == "living-1"
        assert player.headers()["x-plex-client-identifier"] == "our-own-id"
        assert server.heads == []


@pytest.mark.parametrize("verb", [v for v in get_args(Verb) if v != "seekTo"])
async def test_every_verb_is_a_path(http: HttpClient, verb: Verb) -> None:
    """Players know commands by their last segment."""
    async with serving(OK) as player, serving(OK) as server:
        await companion(http, server).command(at(player), verb, media_type="video")
        assert asked(player) == (f"/player/playback/{verb}", {"commandID": "1", "type": "video"})


async def test_a_seek_carries_its_offset(http: HttpClient) -> None:
    """In milliseconds."""
    async with serving(OK) as player, serving(OK) as server:
        await companion(http, server).command(at(player), "seekTo", offset_ms=61_500)
        assert asked(player)[1]["offset"] == "61500"


@pytest.mark.parametrize(("verb", "offset_ms"), [("seekTo", None), ("seekTo", -1), ("play", 0), ("pause", 5)])
async def test_an_offset_that_cannot_be_is_refused(
    http: HttpClient, verb: Verb, offset_ms: int | None
) -> None:
    """Nothing is sent."""
    async with serving(OK) as player, serving(OK) as server:
        with pytest.raises(ValueError, match="offset"):
            await companion(http, server).command(at(player), verb, offset_ms=offset_ms)
        assert player.heads == []


async def test_command_numbers_rise_for_each_player_by_itself(http: HttpClient) -> None:
    """A player ignores a number that is not higher than the last."""
    async with serving(OK) as one, serving(OK) as two, serving(OK) as server:
        controller = companion(http, server)
        for player in (at(one, "a"), at(two, "b"), at(one, "a"), at(one, "a")):
            await controller.command(player, "play")
        assert [asked(one, n)[1]["commandID"] for n in range(3)] == ["1", "2", "3"]
        assert asked(two)[1]["commandID"] == "1"


@pytest.mark.parametrize(
    "answer",
    [
        OK,
        ok(b""),
        ok(b'<?xml version="1.0" encoding="UTF-8"?>\n<Response code="200" status="OK"/>'),
        ok(b'<Response code="200" status="OK">'),
        ok(b"\xff\x00 not xml at all"),
        close_after(b"HTTP/1.0 200 OK\r\n\r\nOK"),
    ],
)
async def test_any_body_of_a_success_is_an_answer(http: HttpClient, answer: Any) -> None:
    """Plexamp says OK, Samsung sends XML that is none, others speak HTTP/1.0."""
    async with serving(answer) as player, serving(OK) as server:
        assert await companion(http, server).command(at(player), "play") == Sent("direct", answered=True)


# ------------------------------------------------------------------ the other way


async def test_an_unknown_address_leads_through_the_server(http: HttpClient) -> None:
    """Sessions have no port; the server's relay needs none."""
    async with serving(OK) as server:
        controller = companion(http, server)
        for player in (
            PlayerAddress("tv-1"),
            PlayerAddress("tv-1", "192.0.2.1"),
            PlayerAddress("tv-1", "no host", 1),
        ):
            assert await controller.command(player, "pause") == Sent("server", answered=True)
        assert asked(server) == ("/player/playback/pause", {"commandID": "1", "type": "music"})
        assert server.headers()["x-plex-target-client-identifier"] == "tv-1"
        assert server.headers()["x-plex-token"] == CANARY


async def test_a_player_that_is_not_there_is_reached_through_the_server(http: HttpClient) -> None:
    """A closed port proves that nothing was done; the number of the command stays the same."""
    async with serving(OK) as player:
        gone = at(player)
    async with serving(OK) as server:
        assert await companion(http, server).command(gone, "skipNext") == Sent("server", answered=True)
        assert asked(server)[1]["commandID"] == "1"


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"", status="404 Not Found"),
        ok(b"", status="406 Not Acceptable"),
        NESTED_500,
        close_after(b"SSH-2.0-x\r\n\r\n"),
    ],
)
async def test_a_refusal_or_a_stranger_leads_on_to_the_server(http: HttpClient, answer: Any) -> None:
    """Whoever said no has done nothing, and neither has whatever else listens on that port."""
    async with serving(answer) as player, serving(OK) as server:
        assert await companion(http, server).command(at(player), "skipNext") == Sent("server", answered=True)


@pytest.mark.parametrize("verb", ["play", "pause", "skipNext", "skipPrevious"])
@pytest.mark.parametrize("silence", [hang, drop])
async def test_a_command_without_an_answer_is_not_sent_twice(
    http: HttpClient, verb: Verb, silence: Any
) -> None:
    """It may have been obeyed: a second skip is another track, a second pause plays on."""
    async with serving(silence) as player, serving(OK) as server:
        sent = await companion(http, server).command(at(player), verb)
        assert sent == Sent("direct", answered=False)
        assert (len(player.heads), server.heads) == (1, [])


async def test_a_seek_or_stop_without_an_answer_goes_the_other_way_too(http: HttpClient) -> None:
    """Twice is the same as once."""
    async with serving(hang) as player, serving(OK) as server:
        controller = companion(http, server)
        assert await controller.command(at(player), "seekTo", offset_ms=0) == Sent("server", answered=True)
        assert await controller.command(at(player), "stop") == Sent("server", answered=True)


async def test_a_seek_that_nobody_answers_was_sent_all_the_same(http: HttpClient) -> None:
    """On some players a seek takes effect and the call hangs."""
    async with serving(hang) as player, serving(ok(b"", status="404 No")) as server:
        sent = await companion(http, server).command(at(player), "seekTo", offset_ms=5)
        assert sent == Sent("direct", answered=False)


async def test_both_ways_together_keep_their_deadlines(http: HttpClient) -> None:
    """A house where nothing answers costs the sum of the two."""
    async with serving(hang) as player, serving(hang) as server:
        with trio.fail_after(10):
            await companion(http, server).command(at(player), "stop")


async def test_when_no_way_leads_there_each_one_is_named(http: HttpClient) -> None:
    """The error says what was tried, for the log and the health page."""
    async with serving(OK) as player, serving(OK) as server:
        gone, controller = at(player), companion(http, server)
    error = await failure_of(controller, gone)
    assert isinstance(error, PlayerUnreachable)
    assert f"direct: 127.0.0.1:{player.port}/player/playback/pause: nobody listens there" in str(error)
    assert f"server: 127.0.0.1:{server.port}/player/playback/pause: nobody listens there" in str(error)


async def test_when_all_say_no_that_is_a_refusal(http: HttpClient) -> None:
    """A refusal is told apart from a player that is away."""
    async with serving(NESTED_500) as player, serving(ok(b"", status="401 Unauthorized")) as server:
        error = await failure_of(companion(http, server), at(player))
        assert isinstance(error, PlayerRefused)
        assert error.code == 500
        assert "HTTP status 401" in str(error)


@pytest.mark.parametrize("name", ["", "Wohnzimmer Küche", "a\r\nX-Evil: 1", "x" * 500])
async def test_a_name_that_is_no_identifier_is_refused_before_anything_is_sent(
    http: HttpClient, name: str
) -> None:
    """A room may name its player by title; the title must have been looked up first."""
    async with serving(OK) as player, serving(OK) as server:
        error = await failure_of(companion(http, server), PlayerAddress(name, "127.0.0.1", player.port))
        assert "is no machine identifier" in str(error)
        assert player.heads == server.heads == []


# ------------------------------------------------------------------ secrets and identities


async def test_a_player_never_sees_the_owners_token(http: HttpClient) -> None:
    """Anything may listen at a player's address."""
    async with serving(OK) as player, serving(OK) as server:
        controller = companion(http, server)
        await controller.command(at(player), "play")
        await controller.timeline_poll(at(player))
        assert all(CANARY not in head.decode() for head in player.heads)
        assert "x-plex-token" not in player.headers()


async def test_a_player_may_be_given_a_token_of_its_own(http: HttpClient) -> None:
    """A delegated one, which dies with the server."""
    async with serving(OK) as player, serving(OK) as server:
        await companion(http, server, player_token=lambda: "transient-1").command(at(player), "play")
        assert player.headers()["x-plex-token"] == "transient-1"


async def test_two_servers_and_three_players_never_mix(http: HttpClient) -> None:
    """Each request carries its own target, and each server its own token, whatever runs at the same time."""
    async with serving(OK) as one, serving(OK) as two:
        controllers = [Companion(http, s.url, lambda t=t: t, "id") for s, t in ((one, "t-1"), (two, "t-2"))]  # type: ignore[misc]
        async with trio.open_nursery() as nursery:
            for _ in range(4):
                for name in ("a", "b", "c"):
                    for controller in controllers:
                        nursery.start_soon(controller.command, PlayerAddress(name), "play")
        for server, token in ((one, "t-1"), (two, "t-2")):
            headers = [server.headers(n) for n in range(12)]
            assert {h["x-plex-token"] for h in headers} == {token}
            assert sorted(h["x-plex-target-client-identifier"] for h in headers) == sorted("abc" * 4)


# ------------------------------------------------------------------ timelines


async def test_a_poll_reads_the_timeline_and_learns_the_players_count(http: HttpClient) -> None:
    """A player that has heard number 7, from us before a restart, would ignore number 2."""
    async with serving(ok(TIMELINES), OK) as player, serving(OK) as server:
        controller = companion(http, server)
        answer = await controller.timeline_poll(at(player))
        assert answer is not None
        assert answer.timelines[0].position_ms == 62105
        assert asked(player) == ("/player/timeline/poll", {"wait": "0", "commandID": "1"})
        await controller.command(at(player), "pause")
        assert asked(player, 1)[1]["commandID"] == "8"


async def test_a_poll_may_wait_for_news(http: HttpClient) -> None:
    """Then the player may take longer than the usual deadline."""

    async def later(connection: Any) -> None:
        await trio.sleep(0.6)
        await connection.send(ok(TIMELINES))

    async with serving(later) as player, serving(OK) as server:
        assert await companion(http, server).timeline_poll(at(player), wait=True) is not None
        assert asked(player)[1]["wait"] == "1"


async def test_a_poll_goes_through_the_server_when_it_must(http: HttpClient) -> None:
    """A poll changes nothing, so silence leads on as well."""
    async with serving(hang) as player, serving(ok(TIMELINES)) as server:
        answer = await companion(http, server).timeline_poll(at(player))
        assert answer is not None and answer.command_id == 7


async def test_a_poll_that_is_answered_with_ok_says_nothing(http: HttpClient) -> None:
    """That is not the same as a player that is stopped."""
    async with serving(OK) as player, serving(OK) as server:
        assert await companion(http, server).timeline_poll(at(player)) is None


async def test_a_poll_answered_with_garbage_is_unreadable(http: HttpClient) -> None:
    """Unknown is never taken for stopped."""
    async with serving(ok(b"<html></html>")) as player, serving(OK) as server:
        with pytest.raises(PlexUnreadable):
            await companion(http, server).timeline_poll(at(player))


async def test_a_poll_that_all_refuse_is_a_refusal(http: HttpClient) -> None:
    """The code is the player's."""
    async with serving(NESTED_500) as player, serving(ok(b"", status="404 No")) as server:
        with pytest.raises(PlayerRefused) as caught:
            await companion(http, server).timeline_poll(at(player))
        assert caught.value.code == 500
