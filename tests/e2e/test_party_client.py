"""Clients that we did not write against ours: one after the protocol's page alone, one of the old protocol."""

import stat
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.e2e.party_guests import GUEST, OLD_GUEST, Guest, guest
from tests.e2e.party_house import FILM_MS, GUID, IN_STEP_MS, orchestrator, until
from tests.e2e.party_talk import Party, create
from tests.helpers.rig import Segued

PASSKEY = "canary-passkey-of-bea-4711"
TABLE = """
[party]
passkeys_file = "{directory}/passkeys"
start_grace_s = 30.0
"""
GARBAGE = ("{", "[]", '{"type": 7}', '{"type": "dance"}', '{"type": "want"}')
FILM = ("--film", GUID, str(FILM_MS))


def door(host: Segued) -> str:
    """Where clients knock."""
    return f"ws://127.0.0.1:{host.port}/ws"


def runs(client: Guest) -> bool:
    """Whether its film runs."""
    return bool(client.player.get("running"))


def stands(client: Guest) -> bool:
    """Whether its film is there, and stands."""
    return bool(client.player.get("film")) and not runs(client)


async def until_together(*clients: Guest, after_ms: float = 0.0) -> None:
    """Wait until their films run, near each other."""

    async def together() -> bool:
        positions = [client.position_ms() for client in clients if client.player]
        return (
            len(positions) == len(clients)
            and all(map(runs, clients))
            and max(positions) - min(positions) < IN_STEP_MS
            and min(positions) >= after_ms
        )

    await until(together, f"together: {[client.lines[-4:] for client in clients]}")


async def joined(party: Party, username: str) -> None:
    """Wait until a client is known, and make its user a member."""
    await party.host_knows(username)
    await party.ask("members", username=username)


@pytest.mark.parametrize(("form", "spelling"), [("header", "page"), ("query", "code")])
async def test_an_evening_of_both_protocols(place: Path, form: str, spelling: str) -> None:
    """Both begin together, pause, seek and resume together; what a hand does on the newer one is heard; both end."""
    async with orchestrator(place / "host") as host:
        party = await create(host, rules={"open": True})
        bea_is = ("--username", "bea", "--device", "tv-b", "Bea's TV", "--form", form)
        old_is = ("--username", "olaf", "--device", "old-1", "Olaf's TV", "--form", form, "--as", spelling)
        async with (
            guest(GUEST, door(host), *bea_is, *FILM) as bea,
            guest(OLD_GUEST, door(host), *old_is) as olaf,
        ):
            welcome = await bea.until(lambda one: one.heard("welcome"), "welcome")
            assert (welcome[0]["proto"], welcome[0]["username"]) == (1, "bea")
            await joined(party, "bea")
            await joined(party, "olaf")
            await party.until_ready("bea", "olaf")
            await party.ask("start")
            await until_together(bea, olaf)

            await party.ask("pause")
            await bea.until(stands, "paused")
            await olaf.until(stands, "paused")
            await party.ask("seek", position_ms=300_000)
            for client in (bea, olaf):
                await client.until(lambda one: abs(one.position_ms() - 300_000) < IN_STEP_MS, "sought")
            await party.ask("resume")
            await until_together(bea, olaf, after_ms=300_000)

            await bea.tell(hand="pause")
            await olaf.until(stands, "paused by bea's hand")
            await bea.tell(hand="play")
            await until_together(bea, olaf, after_ms=300_000)

            await party.ask("stop")
            for client in (bea, olaf):
                await client.until(lambda one: one.player["film"] == "", "stopped")
            await bea.until(lambda one: one.heard("event", kind="ended"), "told of the end")
            assert not bea.heard("error")
            assert (bea.errors, olaf.errors) == ([], [])
        assert host.log_lines("error", "critical") == []


