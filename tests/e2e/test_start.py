"""The start of a real `segued`: when it is ready, and what it says when it cannot be."""

import stat
from pathlib import Path

import pytest

from tests.e2e.house import house
from tests.helpers.rig import Segued, curl, running, spawned

SYSTEM_FILE = Path("/etc/segue/segue.toml")


async def test_ready_means_that_both_doors_are_open(place: Path) -> None:
    """READY is said only once a request is answered on TCP and on the socket; the status says how it stands."""
    async with running(Segued(place, "")) as segued:
        assert (await curl(f"{segued.url}/healthz")).status == 200
        assert (await curl("--unix-socket", str(segued.socket_path), "http://localhost/readyz")).status == 200
        assert segued.notices[-1] == {"READY": "1", "STATUS": "Serving 0 rooms."}
        assert stat.S_IMODE(segued.socket_path.stat().st_mode) == 0o660
        status = (await segued.api("GET", "/api/v1/status", status=200))["data"]
        assert (status["pid"], status["rooms"], status["health"]) == (segued.pid, [], [])
    assert not segued.socket_path.exists()


async def test_a_clean_run_has_no_line_of_a_problem(place: Path) -> None:
    """Start, command, reload, stop: exit code 0 and nothing above info in the log."""
    async with house(place) as (_speaker, segued):
        await segued.api("POST", "/api/v1/rooms/living/volume", {"level": 30}, status=202)
        await segued.until(lambda room: room["level"] == 30)
        await segued.ctl("reload")
        assert await segued.stop() == 0
        assert segued.log_lines("info")
        assert segued.log_lines() == segued.log_lines("info")
        assert segued.log_lines()[-1].count("Stopping (SIGTERM)") == 1


async def test_every_problem_of_a_configuration_is_said_at_once(place: Path) -> None:
    """A bad file ends the start with code 2, each problem with its line; `--check-config` says the same."""
    segued = Segued(place, '[plexx]\n[[room]]\nname = "living"\nmax_level = 400\nfade_inn_s = 1.0')
    async with spawned(segued):
        assert await segued.ended() == 2
    checked = await segued.run("--config", str(segued.config_path), "--check-config")
    assert checked.returncode == 2
    for said in (segued.log(), checked.stderr):
        assert "3 problems" in said
        for fragment in ("plexx", "did you mean [plex]", "max_level", "400", "did you mean fade_in_s"):
            assert fragment in said
        assert f"{segued.config_path}:8" in said
        assert "Traceback" not in said
    assert not segued.state_dir.exists()


async def test_a_good_configuration_is_checked_without_a_start(place: Path) -> None:
    segued = Segued(place, '[[room]]\nname = "living"\nheos_player = "Living Room"')
    checked = await segued.run("--config", str(segued.config_path), "--check-config")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "the configuration is good (1 rooms)" in checked.stdout
    assert not segued.state_dir.exists()


async def test_a_file_that_is_not_there_is_named(place: Path) -> None:
    segued = Segued(place, "")
    result = await segued.run("--config", str(place / "nowhere.toml"))
    assert result.returncode == 2
    assert "nowhere.toml" in result.stderr
    assert "Traceback" not in result.stderr


async def test_a_warning_about_the_configuration_is_logged(place: Path) -> None:
    """What works but is probably not meant so is a line of level warning at every start."""
    segued = Segued(place, '[[room]]\nname = "living"')
    checked = await segued.run("--config", str(segued.config_path), "--check-config")
    assert checked.stdout.count("warning: ") == 1
    async with running(segued):
        pass
    for line in checked.stdout.splitlines():
        kind, _, text = line.partition(": ")
        if kind == "warning":
            assert any(text in logged for logged in segued.log_lines("warning"))


