"""Every command of the simulated HEOS speaker, over memory streams in virtual time."""

import pytest
import trio
from trio.testing import MockClock

from segue.demo.heos_media import STATIONS
from segue.demo.heos_player import Player
from segue.demo.heos_speaker import COMMANDS
from tests.demo.heos_client import RawClient, refusal, talking

KITCHEN = -3


async def test_every_command_of_the_table_answers_with_its_name_and_survives_nonsense(
    autojump_clock: MockClock,
) -> None:
    async with talking() as (_, client):
        for name in sorted(COMMANDS):
            if name == "system/reboot":
                continue
            for args in (
                "",
                "?pid=1",
                "?pid=x&level=loud&sid=&qid=,",
                "?pid=99&gid=99&sid=99&level=101&state=loud",
            ):
                reply = await client.ask(name + args)
                assert reply.command == name
                assert reply.result in ("success", "fail")
                if reply.result == "fail":
                    assert reply.error in (2, 3, 4, 6, 7, 8, 9, 10), (name, args, reply)


async def test_an_unknown_command_is_error_one(autojump_clock: MockClock) -> None:
    async with talking() as (_, client):
        assert await refusal(client, "player/levitate?pid=1") == 1
        await client.stream.send_all(b"what is this\r\n")
        assert (await client.reply()).error == 1


async def test_events_go_to_registered_connections_only(autojump_clock: MockClock) -> None:
    async with talking() as (speaker, client):
        deaf = RawClient(speaker.connect())
        assert (await deaf.ask("player/set_volume?pid=1&level=44")).message == {"pid": "1", "level": "44"}
        assert (await client.event()).message == {"pid": "1", "level": "44", "mute": "off"}
        await client.ask("system/register_for_change_events?enable=off")
        await deaf.ask("player/set_volume?pid=1&level=45")
        await client.nothing()
        await deaf.nothing()


async def test_players_are_listed_with_what_a_controller_needs(autojump_clock: MockClock) -> None:
    async with talking(Player(pid=1), Player(pid=KITCHEN, name="Kitchen", network="wifi")) as (_, client):
        living, kitchen = (await client.ask("player/get_players")).payload
        assert set(living) == {"name", "pid", "model", "version", "ip", "network", "lineout", "serial"}
        assert (kitchen["name"], kitchen["pid"], kitchen["network"]) == ("Kitchen", KITCHEN, "wifi")
        info = await client.ask(f"player/get_player_info?pid={KITCHEN}")
        assert info.payload == kitchen
        assert await refusal(client, "player/get_player_info?pid=99") == 2


async def test_volume_and_mute(autojump_clock: MockClock) -> None:
    async with talking(Player(pid=1, level=30)) as (speaker, client):
        for command in (
            "player/set_volume?pid=1&level=98",
            "player/volume_up?pid=1",
            "player/volume_down?pid=1&step=3",
        ):
            assert (await client.ask(command)).result == "success"
        assert (await client.ask("player/get_volume?pid=1")).message["level"] == "97"
        assert [int((await client.event()).message["level"]) for _ in range(3)] == [98, 100, 97]
        assert await refusal(client, "player/set_volume?pid=1&level=101") == 9
        assert await refusal(client, "player/volume_up?pid=1&step=11") == 9
        assert await refusal(client, "player/set_volume?pid=1") == 3
        await client.ask("player/toggle_mute?pid=1")
        assert (await client.ask("player/get_mute?pid=1")).message["state"] == "on"
        assert (await client.event()).message == {"pid": "1", "level": "97", "mute": "on"}
        await client.ask("player/set_mute?pid=1&state=off")
        assert not speaker.player().muted
        assert [each.by for each in speaker.level_history()] == ["command"] * 3


async def test_a_level_that_does_not_change_is_not_an_event(autojump_clock: MockClock) -> None:
    async with talking(Player(pid=1, level=30)) as (_, client):
        assert (await client.ask("player/set_volume?pid=1&level=30")).result == "success"
        await client.nothing()


async def test_browse_promises_first_and_hands_the_sequence_back(autojump_clock: MockClock) -> None:
    async with talking() as (_, client):
        reply = await client.ask("browse/get_music_sources?SEQUENCE=5")
        assert [promise.message["SEQUENCE"] for promise in client.promises] == ["5"]
        assert reply.message == {"SEQUENCE": "5"}
        assert [source["sid"] for source in reply.payload] == [3, 1024, 1025, 1026, 1027, 1028]
        assert (await client.ask("player/get_volume?pid=1&SEQUENCE=6")).message == {"pid": "1", "level": "30"}
        assert len(client.promises) == 1


