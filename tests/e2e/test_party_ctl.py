"""A party that is led with seguectl alone, on a real segued: made, looked at, watched, led, ended."""

import json
import sys
from pathlib import Path
from subprocess import PIPE
from typing import Any

import trio

from tests.e2e.party_guests import GUEST, guest
from tests.e2e.party_house import PATIENCE_S, orchestrator, until
from tests.helpers.rig import REPO, Segued, clean_environ

FILM_MS = 8_160_000
CONFIG = """
[party]
start_grace_s = 30.0
public_url = "ws://127.0.0.1"
"""


async def ctl(host: Segued, *words: str, code: int = 0) -> str:
    done = await host.ctl("party", *words, check=code)
    return (done.stdout if code == 0 else done.stderr).decode()


async def live(host: Segued) -> dict[str, Any]:
    """Take the first look of `party watch --json`, and end it."""
    environ = clean_environ() | {"SEGUE_SOCKET": str(host.socket_path), "PYTHONPATH": str(REPO / "daemon")}
    command = [sys.executable, "-m", "segue.cli.seguectl", "party", "watch", "--json"]
    process = await trio.lowlevel.open_process(command, stdout=PIPE, env=environ)
    try:
        assert process.stdout is not None
        said = b""
        with trio.fail_after(PATIENCE_S):
            async with process.stdout:
                while b"\n" not in said:
                    piece = await process.stdout.receive_some(65536)
                    assert piece, "it ended without a look"
                    said += piece
        seen: dict[str, Any] = json.loads(said.partition(b"\n")[0])["data"]
        return seen
    finally:
        with trio.CancelScope(shield=True):
            process.kill()
            await process.wait()


async def test_a_party_from_its_making_to_its_end(place: Path) -> None:
    """Every word of a person's evening, and what each of them says."""
    async with orchestrator(place / "host", config=CONFIG) as host:
        made = await ctl(
            host, "create", "An Evening", "--filename", "evening.mkv", "--duration", "2:16:00", "--at", "+2h"
        )
        party_id = made.split()[0]
        assert "An Evening" in made
        assert "SEG-" not in (await host.ctl("status")).stdout.decode()

        link = (await ctl(host, "invite", "--hours", "2")).strip()
        token = link.rpartition("token=")[2]
        assert link.startswith("segue-party:?at=ws%3A%2F%2F127.0.0.1%2Fws&party=")
        who = ("--username", "bea", "--device", "tv-b", "Bea's TV", "--form", "hello", "--session", party_id)
        film = ("--film", "evening.mkv", str(FILM_MS))
        async with guest(GUEST, f"ws://127.0.0.1:{host.port}/ws", *who, *film, invite=token) as bea:
            await bea.until(lambda one: one.heard("state", phase="lobby"), "in the lobby")

            async def is_ready() -> bool:
                return "ready" in await ctl(host, "show")

            await until(is_ready, "ready", host)
            assert "connected" in await ctl(host, "users")
            assert "Bea's TV" in await ctl(host, "devices")
            await ctl(host, "role", "bea", "host")
            await ctl(host, "offset", "bea", "-120ms")
            await ctl(host, "rules", "open=yes", "length=5min")
            await ctl(host, "schedule", "off")
            await ctl(host, "start")
            await bea.until(lambda one: one.heard("state", phase="playing"), "playing")
            await ctl(host, "pause", party_id)
            await ctl(host, "seek", "1:02:03")
            shown = await ctl(host, "show")
            for words in ("paused, 1:02:03 / 2:16:00", "open=yes", "length=5min", "-120 ms", "bea     host"):
                assert words in shown, shown
            seen = await live(host)
            assert (seen["party_id"], seen["phase"]) == (party_id, "paused")
            assert seen["viewers"][0]["username"] == "bea"
            await ctl(host, "resume")
            await ctl(host, "resync", "bea")
            assert "queue_empty" in (await host.ctl("party", "skip", "--json", check=1)).stdout.decode()
            assert "'soon' is no position" in await ctl(host, "seek", "soon", code=2)
            await ctl(host, "stop")
            await bea.until(lambda one: one.heard("event", kind="ended"), "told of the end")
        assert "ended" in await ctl(host, "list")
        assert "There is no party" in await ctl(host, "pause", code=1)
        kept = [file.read_bytes() for file in host.state_dir.rglob("*") if file.is_file()]
        assert not [1 for content in kept if token.encode() in content], "the token is nowhere on disk"
        assert token not in host.log()


async def test_an_invitation_that_is_none(place: Path) -> None:
    """What a friend mistypes is said before anything is sent; where nobody answers, it is kept and said."""
    async with orchestrator(place / "host", config='[party.agent]\nusername = "carol"\n') as host:
        assert "begins with segue-party:" in await ctl(host, "join", "https://party.example.org", code=2)
        refused = await ctl(host, "join", "segue-party:?at=nonsense&party=x", code=1)
        assert "invitation" in refused.lower()
        done = await host.ctl("party", "agent")
        assert b"carol" in done.stdout
        assert "There is no party" in await ctl(host, "pause", code=1)
        assert host.log_lines("error", "critical") == []
