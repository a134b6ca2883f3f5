"""From what a Plex player does to what the receiver hears, and back from a person's wish to the player."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import trio

from segue.demo.house import SimulatedHouse
from tests.e2e.plex import BASE, CONFIG, hook_of, hook_url, plex_house, until, until_status
from tests.helpers.rig import TOKEN, curl


async def test_a_start_switches_the_input_and_fades_in(place: Path) -> None:
    """A song of the receiver's own fades away, the input is selected in silence, the player fades in; and back."""
    async with plex_house(place) as (house, segued):
        receiver = house.receiver
        await house.player_starts()
        room = await segued.until(
            lambda room: room["input"] == "inputs/cd" and room["phase"] == "resting" and room["level"] == BASE
        )
        assert room["activity"] == "playing"
        assert room["now"]["title"] == house.player.track.title  # type: ignore[union-attr]
        assert room["plex_player"]["title"] == house.player.info.title
        levels = [change.level for change in receiver.level_history()][1:]
        silent = levels.index(0)
        assert levels[:silent] == sorted(levels[:silent], reverse=True)
        assert levels[silent:] == sorted(levels[silent:])
        assert len(receiver.sent("browse/play_input")) == 1
        sent = len(receiver.sent("player/set_volume"))

        await house.player_goes_on()
        title = house.player.track.title  # type: ignore[union-attr]
        await segued.until(lambda room: room["now"]["title"] == title)
        assert len(receiver.sent("player/set_volume")) == sent

        await house.player_stops()
        room = await segued.until(lambda room: room["input"] is None and room["phase"] == "resting")
        await until(house, lambda: receiver.level() == BASE, segued)
        assert (room["activity"], room["now"]["title"]) == ("playing", "Small Hours")
        assert segued.log_lines("warning", "error", "critical") == []


async def test_transport_reaches_the_player_and_is_believed_when_observed(place: Path) -> None:
    """Pause with a fade out, resume with a fade in, skip, seek, stop: all of them directly, by Companion."""
    async with plex_house(place) as (house, segued):
        await house.player_starts()
        await segued.until(
            lambda room: room["input"] == "inputs/cd" and room["phase"] == "resting" and room["level"] == BASE
        )
        sent = len(house.receiver.sent("player/set_volume"))
        await segued.ctl("pause", "living")
        await until(house, lambda: house.player.state == "paused", segued)
        await segued.until(lambda room: room["activity"] == "paused" and room["level"] == BASE)
        levels = [int(c.args["level"]) for c in house.receiver.sent("player/set_volume")[sent:]]
        assert levels == [*sorted(levels[:-1], reverse=True), BASE]
        assert levels[-2] == 0
        sent += len(levels)
        await segued.ctl("resume", "living")
        await segued.until(
            lambda room: (
                room["activity"] == "playing" and room["level"] == BASE and room["phase"] == "resting"
            )
        )
        levels = [int(c.args["level"]) for c in house.receiver.sent("player/set_volume")[sent:]]
        assert (levels[0], levels[-1]) == (0, BASE)
        assert all(a <= b for a, b in pairwise(levels))
        first = house.player.track
        await segued.ctl("next", "living")
        await until(house, lambda: house.player.track is not first, segued)
        await segued.ctl("prev", "living")
        await until(house, lambda: house.player.track is first, segued)
        await segued.ctl("seek", "living", "1:00")
        await until(house, lambda: house.player.position_ms >= 60_000, segued)
        await segued.ctl("stop", "living")
        await segued.until(lambda room: room["activity"] == "stopped")
        assert [(verb, relayed) for _, verb, relayed in house.player.commands] == [
            (verb, False) for verb in ("pause", "play", "skipNext", "skipPrevious", "seekTo", "stop")
        ]
        acts = (await segued.api("GET", "/api/v1/why?room=living&limit=30", status=200))["data"]["acts"]
        pause = next(act for act in acts if act["because"][-1]["type"] == "music.pause_requested")
        assert pause["outcome"] == "done"


async def test_a_player_out_of_reach_is_commanded_by_the_server(place: Path) -> None:
    """It refuses us; its server may speak to it."""
    async with plex_house(place) as (house, segued):
        house.player.quirks.refuses_direct = True
        await house.player_starts()
        await segued.until(lambda room: room["phase"] == "resting" and room["input"] == "inputs/cd")
        await segued.ctl("pause", "living")
        await until(house, lambda: house.player.state == "paused", segued)
        assert [(verb, relayed) for _, verb, relayed in house.player.commands] == [("pause", True)]
        await segued.until(lambda room: room["activity"] == "paused" and room["level"] == BASE)


