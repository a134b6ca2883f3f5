"""Every command of the simulated HEOS speaker, over memory streams in virtual time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from segue.demo.heos_media import STATIONS, make_tracks
from segue.demo.heos_player import Player
from segue.demo.heos_speaker import COMMANDS, HeosSpeaker
from tests.demo.heos_client import RawClient

KITCHEN = -3


@asynccontextmanager
async def talking(*players: Player, **settings: Any) -> AsyncIterator[tuple[HeosSpeaker, RawClient]]:
    """Give a speaker in memory and a client that hears its events."""
    async with HeosSpeaker(players or [Player(pid=1)], host=None, **settings) as speaker:
        client = await RawClient(speaker.connect()).listen()
        client.promises.clear()
        yield speaker, client


async def refusal(client: RawClient, command: str) -> int | None:
    return (await client.ask(command)).error


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


async def test_the_account_is_needed_for_favourites_and_not_for_inputs(autojump_clock: MockClock) -> None:
    async with talking() as (_, client):
        assert "signed_out" in (await client.ask("system/check_account")).message
        assert await refusal(client, "browse/browse?sid=1028") == 8
        assert await refusal(client, "browse/play_preset?pid=1&preset=1") == 8
        assert await refusal(client, "system/sign_in?un=nobody&pw=x") == 10
        assert await refusal(client, "system/sign_in?un=listener@example.com&pw=x") == 6
        signed_in = await client.ask("system/sign_in?un=listener@example.com&pw=opensesame")
        assert signed_in.message == {"signed_in": "", "un": "listener@example.com"}
        assert (await client.event()).message == signed_in.message
        favourites = await client.ask("browse/browse?sid=1028")
        assert [each["name"] for each in favourites.payload] == [station.name for station in STATIONS]
        assert (await client.ask("browse/play_preset?pid=1&preset=2")).result == "success"
        assert await refusal(client, "browse/play_preset?pid=1&preset=9") == 9
        playing = (await client.ask("player/get_now_playing_media?pid=1")).payload
        assert (playing["type"], playing["station"]) == ("station", STATIONS[1].name)
        await client.ask("system/sign_out")
        assert await refusal(client, "browse/browse?sid=3") == 8


async def test_a_password_is_masked_in_the_log(autojump_clock: MockClock) -> None:
    async with talking() as (speaker, client):
        await client.ask("system/sign_in?un=listener@example.com&pw=opensesame")
        assert "opensesame" not in repr(speaker.commands)


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


async def test_a_persons_hand_is_told_like_a_command(autojump_clock: MockClock) -> None:
    async with talking(Player(pid=1, level=30)) as (speaker, client):
        speaker.turn_knob(1, 41)
        speaker.press_mute(1)
        assert (await client.event()).message == {"pid": "1", "level": "41", "mute": "off"}
        assert (await client.event()).message == {"pid": "1", "level": "41", "mute": "on"}
        speaker.power(1, on=False)
        speaker.turn_knob(1, 10)
        assert speaker.level() == 41


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


@pytest.mark.parametrize("url", ["ftp://x/y", "x", ""])
async def test_a_url_that_is_none_is_refused(autojump_clock: MockClock, url: str) -> None:
    async with talking() as (_, client):
        assert await refusal(client, f"browse/play_stream?pid=1&url={url}") == 14


async def test_a_queue_reply_carries_a_hundred_records_at_most(autojump_clock: MockClock) -> None:
    async with talking(Player(pid=1, queue=make_tracks(250))) as (_, client):
        ids = []
        for query in ("", "&range=100,249", "&range=200,220", "&range=240,400", "&range=900,901"):
            reply = await client.ask(f"player/get_queue?pid=1{query}")
            ids.append([entry["qid"] for entry in reply.payload])
        assert ids[0] == list(range(1, 101))
        assert ids[1] == list(range(101, 201))
        assert ids[2] == list(range(201, 222))
        assert ids[3] == list(range(241, 251))
        assert ids[4] == []
        assert await refusal(client, "player/get_queue?pid=1&range=5,1") == 9
        assert await refusal(client, "player/get_queue?pid=1&range=x") == 3


async def test_the_queue_can_be_played_changed_and_emptied(autojump_clock: MockClock) -> None:
    async with talking() as (speaker, client):
        assert await refusal(client, "player/clear_queue?pid=1") == 4
        speaker.load_queue(1, make_tracks(5))
        for command in (
            "player/play_queue?pid=1&qid=2",
            "player/play_next?pid=1",
            "player/play_previous?pid=1",
            "player/move_queue_item?pid=1&sqid=5&dqid=1",
            "player/remove_from_queue?pid=1&qid=2,4",
            "player/save_queue?pid=1&name=mine",
        ):
            assert (await client.ask(command)).result == "success", command
        songs = [entry["song"] for entry in (await client.ask("player/get_queue?pid=1")).payload]
        assert songs == ["Song 5", "Song 2", "Song 4"]
        assert speaker.player().playing is speaker.player().queue[1]
        assert await refusal(client, "player/play_queue?pid=1&qid=4") == 9
        assert await refusal(client, "player/remove_from_queue?pid=1&qid=0") == 9
        assert (await client.ask("player/clear_queue?pid=1")).result == "success"
        assert (await client.ask("player/get_play_state?pid=1")).message["state"] == "stop"
        assert (await client.ask("player/get_now_playing_media?pid=1")).payload == {}


@pytest.mark.parametrize(
    ("aid", "place", "plays"), [(1, 1, True), (2, 1, False), (3, 3, False), (4, 0, True)]
)
async def test_music_is_added_now_next_at_the_end_or_instead(
    autojump_clock: MockClock, aid: int, place: int, plays: bool
) -> None:
    async with talking() as (speaker, client):
        speaker.load_queue(1, make_tracks(3))
        speaker.player().play_queue(1)
        albums = (await client.ask("browse/browse?sid=1024")).payload
        cid = albums[0]["cid"]
        songs = (await client.ask(f"browse/browse?sid=1024&cid={cid}")).payload
        reply = await client.ask(
            f"browse/add_to_queue?pid=1&sid=1024&cid={cid}&mid={songs[1]['mid']}&aid={aid}"
        )
        assert reply.result == "success"
        player = speaker.player()
        assert player.queue[place].song == songs[1]["name"]
        assert len(player.queue) == (1 if aid == 4 else 4)
        assert (player.playing is player.queue[place]) is plays


async def test_play_state_is_refused_where_there_is_nothing_to_play(autojump_clock: MockClock) -> None:
    async with talking() as (speaker, client):
        assert await refusal(client, "player/set_play_state?pid=1&state=play") == 7
        speaker.load_queue(1, make_tracks(1))
        for state in ("play", "pause", "stop"):
            assert (await client.ask(f"player/set_play_state?pid=1&state={state}")).result == "success"
            assert (await client.ask("player/get_play_state?pid=1")).message["state"] == state
        states = [(await client.event("state_changed")).message["state"] for _ in range(3)]
        assert states == ["play", "pause", "stop"]
        assert await refusal(client, "player/set_play_state?pid=1&state=buffering") == 3


async def test_play_mode_keeps_what_is_not_named(autojump_clock: MockClock) -> None:
    async with talking() as (_, client):
        await client.ask("player/set_play_mode?pid=1&repeat=on_one&shuffle=on")
        await client.ask("player/set_play_mode?pid=1&shuffle=off")
        mode = (await client.ask("player/get_play_mode?pid=1")).message
        assert mode == {"pid": "1", "repeat": "on_one", "shuffle": "off"}


async def test_quick_selects_choose_an_input_and_remember_the_present_one(autojump_clock: MockClock) -> None:
    async with talking() as (speaker, client):
        speaker.select_input(1, "inputs/phono")
        await client.ask("player/set_quickselect?pid=1&id=3")
        await client.ask("player/play_quickselect?pid=1&id=1")
        assert speaker.player().listens_to == "inputs/cd"
        await client.ask("player/play_quickselect?pid=1&id=3")
        assert speaker.player().listens_to == "inputs/phono"
        names = (await client.ask("player/get_quickselects?pid=1")).payload
        assert [each["id"] for each in names] == [1, 2, 3, 4, 5, 6]
        assert await refusal(client, "player/play_quickselect?pid=1&id=7") == 9


async def test_no_update_is_waiting(autojump_clock: MockClock) -> None:
    async with talking() as (_, client):
        assert (await client.ask("player/check_update?pid=1")).payload == {"update": "update_none"}


async def test_groups_are_made_heard_and_undone(autojump_clock: MockClock) -> None:
    players = (Player(pid=1, level=20), Player(pid=2, name="Kitchen", level=30), Player(pid=3, name="Bath"))
    async with talking(*players) as (speaker, client):
        made = await client.ask("group/set_group?pid=1,2")
        assert made.message == {"gid": "1", "name": "Living Room + Kitchen", "pid": "1,2"}
        assert (await client.event()).command == "event/groups_changed"
        (group,) = (await client.ask("group/get_groups")).payload
        assert [(each["pid"], each["role"]) for each in group["players"]] == [(1, "leader"), (2, "member")]
        assert [each.get("gid") for each in (await client.ask("player/get_players")).payload] == [1, 1, None]
        assert (await client.ask("group/get_volume?gid=1")).message["level"] == "25"
        await client.ask("group/set_volume?gid=1&level=35")
        assert [speaker.level(pid) for pid in (1, 2, 3)] == [30, 40, 30]
        assert (await client.event("group_volume_changed")).message == {
            "gid": "1",
            "level": "35",
            "mute": "off",
        }
        await client.ask("group/toggle_mute?gid=1")
        assert (await client.ask("group/get_mute?gid=1")).message["state"] == "on"
        await client.ask("group/volume_down?gid=1&step=5")
        assert [speaker.level(pid) for pid in (1, 2)] == [25, 35]
        await client.ask("group/set_group?pid=2,3")
        assert (await client.ask("group/get_group_info?gid=2")).payload["name"] == "Kitchen + Bath"
        assert await refusal(client, "group/get_volume?gid=1") == 2
        assert (await client.ask("group/set_group?pid=2")).message == {"pid": "2"}
        assert (await client.ask("group/get_groups")).payload == []
        assert await refusal(client, "group/set_group?pid=1,1") == 3
        assert await refusal(client, "group/set_group?pid=1,9") == 2


async def test_pretty_json_is_for_people(autojump_clock: MockClock) -> None:
    async with talking() as (_, client):
        await client.send("system/prettify_json_response?enable=on")
        assert b"\n  " in await client.line()
        await client.send("player/get_volume?pid=1")
        assert b"\n  " in await client.line()


async def test_what_nobody_plays_needs_no_clock(autojump_clock: MockClock) -> None:
    """An idle house sleeps: nothing is due, however long we wait."""
    async with talking() as (speaker, client):
        assert speaker.house.next_deadline() is None
        await client.nothing(for_s=3600.0)
        speaker.select_input(1, "inputs/cd")
        assert speaker.house.next_deadline() is None


async def test_a_reboot_answers_goes_away_and_comes_back_with_other_ids(autojump_clock: MockClock) -> None:
    async with talking(reboot_s=30.0) as (speaker, client):
        speaker.faults.new_ids_after_reboot = True
        old = speaker.pid
        assert (await client.ask("system/reboot")).result == "success"
        assert await client.line() == b""
        with pytest.raises(ConnectionRefusedError):
            speaker.connect()
        await trio.sleep(31.0)
        again = RawClient(speaker.connect())
        (player,) = (await again.ask("player/get_players")).payload
        assert player["pid"] == speaker.pid != old
        assert await refusal(again, f"player/get_volume?pid={old}") == 2


async def test_a_station_is_browsed_and_played_by_its_source(autojump_clock: MockClock) -> None:
    async with talking() as (speaker, client):
        speaker.house.sign_in("listener@example.com", "opensesame")
        stations = (await client.ask("browse/browse?sid=3")).payload
        await client.ask(f"browse/play_stream?pid=1&sid=3&mid={stations[2]['mid']}&name=x")
        assert speaker.player().playing == STATIONS[2]
        assert await refusal(client, "browse/play_stream?pid=1&sid=3&mid=nowhere") == 2
        assert await refusal(client, "browse/add_to_queue?pid=1&sid=3&cid=x&aid=1") == 2
        assert await refusal(client, "browse/add_to_queue?pid=1&sid=1024&cid=x&aid=1") == 2


async def test_sources_know_whether_somebody_is_signed_in(autojump_clock: MockClock) -> None:
    async with talking() as (speaker, client):
        assert (await client.ask("browse/get_source_info?sid=3")).payload["available"] == "false"
        speaker.house.sign_in("listener@example.com", "opensesame")
        info = (await client.ask("browse/get_source_info?sid=3")).payload
        assert (info["available"], info["service_username"]) == ("true", "listener@example.com")
        assert (await client.ask("browse/get_source_info?sid=1")).payload["name"] == "Living Room"
        assert (await client.ask("browse/browse?sid=1025")).payload == []
        assert await refusal(client, "browse/browse?sid=77") == 2


async def test_a_person_uses_the_app(autojump_clock: MockClock) -> None:
    async with talking() as (speaker, client):
        speaker.resume(1)
        speaker.play_song(1, make_tracks(1)[0])
        speaker.pause(1)
        speaker.resume(1)
        speaker.stop(1)
        speaker.play_radio(1, "FIP")
        speaker.pause(1)
        speaker.play_radio(1, "Pirates")
        heard = [(await client.event()) for _ in range(9)]
        assert [event.message.get("state") for event in heard if "state" in event.message] == [
            *("play", "pause", "play", "stop", "play")
        ]
        assert speaker.player().now_playing()[0]["station"] == "Pirates"


async def test_new_ids_dissolve_groups(autojump_clock: MockClock) -> None:
    async with talking(Player(pid=1), Player(pid=2, name="Kitchen")) as (speaker, client):
        await client.ask("group/set_group?pid=1,2")
        new_ids = speaker.renumber()
        assert set(new_ids) == {1, 2}
        assert (await client.ask("group/get_groups")).payload == []
        assert {each["pid"] for each in (await client.ask("player/get_players")).payload} == set(
            new_ids.values()
        )


async def test_a_speaker_that_does_not_run_says_so() -> None:
    with pytest.raises(RuntimeError, match="start serve"):
        HeosSpeaker(host=None).connect()
