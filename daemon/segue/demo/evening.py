"""`make demo`: a short evening on the simulated house, told as it happens.

Everything runs in this process: the Plex server, the Plexamp player, the receiver, and `segued` itself, which does not
know that the house is not real. What it does is printed by `seguectl watch`, a second process that knows only the
control socket, as yours would.
"""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import trio

from segue import app
from segue.demo import film_night, party_night
from segue.demo.house import SimulatedHouse
from segue.errors import SegueError, StartError

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
heartbeat_s = {heartbeat_s:g}

[[room]]
name = "living"
plex_player = "{player_title}"
heos_player = "{heos_player}"
input = "inputs/cd"
max_level = 60
fade_in_s = {fade_in_s:g}
fade_out_s = {fade_out_s:g}
restore_after_s = {restore_after_s:g}
film_player = "{television_title}"
film_input = "inputs/bluray"
film_level = 40
intermission_level = 15

[log]
level = "error"
"""


PACE_MIN = 0.15
"""The hastiest evening: fades are still fades, and a person still gets to the knob in the middle of one."""
SEEN_S = 30.0
"""Longest wait for something to be seen, whatever the pace; the story then goes on without it."""
ENVIRONMENT = ("HOME", "LANG", "PATH", "TMPDIR")
"""What the demo's daemon may know of its surroundings: nothing that would lead it to a real house."""


