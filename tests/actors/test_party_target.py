"""Whom the party agent talks to, and as whom."""

from pathlib import Path

import pytest
from msgspec.structs import replace as but

from segue.actors.party_invitation import InvitationError
from segue.actors.party_kept import AGENT_FILE
from segue.actors.party_target import AgentSettings, Targets
from segue.secret import Secret

LINK = "segue-party:?at=wss%3A%2F%2Fparty.example.org%2Fws&party=k3x9qa&token=canary-token-0815"
OTHER = LINK.replace("k3x9qa", "zzzzzz").replace("0815", "4711")


async def targets(settings: AgentSettings) -> Targets:
    """Begin as a process does."""
    made = Targets(settings)
    await made.load()
    return made


@pytest.fixture
def invited(tmp_path: Path) -> AgentSettings:
    return AgentSettings(state_dir=tmp_path, username="bob", invite=Secret(LINK))


async def test_an_invitation_that_does_not_admit_our_name_may_admit_another(invited: AgentSettings) -> None:
    """The reason stays to be read, also where nothing else is configured; a changed name makes the file count again."""
    ours = await targets(invited)
    target = await ours.choose()
    assert target is not None
    assert target.invitation is not None
    assert (target.username, target.address.shown) == ("bob", "wss://party.example.org/ws")
    assert ours.problem == ""
    await ours.is_over(target.invitation, "The name is taken.")
    assert await ours.choose() is None
    assert ours.problem == "The name is taken."
    assert await (await targets(invited)).choose() is None
    renamed = await (await targets(but(invited, username="bobby"))).choose()
    assert renamed is not None
    assert renamed.username == "bobby"


async def test_an_invitation_to_a_party_that_has_ended_is_over_for_every_name(invited: AgentSettings) -> None:
    ours = await targets(invited)
    assert ours.invitation is not None
    await ours.is_over(ours.invitation)
    assert await ours.choose() is None
    assert await (await targets(but(invited, username="bobby"))).choose() is None


async def test_the_invitation_that_was_taken_last_goes_first_and_outlives_the_process(
    invited: AgentSettings,
) -> None:
    """In a file that its owner alone can read."""
    ours = await targets(invited)
    await ours.accept(OTHER)
    for each in (ours, await targets(invited)):
        target = await each.choose()
        assert target is not None
        assert target.invitation is not None
        assert target.invitation.party_id == "zzzzzz"
        assert "4711" not in repr(target) + repr(each.invitation)
    assert (invited.state_dir / AGENT_FILE).stat().st_mode & 0o777 == 0o600


async def test_whoever_has_no_name_gets_one_for_an_invitation_and_keeps_it(invited: AgentSettings) -> None:
    first = await (await targets(but(invited, username=""))).choose()
    again = await (await targets(but(invited, username=""))).choose()
    assert first is not None
    assert again is not None
    assert first.username == again.username
    assert first.username.startswith("guest-")


async def test_our_passkey_goes_to_nobody_but_the_configured_orchestrator(invited: AgentSettings) -> None:
    """An invitation to another house does not get it."""
    settings = but(invited, orchestrator="wss://own.example.org/ws", passkey=Secret("canary-passkey"))
    target = await (await targets(settings)).choose()
    assert target is not None
    assert target.passkey is None
    same = but(settings, orchestrator="wss://party.example.org/ws")
    target = await (await targets(same)).choose()
    assert target is not None
    assert target.passkey == Secret("canary-passkey")


async def test_what_is_no_invitation_is_refused_without_being_repeated(invited: AgentSettings) -> None:
    ours = await targets(invited)
    with pytest.raises(InvitationError) as refused:
        await ours.accept("https://example.org/?token=canary-token-0815")
    assert "canary" not in str(refused.value)
    target = await ours.choose()
    assert target is not None
    assert target.invitation is not None
    assert target.invitation.party_id == "k3x9qa"
