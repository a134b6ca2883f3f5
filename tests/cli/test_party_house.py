"""Parties in what is said of the whole house: `status` and `watch`."""

from tests.cli import answers, party_answers
from tests.cli.conftest import Ctl
from tests.cli.fake_segued import FakeSegued, says
from tests.cli.running import running

AGENT = {"configured": True, "up": True, "orchestrator": "wss://party.example.org/ws", "reason": ""}


def test_the_status_tells_parties_and_the_agent(segued: FakeSegued, ctl: Ctl) -> None:
    party = {"parties": [party_answers.brief()], "clients": 2, "agent": AGENT, "seats": []}
    segued.on("GET", "/api/v1/status", says(answers.status(party=party)))
    lines = ctl("status").out.splitlines()
    assert "party   up       wss://party.example.org/ws" in lines
    assert "k3x9qa  playing, Harbour Lights, 41:12 / 2:16:00, 2 of 2 here" in lines
    lost = party | {"agent": AGENT | {"up": False, "reason": "it does not answer"}, "parties": []}
    segued.on("GET", "/api/v1/status", says(answers.status(party=lost)))
    assert "party   down     wss://party.example.org/ws, it does not answer" in ctl("status").out


def test_a_house_without_parties_does_not_speak_of_them(segued: FakeSegued, ctl: Ctl) -> None:
    nothing = {"parties": [], "clients": 0, "agent": AGENT | {"configured": False}, "seats": []}
    segued.on("GET", "/api/v1/status", says(answers.status(party=nothing)))
    assert "party" not in ctl("status").out


def test_what_happens_in_a_party_is_told(segued: FakeSegued) -> None:
    with running("watch", SEGUE_SOCKET=str(segued.path)) as watch:
        reader = segued.reader()
        reader.push({"type": "snapshot", "data": answers.status()})
        event = {"party_id": "k3x9qa", "kind": "paused", "text": "alice paused."}
        reader.event("effect.tell_event", event | {"text": "For bob only.", "to": "bob"})
        reader.event("effect.tell_event", event)
        assert watch.until("alice paused").endswith(" party    k3x9qa: alice paused.")
        assert not any("For bob only" in line for line in watch.lines)
