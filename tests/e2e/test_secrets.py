"""One evening with canaries for secrets: whatever is done, well or badly, they show up nowhere."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from segue.demo.house import SimulatedHouse
from tests.e2e.plex import (
    CONFIG,
    SECRET,
    hook_of,
    hook_url,
    keeps_its_secrets,
    plex_house,
    until,
    until_status,
)
from tests.helpers.rig import TOKEN, Segued, address, curl


class Tap:
    """Listens on the wire between the daemon and the Plex server."""

    def __init__(self, host: str, server: str) -> None:
        self.host = host
        self.server = server
        self.sent = b""
        """Every byte that the daemon sent."""
        self.away_to = ""
        """Where every request is redirected to; empty: it is passed on."""

    async def serve(self, task_status: trio.TaskStatus[str]) -> None:
        listeners = await trio.open_tcp_listeners(0, host=self.host)
        port = listeners[0].socket.getsockname()[1]
        task_status.started(f"http://{self.host}:{port}")
        await trio.serve_listeners(self._pass_on, listeners)

    async def _pass_on(self, daemon: trio.SocketStream) -> None:
        try:
            async with await trio.open_tcp_stream(self.server, 32400) as plex, trio.open_nursery() as nursery:
                nursery.start_soon(self._answers, plex, daemon)
                async for data in daemon:
                    self.sent += bytes(data)
                    if self.away_to:
                        head = f"HTTP/1.1 302 Found\r\nLocation: {self.away_to}\r\nContent-Length: 0\r\n\r\n"
                        await daemon.send_all(head.encode())
                    else:
                        await plex.send_all(data)
                nursery.cancel_scope.cancel()
        except* (OSError, trio.BrokenResourceError):
            await trio.aclose_forcefully(daemon)

    async def _answers(self, plex: trio.SocketStream, daemon: trio.SocketStream) -> None:
        async for data in plex:
            await daemon.send_all(data)
        await daemon.send_eof()

    def lines_with(self, secret: str) -> set[str]:
        """Give the beginnings of the lines that carried a secret."""
        lines = self.sent.decode("latin-1").splitlines()
        return {line.partition(secret)[0].lower() for line in lines if secret in line}


@asynccontextmanager
async def tapped() -> AsyncIterator[tuple[Tap, str]]:
    """Put a tap where a house's Plex server will be."""
    own = 1 + os.getpid() % 250
    tap = Tap(address(), f"127.32.{own}.1")
    async with trio.open_nursery() as nursery:
        url: str = await nursery.start(tap.serve)
        yield tap, url
        nursery.cancel_scope.cancel()


async def spy_on_process(segued: Segued, found: set[str]) -> None:
    """Look again and again at what every user of the machine can see of the process."""
    while True:
        for name in ("cmdline", "environ", "comm", "status"):
            try:
                text = Path(f"/proc/{segued.pid}/{name}").read_bytes()
            except OSError:
                continue
            if TOKEN.encode() in text or SECRET.encode() in text:
                found.add(name)
        await trio.sleep(0.02)


async def misfortunes(house: SimulatedHouse, segued: Segued, tap: Tap) -> None:
    """Let everything go wrong whose error might carry a URL, a header or a body."""
    faults = house.plex.faults
    faults.hit = ("/status",)
    for name in ("hang", "starting"):
        setattr(faults, name, True)
        house.plex.webhooks.fire(hook_of(house))
        await until_status(segued, lambda status: status["plex"]["state"] == "down")
        setattr(faults, name, False)
        house.plex.webhooks.fire(hook_of(house))
        await until_status(segued, lambda status: status["plex"]["state"] == "ok")
    faults.body = "html"
    house.plex.webhooks.fire(hook_of(house))
    await until_status(segued, lambda status: status["plex"]["state"] == "down")
    faults.body = None
    tap.away_to = f"{segued.url}/elsewhere"
    house.plex.webhooks.fire(hook_of(house))
    await trio.sleep(0.3)
    tap.away_to = ""
    house.plex.webhooks.fire(hook_of(house))
    await until_status(segued, lambda status: status["plex"]["state"] == "ok")
    house.player.quirks.refuses_direct = True
    house.player.quirks.odd_replies = True
    await segued.ctl("next", "living")
    await until(house, lambda: house.player.commands, segued)