@pytest.mark.parametrize("quirk", ["ignores", "mute", "odd_replies"])
async def test_a_player_that_does_not_obey_or_answer(place: Path, quirk: str) -> None:
    """Whatever it does with a pause, the level is given back, within the time that a change may take."""
    config = CONFIG + "confirm_s = 0.5\n"
    async with plex_house(place, config=config) as (house, segued):
        await house.player_starts()
        await segued.until(
            lambda room: room["input"] == "inputs/cd" and room["phase"] == "resting" and room["level"] == BASE
        )
        setattr(house.player.quirks, quirk, True)
        await segued.ctl("pause", "living")
        await until(house, lambda: house.player.commands, segued)
        room = await segued.until(lambda room: room["phase"] == "resting" and room["level"] == BASE)
        assert room["base_level"] == BASE
        assert (house.player.state == "playing") is (quirk == "ignores")


async def test_the_webhooks_door(place: Path) -> None:
    """Only who knows the secret gets in, and only with what Plex sends."""
    async with plex_house(place, webhooks=False) as (house, segued):
        await house.player_starts()
        hook = hook_of(house)
        body = hook.body("xyz")
        kind = ("-H", "Content-Type: multipart/form-data; boundary=xyz")
        url, base = hook_url(segued), f"{segued.url}/webhooks/plex"
        asked = [
            ((url, *kind), body, 200),
            ((base, *kind), body, 401),
            ((f"{base}/wrong-secret-0000", *kind), body, 404),
            ((f"{base}/", *kind), body, 404),
            ((url, "-H", "Content-Type: application/json"), json.dumps(hook.payload).encode(), 200),
            ((url, "-H", "Content-Type: text/plain"), body, 415),
            ((url, "-H", "Content-Type: application/json"), b"{", 400),
            ((url, "-H", "Content-Type: multipart/form-data"), body, 400),
            ((url, *kind), b"", 400),
            ((url, "-H", "Content-Type: application/json"), b"[" + b" " * 300_000 + b"]", 413),
            ((url, *kind), b"x" * (4 * 1024 * 1024 + 1), 413),
            ((url, "-H", "Content-Type: application/json"), b'{"event": "never.heard.of"}', 200),
        ]
        for arguments, data, status in asked:
            answer = await curl("-X", "POST", *arguments, "--data-binary", "@-", stdin=data)
            assert answer.status == status, (arguments, answer)
            assert b"secret-4711" not in answer.body
        assert (await curl(url)).status == 405
        counters = (await segued.api("GET", "/api/v1/status", status=200))["data"]["counters"]
        assert counters["webhooks_unknown_event"] == 1
        assert counters["webhooks_wrong_secret"] >= 1


async def test_a_wrong_secret_is_answered_before_the_body(place: Path) -> None:
    """The 404 comes although not a byte of the promised three megabytes has."""
    async with plex_house(place, webhooks=False) as (_house, segued):
        stream = await trio.open_tcp_stream("127.0.0.1", segued.port)
        async with stream:
            await stream.send_all(
                b"POST /webhooks/plex/wrong-secret-0000 HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Type: application/json\r\nContent-Length: 3000000\r\n\r\n"
            )
            with trio.fail_after(10):
                assert (await stream.receive_some(4096)).startswith(b"HTTP/1.1 404 ")


async def test_what_cannot_be_read_is_unknown_and_not_a_stop(place: Path) -> None:
    """Garbage, bombs, errors, silence and absence: the room goes on as it was, and the status says what is wrong."""
    async with plex_house(place) as (house, segued):
        await house.player_starts()
        await segued.until(lambda room: room["input"] == "inputs/cd" and room["phase"] == "resting")
        sent = len(house.receiver.commands)
        faults = house.plex.faults
        faults.hit = ("/status",)
        bodies = ("html", "truncated", "cut", "empty", "laughs", "huge", "external_entity")
        for fault in (*bodies, "hang", "starting"):
            if fault in bodies:
                faults.body = fault  # type: ignore[assignment]
            else:
                setattr(faults, fault, True)
            house.plex.webhooks.fire(hook_of(house))
            await until_status(segued, lambda status: codes(status) == ["SEG-102"])
            assert (await segued.room())["activity"] == "playing", fault
            faults.body = None
            faults.hang = faults.starting = False
            house.plex.webhooks.fire(hook_of(house))
            await until_status(segued, lambda status: codes(status) == [])
        await house.plex.shut_down()
        house.plex.webhooks.fire(hook_of(house))
        await until_status(segued, lambda status: status["plex"]["state"] == "down")
        room = await segued.room()
        assert (room["activity"], room["input"], room["level"]) == ("playing", "inputs/cd", BASE)
        assert [c.name for c in house.receiver.commands[sent:] if "heart_beat" not in c.name] == []
        assert segued.log_lines("error", "critical") == []