class Evening:
    """The story, and the voice that tells it. `pace` 1 is for people, less is hastier."""

    def __init__(self, house: SimulatedHouse, directory: Path, *, pace: float = 1.0) -> None:
        self.house = house
        self.directory = directory
        self.pace = max(pace, PACE_MIN)
        self.colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._lines: list[str] = []
        """What was seen since the last thing that was told."""
        self._more = trio.Event()

    def config(self) -> str:
        """Write the configuration: fades keep to the pace as people do."""
        return (CONFIG + film_night.CONFIG + party_night.CONFIG).format(
            directory=self.directory,
            stability_s=max(1.0, 2 * self.pace),
            heartbeat_s=max(1.0, 2 * self.pace),
            fade_in_s=2 * self.pace,
            fade_out_s=1.5 * self.pace,
            restore_after_s=3 * self.pace,
            intermission_s=max(party_night.SHORT_S, round(40 * self.pace)),
            **self.house.places(),
        )

    # ---------------------------------------------------------------- telling

    def tell(self, text: str) -> None:
        """Say what the people of the house do."""
        self._lines.clear()
        columns = min(shutil.get_terminal_size().columns, 110) - 1
        told = textwrap.fill(text, columns, initial_indent="  ", subsequent_indent="  ")
        print(f"\n{BOLD}{told}{PLAIN}" if self.colour else f"\n{told}", flush=True)

    def show(self, line: str) -> None:
        """Show what segue does, moved in a little, so that two voices do not write over each other."""
        self._lines.append(line)
        self._more.set()
        print(f"    {line}".rstrip(), flush=True)

    async def see(self, *words: str) -> None:
        """Wait until a line that was shown has all the words."""
        with trio.move_on_after(SEEN_S):
            while not any(all(word in line for word in words) for line in self._lines):
                self._more = trio.Event()
                await self._more.wait()

    async def wait(self, seconds: float) -> None:
        """Let people read, and the house do what it does."""
        await trio.sleep(seconds * self.pace)

    async def until_all_are_there(self) -> None:
        """Wait until segue knows the receiver, as `seguectl status` says."""
        with trio.move_on_after(SEEN_S):
            while True:
                result = await trio.run_process(
                    self.command("status", "--json"), capture_stdout=True, check=False
                )
                if b'"available":true' in result.stdout:
                    return
                await trio.sleep(0.1)

    async def ctl(self, *arguments: str) -> None:
        """Ask segue for something, as a person would."""
        await self.carry_out(shlex.join(("seguectl", *arguments)), self.command(*arguments))

    async def carry_out(self, shown: str, command: Sequence[str]) -> None:
        """Run a command, and show what it says."""
        self.echo(shown)
        result = await trio.run_process(command, capture_stdout=True, check=False)
        for line in result.stdout.decode().splitlines():
            print(f"    {line}".rstrip(), flush=True)

    def echo(self, shown: str, *said: str) -> None:
        """Show a command line, and what it said."""
        line = f"  $ {shown}"
        print(f"{DIM}{line}{PLAIN}" if self.colour else line, flush=True)
        for text in said:
            print(f"    {text}", flush=True)

    async def until_queue(self, stage: str) -> None:
        """Wait until a job waits for a stage, as `seguectl status` says."""
        with trio.move_on_after(SEEN_S):
            while True:
                queue = (await self.answer("status", "--queue"))["queue"]
                if any(job["stage"] == stage for job in queue):
                    return
                await trio.sleep(0.1)

    async def first_review(self) -> str:
        """Give the id of the first job that waits for a person."""
        jobs = (await self.answer("review"))["jobs"]
        return str(jobs[0]["job_id"]) if jobs else "none"

    async def answer(self, *arguments: str) -> dict[str, Any]:
        """Give the data of what seguectl is answered."""
        command = self.command(*arguments, "--json")
        result = await trio.run_process(command, capture_stdout=True, check=False)
        found = json.loads(result.stdout or b"{}").get("data", {})
        return {"queue": [], "jobs": [], **found}

    def command(self, *arguments: str) -> Sequence[str]:
        """Give the command line of seguectl for this house."""
        socket = str(self.directory / "ctl.sock")
        return [sys.executable, "-m", "segue.cli.seguectl", "--socket", socket, *arguments]

    # ---------------------------------------------------------------- the story

    async def play(self) -> None:
        """Live through the evening once, about a minute long."""
        for chapter in (self.plexamp_starts, self.the_knob_wins, self.the_doorbell, self.the_network_drops):
            await chapter()
        self.tell("Good night: the player stops, and a moment later the receiver is what it was before.")
        await self.house.player_stops()
        await self.see("streams")
        await self.see("fading in")
        await self.wait(3)
        self.tell("And why did all that happen? The newest first:")
        await self.ctl("why", "-n", "2")
        await film_night.film_night(self)
        await party_night.party_night(self, surroundings())

    async def plexamp_starts(self) -> None:
        """Music begins, and goes on."""
        self.tell("A song plays on the receiver, from its own queue. Nobody minds it.")
        await self.wait(3)
        self.tell(
            "Ada starts Plexamp: the song fades away, the receiver turns to its CD input, the new one fades in."
        )
        await self.house.player_starts()
        await self.see("fading in")
        await self.wait(4)
        self.tell("The next track: nothing moves, the music just goes on.")
        await self.house.player_goes_on()
        await self.see("plays")
        await self.wait(4)

    async def the_knob_wins(self) -> None:
        """A fade, and a person."""
        self.tell(
            "Somebody asks for a slow fade - and then turns the knob in the middle of it. The person wins."
        )
        await self.ctl("fade", "10", "--over", f"{6 * self.pace:g}")
        await self.wait(3)
        await self.house.between_commands()
        self.house.turn_knob(34)
        await self.see("by hand")
        await self.wait(4)

    async def the_doorbell(self) -> None:
        """Pause and play, as segue does them."""
        self.tell(
            "The doorbell. A pause through segue: fade out, pause, and the level is back before anybody plays."
        )
        await self.ctl("pause")
        await self.see("0 → 34")
        await self.wait(4)
        self.tell("On we go.")
        await self.ctl("play")
        await self.see("fading in")
        await self.wait(3)

    async def the_network_drops(self) -> None:
        """In the middle of a fade."""
        self.tell(
            "In the middle of a fade the receiver's network drops. It is found, and mended when it is back."
        )
        await self.ctl("fade", "20", "--over", f"{5 * self.pace:g}")
        await self.wait(2)
        self.house.unplug()
        await self.see("is gone")
        await self.wait(3)
        self.house.plug_in()
        await self.see("is connected")
        await self.see("→ 20")
        await self.wait(4)