async def impertinence(segued: Segued) -> None:
    """Send secrets to where they do not belong."""
    for answer in (
        await curl(f"{segued.url}/webhooks/plex/{SECRET}x"),
        await curl("-X", "POST", f"{hook_url(segued)}?X-Plex-Token={TOKEN}", "-d", "{"),
        await curl(
            "-X",
            "POST",
            hook_url(segued),
            "-H",
            "Content-Type: application/json",
            "-d",
            f'{{"event": "{TOKEN}"}}',
        ),
        await curl(
            f"{segued.url}/api/v1/status?X-Plex-Token={TOKEN}", "-H", f"Authorization: Bearer {TOKEN}"
        ),
        await curl(f"{segued.url}/{TOKEN}", "-H", f"Host: {TOKEN}.example"),
    ):
        assert answer.status != 0


async def test_the_canaries_show_up_nowhere(place: Path) -> None:
    """Not in the log (at its most talkative), the state, the API, seguectl, a URL, or /proc; only in one header."""
    seen: set[str] = set()
    config = CONFIG + '[log]\nlevel = "debug"\n'
    async with tapped() as (tap, url), trio.open_nursery() as nursery:
        async with plex_house(place, config=config, url=url) as (house, segued):
            nursery.start_soon(spy_on_process, segued, seen)
            await house.player_starts()
            await segued.until(lambda room: room["input"] == "inputs/cd" and room["phase"] == "resting")
            await segued.ctl("pause", "living")
            await until(house, lambda: house.player.state == "paused", segued)
            await segued.ctl("play", "living")
            await until(house, lambda: house.player.state == "playing", segued)
            await misfortunes(house, segued, tap)
            for path in ("status", "state", "rooms", "players", "why?limit=200"):
                await segued.api("GET", f"/api/v1/{path}", status=200)
            await impertinence(segued)
            for command in ("status", "rooms", "players", "why"):
                await segued.ctl(command)
            segued.write_config(
                f'[plex]\nurl = "http://127.0.0.1:1"\ntoken = "{TOKEN}"\nnonsense = "{TOKEN}"'
            )
            await segued.ctl("reload", check=1)
            await segued.api("GET", "/api/v1/status", status=200)
            house.plex.token = "another"
            house.plex.webhooks.fire(hook_of(house))
            await until_status(segued, lambda status: status["plex"]["state"] == "refused")
        nursery.cancel_scope.cancel()
    assert seen == set()
    assert tap.lines_with(TOKEN) == {"x-plex-token: "}
    assert tap.lines_with(SECRET) == set()


async def test_a_dump_of_all_stacks_shows_no_secret(place: Path) -> None:
    """What the watchdog's SIGABRT leaves in the log are places in the code, and no values."""
    async with plex_house(place) as (house, segued):
        house.plex.faults.hang, house.plex.faults.hit = True, ("/status",)
        await house.player_starts()
        assert segued.process is not None
        segued.process.send_signal(signal.SIGABRT)
        assert await segued.ended() == -signal.SIGABRT
        assert "Current thread" in segued.log()
        keeps_its_secrets(segued)


@pytest.mark.parametrize(
    "config",
    [
        'url = "http://127.0.0.1:32400/?X-Plex-Token={token}"\n',
        'url = "http://user:{token}@127.0.0.1:32400"\n',
        'url = "{token}"\n',
        'url = "http://127.0.0.1:32400"\ntokn = "{token}"\n',
        'url = "http://127.0.0.1:32400"\ntoken = ["{token}"]\n',
        'url = "http://127.0.0.1:32400"\ntoken = "{token} with blanks"\n',
        'url = "http://127.0.0.1:32400"\ntoken_file = "{token}"\n',
        'url = "http://127.0.0.1:32400"\ntoken = "{token}\n',
        'url = "http://127.0.0.1:32400"\ntoken = "{token}" "twice"\n',
    ],
    ids=["query", "user", "as the address", "misspelt", "list", "blanks", "as a file", "open quote", "twice"],
)
async def test_a_mistake_in_the_configuration_does_not_print_the_token(place: Path, config: str) -> None:
    """The token stands in the wrong place, or is written wrongly: the problem is told without its value."""
    segued = Segued(place, "[plex]\n" + config.format(token=TOKEN))
    checked = await segued.run("--config", str(segued.config_path), "--check-config")
    assert checked.returncode == 2
    assert TOKEN not in checked.stdout + checked.stderr
