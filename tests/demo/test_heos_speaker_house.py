"""The simulated HEOS household: people, accounts, groups and reboots, over memory streams in virtual time."""

import pytest
import trio
from trio.testing import MockClock

from segue.demo.heos_media import STATIONS, make_tracks
from segue.demo.heos_player import Player
from segue.demo.heos_speaker import HeosSpeaker
from tests.demo.heos_client import RawClient, refusal, talking


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


async def test_a_speaker_that_does_not_run_says_so() -> None:
    with pytest.raises(RuntimeError, match="start serve"):
        HeosSpeaker(host=None).connect()


async def test_what_nobody_plays_needs_no_clock(autojump_clock: MockClock) -> None:
    """An idle house sleeps: nothing is due, however long we wait."""
    async with talking() as (speaker, client):
        assert speaker.house.next_deadline() is None
        await client.nothing(for_s=3600.0)
        speaker.select_input(1, "inputs/cd")
        assert speaker.house.next_deadline() is None


async def test_a_persons_hand_is_told_like_a_command(autojump_clock: MockClock) -> None:
    async with talking(Player(pid=1, level=30)) as (speaker, client):
        speaker.turn_knob(1, 41)
        speaker.press_mute(1)
        assert (await client.event()).message == {"pid": "1", "level": "41", "mute": "off"}
        assert (await client.event()).message == {"pid": "1", "level": "41", "mute": "on"}
        speaker.power(1, on=False)
        speaker.turn_knob(1, 10)
        assert speaker.level() == 41


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


async def test_sources_know_whether_somebody_is_signed_in(autojump_clock: MockClock) -> None:
    async with talking() as (speaker, client):
        assert (await client.ask("browse/get_source_info?sid=3")).payload["available"] == "false"
        speaker.house.sign_in("listener@example.com", "opensesame")
        info = (await client.ask("browse/get_source_info?sid=3")).payload
        assert (info["available"], info["service_username"]) == ("true", "listener@example.com")
        assert (await client.ask("browse/get_source_info?sid=1")).payload["name"] == "Living Room"
        assert (await client.ask("browse/browse?sid=1025")).payload == []
        assert await refusal(client, "browse/browse?sid=77") == 2