async def test_an_address_in_use_is_a_clear_error(place: Path) -> None:
    """The second daemon names the address and the next step, and leaves the first one alone."""
    (place / "a").mkdir()
    (place / "b").mkdir()
    async with running(Segued(place / "a", "")) as first:
        second = Segued(place / "b", "")
        second.port = first.port
        second.write_config("")
        async with spawned(second):
            assert await second.ended() == 1
        assert f"127.0.0.1:{first.port}" in second.log()
        assert "in use" in second.log()
        assert "Traceback" not in second.log()
        assert second.notices == []
        assert (await curl(f"{first.url}/healthz")).status == 200


async def test_a_state_directory_in_use_is_a_clear_error(place: Path) -> None:
    async with running(Segued(place, "")) as first:
        second = Segued(place, "")
        async with spawned(second):
            assert await second.ended() == 1
        assert f"{first.state_dir} is in use by another segued (pid {first.pid})" in second.log()
        assert "Traceback" not in second.log()
        assert (await first.api("GET", "/api/v1/status", status=200))["ok"]


async def test_a_control_socket_in_use_is_a_clear_error(place: Path) -> None:
    """Two daemons with one socket path: the second one ends, and the first one keeps its socket."""
    (place / "a").mkdir()
    (place / "b").mkdir()
    async with running(Segued(place / "a", "")) as first:
        second = Segued(place / "b", "")
        second.socket_path = first.socket_path
        second.write_config("")
        async with spawned(second):
            assert await second.ended() == 1
        assert str(first.socket_path) in second.log()
        assert "Traceback" not in second.log()
        assert (await first.api("GET", "/api/v1/status", status=200))["data"]["pid"] == first.pid


async def test_a_socket_that_a_dead_daemon_left_is_taken_over(place: Path) -> None:
    async with running(Segued(place, "")) as segued:
        await segued.kill()
        assert segued.socket_path.exists()
        await segued.start()
        assert (await segued.api("GET", "/api/v1/status", status=200))["data"]["pid"] == segued.pid


async def test_the_environment_alone_serves(place: Path) -> None:
    """Without any file, settings and a room come from the environment."""
    if SYSTEM_FILE.exists():
        pytest.skip(f"this machine has a {SYSTEM_FILE}")
    segued = Segued(place, "")
    segued.config_path.unlink()
    segued.environ = {
        "HOME": str(place),
        "XDG_CONFIG_HOME": str(place / "config"),
        "STATE_DIRECTORY": str(segued.state_dir),
        "SEGUE_SERVER__LISTEN": f"127.0.0.1:{segued.port}",
        "SEGUE_SERVER__CONTROL_SOCKET": str(segued.socket_path),
        "SEGUE_ROOM__LIVING__MAX_LEVEL": "55",
    }
    async with running(segued):
        room = await segued.room()
        assert (room["name"], room["max_level"]) == ("living", 55)


async def test_a_token_file_that_everybody_may_read_stops_the_start(place: Path) -> None:
    """It says which file and what to do, and ends without a traceback."""
    segued = Segued(place, "")
    segued.state_dir.mkdir()
    token = segued.state_dir / "api-token"
    token.write_text("0123456789abcdef0123456789abcdef\n")
    token.chmod(0o644)
    async with spawned(segued):
        assert await segued.ended() in (1, 2)
    assert str(token) in segued.log()
    assert "Traceback" not in segued.log()
    assert not segued.socket_path.exists()


async def test_a_state_directory_that_cannot_be_made_is_a_clear_error(place: Path) -> None:
    segued = Segued(place, "")
    segued.state_dir.write_text("a file, not a directory")
    async with spawned(segued):
        assert await segued.ended() == 1
    assert str(segued.state_dir) in segued.log()
    assert "Traceback" not in segued.log()


async def test_the_token_of_tcp_callers_is_made_once_and_is_private(place: Path) -> None:
    async with running(Segued(place, "")) as segued:
        token = segued.state_dir / "api-token"
        assert stat.S_IMODE(token.stat().st_mode) == 0o600
        made = token.read_text()
        await segued.stop()
        await segued.start()
        assert token.read_text() == made
        assert made.strip() not in segued.log()
