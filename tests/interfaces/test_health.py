"""What is not well: every code can happen, is said once, and says what to do."""

from msgspec.structs import replace as but

from segue.core.ingest.requests import SourceFile
from segue.core.ingest.state import IngestState, Job, PendingScan, Queued, Root
from segue.core.music.actions import HeosPlayer
from segue.core.music.state import MusicState, PlexLink, Receiver, Room, RoomSettings
from segue.core.party.home import Home
from segue.core.party.settings import Film, PartyRules
from segue.core.party.state import Frame, Gathering, Lobby, Member, Party, PartyState, Seat
from segue.core.party.sync.target import GroupLine
from segue.core.state import State
from segue.core.system.state import ActorTrouble, SystemState
from segue.interfaces import views
from segue.interfaces.health import TROUBLES, Json
from segue.interfaces.health import health as health_of
from segue.interfaces.moment import Moment

ROOM = Room(settings=RoomSettings(name="living", heos_player="Living Room"))
UP = MusicState(heos_up=True, heos_host="192.0.2.10", rooms=(ROOM,))
WAITING = Job(
    "a",
    SourceFile("/in/film.mkv", 1, 1),
    "/in",
    Queued("transfer", 0.0, detail="no space: 2.0 GB needed, 1.0 GB free"),
    0.0,
    1,
)
UNWRITTEN = but(WAITING, phase=Queued("record", 0.0, detail="the history: locked"), attempts=2)
UNREADY = Party(
    party_id="k3x9qa",
    films=(Film(7_200_000, title="Film"),),
    frame=Frame(GroupLine(1, 0, 0.0, 0.0), 0, "gather", 0.0),
    phase=Gathering(10.0),
    rules=PartyRules(),
    wall_created_at=0.0,
    still_at=0.0,
    members=(Member("alice", seats=(Seat("TV", problem="app_closed", detail="Open the app."),)),),
)
CASES: dict[str, State] = {
    "SEG-101": State(music=MusicState(plex=PlexLink(status="refused", detail="401"))),
    "SEG-102": State(music=MusicState(plex=PlexLink(status="down", detail="refused by the network"))),
    "SEG-201": State(music=MusicState(heos_host="192.0.2.10", heos_detail="connection refused")),
    "SEG-202": State(music=but(UP, heos_players=(HeosPlayer(1, "Kitchen"),))),
    "SEG-301": State(system=SystemState(journal="late", journal_detail="a commit takes longer")),
    "SEG-302": State(system=SystemState(config_problems="segue.toml:3: max_level")),
    "SEG-303": State(system=SystemState(troubles=(ActorTrouble("log_writer", "OSError", 2, 0.0),))),
    "SEG-304": State(system=SystemState(set_aside=(("music", "version 9 is newer"),))),
    "SEG-401": State(ingest=IngestState(roots=(Root("/in", "missing", detail="No such file"),))),
    "SEG-402": State(ingest=IngestState(tmdb_problem="HTTP status 401")),
    "SEG-403": State(ingest=IngestState(jobs={"a": WAITING})),
    "SEG-404": State(
        ingest=IngestState(scans=(PendingScan("/films/X", 0.0, 0.0, 1, attempts=2, detail="down"),))
    ),
    "SEG-406": State(ingest=IngestState(jobs={"a": UNWRITTEN})),
    "SEG-405": State(ingest=IngestState(client_error="connection refused")),
    "SEG-501": State(party=PartyState(home=Home(orchestrator="wss://party.example.org", reason="refused"))),
    "SEG-502": State(party=PartyState(parties={"k3x9qa": UNREADY})),
}
"""For each code, a house in which that one thing is not well."""


def health(state: State) -> list[Json]:
    return health_of(state, heos_configured=True)


def test_every_code_has_a_house_in_which_it_alone_is_said() -> None:
    assert sorted(CASES) == [trouble.code for trouble in TROUBLES]
    for code, state in CASES.items():
        assert [item["code"] for item in health(state)] == [code]


def test_the_text_says_what_is_particular_to_the_case() -> None:
    texts = {code: health(state)[0]["text"] for code, state in CASES.items()}
    assert texts["SEG-101"] == "401"
    assert texts["SEG-202"] == "Room living names 'Living Room'; the system has: Kitchen."
    assert texts["SEG-301"] == "late: a commit takes longer"
    assert texts["SEG-403"] == "film.mkv: no space: 2.0 GB needed, 1.0 GB free"
    assert texts["SEG-303"] == "log_writer failed 2 times: OSError"


def test_a_house_in_which_all_is_well_has_nothing_to_say() -> None:
    found = but(ROOM, receiver=Receiver(heos_player_id=1))
    well = State(music=but(UP, plex=PlexLink(status="ok"), rooms=(found,)))
    assert health(well) == []
    assert health(State()) == []


def test_what_is_missing_matters_once_a_start_is_near() -> None:
    """Early in a lobby, apps are closed and televisions off: that is no trouble yet."""
    for phase, troubles in ((Lobby(), 0), (Lobby(wall_starts_at=10.0, warned=True), 1), (Gathering(10.0), 1)):
        state = State(party=PartyState(parties={"k3x9qa": but(UNREADY, phase=phase)}))
        assert len(health(state)) == troubles
    (item,) = health(CASES["SEG-502"])
    assert item["text"] == "Party k3x9qa, alice, TV: Open the app."


def test_a_heos_system_that_was_never_found_is_missed() -> None:
    """Nobody could tell its address, so there is no host to name."""
    items = health(State(music=MusicState(heos_detail="no HEOS device answers a search")))
    assert [(item["code"], item["text"]) for item in items] == [
        ("SEG-201", "no HEOS device answers a search")
    ]


def test_a_heos_system_that_is_no_longer_configured_is_not_missed() -> None:
    assert health_of(CASES["SEG-201"], heos_configured=False) == []
    assert health_of(CASES["SEG-202"], heos_configured=False) == []


def test_several_troubles_are_all_said_in_the_order_of_their_codes() -> None:
    state = State(music=CASES["SEG-102"].music, system=CASES["SEG-302"].system)
    assert [item["code"] for item in health(state)] == ["SEG-102", "SEG-302"]


def test_a_code_is_unique_and_its_words_are_whole() -> None:
    codes = [trouble.code for trouble in TROUBLES]
    assert codes == sorted(set(codes))
    for trouble in TROUBLES:
        assert trouble.title[0].isupper()
        assert not trouble.title.endswith(".")
        assert trouble.hint.endswith((".", "?"))


def test_the_status_carries_it() -> None:
    around = views.Surroundings(version="1", pid=1, plex_url="", heos_configured=True)
    for code, state in CASES.items():
        status = views.status(state, Moment(0.0, 0.0), around)
        assert [item["code"] for item in status["health"]] == [code]