async def test_an_invitation_admits_one_user(place: Path) -> None:
    """Its token in the first message lets a friend in, who is then a member; nobody else may use it."""
    async with orchestrator(place / "host") as host:
        party = await create(host)
        link = await party.invite()
        token = parse_qs(link.partition("?")[2])["token"][0]
        first = (
            "--username",
            "bea",
            "--device",
            "tv-b",
            "Bea's TV",
            "--form",
            "hello",
            "--session",
            party.party_id,
        )
        other = (
            "--username",
            "eve",
            "--device",
            "tv-e",
            "Eve's TV",
            "--form",
            "hello",
            "--session",
            party.party_id,
        )
        async with guest(GUEST, door(host), *first, *FILM, invite=token) as bea:
            await bea.until(lambda one: one.heard("state", phase="lobby"), "in the lobby")
            async with guest(GUEST, door(host), *other, *FILM, invite=token) as eve:
                said = await eve.until(
                    lambda one: one.heard("error") or [line for line in one.lines if "closed" in line],
                    "refused",
                )
                assert said[0].get("code") in ("invite_used", None), said
        assert [member["username"] for member in (await party.show())["members"]] == ["bea"]
        kept = [file.read_bytes() for file in host.state_dir.rglob("*") if file.is_file()]
        assert not any(token.encode() in text for text in kept)
        assert token not in host.log()


async def test_a_passkey_lets_in_and_a_wrong_one_does_not(place: Path) -> None:
    """In each of the three places where it may stand; the wrong one is told so, and is in no log."""
    directory = place / "host"
    directory.mkdir()
    passkeys = directory / "passkeys"
    passkeys.write_text(f"bea:{PASSKEY}\n")
    passkeys.chmod(stat.S_IRUSR | stat.S_IWUSR)
    async with orchestrator(directory, config=TABLE.format(directory=directory)) as host:
        for form in ("header", "query", "hello"):
            is_bea = ("--username", "bea", "--device", "tv-b", "Bea's TV", "--form", form)
            async with guest(GUEST, door(host), *is_bea, passkey=PASSKEY) as bea:
                await bea.until(lambda one: one.heard("welcome"), f"welcome by {form}")
            async with guest(GUEST, door(host), *is_bea, passkey=f"wrong-{PASSKEY}") as eve:
                ended = await eve.until(closings, f"turned away by {form}")
                assert ended[-1]["closed"] == 1008
                assert not eve.heard("welcome")
        assert PASSKEY not in host.log()
        assert not any(
            PASSKEY.encode() in file.read_bytes() for file in host.state_dir.rglob("*") if file.is_file()
        )


def closings(client: Guest) -> list[dict[str, Any]]:
    """How its connection ended, if it did."""
    return [line for line in client.lines if "closed" in line]


async def test_garbage_is_answered_and_then_cut_off(place: Path) -> None:
    """Ten messages that cannot be read are each answered with what is wrong; the next one ends the connection."""
    async with orchestrator(place / "host") as host:
        party = await create(host)
        good = ("--username", "bea", "--device", "tv-b", "Bea's TV")
        bad = ("--username", "mal", "--device", "tv-m", "Mal's TV")
        async with (
            guest(GUEST, door(host), *good, *FILM) as bea,
            guest(GUEST, door(host), *bad, *FILM) as mal,
        ):
            await joined(party, "bea")
            await mal.until(lambda one: one.heard("welcome"), "welcome")
            for text in GARBAGE * 2:
                await mal.tell(raw=text)
            await mal.until(lambda one: len(one.heard("error")) == 10, "told ten times")
            await mal.tell(raw="{")
            ended = await mal.until(closings, "cut off")
            assert ended[0]["closed"] == 4002
            assert {message["code"] for message in mal.heard("error")} <= {
                "bad_json",
                "bad_message",
                "unknown_type",
            }
            await party.until_ready("bea")
            assert not closings(bea)


async def test_the_same_user_from_elsewhere_takes_the_place(place: Path) -> None:
    """The older connection is closed with 4001, and its end takes nothing away from the newer one."""
    async with orchestrator(place / "host") as host:
        party = await create(host)
        one_is = ("--username", "bea", "--device", "tv-b", "Bea's TV")
        async with guest(GUEST, door(host), *one_is, *FILM) as first:
            await joined(party, "bea")
            await first.until(lambda one: one.heard("state"), "in the lobby")
            async with guest(GUEST, door(host), *one_is, *FILM) as second:
                ended = await first.until(closings, "replaced")
                assert ended[0]["closed"] == 4001
                await second.until(lambda one: one.heard("state"), "in the lobby again")
                await party.ask("start")
                await second.until(runs, "running")
                assert (await party.member("bea"))["present"]
