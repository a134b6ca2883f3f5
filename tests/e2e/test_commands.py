"""What a person asks of a room, from seguectl or the API to the receiver, and what is told about it afterwards."""

import json
from itertools import pairwise
from pathlib import Path

from tests.e2e.house import BASE, ROOM, daemon, house, levels_sent, receiver, until
from tests.helpers.rig import curl, running


async def test_levels_and_mute(place: Path) -> None:
    """A level, a step up, a step down, mute and back: seguectl says what it does, the receiver does it."""
    async with house(place) as (speaker, segued):
        said = await segued.ctl("volume", "living", "30")
        assert b"30" in said.stdout
        await until(speaker, lambda s: s.level() == 30)
        await segued.ctl("volume", "living", "up")
        await until(speaker, lambda s: s.level() == 32)
        await segued.ctl("volume", "living", "down")
        await until(speaker, lambda s: s.level() == 30)
        await segued.ctl("mute", "living")
        await until(speaker, lambda s: s.player().muted)
        assert (await segued.until(lambda room: room["muted"]))["level"] == 30
        await segued.ctl("mute", "living", "off")
        await until(speaker, lambda s: not s.player().muted)
        assert (await segued.until(lambda room: not room["muted"]))["base_level"] == 30


async def test_a_source_is_selected_softly(place: Path) -> None:
    """Down, select, up: the input is on, at the level that was chosen before."""
    async with house(place) as (speaker, segued):
        await segued.ctl("source", "living", "cd")
        await until(speaker, lambda s: s.sent("browse/play_input"))
        quiet = speaker.level()
        room = await segued.until(lambda room: room["input"] == "inputs/cd" and room["phase"] == "resting")
        assert quiet == 0
        assert (room["level"], speaker.level()) == (BASE, BASE)


async def test_a_fade_goes_straight_there(place: Path) -> None:
    """One direction, small steps, one command at a time, and the level reached is the new base."""
    async with house(place) as (speaker, segued):
        speaker.peak_in_flight = 0
        await segued.ctl("fade", "living", "20", "--over", "1")
        await until(speaker, lambda s: s.level() == 20)
        levels = [BASE, *levels_sent(speaker)]
        assert levels == sorted(levels, reverse=True)
        assert max(a - b for a, b in pairwise(levels)) <= 2
        assert speaker.peak_in_flight == 1
        room = await segued.until(lambda room: room["phase"] == "resting")
        assert room["base_level"] == 20


async def test_a_pause_fades_out_and_gives_the_level_back(place: Path) -> None:
    """What HEOS itself plays: down to silence, then paused, then the level in one step; resuming fades in."""
    async with house(place) as (speaker, segued):
        await segued.ctl("pause", "living")
        await until(speaker, lambda s: s.player().state == "pause")
        assert speaker.level() == 0
        await until(speaker, lambda s: s.level() == BASE)
        levels = levels_sent(speaker)
        assert levels == [*sorted(levels[:-1], reverse=True), BASE]
        await segued.until(lambda room: room["phase"] == "resting")
        before = len(levels)
        await segued.ctl("resume", "living")
        await until(speaker, lambda s: s.player().state == "play" and s.level() == BASE)
        up = levels_sent(speaker)[before:]
        assert up[0] == 0
        assert up == sorted(up)
        assert max(b - a for a, b in pairwise(up)) <= 2
        assert (await segued.until(lambda room: room["phase"] == "resting"))["base_level"] == BASE


async def test_stop_and_skip_reach_what_heos_plays(place: Path) -> None:
    async with house(place) as (speaker, segued):
        await segued.ctl("next", "living")
        await until(speaker, lambda s: s.sent("player/play_next"))
        await segued.ctl("prev", "living")
        await until(speaker, lambda s: s.sent("player/play_previous"))
        await segued.ctl("stop", "living")
        await until(speaker, lambda s: s.player().state == "stop" and s.level() == BASE)


async def test_what_cannot_be_done_is_refused_with_a_reason(place: Path) -> None:
    """Each refusal has a code, a message with the value, and a hint; nothing is sent to the receiver."""
    async with house(place) as (speaker, segued):
        room = "/api/v1/rooms/living"
        refused = [
            ("/api/v1/rooms/cellar/pause", {}, 404, "unknown_room"),
            (room + "/volume", {"level": 61}, 422, "above_max_level"),
            (room + "/volume", {"level": 101}, 422, "bad_level"),
            (room + "/volume", {"level": -1}, 422, "bad_level"),
            (room + "/volume", {}, 400, "bad_body"),
            (room + "/volume", {"level": 10, "direction": "up"}, 400, "bad_body"),
            (room + "/volume", {"level": "loud"}, 400, "bad_body"),
            (room + "/volume", {"level": 10**30}, 422, "bad_level"),
            (room + "/volume", {"levle": 10}, 400, "bad_body"),
            (room + "/volume", [], 400, "bad_body"),
            (room + "/fade", {"to_level": 10, "duration_s": -1}, 422, "bad_duration"),
            (room + "/fade", {"to_level": 90}, 422, "above_max_level"),
            (room + "/seek", {"position_ms": 1000}, 422, "cannot_seek"),
            (room + "/source", {"input": "../etc"}, 422, "bad_input"),
            (room + "/dance", {}, 404, "not_found"),
        ]
        for path, body, status, code in refused:
            error = (await segued.api("POST", path, body, status=status))["error"]
            assert error["code"] == code, (path, body, error)
            assert error["message"]
        assert (await segued.api("GET", room + "/pause", status=405))["error"]["code"] == "method_not_allowed"
        bad = await segued.ctl("volume", "living", "61", check=1)
        assert b"max_level 60" in bad.stderr
        wrong = await segued.ctl("pause", "cellar", check=1)
        assert b"rooms: living" in wrong.stderr
        assert levels_sent(speaker) == []


