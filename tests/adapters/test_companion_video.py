"""The video remote on the wire: what is sent, which way it goes, what an answer is worth, and that calls end."""

import traceback
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import trio

from segue.adapters.companion import PlayerRefused, PlayerUnreachable
from segue.adapters.companion_queue import PlayQueue
from segue.adapters.companion_quirks import Quirks
from segue.adapters.companion_video import VideoRemote, stay_subscribed
from segue.adapters.http_client import HttpClient, Origin
from segue.adapters.plex_xml import PlayerInfo, PlexError, PlexUnreadable
from segue.secret import Secret
from tests.adapters.raw_http import RawServer, drop, hang, ok, serving

CANARY = "canary-owner-90ab"
GIFT = "transient-canary-77"
OK = ok(b"OK", "text/plain")
NO = ok(b'<MediaContainer><Response code="500" status="no"/></MediaContainer>')
QUEUE = PlayQueue(9, 101, 1, "51", "/library/metadata/51")


def timeline(command_id: int = 1, time_ms: int = 5000, state: str = "playing") -> bytes:
    """An answer to a poll."""
    return ok(
        f'<MediaContainer commandID="{command_id}"><Timeline type="video" state="{state}" time="{time_ms}"'
        f' ratingKey="51"/></MediaContainer>'.encode()
    )


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    with trio.fail_after(60):
        async with HttpClient("segue-test/1") as made:
            yield made


def remote(
    http: HttpClient,
    player: RawServer | None,
    server: RawServer | None = None,
    *,
    capabilities: tuple[str, ...] = (),
    **more: Any,
) -> VideoRemote:
    """A remote of a player that may have no address, with a short deadline."""
    info = PlayerInfo(
        "tv-1",
        "TV",
        "Some Player",
        "",
        "127.0.0.1" if player else "",
        player.port if player else None,
        capabilities,
    )
    url = server.url if server else "http://127.0.0.1:9"
    return VideoRemote(http, info, url, lambda: CANARY, "our-own-id", **({"call_s": 0.6} | more))


def asked(server: RawServer, n: int = 0) -> tuple[str, dict[str, str]]:
    """The path and query of the nth request."""
    url = urlsplit(server.lines(n)[0].split()[1])
    return url.path, {name: values[0] for name, values in parse_qs(url.query).items()}


# ------------------------------------------------------------------ what is sent


async def test_every_command_names_its_sender_its_player_and_its_number(http: HttpClient) -> None:
    async with serving(OK) as player:
        hand = remote(http, player)
        for act in (hand.play, hand.pause, hand.stop):
            await act()
        sent = await hand.seek_to(61_500)
        assert [asked(player, n)[0].rpartition("/")[2] for n in range(4)] == [
            "play",
            "pause",
            "stop",
            "seekTo",
        ]
        assert asked(player, 3)[1] == {"type": "video", "offset": "61500", "commandID": "4"}
        assert (sent.command_id, sent.route, sent.answered) == (4, "direct", True)
        headers = player.headers()
        assert headers["x-plex-client-identifier"] == "our-own-id"
        assert headers["x-plex-target-client-identifier"] == "tv-1"
        assert headers["x-plex-device-name"]
        assert "x-plex-token" not in headers


async def test_the_other_verbs_carry_what_they_need(http: HttpClient) -> None:
    async with serving(OK) as player:
        hand = remote(http, player)
        await hand.skip_to("/library/metadata/52")
        await hand.set_parameters(volume=30)
        await hand.set_streams(audio_id="7", subtitle_id="0")
        assert asked(player, 0)[1]["key"] == "/library/metadata/52"
        assert asked(player, 1)[1]["volume"] == "30"
        assert (asked(player, 2)[1]["audioStreamID"], asked(player, 2)[1]["subtitleStreamID"]) == ("7", "0")


async def test_a_film_is_a_queue_of_the_server_with_a_token_that_may_be_given_away(http: HttpClient) -> None:
    """The server is named as the player reaches it. The owner's token stays here, also out of the route's headers."""
    async with serving(OK) as player:
        seen_at = Origin.of("192.0.2.7", 32400)
        await remote(http, player).play_media(
            QUEUE, "server-1", Secret(GIFT), offset_ms=61_500, seen_at=seen_at
        )
        path, query = asked(player)
        assert path == "/player/playback/playMedia"
        assert (query["address"], query["port"], query["protocol"]) == ("192.0.2.7", "32400", "http")
        assert (query["offset"], query["key"]) == ("61500", "/library/metadata/51")
        assert query["containerKey"] == "/playQueues/9?window=100&own=1"
        assert query["machineIdentifier"] == "server-1"
        assert query["token"] == GIFT
        assert CANARY not in bytes(player.heads[0]).decode()


