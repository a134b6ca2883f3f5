"""A party as those see it who ask its orchestrator: at the API, and with `seguectl` where a person would."""

import json
from dataclasses import dataclass
from typing import Any

from tests.e2e.party_house import FILM, FILM_MS, GUID, until
from tests.helpers.rig import Segued

Json = dict[str, Any]


@dataclass
class Party:
    """One party, at the house that hosts it."""

    host: Segued
    party_id: str

    @property
    def path(self) -> str:
        """Where it is found."""
        return f"/api/v1/parties/{self.party_id}"

    async def show(self) -> Json:
        """Everything about it."""
        answer = await self.host.api("GET", self.path, status=200)
        found: Json = answer["data"]
        return found

    async def ask(self, what: str, **body: Any) -> None:
        """Ask something of it: `start`, `pause`, `seek` and so on."""
        await self.host.api("POST", f"{self.path}/{what}", body or None, status=202)

    async def invite(self) -> str:
        """Make an invitation, as friends of this machine need it, and give its link."""
        at = f"ws://127.0.0.1:{self.host.port}/ws"
        answer = await self.host.api("POST", f"{self.path}/invite", {"at": at}, status=200)
        return str(answer["data"]["link"])

    async def member(self, username: str) -> Json:
        """One member, and its players; empty when it is none."""
        members: list[Json] = (await self.show())["members"]
        return next((each for each in members if each["username"] == username), {})

    async def player(self, username: str) -> Json:
        """The first player of a member; empty when there is none."""
        players: list[Json] = (await self.member(username)).get("players", [])
        return players[0] if players else {}

    async def host_knows(self, *usernames: str) -> None:
        """Wait until users are connected."""

        async def are_there() -> bool:
            answer = await self.host.api("GET", "/api/v1/party/users", status=200)
            there = {user["username"] for user in answer["data"]["users"] if user["present"]}
            return there >= set(usernames)

        await until(are_there, f"{' and '.join(usernames)} connected", self.host)

    async def is_away(self, username: str) -> bool:
        """Whether a member's first player was left to its viewer."""
        return bool((await self.player(username)).get("away"))

    async def until_phase(self, *phases: str) -> Json:
        """Wait for a phase."""

        async def is_so() -> Json | None:
            seen = await self.show()
            return seen if seen["phase"] in phases else None

        found: Json = await until(is_so, f"in phase {' or '.join(phases)}", self.host)
        return found

    async def until_ready(self, *usernames: str) -> None:
        """Wait until nothing is missing at some members' first player."""
        for username in usernames:

            async def is_ready(username: str = username) -> Any:
                return (await self.player(username)).get("ready")

            await until(is_ready, f"{username} ready: {json.dumps(await self.member(username))}", self.host)

    async def until_problem(self, username: str, *problems: str) -> Json:
        """Wait until the lobby says what is missing at a member's first player."""

        async def is_told() -> Json | None:
            player = await self.player(username)
            return player if player.get("problem") in problems else None

        found: Json = await until(is_told, f"told {' or '.join(problems)} of {username}", self.host)
        return found


async def create(host: Segued, **more: Any) -> Party:
    """Make a party of the film that every home has, if it has one."""
    film = {"title": FILM, "guid": GUID, "filename": "film.mkv", "duration_ms": FILM_MS}
    answer = await host.api("POST", "/api/v1/parties", {"film": film} | more, status=202)
    return Party(host, answer["data"]["party"])
