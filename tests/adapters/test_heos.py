"""A HEOS system: every command, question and event, against a scripted device, under virtual time."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio

from segue.adapters import heos
from segue.adapters.heos import HeosRefused, HeosTimeout, HeosUnavailable, LinkUp
from tests.adapters.heos_script import (
    GET_VOLUME,
    PID,
    Asked,
    Connection,
    Script,
    event,
    in_turn,
    nothing,
    open_system,
    refusal,
    reply,
    says,
    volume,
    volume_event,
)

# ------------------------------------------------------------------ commands


async def test_every_command_is_what_the_specification_says(autojump_clock: Any) -> None:
    script = Script()
    async with open_system(script) as (system, _):
        script.asked.clear()
        await system.set_volume(1, 20)
        await system.set_mute(1, on=True)
        await system.set_mute(1, on=False)
        for state in ("play", "pause", "stop"):
            await system.set_play_state(1, state)
        await system.play_next(1)
        await system.play_previous(1)
        await system.play_input(1, "inputs/cd")
        await system.play_input(1, "inputs/tv", 2)
        await system.play_queue_item(1, 3)
        await system.play_station(1, 3, None, "s1", "Nine & Ten")
        await system.play_station(1, 3, "c", "s1")
        await system.play_url(1, "http://h/a?b=c&d=e")
        assert [(a.name, a.args) for a in script.asked[:-1]] == [
            ("player/set_volume", {"pid": "1", "level": "20"}),
            ("player/set_mute", {"pid": "1", "state": "on"}),
            ("player/set_mute", {"pid": "1", "state": "off"}),
            ("player/set_play_state", {"pid": "1", "state": "play"}),
            ("player/set_play_state", {"pid": "1", "state": "pause"}),
            ("player/set_play_state", {"pid": "1", "state": "stop"}),
            ("player/play_next", {"pid": "1"}),
            ("player/play_previous", {"pid": "1"}),
            ("browse/play_input", {"pid": "1", "input": "inputs/cd"}),
            ("browse/play_input", {"pid": "1", "input": "inputs/tv", "spid": "2"}),
            ("player/play_queue", {"pid": "1", "qid": "3"}),
            ("browse/play_stream", {"pid": "1", "sid": "3", "mid": "s1", "name": "Nine & Ten"}),
            ("browse/play_stream", {"pid": "1", "sid": "3", "mid": "s1", "cid": "c"}),
        ]
        assert script.asked[-1].query == "pid=1&url=http://h/a?b=c&d=e"


async def test_arguments_that_make_no_sense_are_not_sent(autojump_clock: Any) -> None:
    script = Script()
    async with open_system(script) as (system, _):
        script.asked.clear()
        calls: list[Callable[[], Awaitable[None]]] = [
            lambda: system.set_volume(1, 101),
            lambda: system.set_volume(1, -1),
            lambda: system.set_play_state(1, "buffering"),  # type: ignore[arg-type]
            lambda: system.play_url(1, "file:///etc/passwd"),
            lambda: system.play_url(1, "http://h/" + "x" * 300),
            lambda: system.play_url(1, "http://h/a b"),
            lambda: system.play_input(1, "inputs/cd\r\nheos://system/reboot"),
        ]
        for call in calls:
            with pytest.raises(ValueError, match=r"."):
                await call()
        assert script.asked == []


async def test_every_question_is_answered_with_what_the_device_says(autojump_clock: Any) -> None:
    script = Script()
    media = {"type": "station", "song": "CD", "station": "CD", "mid": "inputs/cd", "sid": 1027, "qid": 1}
    script.on |= {
        GET_VOLUME: says(volume(31)),
        "player/get_mute": says(reply("player/get_mute", f"pid={PID}&state=on")),
        "player/get_play_state": says(reply("player/get_play_state", f"pid={PID}&state=pause")),
        "player/get_now_playing_media": says(reply("player/get_now_playing_media", f"pid={PID}", media)),
    }

    async def browse(connection: Connection, asked: Asked) -> None:
        owners = [{"name": "AVR", "sid": PID, "type": "heos_service"}]
        inputs = [{"name": "AVR - CD", "mid": "inputs/cd"}, {"name": "AVR - TV", "mid": "inputs/tvaudio"}]
        payload = owners if asked.args["sid"] == "1027" else inputs
        await connection.say(reply(asked.name, f"command under process&{asked.query}"))
        await trio.sleep(0.55)
        await connection.say(reply(asked.name, asked.query, payload))

    script.on["browse/browse"] = browse
    async with open_system(script) as (system, _):
        assert await system.get_volume(PID) == 31
        assert await system.get_mute(PID) is True
        assert await system.get_play_state(PID) == "pause"
        playing = await system.get_now_playing(PID)
        assert (playing.pid, playing.input, playing.sid, playing.station) == (PID, "inputs/cd", 1027, "CD")
        assert [p.name for p in await system.get_players()] == ["Living Room"]
        inputs = await system.get_inputs()
        assert [(i.pid, i.input, i.name) for i in inputs] == [
            (PID, "inputs/cd", "AVR - CD"),
            (PID, "inputs/tvaudio", "AVR - TV"),
        ]


@pytest.mark.parametrize("message", ["", "level=loud", "level=101", "level="])
async def test_an_answer_without_what_was_asked_for_is_a_refusal(autojump_clock: Any, message: str) -> None:
    script = Script(on={GET_VOLUME: says(reply(GET_VOLUME, f"pid={PID}&{message}"))})
    async with open_system(script) as (system, _):
        with pytest.raises(HeosRefused, match="no usable 'level'") as caught:
            await system.get_volume(PID)
        assert caught.value.error_id == 0


async def test_the_reasons_of_errors_are_those_that_outcomes_use() -> None:
    assert HeosRefused("x", 1, "y").reason == "refused"
    assert (HeosTimeout("x").reason, HeosUnavailable("x").reason) == ("timeout", "unavailable")


async def test_no_secret_of_a_url_is_logged_or_told(
    autojump_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "canary-4711"
    url = f"http://h/{secret}?X-Plex-Token={secret}"
    script = Script()
    async with open_system(script) as (system, heard):
        texts = [repr(system)]
        for answer in (
            nothing,
            says(refusal("browse/play_stream", 14, f"cannot play {url}")),
            says(b'{"heos": {"command": "browse/play_stream", "message": "' + url.encode() + b"\r\n"),
        ):
            script.on["browse/play_stream"] = answer
            try:
                await system.play_url(PID, url)
            except heos.HeosError as error:
                texts += [str(error), repr(error), repr(error.__context__), repr(error.__cause__)]
        await script.tell(event("player_playback_error", f"pid={PID}&error=Could not get {url}"))
        await trio.sleep(0.01)
        texts.append(repr(heard.events))
        assert len(heard.of(heos.PlaybackError)) == 1 and len(texts) > 8
        assert secret not in "".join(texts) + caplog.text


# ------------------------------------------------------------------ events


async def test_levels_are_told_as_they_came_the_persons_among_ours(autojump_clock: Any) -> None:
    script = Script()
    async with open_system(script) as (_, heard):
        await script.tell(*map(volume_event, [39, 38, 37, 36, 55, 35]))
        await trio.sleep(0.01)
        assert [e.level for e in heard.of(heos.VolumeChanged)] == [39, 38, 37, 36, 55, 35]


async def test_an_unknown_event_or_state_or_a_broken_event_harms_nobody(autojump_clock: Any) -> None:
    script = Script()
    async with open_system(script) as (system, heard):
        await script.tell(
            event("moon_phase_changed", f"pid={PID}"),
            event("player_state_changed", f"pid={PID}&state=buffering"),
            event("player_volume_changed", "pid=x&level=y"),
            b'{"heos": {"command": "event/pl\r\n',
            event("player_state_changed", f"pid={PID}&state=play"),
        )
        await trio.sleep(0.01)
        assert [e.state for e in heard.of(heos.PlayStateChanged)] == ["unknown", "play"]
        for counter in ("events_unknown", "states_unknown", "events_malformed", "lines_malformed"):
            assert system.counters[counter] == 1


async def test_a_flood_of_changed_players_is_one_question_after_it(autojump_clock: Any) -> None:
    script = Script()
    async with open_system(script) as (system, heard):
        script.players[:] = [{"name": "Living Room", "pid": 5}, {"name": "Kitchen", "pid": 6, "gid": 5}]
        for _ in range(5):
            await script.tell(*[event("players_changed")] * 50, *[event("groups_changed")] * 50)
            await trio.sleep(0.1)
        changed = await heard.until(heos.PlayersChanged)
        assert [(p.name, p.pid, p.gid) for p in changed.players] == [
            ("Living Room", 5, None),
            ("Kitchen", 6, 5),
        ]
        assert len(script.sent("player/get_players")) == 2
        assert system.players == changed.players
        await script.tell(event("players_changed"))
        await trio.sleep(10)
        assert len(script.sent("player/get_players")) == 3
        assert len(heard.of(heos.PlayersChanged)) == 1


async def test_players_that_cannot_be_read_are_asked_for_again(autojump_clock: Any) -> None:
    script = Script()
    async with open_system(script) as (_, heard):
        script.players[:] = [{"name": "Kitchen", "pid": 6}]
        script.on["player/get_players"] = in_turn(says(refusal("player/get_players", 11)), script.acknowledge)
        await script.tell(event("players_changed"))
        assert (await heard.until(heos.PlayersChanged)).players[0].pid == 6


async def test_a_device_that_has_no_players_yet_is_up(autojump_clock: Any) -> None:
    script = Script(players=[])
    async with open_system(script) as (_, heard):
        assert heard.events == [LinkUp("avr", ())]