async def test_a_player_that_makes_queues_itself_may_begin_paused(http: HttpClient) -> None:
    async with serving(OK) as player:
        hand = remote(http, player, capabilities=("playback", "playqueues-creation"))
        await hand.play_media(QUEUE, "server-1", Secret(GIFT), offset_ms=5000, paused=True)
        path, query = asked(player)
        assert path == "/player/playback/createPlayQueue"
        assert query["uri"] == "server://server-1/com.plexapp.plugins.library/library/metadata/51"
        assert (query["paused"], query["offset"]) == ("1", "5000")


@pytest.mark.parametrize(
    "ask",
    [
        lambda hand: hand.seek_to(-1),
        lambda hand: hand.seek_to(10**12),
        lambda hand: hand.set_parameters(volume=101),
        lambda hand: hand.skip_to("http://elsewhere/"),
        lambda hand: hand.subscribe(0),
    ],
)
async def test_what_cannot_be_is_not_sent(http: HttpClient, ask: Any) -> None:
    async with serving(OK) as player:
        with pytest.raises(ValueError):
            await ask(remote(http, player))
        assert player.heads == []


# ------------------------------------------------------------------ which way


async def test_where_nobody_listens_the_server_relays(http: HttpClient) -> None:
    """It gets the owner's token; and the next command goes to it at once."""
    async with serving(OK) as gone:
        pass
    async with serving(OK) as server:
        hand = remote(http, gone, server)
        assert [(await hand.pause()).route, (await hand.play()).route] == ["server", "server"]
        assert server.headers()["x-plex-token"] == CANARY
        assert server.headers()["x-plex-target-client-identifier"] == "tv-1"


async def test_a_refusal_is_no_obedience_so_the_server_is_asked(http: HttpClient) -> None:
    async with serving(NO) as player, serving(OK) as server:
        sent = await remote(http, player, server).pause()
        assert (sent.route, len(player.heads), len(server.heads)) == ("server", 1, 1)


@pytest.mark.parametrize("answer", [hang, drop])
@pytest.mark.parametrize("verb", ["pause", "seekTo"])
async def test_what_was_sent_and_not_answered_is_sent_to_nobody_else(
    http: HttpClient, answer: Any, verb: str
) -> None:
    """A second pause makes some players go on, a second seek takes all of them back."""
    async with serving(answer) as player, serving(OK) as server:
        hand = remote(http, player, server)
        sent = await (hand.pause() if verb == "pause" else hand.seek_to(1000))
        assert (sent.answered, sent.route) == (False, "direct")
        assert (len(player.heads), len(server.heads)) == (1, 0)


async def test_after_a_silence_the_server_is_tried_first(http: HttpClient) -> None:
    """A blocked way costs its time once."""
    async with serving(hang) as player, serving(OK) as server:
        hand = remote(http, player, server)
        await hand.pause()
        assert (await hand.play()).route == "server"
        assert len(player.heads) == 1


async def test_a_poll_that_is_not_answered_directly_is_answered_by_the_server(http: HttpClient) -> None:
    """Within the one deadline: a question may be asked twice."""
    async with serving(hang) as player, serving(timeline()) as server:
        polled = await remote(http, player, server, call_s=2.0).poll()
        assert polled.timeline is not None
        assert polled.timeline.time_ms == 5000


async def test_a_product_that_hears_its_server_alone_is_not_tried_directly(http: HttpClient) -> None:
    async with serving(OK) as player, serving(OK) as server:
        sent = await remote(http, player, server, quirks=Quirks(server_only=True)).play()
        assert (sent.route, player.heads) == ("server", [])


async def test_when_no_way_leads_there_the_error_says_what_was_tried(http: HttpClient) -> None:
    async with serving(OK) as gone:
        pass
    with pytest.raises(PlayerUnreachable) as caught:
        await remote(http, gone).pause()
    assert "direct" in str(caught.value)
    assert "server" in str(caught.value)
    assert CANARY not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("name", ["", " tv", "tv\n1", "tv-ü"])
async def test_a_name_that_no_header_can_carry_reaches_nobody(http: HttpClient, name: str) -> None:
    hand = VideoRemote(
        http, PlayerInfo(name, "", "", "", "127.0.0.1", 9, ()), "http://127.0.0.1:9", str, "id"
    )
    with pytest.raises(PlayerUnreachable, match="identifier"):
        await hand.pause()


# ------------------------------------------------------------------ deadlines


async def test_a_hung_call_ends_at_its_deadline_and_is_unknown(http: HttpClient) -> None:
    """The deadline is the whole call's; what is stamped is the caller's clock."""
    ticks = iter(range(100, 200))
    async with serving(hang) as player:
        sent = await remote(http, player, clock=lambda: float(next(ticks)), call_s=0.2).seek_to(1000)
        assert (sent.answered, sent.requested_at, sent.answered_at) == (False, 100.0, 101.0)


async def test_calls_overlap_so_that_a_hung_seek_does_not_keep_a_poll_waiting(http: HttpClient) -> None:
    async with serving(hang, timeline()) as player:
        hand = remote(http, player, call_s=20.0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hand.seek_to, 1000)
            while not player.heads:
                await trio.sleep(0.01)
            with trio.fail_after(10):
                assert (await hand.poll()).timeline is not None
            nursery.cancel_scope.cancel()


