"""The answers about parties that these tests show are answers that the daemon gives, made by its own views."""

from typing import Any

from segue.core.party.home import Home, HomeSeat
from segue.core.party.settings import Film, PartyRules
from segue.core.party.state import Frame, Invite, Member, Party, PartyState, Playing, Seat
from segue.core.party.sync.target import GroupLine
from segue.interfaces import party_views as views
from segue.interfaces.moment import Moment
from tests.cli import party_answers as answers

NOW = Moment(now_at=5.0, wall_at=5.0)
PARTY = Party(
    party_id="k3x9qa",
    films=(Film(8_160_000, title="Harbour Lights"),),
    frame=Frame(GroupLine(5, 0, 0.0), 0, "start", 0.0),
    phase=Playing(boundary_ms=3_600_000),
    rules=PartyRules(),
    wall_created_at=1.0,
    still_at=1.0,
    members=(Member("alice", role="host", seats=(Seat("TV", device_id="tv-1"),)),),
    invites=(Invite("0" * 64, "guest", 9.0),),
)
SEAT = HomeSeat("zz9zz9", "tv-1", "Living Room TV", "playing", film="Other")
STATE = PartyState(parties={"k3x9qa": PARTY}, home=Home(seats=(SEAT,)))


def keys(value: Any) -> set[str]:
    assert isinstance(value, dict)
    return set(value)


def test_the_list_has_these_fields() -> None:
    made = views.parties(STATE, NOW, hosts=True)
    assert keys(made) == keys(answers.parties())
    assert keys(made["parties"][0]) == keys(answers.brief())
    assert made["elsewhere"] == [answers.AWAY]


def test_a_party_has_these_fields() -> None:
    made, shown = views.party(PARTY, NOW), answers.party()
    assert keys(made) == keys(shown)
    for name in ("films", "members", "invites", "intermissions"):
        assert keys(made[name][0]) == keys(shown[name][0]), name
    assert keys(made["members"][0]["players"][0]) == keys(answers.player())
    assert keys(made["rules"]) == keys(answers.RULES)
    assert keys(made["rules"]["intermissions"]) == keys(answers.RULES["intermissions"])


def test_the_live_view_has_these_fields() -> None:
    made, shown = views.live(PARTY, NOW, {}), answers.live()
    assert keys(made) == keys(shown)
    assert keys(made["viewers"][0]) == keys(shown["viewers"][0])
