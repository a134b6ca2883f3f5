"""What people ask of the party agent: wishes, invitations, the view of this home; and orchestrators of the old kind."""

import json
from pathlib import Path
from typing import Any

import pytest
import trio

from segue.interfaces.answers import ApiError
from segue.secret import Secret
from tests.helpers.party_stage import SESSION, Stage, in_memory, member

TV = ("tv-1", "Living Room TV", "shim")
TOKEN = "canary-invite-token-66"
LINK = f"segue-party:?at=wss%3A%2F%2Fparty.example.org%2Fws&party={SESSION}&token={TOKEN}"
Clock = trio.abc.Clock

# ------------------------------------------------------------------ wishes


async def test_a_wish_is_passed_on_and_its_answer_comes_back(tmp_path: Path, autojump_clock: Clock) -> None:
    async with in_memory(tmp_path, TV) as house:
        await house.playing()
        answers: list[Any] = []

        async def ask() -> None:
            answers.append(await house.agent.want(SESSION, "seek", position_ms=5000))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            want = await house.orchestrator.hears("want", op="seek", position_ms=5000, session=SESSION)
            refusal = {"code": "not_allowed", "message": "No.", "hint": "Ask bob."}
            await house.orchestrator.say(type="answer", id=want["id"], ok=False, **refusal)
        assert answers == [{"ok": False} | refusal]