async def test_a_poll_for_news_waits_longer_than_a_call(http: HttpClient) -> None:
    async def later(connection: Any) -> None:
        await trio.sleep(0.6)
        await connection.send(timeline())

    async with serving(later) as player:
        polled = await remote(http, player, call_s=0.2).poll(wait=True)
        assert polled.timeline is not None
        assert asked(player)[1]["wait"] == "1"


# ------------------------------------------------------------------ polls


async def test_a_timeline_of_before_the_film_is_stale(http: HttpClient) -> None:
    """Its number is below that of our `playMedia`."""
    async with serving(timeline(3), OK, timeline(1), timeline(99)) as player:
        hand = remote(http, player)
        assert not (await hand.poll()).stale
        await hand.play_media(QUEUE, "server-1", Secret(GIFT))
        assert (await hand.poll()).stale
        assert not (await hand.poll()).stale


async def test_a_film_that_was_refused_makes_nothing_stale(http: HttpClient) -> None:
    async with serving(NO, timeline(0)) as player:
        hand = remote(http, player)
        with pytest.raises(PlexError):
            await hand.play_media(QUEUE, "server-1", Secret(GIFT))
        assert not (await hand.poll()).stale


async def test_our_numbers_go_past_those_of_the_player(http: HttpClient) -> None:
    """We, before a restart, were further; it would ignore lower ones."""
    async with serving(timeline(500), OK) as player:
        hand = remote(http, player)
        await hand.poll()
        await hand.pause()
        assert asked(player, 1)[1]["commandID"] == "501"


@pytest.mark.parametrize("body", [b"OK", b""])
async def test_an_answer_that_says_nothing_is_no_timeline(http: HttpClient, body: bytes) -> None:
    async with serving(ok(body)) as player:
        assert (await remote(http, player).poll()).timeline is None


async def test_a_poll_that_cannot_be_read_is_unreadable(http: HttpClient) -> None:
    async with serving(ok(b"<html>busy</html>")) as player:
        with pytest.raises(PlexUnreadable):
            await remote(http, player).poll()


async def test_a_player_that_wants_to_be_polled_is_polled_and_asked_again(http: HttpClient) -> None:
    """HTTP 406 proves that nothing was done."""
    refusal = b"HTTP/1.1 406 No\r\nContent-Length: 0\r\n\r\n"
    async with serving(refusal, timeline(), OK) as player, serving(refusal) as server:
        sent = await remote(http, player, server).pause()
        assert sent.answered
        assert [asked(player, n)[0].rpartition("/")[2] for n in range(3)] == ["pause", "poll", "pause"]


async def test_a_player_that_stays_unwilling_is_asked_twice_and_no_more(http: HttpClient) -> None:
    refusal = b"HTTP/1.1 406 No\r\nContent-Length: 0\r\n\r\n"
    async with serving(refusal) as player:
        with pytest.raises(PlayerRefused) as caught:
            await remote(http, player).pause()
        assert caught.value.code == 406


async def test_a_product_known_to_forget_is_polled_before_a_command(http: HttpClient) -> None:
    async with serving(timeline(), OK) as player:
        await remote(http, player, quirks=Quirks(polled_every_s=80.0)).pause()
        assert [asked(player, n)[0].rpartition("/")[2] for n in range(2)] == ["poll", "pause"]


async def test_a_player_says_what_it_is(http: HttpClient) -> None:
    """Its address is the one that was asked."""
    body = (
        b'<MediaContainer><Player title="TV" machineIdentifier="tv-1" product="P"'
        b' protocolCapabilities="timeline,playqueues-creation"/></MediaContainer>'
    )
    async with serving(ok(body)) as player:
        info = await remote(http, player).resources()
        assert (info.title, info.host, info.port) == ("TV", "127.0.0.1", player.port)
        assert "playqueues-creation" in info.capabilities


# ------------------------------------------------------------------ subscriptions


async def test_subscriptions_go_out_under_another_name_than_polls(http: HttpClient) -> None:
    """Players of one family end a subscription when its owner polls."""
    async with serving(OK, timeline()) as player:
        hand = remote(http, player)
        await hand.subscribe(4321)
        await hand.poll()
        names = [player.headers(n)["x-plex-client-identifier"] for n in range(2)]
        assert names == ["our-own-id-ear", "our-own-id"]
        assert asked(player)[1] | {"commandID": ""} == {"protocol": "http", "port": "4321", "commandID": ""}


async def test_a_subscription_is_renewed_whatever_happens_and_ended_at_the_end(http: HttpClient) -> None:
    async with serving(NO, OK) as player:
        async with trio.open_nursery() as nursery:

            async def stay() -> None:
                await stay_subscribed(remote(http, player), 4321, every_s=0.02)

            nursery.start_soon(stay)
            while len(player.heads) < 4:
                await trio.sleep(0.01)
            nursery.cancel_scope.cancel()
        assert asked(player, len(player.heads) - 1)[0] == "/player/timeline/unsubscribe"
