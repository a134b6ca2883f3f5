"""What goes wrong with a receiver and its network, and what the house makes of it."""

from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from segue.demo.heos_player import Player
from segue.demo.heos_protocol import ErrorId
from segue.demo.heos_speaker import HeosSpeaker
from tests.e2e.house import BASE, ROOM, daemon, house, levels_sent, receiver, until
from tests.helpers.rig import Segued, address, running

QUICK = ROOM.replace('host = "{host}"', 'host = "{host}"\nheartbeat_s = 1\ncommand_timeout_s = 1')
QUICK += "[music]\nconfirm_s = 1\n"
"""Dead connections are found in two seconds, and what is not observed is given up after one."""
SLOWLY = QUICK.replace("fade_out_s = 0.5", "fade_out_s = 4")


def said(segued: Segued, words: str) -> int:
    """Count the log lines that say something."""
    return sum(words in line for line in segued.log_lines())


async def obeys(speaker: HeosSpeaker, segued: Segued) -> None:
    """See that the whole way from a command to the receiver and back works."""
    await segued.until(lambda room: room["available"], within_s=40)
    await segued.api("POST", "/api/v1/rooms/living/volume", {"level": 21}, status=202)
    await until(speaker, lambda s: s.level() == 21)
    await segued.until(lambda room: room["level"] == 21 and room["base_level"] == 21)
    speaker.turn_knob(speaker.pid, 23)
    await segued.until(lambda room: room["level"] == 23)


@pytest.mark.parametrize("loss", [HeosSpeaker.drop_connections, HeosSpeaker.unplug], ids=["reset", "unplug"])
async def test_a_loss_in_the_middle_of_a_fade(place: Path, loss: Callable[[HeosSpeaker], None]) -> None:
    """The level goes home as soon as the receiver is back; one line says that it is gone, one that it is back."""
    async with house(place, config=SLOWLY) as (speaker, segued):
        await segued.ctl("pause", "living")
        await until(speaker, lambda s: s.level() < 35)
        before = len(segued.log_lines())
        loss(speaker)
        await segued.until(lambda room: not room["available"])
        assert 0 < speaker.level() < BASE
        speaker.plug_in()
        await until(speaker, lambda s: s.level() == BASE)
        room = await segued.until(lambda room: room["phase"] == "resting" and room["available"])
        assert (room["level"], room["base_level"]) == (BASE, BASE)
        lines = segued.log_lines()[before:]
        assert sum("is gone" in line for line in lines) == 1
        assert sum("is connected" in line for line in lines) == 1
        assert segued.log_lines("error") == []
        await obeys(speaker, segued)


async def test_a_long_absence_is_said_once(place: Path) -> None:
    """Whatever the number of vain tries, there are two lines: gone, and back; meanwhile the status shows SEG-201."""
    async with house(place, config=QUICK) as (speaker, segued):
        before = len(segued.log_lines())
        speaker.refuse_connections()
        speaker.drop_connections()
        await segued.until(lambda room: not room["available"])
        await trio.sleep(1.5)
        status = (await segued.api("GET", "/api/v1/status", status=200))["data"]
        assert [item["code"] for item in status["health"]] == ["SEG-201"]
        assert status["heos"]["state"] == "down"
        speaker.plug_in()
        await segued.until(lambda room: room["available"], within_s=40)
        assert len(segued.log_lines()[before:]) == 2
        status = (await segued.api("GET", "/api/v1/status", status=200))["data"]
        assert (status["health"], status["heos"]["state"]) == ([], "up")


async def test_a_half_open_connection_is_found_and_replaced(place: Path) -> None:
    """Nothing is closed, nothing is answered: within two heartbeats there are new connections."""
    async with house(place, config=QUICK) as (speaker, segued):
        old = speaker.connects
        speaker.freeze_connections()
        await until(speaker, lambda s: s.connects >= old + 2)
        await obeys(speaker, segued)


async def test_only_the_command_connection_dies(place: Path) -> None:
    """The events go on, a command is never answered: it fails with a word, and the next one works."""
    async with house(place, config=QUICK) as (speaker, segued):
        for connection in speaker.connections:
            if not connection.registered:
                connection.frozen = True
        await segued.api("POST", "/api/v1/rooms/living/volume", {"level": 30})
        await obeys(speaker, segued)


async def test_a_receiver_that_comes_later_is_found(place: Path) -> None:
    """It refuses at the start: the daemon is ready all the same, and finds it when it is there."""
    async with receiver() as speaker:
        speaker.unplug()
        async with running(daemon(place, speaker, config=QUICK)) as segued:
            assert not (await segued.room())["available"]
            await trio.sleep(1.5)
            assert speaker.connects == 0
            speaker.plug_in()
            await obeys(speaker, segued)
            assert said(segued, "is gone") <= 1


async def test_another_device_of_the_system_takes_over(place: Path) -> None:
    """The first address is dead for good: the failover host serves the same player."""
    second = address()
    config = QUICK.replace('host = "{host}"', f'host = "{{host}}"\nfailover_hosts = ["{second}"]')
    async with house(place, config=config) as (speaker, segued):
        other_player = Player(ip=speaker.host or "", level=BASE)
        async with HeosSpeaker([other_player], host=second) as other:
            speaker.unplug()
            await until(other, lambda s: s.connects >= 2)
            await obeys(other, segued)
            status = (await segued.api("GET", "/api/v1/status", status=200))["data"]
            assert status["heos"]["host"] == second


