"""The whole simulated house, Plex and all, and a real `segued` in it that must keep its secrets."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio

from segue.demo.house import SimulatedHouse
from segue.demo.plex_sessions import Happening
from segue.demo.plex_webhooks import Hook, playing_hook
from tests.e2e.house import PATIENCE_S
from tests.helpers.rig import TOKEN, Segued, running

SECRET = "canary-webhook-secret-4711"
CONFIG = """
server: webhook_secret_file = "{directory}/webhook-secret"
[plex]
url = "{plex_url}"
token_file = "{directory}/plex-token"
timeout_s = 0.7
[heos]
host = "{heos_host}"
[[room]]
name = "living"
plex_player = "{player_title}"
heos_player = "{heos_player}"
input = "inputs/cd"
max_level = 60
fade_in_s = 0.5
fade_out_s = 0.5
restore_after_s = 0.5
[music]
resume_gap_s = 0.2
"""
BASE = 26
"""The level of the receiver when the house is opened."""


@asynccontextmanager
async def plex_house(
    place: Path,
    *,
    config: str = CONFIG,
    url: str = "",
    webhooks: bool = True,
    before: Callable[[SimulatedHouse], object] = lambda _house: None,
    arguments: tuple[str, ...] = (),
) -> AsyncIterator[tuple[SimulatedHouse, Segued]]:
    """Open the house, and run a daemon that has read its Plex server and its receiver once."""
    (place / "plex-token").write_text(TOKEN + "\n")
    (place / "webhook-secret").write_text(SECRET + "\n")
    for name in ("plex-token", "webhook-secret"):
        (place / name).chmod(0o600)
    async with SimulatedHouse(token=TOKEN) as house:
        before(house)
        segued = Segued(place, "")
        places = house.places() | {"directory": place} | ({"plex_url": url} if url else {})
        segued.write_config(config.format(**places))
        async with running(segued, *arguments):
            await segued.until(lambda room: room["available"])
            await until_status(segued, lambda status: status["plex"]["state"] == "ok")
            if webhooks:
                house.plex.webhooks.register(hook_url(segued))
            yield house, segued
            await segued.stop()
        keeps_its_secrets(segued)


def hook_url(segued: Segued) -> str:
    """Give the address that is registered with Plex."""
    return f"{segued.url}/webhooks/plex/{SECRET}"


def hook_of(house: SimulatedHouse) -> Hook:
    """Give a webhook about what plays at present, as Plex sends it when something may have changed."""
    session, report = house.plex.sessions.shown()[0]
    return playing_hook(house.plex.name, Happening("media.play", session, report))


async def until_status(segued: Segued, wanted: Callable[[Any], object]) -> None:
    """Wait until the status is as wanted."""
    status: Any = {}
    with trio.move_on_after(PATIENCE_S):
        while True:
            status = (await segued.api("GET", "/api/v1/status", status=200))["data"]
            if wanted(status):
                return
            await trio.sleep(0.05)
    raise AssertionError(f"not within {PATIENCE_S} s: {status}\n{segued.log()[-3000:]}")


async def until(house: SimulatedHouse, happened: Callable[[], object], segued: Segued) -> None:
    """Wait until something is true of the house."""
    with trio.move_on_after(PATIENCE_S):
        while not happened():
            await trio.sleep(0.01)
        return
    levels = [(change.level, change.by) for change in house.receiver.level_history()[-8:]]
    raise AssertionError(
        f"not within {PATIENCE_S} s; levels {levels}; player {house.player.state} {house.player.commands[-5:]}\n"
        f"{segued.log()[-3000:]}"
    )


def keeps_its_secrets(segued: Segued) -> None:
    """See that no secret is in what the daemon wrote, kept or said."""
    api_token = (segued.state_dir / "api-token").read_text().strip()
    files = [p for p in segued.state_dir.rglob("*") if p.is_file() and p.name != "api-token"]
    for secret in (TOKEN, SECRET, api_token):
        text = secret.encode()
        assert text not in segued.log_path.read_bytes()
        assert not any(text in file.read_bytes() for file in files)
        assert not any(text in heard for heard in segued.heard)
        assert not any(secret in value for notice in segued.notices for value in notice.values())
