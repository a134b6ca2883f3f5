"""A friend's house, for the demo's watch party: a Plex server, a television, and a `segued` in a process of its own."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import trio

from segue.demo.plex_server import PlexServer
from segue.demo.video_player import SimulatedVideo

READY_S = 30.0
END_S = 10.0
TOKEN = "demo-token-of-the-friends-house"
CONFIG = """\
# The friend's configuration: no rooms, no receiver; only this home's own part in watch parties.
[server]
listen = ""
control_socket = "{directory}/ctl.sock"
state_dir = "{directory}/state"

[plex]
url = "{plex_url}"
token_file = "{directory}/plex-token"

[party]
host = false

[party.agent]
username = "ben"
authorized_clients = ["{title}"]
gdm = false

[log]
level = "error"
"""


@dataclass
class Friend:
    """Ben, in his own home."""

    directory: Path
    plex: PlexServer
    television: SimulatedVideo

    def command(self, *arguments: str) -> Sequence[str]:
        """Give the command line of seguectl for this home."""
        socket = str(self.directory / "ctl.sock")
        return [sys.executable, "-m", "segue.cli.seguectl", "--socket", socket, *arguments]


@asynccontextmanager
async def friends_house(directory: Path, number: int, environ: dict[str, str]) -> AsyncIterator[Friend]:
    """Open the friend's house. `number` tells houses apart that run at one time, as in `SimulatedHouse`."""
    async with (
        PlexServer(host=f"127.32.{number}.7", token=TOKEN, title="Ben's Attic", seed=7) as plex,
        SimulatedVideo(
            "tvbox",
            host=f"127.32.{number}.8",
            title="Ben's TV",
            machine_identifier="bens-tv-0000-4000-8000-00000000a401",
            server=plex,
            seed=8,
        ) as television,
    ):
        friend = Friend(directory, plex, television)
        async with _segued(_configured(friend), environ):
            await _until_it_answers(friend)
            yield friend


def _configured(friend: Friend) -> Path:
    """Write the friend's configuration, and give where it is."""
    place = friend.directory
    place.mkdir()
    config, token = place / "segue.toml", place / "plex-token"
    config.write_text(
        CONFIG.format(directory=place, plex_url=friend.plex.url, title=friend.television.info.title)
    )
    token.write_text(TOKEN + "\n")
    for file in (config, token):
        file.chmod(0o600)
    return config


@asynccontextmanager
async def _segued(config: Path, environ: dict[str, str]) -> AsyncIterator[None]:
    """Run the friend's segued; what it complains about is this process' own complaint."""
    process = await trio.lowlevel.open_process(
        [sys.executable, "-m", "segue", "--config", str(config)],
        stdin=subprocess.DEVNULL,
        env=environ | {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ},
        process_group=0,  # Ctrl-C is for the demo, which then ends this one in order
    )
    try:
        yield
    finally:
        with trio.move_on_after(END_S, shield=True) as scope:
            process.terminate()
            await process.wait()
        if scope.cancelled_caught:
            process.kill()


async def _until_it_answers(friend: Friend) -> None:
    with trio.move_on_after(READY_S):
        while True:
            result = await trio.run_process(
                friend.command("status", "--json"), capture_stdout=True, capture_stderr=True, check=False
            )
            if result.returncode == 0:
                return
            await trio.sleep(0.1)