async def test_players_get_other_ids(place: Path) -> None:
    """The room names its player: whatever its id is now, commands reach it."""
    async with house(place, config=QUICK) as (speaker, segued):
        former = speaker.pid
        speaker.renumber()
        assert speaker.pid != former
        await segued.until(lambda room: (room["heos_player"] or {}).get("player_id") == speaker.pid)
        await obeys(speaker, segued)


async def test_a_reboot_in_a_fade_and_other_ids_after_it(place: Path) -> None:
    async with house(place, config=SLOWLY) as (speaker, segued):
        speaker.reboot_s = 0.3
        speaker.faults.new_ids_after_reboot = True
        former = speaker.pid
        await segued.ctl("pause", "living")
        await until(speaker, lambda s: s.level() < 35)
        speaker.reboot()
        await until(speaker, lambda s: s.pid != former)
        await until(speaker, lambda s: s.level() == BASE)
        await segued.until(lambda room: (room["heos_player"] or {}).get("player_id") == speaker.pid)
        await obeys(speaker, segued)


async def test_a_player_that_is_missing_is_named(place: Path) -> None:
    """A wrong name in the configuration: SEG-202 and a line list the names that there are."""
    config = QUICK.replace('"Living Room"', '"Libing Room"')
    async with receiver() as speaker, running(daemon(place, speaker, config=config)) as segued:
        status: dict[str, object] = {}
        with trio.fail_after(20):
            while not status.get("health"):
                status = (await segued.api("GET", "/api/v1/status", status=200))["data"]
        health = status["health"]
        assert isinstance(health, list)
        assert health[0]["code"] == "SEG-202"
        assert "Living Room" in health[0]["text"]
        assert said(segued, "Living Room") == 1
        refused = await segued.ctl("volume", "living", "20", check=1)
        assert b"Libing Room" in refused.stderr


NOISE: list[bytes] = [
    b"",
    b"{",
    b"not json at all",
    b"[]",
    b"null",
    b"\xff\xfe\x00",
    b'{"heos": 7}',
    b'{"heos": {"command": "event/player_volume_changed", "message": "pid=x&level=y&mute=z"}}',
    b'{"heos": {"command": "event/player_volume_changed", "message": "pid=1&level=1000&mute=on"}}',
    b'{"heos": {"command": "event/never_heard_of", "message": "a=b"}}',
    b'{"heos": {"command": "player/set_volume", "result": "success", "message": "pid=1&level=3"}}',
    b'{"heos": {"command": "event/player_state_changed"}}',
    b"[" * 20_000,
]


async def test_lines_that_make_no_sense_are_survived(place: Path) -> None:
    """Unasked, malformed, unknown and absurd lines: at worst a connection is made anew."""
    async with house(place, config=QUICK) as (speaker, segued):
        for line in NOISE:
            speaker.inject(line)
        await obeys(speaker, segued)
        assert segued.log_lines("error") == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda faults: setattr(faults, "malformed_next", 1),
        lambda faults: setattr(faults, "wrong_name_next", 1),
        lambda faults: setattr(faults, "lose_next", 1),
        lambda faults: setattr(faults, "drop_at", "player/set_volume"),
        lambda faults: faults.fail_next.extend([ErrorId.TOO_MANY_COMMANDS, ErrorId.SYSTEM]),
    ],
    ids=["malformed", "wrong name", "lost", "dropped", "refused"],
)
async def test_an_answer_goes_wrong_in_a_fade(place: Path, spoil: Callable[[object], None]) -> None:
    """One step of a fade before a pause goes wrong: it pauses all the same, and the level is home in the end."""
    async with house(place, config=QUICK) as (speaker, segued):
        await segued.ctl("pause", "living")
        await until(speaker, lambda s: s.level() < 35)
        spoil(speaker.faults)
        await until(speaker, lambda s: s.player().state == "pause" and s.level() == BASE)
        room = await segued.until(lambda room: room["available"] and room["phase"] == "resting")
        assert (room["level"], room["base_level"]) == (BASE, BASE)
        await obeys(speaker, segued)
        assert segued.log_lines("error") == []


@pytest.mark.parametrize(
    "faults",
    [
        {"volume_interval_s": 1.0},
        {"event_delay_s": 0.4, "duplicate_events": True},
        {"no_events": True},
        {"latency_s": 0.08, "events_first": True},
        {"dribble_s": 0.0, "pad_answers_to": 2500, "under_process_everything": True},
        {"now_playing_echo": True},
    ],
    ids=lambda faults: next(iter(faults)),
)
async def test_a_device_with_a_quirk_is_faded_all_the_same(place: Path, faults: dict[str, float]) -> None:
    """Thin, late, doubled or no events, slow or strange answers: our own levels are never taken for a person's."""
    async with house(place, config=QUICK) as (speaker, segued):
        for name, value in faults.items():
            setattr(speaker.faults, name, value)
        await segued.ctl("fade", "living", "20", "--over", "0.4")
        await until(speaker, lambda s: s.level() == 20)
        await segued.until(lambda room: room["level"] == 20 and room["phase"] == "resting")
        await segued.ctl("pause", "living")
        await until(speaker, lambda s: s.player().state == "pause" and s.level() == 20)
        await trio.sleep(faults.get("event_delay_s", 0.0) + faults.get("volume_interval_s", 0.0) + 0.1)
        room = await segued.until(lambda room: room["phase"] == "resting")
        assert (room["base_level"], speaker.level()) == (20, 20)
        assert max(levels_sent(speaker)) < BASE


async def test_a_storm_of_events_is_survived(place: Path) -> None:
    async with house(place, config=QUICK) as (speaker, segued):
        speaker.storm(3000)
        speaker.storm(200, "players_changed")
        await obeys(speaker, segued)
        assert segued.log_lines("error") == []
