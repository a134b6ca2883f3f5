"""The examples, run as a person runs them, against a real `segued` and a simulated receiver."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import trio

from segue.config import load_config
from segue.demo.plex_library import File, Item
from segue.demo.plex_server import PlexServer
from segue.wiring_party import only_agent
from tests.e2e.house import BASE, ROOM, house, levels_sent
from tests.helpers.rig import REPO, TOKEN, Segued, address, clean_environ, running

EXAMPLES = REPO / "examples"
SECOND_ROOM = """
[[room]]
name = "kitchen"
max_level = 30
"""
LOGGING_CURL = """#!/bin/sh
printf '%s\\n' "$*" >> "$ARGUMENTS_LOG"
exec "$REAL_CURL" "$@"
"""


async def _run(segued: Segued, *command: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    variables = {
        "SEGUE_SOCKET": str(segued.socket_path),
        "SEGUE_URL": segued.url,
        "SEGUE_TOKEN_FILE": str(segued.state_dir / "api-token"),
    }
    with trio.fail_after(60):
        return await trio.run_process(
            command,
            env=clean_environ() | variables | environ,
            capture_stdout=True,
            capture_stderr=True,
            check=False,
        )


# ------------------------------------------------------------------ the tour


async def test_the_tour_runs_to_its_end_and_leaves_the_house_as_it_was(place: Path) -> None:
    """Softer and louder again, twice; a mistake is part of it and is answered, not obeyed."""
    async with house(place) as (speaker, segued):
        done = await _run(segued, str(EXAMPLES / "curl-tour.sh"))
        said = done.stdout.decode()
        assert (done.returncode, done.stderr) == (0, b""), said
        for fragment in (
            '"schema": "segue.status/1"',
            '"schema": "segue.players/1"',
            '"schema": "segue.accepted/1"',
            '"act": "volume',
            '"code": "bad_level"',
            'data: {"type":"snapshot"',
            '"type":"music.volume_step_requested"',
            '"alive": true',
            '"code": "no_token"',
            'segue_room_level{room="living"} 40',
        ):
            assert fragment in said, fragment
        assert said.endswith("That was the tour.\n")
        assert speaker.level(speaker.pid) == BASE
        assert levels_sent(speaker) == [BASE - 2, BASE] * 2


async def test_the_tour_shows_the_token_to_nobody(place: Path) -> None:
    """Neither on the screen nor in the arguments of a command, which everybody on the machine can read."""
    log = place / "arguments"
    bin_ = place / "bin"
    bin_.mkdir()
    (bin_ / "curl").write_text(LOGGING_CURL)
    (bin_ / "curl").chmod(0o755)
    real = shutil.which("curl")
    assert real is not None
    async with house(place) as (_, segued):
        done = await _run(
            segued,
            str(EXAMPLES / "curl-tour.sh"),
            PATH=f"{bin_}:{os.environ['PATH']}",
            REAL_CURL=real,
            ARGUMENTS_LOG=str(log),
        )
        assert done.returncode == 0
        assert log.read_text().count("\n") > 10
        token = (segued.state_dir / "api-token").read_text().strip()
        assert token not in done.stdout.decode() + done.stderr.decode() + log.read_text()


async def test_the_tour_takes_a_room_by_its_name(place: Path) -> None:
    """A room without a receiver refuses, and the tour goes on."""
    async with house(place, config=ROOM + SECOND_ROOM) as (speaker, segued):
        done = await _run(segued, str(EXAMPLES / "curl-tour.sh"), "kitchen")
        assert done.returncode == 0
        assert b"http://segue/api/v1/rooms/kitchen/volume" in done.stdout
        assert done.stdout.endswith(b"That was the tour.\n")
        assert levels_sent(speaker) == []


async def test_the_tour_of_a_house_without_rooms_moves_nothing(place: Path) -> None:
    async with running(Segued(place, "")) as segued:
        done = await _run(segued, str(EXAMPLES / "curl-tour.sh"))
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"so nothing is moved" in done.stdout


async def test_the_tour_without_a_daemon_says_so(place: Path) -> None:
    done = await _run(Segued(place, ""), str(EXAMPLES / "curl-tour.sh"), XDG_RUNTIME_DIR=str(place))
    assert done.returncode == 3
    assert b"segued does not answer at" in done.stderr


# ------------------------------------------------------------------ the players


async def test_the_script_lists_the_players_that_seguectl_lists(place: Path) -> None:
    async with house(place) as (_, segued):
        done = await _run(segued, sys.executable, str(EXAMPLES / "list-players.py"))
        assert (done.returncode, done.stderr) == (0, b"")
        listed = [line.split("  ") for line in done.stdout.decode().splitlines()]
        players = json.loads((await segued.ctl("players", "--json")).stdout)["data"]
        assert len(players["heos"]) == 1
        rows = [[cell.strip() for cell in row if cell.strip()] for row in listed]
        assert rows[0] == ["OF", "ID", "NAME", "ROOM"]
        assert rows[1:] == [
            *(["Plex", p["id"], p["title"], p["room"] or "-"] for p in players["plex"]),
            *(["HEOS", str(p["player_id"]), p["name"], p["room"]] for p in players["heos"]),
        ]


async def test_the_script_without_a_daemon_says_so(place: Path) -> None:
    done = await _run(Segued(place, ""), sys.executable, str(EXAMPLES / "list-players.py"))
    assert done.returncode == 1
    assert done.stderr.decode().startswith("segued does not answer at ")
    assert b"Traceback" not in done.stderr


# ------------------------------------------------------------------ a party

PARTIES = """
[plex]
url = "{url}"
token_file = "plex-token"
[party]
public_url = "wss://party.example.org"
"""


async def test_the_script_makes_a_party_and_an_invitation_for_each_friend(place: Path) -> None:
    """The party is there, open, and led by its host; each link is another one, and leads to the public address."""
    _beside(place, plex_token=TOKEN)
    async with PlexServer(host=address(), port=0, token=TOKEN) as plex:
        film = Item("movie", "Paper Harbour", guid="plex://movie/5d77683f", year=2012, duration_ms=6_660_000)
        film.files.append(File("/films/paper.mkv", "mkv", "aac", 6_660_000, video_codec="h264"))
        plex.library.add(plex.library.section("movie"), film)
        async with running(Segued(place, PARTIES.format(url=plex.url))) as segued:
            script = (sys.executable, str(EXAMPLES / "movie-night.py"))
            done = await _run(
                segued, *script, "paper harbour", "--in", "90", "--host", "alice", "bob", "carol"
            )
            assert (done.returncode, done.stderr) == (0, b"")
            first, *links = done.stdout.decode().splitlines()
            (party,) = (await segued.api("GET", "/api/v1/parties", status=200))["data"]["parties"]
            assert first == f"Party {party['party_id']}: paper harbour"
            assert (party["film"], party["host"], party["phase"]) == ("Paper Harbour", "alice", "lobby")
            expected = f"segue-party:?at=wss%3A%2F%2Fparty.example.org%2Fws&party={party['party_id']}&token="
            names, tokens = zip(*(link.split(f": {expected}") for link in links), strict=True)
            assert names == ("bob", "carol")
            assert len({*tokens, ""}) == 3
            nothing = await _run(segued, *script, "No Such Film", "bob")
            assert nothing.returncode == 1
            assert nothing.stderr == b"No Such Film should be one film; Plex has nothing.\n"


# ------------------------------------------------------------------ the configuration


def test_the_first_configuration_is_good_once_the_token_is_there(place: Path) -> None:
    shutil.copy(EXAMPLES / "segue.toml", place)
    (place / "plex-token").write_text("token\n")
    (place / "plex-token").chmod(0o600)
    config = load_config(place / "segue.toml", {"HOME": str(place)})
    assert [room.name for room in config.rooms] == ["living"]
    assert config.warnings == ()


def _beside(place: Path, **files: str) -> None:
    for name, text in files.items():
        path = place / name.replace("_", "-")
        path.write_text(text + "\n")
        path.chmod(0o600)


def test_the_house_that_hosts_and_its_friend_are_good_once_their_secrets_are_there(place: Path) -> None:
    """Nothing is left to be warned about; the friend goes where the invitation leads."""
    link = "segue-party:?at=wss%3A%2F%2Fparty.example.org%2Fws&party=k3x9qa&token=canary-token"
    _beside(place, plex_token="token", party_passkeys="bob:a-long-passkey", party_invite=link)
    for name in ("party-host.toml", "party-friend.toml"):
        shutil.copy(EXAMPLES / name, place)
    host = load_config(place / "party-host.toml", {"HOME": str(place)})
    friend = only_agent(load_config(place / "party-friend.toml", {"HOME": str(place)}))
    assert (host.warnings, friend.warnings) == ((), ())
    assert (host.party.host, host.party.invitation_url) == (True, "wss://party.example.org/ws")
    assert (host.party_agent.wanted, host.party_agent.orchestrator_url) == (True, "")
    assert (friend.party.host, friend.party_agent.wanted) == (False, True)
    assert friend.party_agent.invite is not None
    assert friend.party_agent.invite.reveal() == link
