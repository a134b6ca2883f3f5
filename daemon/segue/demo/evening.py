"""`make demo`: a short evening on the simulated house, told as it happens.

Everything runs in this process: the Plex server, the Plexamp player, the receiver, and `segued` itself, which does not
know that the house is not real. What it does is printed by `seguectl watch`, a second process that knows only the
control socket, as yours would.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import trio

from segue import app
from segue.demo.house import SimulatedHouse

BOLD, DIM, PLAIN = "\033[1m", "\033[2m", "\033[0m"
CONFIG = """\
# The demo's configuration: one room, as yours could be.
[server]
listen = "127.0.0.1:{port}"
control_socket = "{directory}/ctl.sock"
state_dir = "{directory}/state"
webhook_secret = "{webhook_secret}"

[plex]
url = "{plex_url}"
token_file = "{directory}/plex-token"

[heos]
host = "{heos_host}"
heartbeat_s = 2

[[room]]
name = "living"
plex_player = "{player_title}"
heos_player = "{heos_player}"
input = "inputs/cd"
max_level = 60
fade_in_s = 2.0
fade_out_s = 1.5
restore_after_s = 3

[log]
level = "error"
"""


class Evening:
    """The story, and the voice that tells it."""

    def __init__(self, house: SimulatedHouse, directory: Path, *, pace: float) -> None:
        self.house = house
        self.directory = directory
        self.pace = pace
        self.colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    # ---------------------------------------------------------------- telling

    def tell(self, text: str) -> None:
        """Say what the people of the house do."""
        print(f"\n{BOLD}  {text}{PLAIN}" if self.colour else f"\n  {text}", flush=True)

    async def wait(self, seconds: float) -> None:
        """Let the house do what it does."""
        await trio.sleep(seconds * self.pace)

    async def ctl(self, *arguments: str) -> None:
        """Ask segue for something, as a person would."""
        shown = f"  $ seguectl {' '.join(arguments)}"
        print(f"{DIM}{shown}{PLAIN}" if self.colour else shown, flush=True)
        result = await trio.run_process(self.command(*arguments), capture_stdout=True, check=False)
        for line in result.stdout.decode().splitlines():
            print(f"    {line}", flush=True)

    def command(self, *arguments: str) -> Sequence[str]:
        """Give the command line of seguectl for this house."""
        socket = str(self.directory / "ctl.sock")
        return [sys.executable, "-m", "segue.cli.seguectl", "--socket", socket, *arguments]

    # ---------------------------------------------------------------- the story

    async def play(self) -> None:
        """Live through the evening once, about a minute long."""
        house = self.house
        self.tell("A song plays on the receiver, from its own queue. Nobody minds it.")
        await self.wait(2)
        self.tell(
            "Ada starts Plexamp: the song fades away, the receiver turns to its CD input, the new one fades in."
        )
        await house.player_starts()
        await self.wait(9)
        self.tell("The next track: nothing moves, the music just goes on.")
        await house.player_goes_on()
        await self.wait(4)
        self.tell(
            "Somebody asks for a slow fade - and then turns the knob in the middle of it. The person wins."
        )
        await self.ctl("fade", "10", "--over", "6")
        await self.wait(3)
        house.turn_knob(34)
        await self.wait(4)
        self.tell(
            "The doorbell. A pause through segue: fade out, pause, and the level is back before anybody plays."
        )
        await self.ctl("pause")
        await self.wait(5)
        self.tell("On we go.")
        await self.ctl("play")
        await self.wait(5)
        self.tell(
            "In the middle of a fade the receiver's network drops. It is found, and mended when it is back."
        )
        await self.ctl("fade", "20", "--over", "5")
        await self.wait(2)
        house.unplug()
        await self.wait(7)
        house.plug_in()
        await self.wait(9)
        self.tell("Good night: the player stops, and a moment later the receiver is what it was before.")
        await house.player_stops()
        await self.wait(11)
        self.tell("And why did all that happen?")
        await self.ctl("why", "-n", "5")


@asynccontextmanager
async def watched(evening: Evening) -> AsyncIterator[None]:
    """Let `seguectl watch` tell what segue does, line by line, for as long as the evening lasts."""
    async with trio.open_nursery() as nursery:
        start = partial(trio.run_process, evening.command("watch"), stdout=subprocess.PIPE, check=False)
        process: trio.Process = await nursery.start(start)
        nursery.start_soon(relay, process)
        await trio.sleep(0.3)
        try:
            yield
        finally:
            process.terminate()
            nursery.cancel_scope.deadline = trio.current_time() + 2


async def relay(process: trio.Process) -> None:
    """Print what the watching process says, moved in a little, so that two voices do not write over each other."""
    assert process.stdout is not None
    rest = b""
    async for piece in process.stdout:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            print("    " + line.decode(errors="replace"), flush=True)


async def run(log_level: str | None, *, pace: float = 1.0, stay: bool | None = None) -> int:
    """Open the house, start the daemon in it, live through the evening, and stay open for whoever wants to try."""
    directory = Path(tempfile.mkdtemp(prefix="segue-demo-"))
    code = 1
    try:
        async with SimulatedHouse() as house, trio.open_nursery() as nursery:
            config = directory / "segue.toml"
            (directory / "plex-token").write_text(house.token + "\n")
            (directory / "plex-token").chmod(0o600)
            config.write_text(CONFIG.format(directory=directory, **house.places()))
            config.chmod(0o600)
            ready = trio.Event()
            options = app.Options(config=config, log_level=log_level, on_ready=lambda _config: ready.set())

            async def daemon() -> None:
                nonlocal code
                code = await app.run(options, os.environ)
                nursery.cancel_scope.cancel()

            nursery.start_soon(daemon)
            await ready.wait()
            house.expect_webhooks()
            evening = Evening(house, directory, pace=pace)
            introduce(directory)
            async with watched(evening):
                await evening.play()
            if sys.stdout.isatty() if stay is None else stay:
                print("\n  The house stays open; try `seguectl` on it as above. Ctrl-C ends it.", flush=True)
                await trio.sleep_forever()
            else:
                os.kill(os.getpid(), 15)
                await trio.sleep(10)
    finally:
        remove(directory)
    return code


def introduce(directory: Path) -> None:
    """Say what there is to see, and how to see more."""
    ctl = Path(os.path.relpath(Path(sys.executable).with_name("seguectl")))
    print(
        f"segue's demo: a Plex server, a Plexamp player and a receiver, all simulated, all on loopback.\n"
        f"{time.strftime('%H:%M')}, about a minute. For the live view, in a second terminal:\n\n"
        f"    {ctl} --socket {directory}/ctl.sock watch\n",
        flush=True,
    )


def remove(directory: Path) -> None:
    """Take the demo's files away."""
    import shutil

    shutil.rmtree(directory, ignore_errors=True)


def main(log_level: str | None) -> int:
    """Run the demo; gives the exit code."""
    try:
        return trio.run(partial(run, log_level, pace=float(os.environ.get("SEGUE_DEMO_PACE", "1"))))
    except* KeyboardInterrupt:
        pass
    return 0
