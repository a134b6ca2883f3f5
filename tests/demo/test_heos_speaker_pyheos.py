"""pyheos' own client drives the simulated HEOS speaker: an independent reading of the protocol agrees with ours.

pyheos is an asyncio library, so each test is a script that runs in a thread with a loop of its own, against a
speaker that runs here; `at_the_device` lets the script's person act on the speaker.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pyheos
import pytest
import trio
from pyheos import (
    AddCriteriaType,
    CommandAuthenticationError,
    CommandFailedError,
    Heos,
    PlayState,
    RepeatType,
)

from segue.demo.heos_faults import Faults
from segue.demo.heos_media import STATIONS, make_tracks
from segue.demo.heos_player import Player
from segue.demo.heos_protocol import ErrorId
from segue.demo.heos_speaker import HeosSpeaker
from tests.demo.heos_client import fresh_host

DEADLINE_S = 30.0
LIVING, KITCHEN = -11, 12


class Script:
    """What a script has: a pyheos client, the speaker, and the events that pyheos passed on."""

    def __init__(self, speaker: HeosSpeaker, heos: Heos, token: trio.lowlevel.TrioToken) -> None:
        self.speaker = speaker
        self.heos = heos
        self.token = token
        self.heard: asyncio.Queue[str] = asyncio.Queue()

    async def at_the_device(self, act: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.to_thread(trio.from_thread.run_sync, act, *args, trio_token=self.token)

    async def hear_of_the_house(self, event: str, _: object) -> None:
        await self.heard.put(event)

    async def hear(self, event: str) -> None:
        """Wait until pyheos has passed an event on."""
        while await self.heard.get() != event:
            pass


async def drive(
    script: Callable[[Script], Awaitable[None]],
    *,
    faults: Faults | None = None,
    players: tuple[Player, ...] = (),
    **options: Any,
) -> HeosSpeaker:
    """Run a script with a connected client against a fresh speaker; return the speaker for a last look."""
    host = fresh_host()
    token = trio.lowlevel.current_trio_token()

    async def with_client() -> None:
        heos = Heos(pyheos.HeosOptions(host, timeout=10.0, heart_beat=False, **options))
        run = Script(speaker, heos, token)
        await heos.connect()
        try:
            for player in (await heos.get_players()).values():
                player.add_on_player_event(run.heard.put)
            heos.add_on_controller_event(run.hear_of_the_house)
            await script(run)
        finally:
            await heos.disconnect()

    known = players or (Player(pid=LIVING, level=30, ip=host),)
    with trio.fail_after(DEADLINE_S + 5.0):
        async with HeosSpeaker(known, host=host, faults=faults) as speaker:
            await trio.to_thread.run_sync(
                lambda: asyncio.run(asyncio.wait_for(with_client(), DEADLINE_S)), abandon_on_cancel=True
            )
    return speaker


async def test_it_connects_and_loads_the_players() -> None:
    async def script(run: Script) -> None:
        assert set(run.heos.players) == {LIVING, KITCHEN}
        living = run.heos.players[LIVING]
        assert (living.name, living.volume, living.is_muted, living.state) == (
            "Living Room",
            30,
            False,
            "stop",
        )
        assert living.supported_version
        assert living.serial == "BBW27191012345"
        assert run.heos.players[KITCHEN].network == "wifi"
        system = await run.heos.get_system_info()
        assert system.host is not None
        assert not run.heos.is_signed_in

    host_of_first = fresh_host()
    players = (Player(pid=LIVING), Player(pid=KITCHEN, name="Kitchen", network="wifi", ip=host_of_first))
    await drive_with_own_host(script, players)


async def drive_with_own_host(
    script: Callable[[Script], Awaitable[None]], players: tuple[Player, ...]
) -> None:
    async def located(run: Script) -> None:
        run.speaker.player().ip = str(run.speaker.host)
        await script(run)

    await drive(located, players=players)


async def test_volume_and_mute_are_set_and_heard() -> None:
    async def script(run: Script) -> None:
        player = run.heos.players[LIVING]
        await player.set_volume(42)
        await run.hear("event/player_volume_changed")
        assert player.volume == 42
        await player.volume_up(3)
        await player.volume_down(10)
        await player.mute()
        while not player.is_muted:
            await run.hear("event/player_volume_changed")
        assert player.volume == 35
        await player.toggle_mute()
        assert await run.heos.player_get_mute(LIVING) is False
        with pytest.raises(ValueError, match="0-100"):
            await player.set_volume(101)

    speaker = await drive(script)
    assert [each.level for each in speaker.level_history()] == [42, 45, 35]


async def test_a_person_turns_the_knob_and_pyheos_hears_it() -> None:
    async def script(run: Script) -> None:
        player = run.heos.players[LIVING]
        await run.at_the_device(run.speaker.turn_knob, LIVING, 55)
        await run.hear("event/player_volume_changed")
        assert player.volume == 55
        await run.at_the_device(run.speaker.press_mute, LIVING)
        await run.hear("event/player_volume_changed")
        assert player.is_muted

    speaker = await drive(script)
    assert [(each.level, each.by) for each in speaker.level_history()] == [(55, "knob")]


async def test_inputs_are_listed_and_played() -> None:
    async def script(run: Script) -> None:
        player = run.heos.players[LIVING]
        sources = await run.heos.get_music_sources()
        assert pyheos.const.MUSIC_SOURCE_AUX_INPUT in sources
        inputs = await run.heos.get_input_sources()
        cd = next(each for each in inputs if each.media_id == "inputs/cd")
        assert cd.playable
        await cd.play_media(LIVING)
        await run.hear("event/player_now_playing_changed")
        assert player.now_playing_media.media_id == "inputs/cd"
        assert player.now_playing_media.source_id == 1027
        assert player.state is PlayState.PLAY
        await player.play_input_source("inputs/phono")
        await run.hear("event/player_now_playing_changed")
        assert player.now_playing_media.station == "Phono"
        with pytest.raises(CommandFailedError) as refused:
            await player.play_input_source("inputs/teapot")
        assert refused.value.error_id == 2

    speaker = await drive(script)
    assert speaker.player().listens_to == "inputs/phono"


async def test_the_queue_is_listed_played_changed_and_cleared() -> None:
    async def script(run: Script) -> None:
        player = run.heos.players[LIVING]
        assert len(await player.get_queue()) == 100
        assert [item.queue_id for item in await player.get_queue(100, 104)] == [101, 102, 103, 104, 105]
        await player.play_queue(3)
        await run.hear("event/player_now_playing_changed")
        assert (player.now_playing_media.queue_id, player.now_playing_media.song) == (3, "Song 3")
        await player.play_next()
        await player.play_previous()
        await player.move_queue_item([1, 2], 3)
        assert [item.song for item in await player.get_queue(0, 3)] == [
            "Song 3",
            "Song 4",
            "Song 1",
            "Song 2",
        ]
        await player.remove_from_queue([4])
        await player.pause()
        await player.play()
        await player.stop()
        await player.set_play_mode(RepeatType.ON_ALL, True)
        await run.hear("event/shuffle_mode_changed")
        assert (player.repeat, player.shuffle) == (RepeatType.ON_ALL, True)
        await player.clear_queue()
        with pytest.raises(CommandFailedError) as refused:
            await player.clear_queue()
        assert refused.value.error_id == 4
        await player.refresh_now_playing_media()
        assert player.now_playing_media.type is None

    await drive(script, players=(Player(pid=LIVING, queue=make_tracks(120)),))


async def test_a_url_is_played_with_progress_and_stays_in_the_queue() -> None:
    async def script(run: Script) -> None:
        player = run.heos.players[LIVING]
        await player.play_url("http://127.0.0.1:9/s/0123456789abcdef.flac?x=1&y=2")
        await run.hear("event/player_now_playing_changed")
        assert player.now_playing_media.song == "Url Stream"
        await run.hear("event/player_now_playing_progress")
        assert (player.now_playing_media.current_position, player.now_playing_media.duration) == (5000, 0)
        (item,) = await player.get_queue()
        assert item.song == "Url Stream"

    speaker = await drive(script)
    assert speaker.sent("browse/play_stream")[0].args["url"].endswith("?x=1&y=2")


async def test_favourites_need_an_account() -> None:
    async def script(run: Script) -> None:
        with pytest.raises(CommandAuthenticationError):
            await run.heos.get_favorites()
        with pytest.raises(CommandAuthenticationError):
            await run.heos.sign_in("listener@example.com", "wrong")
        await run.heos.sign_in("listener@example.com", "opensesame")
        favourites = await run.heos.get_favorites()
        assert [each.name for each in favourites.values()] == [station.name for station in STATIONS]
        await run.heos.players[LIVING].play_preset_station(2)
        await run.hear("event/player_now_playing_changed")
        assert run.heos.players[LIVING].now_playing_media.station == STATIONS[1].name
        await run.heos.sign_out()
        assert await run.heos.check_account() is None

    await drive(script)


async def test_local_music_is_browsed_and_added_to_the_queue() -> None:
    async def script(run: Script) -> None:
        albums = (await run.heos.browse(pyheos.const.MUSIC_SOURCE_LOCAL_MUSIC)).items
        songs = (await albums[0].browse()).items
        await songs[0].play_media(LIVING, AddCriteriaType.REPLACE_AND_PLAY)
        await albums[1].play_media(LIVING, AddCriteriaType.ADD_TO_END)
        queue = await run.heos.players[LIVING].get_queue()
        assert [item.album for item in queue] == [songs[0].album] + [albums[1].name] * 5

    await drive(script)


async def test_groups_are_made_and_undone() -> None:
    async def script(run: Script) -> None:
        await run.heos.create_group(LIVING, [KITCHEN])
        groups = await run.heos.get_groups(refresh=True)
        group = groups[LIVING]
        assert (group.lead_player_id, list(group.member_player_ids), group.volume) == (LIVING, [KITCHEN], 30)
        await group.set_volume(20)
        await group.mute()
        await group.refresh()
        assert (group.volume, group.is_muted) == (20, True)
        await run.heos.remove_group(LIVING)
        assert await run.heos.get_groups(refresh=True) == {}

    speaker = await drive(script, players=(Player(pid=LIVING), Player(pid=KITCHEN, name="Kitchen")))
    assert [speaker.level(pid) for pid in (LIVING, KITCHEN)] == [20, 20]


async def test_quick_selects_and_updates() -> None:
    async def script(run: Script) -> None:
        player = run.heos.players[LIVING]
        assert sorted(await player.get_quick_selects()) == [1, 2, 3, 4, 5, 6]
        await player.play_quick_select(1)
        await player.set_quick_select(2)
        assert await player.check_update() is False

    await drive(script)


async def test_errors_reach_pyheos_with_their_ids() -> None:
    async def script(run: Script) -> None:
        for error_id in ErrorId:
            await run.at_the_device(run.speaker.faults.fail_next.append, error_id)
            with pytest.raises(CommandFailedError) as refused:
                await run.heos.heart_beat()
            assert refused.value.error_id == error_id

    await drive(script)


async def test_it_survives_promises_dribble_and_duplicates() -> None:
    async def script(run: Script) -> None:
        player = run.heos.players[LIVING]
        await player.refresh()
        await player.set_volume(10)
        for _ in range(2):
            await run.hear("event/player_volume_changed")
        assert player.volume == 10

    faults = Faults(under_process_everything=True, dribble_s=0.0, duplicate_events=True, latency_s=0.002)
    await drive(script, faults=faults)


async def test_it_reconnects_after_a_reset() -> None:
    async def script(run: Script) -> None:
        again = asyncio.Event()

        async def connected() -> None:
            again.set()

        run.heos.add_on_connected(connected)
        await run.at_the_device(run.speaker.drop_connections)
        await again.wait()
        assert run.heos.players[LIVING].available
        await run.heos.players[LIVING].set_volume(17)

    speaker = await drive(script, auto_reconnect=True, auto_reconnect_delay=0.05)
    assert speaker.connects == 2
    assert speaker.level() == 17


async def test_new_player_ids_are_noticed_by_the_serial_number() -> None:
    async def script(run: Script) -> None:
        await run.at_the_device(run.speaker.renumber)
        await run.hear("event/players_changed")
        (player,) = (each for each in run.heos.players.values() if each.available)
        assert player.player_id == run.speaker.pid != LIVING
        await player.set_volume(23)

    speaker = await drive(script)
    assert speaker.level() == 23