async def test_a_refused_token_is_said_and_its_successor_is_taken_by_a_reload(place: Path) -> None:
    """SEG-101, one warning, and no storm of tries; a new token in the file and a reload: it hears again."""
    async with plex_house(place) as (house, segued):
        await house.player_starts()
        await segued.until(lambda room: room["input"] == "inputs/cd" and room["phase"] == "resting")
        house.plex.token = f"{TOKEN}-renewed"
        for _ in range(5):
            house.plex.webhooks.fire(hook_of(house))
        await until_status(segued, lambda status: codes(status) == ["SEG-101"])
        assert (await segued.room())["activity"] == "playing"
        assert sum("refuses the token" in line for line in segued.log_lines("warning")) == 1
        (place / "plex-token").write_text(f"{TOKEN}-renewed\n")
        await segued.ctl("reload")
        await until_status(segued, lambda status: codes(status) == [])
        await house.player.press_pause()
        await segued.until(lambda room: room["activity"] == "paused")


def codes(status: Any) -> list[str]:
    """Give the codes of what is wrong."""
    return [item["code"] for item in status["health"]]


async def test_the_tail_of_lost_webhooks_is_caught_by_polling(place: Path) -> None:
    """Not one webhook arrives: by the clock it is found all the same that the player started, and stopped."""
    config = CONFIG.replace("timeout_s = 0.7", "timeout_s = 0.7\npoll_s = 1")
    async with plex_house(place, config=config, webhooks=False) as (house, segued):
        await house.player_starts()
        await segued.until(lambda room: room["activity"] == "playing" and room["input"] == "inputs/cd")
        await house.player_stops()
        await segued.until(lambda room: room["now"]["title"] == "Small Hours" and room["input"] is None)


async def test_five_hundred_webhooks_are_a_few_readings(place: Path) -> None:
    """A flood is answered, leads to some session fetches, and the last state is right."""
    async with plex_house(place) as (house, segued):
        await house.player_starts()
        await segued.until(lambda room: room["input"] == "inputs/cd" and room["phase"] == "resting")
        before, began_at = house.plex.fetches(), trio.current_time()
        payload = place / "hook.json"
        payload.write_text('{"event": "media.play", "Player": {"uuid": "x"}, "Metadata": {"ratingKey": "1"}}')
        answer = await curl(
            *("-X", "POST", "--data-binary", f"@{payload}", "-H", "Content-Type: application/json"),
            *("-o", "/dev/null", f"{hook_url(segued)}?n=[1-500]"),
        )
        assert answer.body.count(b"200") + (answer.status == 200) == 500
        await house.player.press_pause()
        await segued.until(lambda room: room["activity"] == "paused")
        took_s = trio.current_time() - began_at
        assert house.plex.fetches() - before <= 10 * took_s + 3
        counters = (await segued.api("GET", "/api/v1/status", status=200))["data"]["counters"]
        assert counters["webhooks_media.play"] >= 500


async def test_what_plays_when_the_daemon_comes_is_no_start(place: Path) -> None:
    """A restart in the middle of a title touches nothing."""
    async with plex_house(place) as (house, segued):
        await house.player_starts()
        await segued.until(
            lambda room: room["input"] == "inputs/cd" and room["phase"] == "resting" and room["level"] == BASE
        )
        await segued.kill()
        sent = len(house.receiver.sent("player/set_volume"))
        await segued.start()
        room = await segued.until(lambda room: room["available"] and room["activity"] == "playing")
        assert (room["level"], room["phase"]) == (BASE, "resting")
        assert len(house.receiver.sent("player/set_volume")) == sent


async def test_a_start_never_leaves_a_television(place: Path) -> None:
    def television(house: SimulatedHouse) -> None:
        house.receiver.select_input(house.receiver.pid, "inputs/tvaudio")

    async with plex_house(place, before=television) as (house, segued):
        await house.player_starts()
        await segued.until(lambda room: room["activity"] == "playing")
        await trio.sleep(0.3)
        room = await segued.room()
        assert (room["input"], room["phase"]) == ("inputs/tvaudio", "resting")
        assert house.receiver.sent("player/set_volume") == []
        assert sum("is left alone" in line for line in segued.log_lines("info")) == 1


async def test_every_player_is_listed(place: Path) -> None:
    """`seguectl players` names the Plex player with its machine identifier, and the room that it belongs to."""
    async with plex_house(place) as (house, segued):
        told = json.loads((await segued.ctl("players", "--json")).stdout)["data"]
        info = house.player.info
        assert {(p["id"], p["title"], p["room"]) for p in told["plex"]} == {
            (info.machine_identifier, info.title, "living"),
            *(
                (other.machine_identifier, other.title, None)
                for other in (house.study.info, house.television.info)
            ),
        }
        assert [(p["name"], p["room"]) for p in told["heos"]] == [("Living Room", "living")]
