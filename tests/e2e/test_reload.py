"""The configuration is read again, by a signal, the API and seguectl: nothing jumps, and a broken file is harmless."""

import json
import signal
from pathlib import Path

from segue.demo.heos_speaker import HeosSpeaker
from tests.e2e.house import BASE, ROOM, house, levels_sent, receiver, until
from tests.helpers.rig import Segued

BROKEN = ROOM.replace("max_level = 60", "max_level = 600")


def written(segued: Segued, speaker: HeosSpeaker, config: str) -> None:
    """Put another configuration on disk."""
    segued.write_config(config.format(host=speaker.host))


async def test_a_limit_changes_without_a_restart(place: Path) -> None:
    """SIGHUP: the new limit binds at once; no level is sent, no connection ends, the process is the same."""
    async with house(place) as (speaker, segued):
        connects, pid = speaker.connects, segued.pid
        written(segued, speaker, ROOM.replace("max_level = 60", "max_level = 30"))
        assert segued.process is not None
        segued.process.send_signal(signal.SIGHUP)
        room = await segued.until(lambda room: room["max_level"] == 30)
        assert room["level"] == BASE
        await segued.api("POST", "/api/v1/rooms/living/volume", {"level": 35}, status=422)
        assert levels_sent(speaker) == []
        assert (speaker.connects, segued.pid) == (connects, pid)
        assert any("room[living].max_level" in line for line in segued.log_lines("info"))


async def test_a_reload_says_what_changed_and_what_must_wait(place: Path) -> None:
    """The API's answer lists the changed keys, and those of them that need a restart."""
    async with house(place) as (speaker, segued):
        config = ROOM.replace("max_level = 60", "max_level = 50").replace("fade_in_s = 0.5", "fade_in_s = 2")
        written(segued, speaker, 'server: state_dir = "/nowhere"\n' + config)
        text = segued.config_path.read_text().replace(f'state_dir = "{segued.state_dir}"\n', "")
        segued.config_path.write_text(text)
        answer = (await segued.api("POST", "/api/v1/reload", {}, status=200))["data"]
        assert set(answer["changed"]) >= {
            "room[living].max_level",
            "room[living].fade_in_s",
            "server.state_dir",
        }
        assert "server.state_dir" in answer["restart_needed"]
        assert "room[living].max_level" not in answer["restart_needed"]
        assert (await segued.room())["max_level"] == 50
        again = (await segued.api("POST", "/api/v1/reload", {}, status=200))["data"]
        assert again["changed"] == []


async def test_a_broken_file_keeps_the_old_settings_until_it_is_mended(place: Path) -> None:
    """Every door says no and why; the status shows SEG-302; the mended file clears it."""
    async with house(place) as (speaker, segued):
        written(segued, speaker, BROKEN)
        error = (await segued.api("POST", "/api/v1/reload", {}, status=422))["error"]
        assert error["code"] == "bad_config"
        assert "max_level" in error["message"]
        assert f"{segued.config_path}:" in error["message"]
        refused = await segued.ctl("reload", check=1)
        assert b"max_level" in refused.stderr
        as_json = await segued.ctl("reload", "--json", check=1)
        assert json.loads(as_json.stdout)["error"]["code"] == "bad_config"
        status = (await segued.api("GET", "/api/v1/status", status=200))["data"]
        assert [item["code"] for item in status["health"]] == ["SEG-302"]
        assert "max_level" in status["health"][0]["text"]
        assert status["rooms"][0]["max_level"] == 60
        await segued.api("POST", "/api/v1/rooms/living/volume", {"level": 50}, status=202)
        written(segued, speaker, ROOM)
        await segued.ctl("reload")
        status = (await segued.api("GET", "/api/v1/status", status=200))["data"]
        assert status["health"] == []


async def test_a_reload_in_the_middle_of_a_fade_leaves_it_alone(place: Path) -> None:
    async with house(place) as (speaker, segued):
        await segued.api("POST", "/api/v1/rooms/living/fade", {"to_level": 20, "duration_s": 1.5}, status=202)
        await until(speaker, lambda s: s.level() < 38)
        written(segued, speaker, ROOM.replace("fade_in_s = 0.5", "fade_in_s = 3"))
        await segued.ctl("reload")
        assert (await segued.room())["phase"] == "fading"
        await until(speaker, lambda s: s.level() == 20)
        levels = levels_sent(speaker)
        assert levels == sorted(levels, reverse=True)


async def test_a_room_that_is_taken_away_in_a_fade_gets_its_level_back(place: Path) -> None:
    async with house(place) as (speaker, segued):
        written(segued, speaker, ROOM.replace("fade_out_s = 0.5", "fade_out_s = 20"))
        await segued.ctl("reload")
        await segued.api("POST", "/api/v1/rooms/living/pause", status=202)
        await until(speaker, lambda s: s.level() < 38)
        written(segued, speaker, '[heos]\nhost = "{host}"\n')
        answer = (await segued.api("POST", "/api/v1/reload", {}, status=200))["data"]
        assert "room[living]" in " ".join(answer["changed"])
        await until(speaker, lambda s: s.level() == BASE)
        assert (await segued.api("GET", "/api/v1/rooms", status=200))["data"]["rooms"] == []


async def test_another_receiver_is_found_by_a_reload(place: Path) -> None:
    """A new address in the file: the old connection ends, the other receiver obeys."""
    async with house(place) as (speaker, segued), receiver() as other:
        other.turn_knob(other.pid, 25)
        written(segued, other, ROOM)
        answer = (await segued.api("POST", "/api/v1/reload", {}, status=200))["data"]
        assert answer["changed"] == ["heos.host"]
        if "heos.host" in answer["restart_needed"]:
            await segued.stop()
            await segued.start()
        await segued.until(lambda room: room["available"] and room["level"] == 25)
        await segued.api("POST", "/api/v1/rooms/living/volume", {"level": 22}, status=202)
        await until(other, lambda s: s.level() == 22)
        assert speaker.level() == BASE


async def test_the_log_level_is_obeyed_at_once(place: Path) -> None:
    async with house(place) as (speaker, segued):
        written(segued, speaker, '[log]\nlevel = "error"\n' + ROOM)
        await segued.ctl("reload")
        before = len(segued.log_lines())
        speaker.drop_connections()
        await segued.until(lambda room: not room["available"])
        await segued.until(lambda room: room["available"])
        assert len(segued.log_lines()) == before
