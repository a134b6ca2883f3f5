"""A canary token through a whole evening with debug logging: in how many places does it show up?

Looked at: every line of the log, every file of the state directory, every answer of the API, everything that seguectl
prints, every URL that reached the Plex server, the player and the receiver, and the process' command line and
environment.
The places where it belongs (the configuration, the header to the Plex server) are not counted; the second is proved.
"""

import tempfile
from pathlib import Path
from typing import Any

import trio

from benchmarks.figures import Figure, show
from benchmarks.webhook import CONFIG
from segue.demo.house import WEBHOOK_SECRET, SimulatedHouse
from tests.helpers.rig import TOKEN, Segued, running

READS = ("status", "state", "rooms", "players", "why")
ASKS: tuple[tuple[str, ...], ...] = (
    ("status",),
    ("rooms", "--json"),
    ("players",),
    ("volume", "33"),
    ("volume", "99"),
    ("fade", "20", "--over", "0.5"),
    ("mute",),
    ("mute", "off"),
    ("pause",),
    ("play",),
    ("next",),
    ("seek", "0:30"),
    ("source", "tv"),
    ("source", "cd"),
    ("stop",),
    ("reload",),
    ("why",),
)


class Wire:
    """Everything that came over the wire to the house, as text."""

    def __init__(self, house: SimulatedHouse) -> None:
        self.urls: list[str] = []
        self.carried = 0
        for part in (house.plex, house.player):
            part.application = self._recorded(part.application)  # type: ignore[method-assign]

    def _recorded(self, make: Any) -> Any:
        def made() -> Any:
            app = make()

            async def recorded(scope: Any, receive: Any, send: Any) -> None:
                if scope["type"] == "http":
                    from_us = any(v.startswith(b"segue/") for n, v in scope["headers"] if n == b"user-agent")
                    if from_us:
                        self.urls.append(f"{scope['path']}?{scope['query_string'].decode()}")
                        self.carried += (b"x-plex-token", TOKEN.encode()) in scope["headers"]
                await app(scope, receive, send)

            return recorded

        return made


async def evening(house: SimulatedHouse, segued: Segued) -> list[str]:
    """Do everything that can be done, well and badly, and give all that was answered and printed."""
    said: list[str] = []

    async def look() -> None:
        for name in READS:
            said.append(str(await segued.api("GET", f"/api/v1/{name}")))
        for path in ("/metrics", "/openapi.json"):
            result = await trio.run_process(
                ["curl", "-sS", "--unix-socket", str(segued.socket_path), f"http://localhost{path}"],
                capture_stdout=True,
            )
            said.append(result.stdout.decode())

    await house.player_starts()
    await trio.sleep(3)
    for words in ASKS:
        result = await segued.ctl(*words, check=None)
        said.append((result.stdout + result.stderr).decode())
        await trio.sleep(0.7)
    await look()
    faults = house.plex.faults
    for name, value in (("unauthorized", True), ("starting", True), ("body", "html"), ("body", "truncated")):
        setattr(faults, name, value)
        await house.player_starts()
        await segued.api("GET", "/api/v1/players")
        await trio.sleep(1.5)
        await look()
        setattr(faults, name, None if name == "body" else False)
    await house.plex.shut_down()
    await segued.ctl("play", check=None)
    await trio.sleep(2)
    await look()
    return said


def places(text: str, secrets: tuple[str, ...]) -> int:
    """Count the lines in which a secret stands."""
    return sum(any(secret in line for secret in secrets) for line in text.splitlines())


async def main() -> None:
    """Count."""
    house = SimulatedHouse(token=TOKEN)
    wire = Wire(house)
    with tempfile.TemporaryDirectory() as directory:
        async with house:
            config = CONFIG.format(secret=WEBHOOK_SECRET, token=TOKEN, **house.places())
            segued = Segued(Path(directory), config + '[log]\nlevel = "debug"\n')
            async with running(segued):
                house.segue_port = segued.port
                house.expect_webhooks()
                await segued.until(lambda room: room["available"])
                said = await evening(house, segued)
                assert segued.process is not None
                proc = Path(f"/proc/{segued.process.pid}")
                process = [
                    (proc / name).read_bytes().decode(errors="replace") for name in ("cmdline", "environ")
                ]
        api_token = (segued.state_dir / "api-token").read_text().strip()
        secrets = (TOKEN, WEBHOOK_SECRET, api_token)
        files = [
            path.read_bytes().decode("latin-1")
            for path in segued.state_dir.rglob("*")
            if path.is_file() and path.name != "api-token"
        ]
        heos = [f"{c.name} {dict(c.args)}" for c in house.receiver.commands]
        lines = len(segued.log().splitlines())
        found = {
            "log": places(segued.log(), secrets),
            "state": sum(places(text, secrets) for text in files),
            "answers and output": sum(places(text, secrets) for text in said),
            "URLs": sum(places(text, secrets) for text in wire.urls),
            "HEOS": sum(places(text, secrets) for text in heos),
            "process": sum(places(text, secrets) for text in process),
        }
    assert wire.carried, "the token never reached the server: nothing was proved"
    where = ", ".join(f"{name} {count}" for name, count in found.items())
    show(
        Figure(
            "canary secrets in log, journal, URLs, errors, output and /proc",
            sum(found.values()),
            "lines",
            0,
            "equal",
            baseline=f"{where}; {lines} lines of log, {wire.carried} requests carried the token in their header",
            anchor="StreamerBrainz 602 lines",
        )
    )


if __name__ == "__main__":
    trio.run(main)