async def test_a_wish_without_an_answer_or_an_orchestrator_says_so(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    async with in_memory(tmp_path, TV) as house:
        await house.playing()
        for op, code in (("dance", "bad_want"), ("pause", "no_answer")):
            with pytest.raises(ApiError) as caught:
                await house.agent.want(SESSION, op)
            assert caught.value.code == code
        house.vanish()
        await house.until(lambda: not house.store.state.party.home.up)
        with pytest.raises(ApiError) as caught:
            await house.agent.want(SESSION, "pause")
        assert caught.value.code == "no_orchestrator"


# ------------------------------------------------------------------ invitations


async def test_an_invitation_is_taken_kept_and_shown_to_nobody(tmp_path: Path, autojump_clock: Clock) -> None:
    """It is enough to take part: a home without a username gets a name, and has the same one after a restart."""
    async with in_memory(tmp_path, TV) as house:
        house.start_agent(username="", passkey=None, orchestrator="")
        await trio.sleep(1)
        assert "no invitation" in house.agent.home()["reason"]
        house.orchestrator.on_hello = [member("tv-1", "Living Room TV")]
        joined = await house.agent.join(f"  {LINK}\n")
        assert joined["joined"]
        assert (joined["orchestrator"], joined["party_id"]) == ("wss://party.example.org/ws", SESSION)
        hello = await house.orchestrator.hears("hello", invite=TOKEN)
        kept = tmp_path / "party-agent.json"
        assert kept.stat().st_mode & 0o777 == 0o600
        shown = (
            json.dumps([joined, house.agent.home()]) + repr(house.store.state) + repr(house.agent._settings)
        )
        assert TOKEN not in shown
        house.stop_agent()
        await trio.sleep(1)
        told = len(house.orchestrator.heard)
        house.start_agent(username="", passkey=None, orchestrator="")
        await house.orchestrator.hears("hello", after=told, invite=TOKEN, username=hello["username"])


async def test_the_passkey_goes_to_the_orchestrator_of_the_configuration_only(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    async with in_memory(tmp_path, TV) as house:
        house.start_agent(invite=Secret(LINK))
        await house.orchestrator.hears("hello", invite=TOKEN, username="alice")
        target = house.agent._target
        assert target is not None
        assert target.passkey is None


async def test_an_invitation_that_is_used_up_is_dropped_and_the_reason_is_shown(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    """Also one of the configuration's file: it is not tried again and again."""
    async with in_memory(tmp_path, TV) as house:
        house.start_agent(username="", passkey=None, orchestrator="", invite=Secret(LINK))
        await house.orchestrator.hears("hello", invite=TOKEN)
        await house.orchestrator.say(
            type="error", code="invite_used", message="Used by bob.", hint="Ask again."
        )
        await house.until(lambda: not house.store.state.party.home.up)
        await trio.sleep(5)
        assert "Used by bob. Ask again." in house.agent.home()["reason"]
        hellos = len(house.orchestrator.heard)
        await trio.sleep(120)
        assert len(house.orchestrator.heard) == hellos


@pytest.mark.parametrize(
    "link",
    [
        "",
        "https://party.example.org",
        f"segue-party:?party={SESSION}&token={TOKEN}",
        f"segue-party:?at=wss%3A%2F%2Fa.example&party=../../x&token={TOKEN}",
        f"segue-party:?at=file%3A%2F%2F%2Fetc%2Fpasswd&party={SESSION}&token={TOKEN}",
        f"segue-party:?at=wss%3A%2F%2Fa.example&party={SESSION}&token=",
        f"segue-party:?at=wss%3A%2F%2Fa.example&party={SESSION}&token={'x' * 5000}",
        f"segue-party:?at=wss%3A%2F%2Fbob%3Apw%40a.example&party={SESSION}&token={TOKEN}",
    ],
)
async def test_what_is_no_invitation_is_refused_and_not_repeated(
    tmp_path: Path, autojump_clock: Clock, link: str
) -> None:
    async with in_memory(tmp_path, TV) as house:
        await house.playing()
        with pytest.raises(ApiError) as caught:
            await house.agent.join(link)
        assert caught.value.code == "bad_invitation"
        assert TOKEN not in f"{caught.value.message} {caught.value.hint}"
        assert house.store.state.party.home.up, "the connection that there is stays"


# ------------------------------------------------------------------ the view


async def test_the_view_of_a_home_names_players_parties_and_drift(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    async with in_memory(tmp_path, TV) as house:
        await house.playing()
        shown = house.agent.home()
        assert (shown["up"], shown["username"], shown["protocol"]) == (True, "alice", "ours")
        assert shown["players"] == [
            {"device_id": "tv-1", "title": "Living Room TV", "problem": "", "detail": ""}
        ]
        (seat,) = shown["seats"]
        assert (seat["phase"], seat["film"], seat["away"]) == ("playing", "A Long Evening", "")
        assert abs(seat["report"]["drift_ms"]) < 150


# ------------------------------------------------------------------ the old protocol


async def old(house: Stage) -> None:
    """Start an agent at an orchestrator that does not know `hello`."""
    house.orchestrator.speaks_old = True
    house.found[""] = house.found["A Long Evening"]
    house.start_agent()
    await house.orchestrator.hears("register")


def command(verb: str, offset: int) -> dict[str, Any]:
    """A command in the spelling of that protocol's documentation."""
    device = {"title": "Living Room TV", "id": "tv-1"}
    return {"type": "command", "command": verb, "device": device, "filename": "Long.mkv", "offset": offset}


async def test_an_orchestrator_of_the_old_kind_is_obeyed_and_told_of(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    async with in_memory(tmp_path, TV) as house:
        player = house.players["tv-1"]
        await old(house)
        clients = [{"title": "Living Room TV", "id": "tv-1"}]
        await house.orchestrator.hears("register", username="alice", authorized_clients=clients)
        began_s = trio.current_time()
        await house.orchestrator.say(**command("PLAY", 60_000))

        def drift_ms() -> float:
            return player.truth_ms() - 60_000 - 1000 * (trio.current_time() - began_s)

        await house.until(lambda: player.engine.is_moving() and abs(drift_ms()) < 250)
        status = await house.orchestrator.hears("status_update", filename="Long.mkv")
        assert status["offset"] == status["current_offset"]
        await house.orchestrator.say_raw(json.dumps({"cmd": command("seek", 900_000) | {"type": "seek"}}))
        await house.until(lambda: player.engine.is_moving() and player.truth_ms() > 900_000)
        await house.orchestrator.say(**command("PAUSE", 0))
        await house.until(lambda: not player.engine.is_moving())
        assert player.truth_ms() > 900_000
        await house.orchestrator.say(**command("STOP", 0))
        await house.until(lambda: player.engine.cassette is None)


async def test_a_player_that_is_not_authorised_is_not_driven_by_the_old_protocol_either(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    async with in_memory(tmp_path, TV) as house:
        await old(house)
        stranger = {"title": "Kitchen Radio", "id": "radio-9"}
        await house.orchestrator.say(**command("PLAY", 60_000) | {"device": stranger})
        await house.orchestrator.say_raw('{"type":"command"}')
        await house.orchestrator.say_raw("nonsense")
        await trio.sleep(5)
        assert house.commands() == []
        assert house.seats == ()
        with pytest.raises(ApiError) as caught:
            await house.agent.want(SESSION, "pause")
        assert caught.value.code == "old_orchestrator"


async def test_an_old_orchestrator_that_restarts_is_in_control_again_at_once(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    """It is not asked for a protocol that it does not know; but now and then, for it may have learned it."""
    async with in_memory(tmp_path, TV) as house:
        await old(house)
        await house.orchestrator.say(**command("PLAY", 60_000))
        await house.until(house.players["tv-1"].engine.is_moving)
        told = len(house.orchestrator.heard)
        house.vanish()
        house.come_back()
        await house.orchestrator.hears("register", after=told)
        assert "hello" not in {message["type"] for message in house.orchestrator.heard[told:]}
        assert house.commands().count("playMedia") == 1
        await trio.sleep(3700)
        told = len(house.orchestrator.heard)
        house.vanish()
        house.come_back()
        await house.orchestrator.hears("hello", after=told)


async def test_an_orchestrator_that_hangs_up_on_hello_is_tried_with_the_old_protocol(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    async with in_memory(tmp_path, TV) as house:
        house.orchestrator.speaks_old = True
        house.start_agent()
        await house.orchestrator.hears("hello")
        assert house.link is not None
        house.link.end(1000)
        await house.orchestrator.hears("register")
        await house.until(lambda: house.store.state.party.home.up)