@asynccontextmanager
async def watched(evening: Evening) -> AsyncIterator[None]:
    """Let `seguectl watch` tell what segue does, line by line, for as long as the evening lasts."""
    async with trio.open_nursery() as nursery:
        start = partial(trio.run_process, evening.command("watch"), stdout=subprocess.PIPE, check=False)
        process: trio.Process = await nursery.start(start)
        nursery.start_soon(relay, process, evening)
        await evening.see("living")  # it begins with how the room is
        try:
            yield
        finally:
            process.terminate()
            nursery.cancel_scope.deadline = trio.current_time() + 2


async def relay(process: trio.Process, evening: Evening) -> None:
    """Show what the watching process says."""
    assert process.stdout is not None
    rest = b""
    async for piece in process.stdout:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            evening.show(line.decode(errors="replace"))


async def run(log_level: str | None, *, pace: float = 1.0, stay: bool | None = None) -> int:
    """Open the house, start the daemon in it, live through the evening, and stay open for whoever wants to try."""
    directory = Path(tempfile.mkdtemp(prefix="segue-demo-"))
    code = 1
    try:
        async with SimulatedHouse(media=directory / "media") as house, trio.open_nursery() as nursery:
            config = directory / "segue.toml"
            for name, secret in (("plex-token", house.token), ("tmdb-key", house.tmdb.key)):
                (directory / name).write_text(secret + "\n")
                (directory / name).chmod(0o600)
            evening = Evening(house, directory, pace=pace)
            config.write_text(evening.config())
            config.chmod(0o600)
            ready, over = trio.Event(), trio.Event()
            options = app.Options(config=config, log_level=log_level, on_ready=lambda _config: ready.set())

            async def daemon() -> None:
                nonlocal code
                code = await app.run(options, surroundings())
                over.set()
                nursery.cancel_scope.cancel()

            nursery.start_soon(daemon)
            await ready.wait()
            house.expect_webhooks()
            await evening.until_all_are_there()
            introduce(directory)
            async with watched(evening):
                await evening.play()
            if sys.stdout.isatty() if stay is None else stay:
                print("\n  The house stays open: `seguectl` reaches it as above. Ctrl-C ends it.", flush=True)
            else:
                signal.raise_signal(signal.SIGTERM)  # as a service manager ends it
            await over.wait()
    finally:
        remove(directory)
    return code


def surroundings() -> dict[str, str]:
    """Give the environment that the demo's daemon sees: a PLEX_URL of the person's own is not for it."""
    return {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}


def introduce(directory: Path) -> None:
    """Say what there is to see, and how to see more."""
    ctl = Path(os.path.relpath(Path(sys.executable).with_name("seguectl")))
    print(
        f"segue's demo: Plex, TMDb, players and a receiver, all simulated, all on loopback.\n"
        f"{time.strftime('%H:%M')}, about three minutes. For the live view, in a second terminal:\n\n"
        f"    {ctl} --socket {directory}/ctl.sock watch\n",
        flush=True,
    )


def remove(directory: Path) -> None:
    """Take the demo's files away."""
    shutil.rmtree(directory, ignore_errors=True)


def main(log_level: str | None) -> int:
    """Run the demo; gives the exit code. `SEGUE_DEMO_PACE=0.2` makes it hastier."""
    given = os.environ.get("SEGUE_DEMO_PACE", "1")
    try:
        pace = float(given)
    except ValueError:
        raise StartError(f"SEGUE_DEMO_PACE is {given!r}.", "Give a number such as 1 or 0.2.") from None
    code, failed = 0, list[BaseException]()
    try:
        code = trio.run(partial(run, log_level, pace=pace))
    except* KeyboardInterrupt:
        pass
    except* (OSError, SegueError) as group:
        failed.append(first_of(group))
    if failed:
        raise StartError(f"The demo cannot run: {failed[0]}.", "It needs addresses of 127.0.0.0/8 to itself.")
    return code


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Give the first error of a group, however deep it is."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