async def test_inputs_are_found_in_two_steps_and_played(autojump_clock: MockClock) -> None:
    async with talking(Player(pid=1), Player(pid=KITCHEN, name="Kitchen", inputs=())) as (speaker, client):
        players = (await client.ask("browse/browse?sid=1027")).payload
        assert [each["sid"] for each in players] == [1, KITCHEN]
        listing = await client.ask("browse/browse?sid=1")
        assert listing.message["count"] == listing.message["returned"] == str(len(listing.payload))
        assert "inputs/cd" in [each["mid"] for each in listing.payload]
        assert (await client.ask(f"browse/browse?sid={KITCHEN}")).payload == []
        for command in (
            "browse/play_input?pid=1&input=inputs/cd",
            "browse/play_stream?pid=1&sid=1&mid=inputs/phono",
            "browse/play_stream?pid=1&sid=1027&mid=inputs/aux1",
        ):
            assert (await client.ask(command)).result == "success"
            playing = await client.ask("player/get_now_playing_media?pid=1")
            assert playing.payload["mid"] == command.rpartition("=")[2] == speaker.player().listens_to
            assert (playing.payload["type"], playing.payload["sid"], playing.options) == ("station", 1027, [])
        assert await refusal(client, "browse/play_input?pid=1&input=inputs/teapot") == 2


async def test_an_input_of_another_player_can_be_played(autojump_clock: MockClock) -> None:
    async with talking(Player(pid=1), Player(pid=KITCHEN, name="Kitchen", inputs=())) as (speaker, client):
        assert await refusal(client, f"browse/play_input?pid={KITCHEN}&input=inputs/cd") == 2
        assert (
            await client.ask(f"browse/play_input?pid={KITCHEN}&spid=1&input=inputs/cd")
        ).result == "success"
        assert speaker.player(KITCHEN).listens_to == "inputs/cd"


async def test_an_input_wakes_the_receiver_four_seconds_later(autojump_clock: MockClock) -> None:
    async with talking(Player(pid=1, powered=False)) as (speaker, client):
        start = trio.current_time()
        await client.ask("browse/play_input?pid=1&input=inputs/cd")
        assert (await client.event("player_state_changed")).message["state"] == "play"
        assert trio.current_time() - start == pytest.approx(4.0)
        assert (await client.event()).command == "event/player_now_playing_changed"
        assert speaker.player().powered


async def test_a_url_is_taken_whole_and_left_in_the_queue(autojump_clock: MockClock) -> None:
    async with talking(stream_length=lambda _url: 12.0) as (speaker, client):
        url = "http://127.0.0.1:9/s/1.flac?a=1&b=%20"
        await client.send(f"browse/play_stream?pid=1&url={url}")
        assert (await client.reply()).is_promise
        raw = await client.line()
        assert url.encode() in raw
        names = [(await client.event()).command.removeprefix("event/player_") for _ in range(3)]
        assert names == ["queue_changed", "state_changed", "now_playing_changed"]
        (entry,) = (await client.ask("player/get_queue?pid=1")).payload
        assert (entry["qid"], entry["song"]) == (1, "Url Stream")
        assert speaker.player().queue[0].url == url
        start = trio.current_time()
        positions = [(await client.event("progress")).message for _ in range(2)]
        assert positions == [{"pid": "1", "cur_pos": at, "duration": "0"} for at in ("5000", "10000")]
        assert trio.current_time() - start == pytest.approx(10.0, abs=0.1)
        assert (await client.event("player_state_changed")).message["state"] == "stop"


async def test_pretty_json_is_for_people(autojump_clock: MockClock) -> None:
    async with talking() as (_, client):
        await client.send("system/prettify_json_response?enable=on")
        assert b"\n  " in await client.line()
        await client.send("player/get_volume?pid=1")
        assert b"\n  " in await client.line()


async def test_a_station_is_browsed_and_played_by_its_source(autojump_clock: MockClock) -> None:
    async with talking() as (speaker, client):
        speaker.house.sign_in("listener@example.com", "opensesame")
        stations = (await client.ask("browse/browse?sid=3")).payload
        await client.ask(f"browse/play_stream?pid=1&sid=3&mid={stations[2]['mid']}&name=x")
        assert speaker.player().playing == STATIONS[2]
        assert await refusal(client, "browse/play_stream?pid=1&sid=3&mid=nowhere") == 2
        assert await refusal(client, "browse/add_to_queue?pid=1&sid=3&cid=x&aid=1") == 2
        assert await refusal(client, "browse/add_to_queue?pid=1&sid=1024&cid=x&aid=1") == 2