async def test_bodies_that_are_no_json_are_refused(place: Path) -> None:
    async with house(place) as (_speaker, segued):
        url = "http://localhost/api/v1/rooms/living/volume"
        door = ("--unix-socket", str(segued.socket_path), "-X", "POST", url)
        for body in (
            b"{",
            b"\xff\xfe",
            b"null",
            b"[" * 100_000,
            b'{"level": NaN}',
            b'{"level": ' + b"9" * 5000 + b"}",
        ):
            answer = await curl(*door, "--data-binary", "@-", stdin=body)
            assert answer.status == 400, answer
            assert json.loads(answer.body)["error"]["code"] == "bad_body"
        for text in (
            rb'"\ud800"',
            b'"\xff"',
            rb'"inputs/\u0000"',
            rb'"inputs/\u00b2"',
            rb'"cd\r\nheos://system/reboot"',
            b'"' + b"a" * 9000 + b'"',
        ):
            door = (
                "--unix-socket",
                str(segued.socket_path),
                "-X",
                "POST",
                "http://localhost/api/v1/rooms/living/source",
            )
            answer = await curl(*door, "--data-binary", "@-", stdin=b'{"input": ' + text + b"}")
            assert answer.status in (400, 422), (text[:40], answer)
            assert json.loads(answer.body)["error"]["code"] in ("bad_body", "bad_input")
        for name in ("%ff%fe", "%00", "..%2f..", "-%0d%0a", "x" * 2000):
            answer = await segued.api("POST", f"/api/v1/rooms/{name}/pause", {}, status=404)
            assert answer["error"]["code"] in ("unknown_room", "not_found")
        big = await curl(*door, "--data-binary", "@-", stdin=b" " * (1024 * 1024 + 1))
        assert big.status == 413
        for limit in ("0", "201", "-1", "ten", "9" * 5000, "%00", ""):
            why = await segued.api("GET", f"/api/v1/why?limit={limit}", status=400)
            assert why["error"]["code"] == "bad_query"
        assert (await segued.room())["level"] == BASE


async def test_a_receiver_out_of_reach_is_said_so(place: Path) -> None:
    async with receiver() as speaker:
        speaker.unplug()
        async with running(daemon(place, speaker)) as segued:
            refused = await segued.ctl("volume", "living", "30", check=1)
            assert b"not reachable" in refused.stderr


async def test_why_tells_the_chain_of_each_command(place: Path) -> None:
    """For a level, a mute, a source and a pause: the act, its outcome, and who asked."""
    async with house(place) as (speaker, segued):
        await segued.ctl("volume", "living", "30")
        await until(speaker, lambda s: s.level() == 30)
        await segued.ctl("mute", "living", "on")
        await until(speaker, lambda s: s.player().muted)
        await segued.ctl("mute", "living", "off")
        await until(speaker, lambda s: not s.player().muted)
        await segued.ctl("pause", "living")
        await until(speaker, lambda s: s.player().state == "pause" and s.level() == 30)
        await segued.until(lambda room: room["phase"] == "resting")
        answer = await segued.api("GET", "/api/v1/why?room=living&limit=20", status=200)
        acts = answer["data"]["acts"]
        assert [act["seq"] for act in acts] == sorted((act["seq"] for act in acts), reverse=True)
        assert {act["outcome"] for act in acts} == {"done"}
        assert all(act["room"] == "living" for act in acts)
        firsts = [act["because"][-1] for act in acts]
        asked = {"music.volume_requested", "music.mute_requested", "music.pause_requested"}
        assert {first["type"] for first in firsts} <= asked | {"music.receiver_state_changed"}
        assert {first["type"] for first in firsts} >= asked
        assert all(first["by"] == "uid:0" for first in firsts if first["type"] in asked)
        texts = [act["act"] for act in acts]
        assert any("40 -> 30" in text for text in texts)
        assert any("30 -> 0" in text for text in texts)
        told = (await segued.ctl("why", "living")).stdout.decode()
        assert "volume" in told
        assert "because" in told


async def test_a_stopped_daemons_journal_replays_to_the_same_state(place: Path) -> None:
    """Fades, a knob, a lost connection, a reload: `segued replay latest` proves that the same comes out."""
    async with house(place) as (speaker, segued):
        await segued.ctl("pause", "living")
        await until(speaker, lambda s: s.player().state == "pause")
        speaker.turn_knob(speaker.pid, 33)
        speaker.drop_connections()
        await segued.until(lambda room: not room["available"])
        await segued.until(lambda room: room["available"])
        segued.write_config(ROOM.replace("60", "50").format(host=speaker.host))
        await segued.ctl("reload")
        await segued.ctl("fade", "living", "20", "--over", "0.3")
        await until(speaker, lambda s: s.level() == 20)
        await segued.stop()
        for _ in range(2):
            replayed = await segued.run("replay", "latest", "--config", str(segued.config_path))
            assert replayed.returncode == 0, replayed.stdout + replayed.stderr
            assert "the same again" in replayed.stdout
            # A second run goes on where the first one ended.
            await segued.start()
            await segued.until(lambda room: room["available"])
            await segued.stop()
