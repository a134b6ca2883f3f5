"""Every command, run as a person runs it: what it asks of segued, and what it shows."""

import json

import pytest

from segue.cli.commands import COMMANDS
from tests.cli import answers
from tests.cli.conftest import Ctl
from tests.cli.fake_segued import FakeSegued, refuses, says
from tests.cli.running import seguectl

ROOMS = "/api/v1/rooms"


# ------------------------------------------------------------------ looking


def test_status_shows_links_rooms_and_what_is_not_well(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", "/api/v1/status", says(answers.status(health=[answers.HEALTH])))
    shown = ctl("status")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == (
        "segued 0.1.0, up 3 d 4 h, pid 812\n"
        "plex    ok       http://192.0.2.1:32400, read 2 s ago\n"
        "heos    up       192.0.2.10, 2 players\n"
        "journal ok       10,233 rows\n"
        "\n"
        "ROOM     STATE      VOLUME  INPUT  NOW\n"
        "living   ▶ playing  30      cd     Long Road by The Lanterns  1:23 / 4:56\n"
        "kitchen  ■ stopped  12      tv\n"
        "\n"
        "SEG-201 The HEOS system is not reachable\n"
        "  192.0.2.10: connection refused\n"
        "  → Is the receiver's network control set to 'always on'?\n"
    ).replace("2 s ago", shown.out.partition("read ")[2].partition("\n")[0])


def test_status_shows_a_fade_and_a_mute_and_an_absence(segued: FakeSegued, ctl: Ctl) -> None:
    fade = {"from_level": 5, "to_level": 30, "remaining_s": 2.5, "why": "player_start"}
    fading = answers.room(level=5, fade=fade, muted=True)
    gone = answers.idle_room(level=None, heos_player=None, available=False)
    segued.on("GET", "/api/v1/status", says(answers.status(fading, gone)))
    shown = ctl("status").out
    assert "5 → 30 (2.5 s) muted" in shown
    assert "not reachable" in shown


def test_status_shows_a_film_that_is_watched_together(segued: FakeSegued, ctl: Ctl) -> None:
    """The film stands before the music that made way for it; in an intermission the music is what is heard."""
    party = {"party_id": "k3x9qa", "film": "Sunrise", "scene": "film", "held": True}
    watching = answers.room(party=party)
    resting = answers.idle_room(party={**party, "scene": "intermission"})
    segued.on("GET", "/api/v1/status", says(answers.status(watching, resting)))
    shown = ctl("status").out.splitlines()
    assert shown[-2].endswith("Sunrise  party k3x9qa")
    assert shown[-1].endswith("intermission")


def test_status_of_a_house_without_rooms_says_what_to_do(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", "/api/v1/status", says(answers.status(rooms=[], plex={"configured": False})))
    shown = ctl("status").out
    assert "plex    not configured" in shown
    assert "No rooms are configured" in shown


def test_rooms_and_their_names(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", ROOMS, says(answers.rooms()))
    table = ctl("rooms").out.splitlines()
    assert table[0].split() == [
        "ROOM",
        "PLEX",
        "PLAYER",
        "HEOS",
        "PLAYER",
        "STATE",
        "VOLUME",
        "MAX",
        "PHASE",
        "INPUT",
    ]
    assert table[1].split() == ["living", "Plexamp", "Living", "playing", "30", "60", "resting", "cd"]
    assert ctl("rooms", "--names").out == "living\nkitchen\n"


def test_players_are_shown_with_whole_ids(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", "/api/v1/players", says(answers.players()))
    shown = ctl("players").out
    assert "bc97b983-8169-47e3-bbcc-54a12d662546" in shown
    assert "-1428708007" in shown


def test_why_tells_each_act_with_its_causes(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", "/api/v1/why?limit=5", says(answers.why()))
    assert ctl("why").out == (
        "2023-11-14 22:13:22  living  volume 42 → 18 in 24 steps (pause)  done\n"
        "                     because  2023-11-14 22:13:21  Plexamp paused  rule: plex follows, #4\n"
        "                       after  2023-11-14 22:13:20  root asked: pause  #3\n"
        "\n"
        "2023-11-14 21:56:40  living  input inputs/tv → inputs/cd (player start)  failed: timeout\n"
        "                     the journal knows no cause of it any more\n"
    )


def test_why_of_one_room_and_some_acts(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", "/api/v1/why?limit=2&room=the%20den", says(answers.why()))
    assert ctl("why", "the den", "-n", "2").code == 0
    assert ctl("why", "--number", "2", "--room", "the den").code == 0


def test_why_when_nothing_was_done(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", "/api/v1/why?limit=5", says({"schema": "segue.why/1", "acts": []}))
    assert "nothing yet" in ctl("why").out


# ------------------------------------------------------------------ moving

MOVES = [
    ("play", "play", {}),
    ("pause", "pause", {}),
    ("resume", "resume", {}),
    ("stop", "stop", {}),
    ("next", "next", {}),
    ("prev", "previous", {}),
    ("volume 30", "volume", {"level": 30}),
    ("volume 30%", "volume", {"level": 30}),
    ("volume 0", "volume", {"level": 0}),
    ("volume up", "volume", {"direction": "up"}),
    ("volume down", "volume", {"direction": "down"}),
    ("mute", "mute", {"muted": True}),
    ("mute on", "mute", {"muted": True}),
    ("mute off", "mute", {"muted": False}),
    ("mute toggle", "mute", {}),
    ("source cd", "source", {"input": "cd"}),
    ("source inputs/tv", "source", {"input": "inputs/tv"}),
    ("seek 1:23", "seek", {"position_ms": 83_000}),
    ("seek 83.5", "seek", {"position_ms": 83_500}),
    ("fade 15", "fade", {"to_level": 15}),
    ("fade 15 --over 60", "fade", {"to_level": 15, "duration_s": 60.0}),
    ("fade --over 1.5 15", "fade", {"to_level": 15, "duration_s": 1.5}),
]


@pytest.mark.parametrize(("line", "verb", "body"), MOVES, ids=[line for line, _, _ in MOVES])
def test_a_move_is_one_request_for_the_only_room_or_the_named_one(
    segued: FakeSegued, ctl: Ctl, line: str, verb: str, body: dict[str, object]
) -> None:
    name, *words = line.split()
    segued.on("POST", f"{ROOMS}/-/{verb}", says(answers.accepted("does it"), 202))
    segued.on("POST", f"{ROOMS}/den/{verb}", says(answers.accepted("does it", "den"), 202))
    alone = ctl(name, *words)
    assert (alone.code, alone.out, alone.err) == (0, "living does it\n", "")
    assert ctl(name, "den", *words).out == "den does it\n"
    assert ctl(name, "--room", "den", *words).out == "den does it\n"
    assert [request.json for request in segued.requests] == [body] * 3


def test_a_step_of_some_levels_starts_at_the_base_and_ends_at_the_limit(segued: FakeSegued, ctl: Ctl) -> None:
    fading = answers.room(level=3, base_level=57, max_level=60)
    segued.on("GET", ROOMS, says(answers.rooms(fading)))
    segued.on("POST", f"{ROOMS}/living/volume", says(answers.accepted("goes")))
    for word, level in (("+2", 59), ("-10", 47), ("+9", 60), ("-99", 0)):
        assert ctl("volume", word).code == 0
        assert segued.requests[-1].json == {"level": level}


def test_a_step_from_an_unknown_level_is_refused(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", ROOMS, says(answers.rooms(answers.room(level=None, base_level=None))))
    refused = ctl("volume", "+2")
    assert refused.code == 1
    assert "The level of living is not known" in refused.err


def test_seeking_from_here_stays_within_the_title(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", ROOMS, says(answers.rooms()))
    segued.on("POST", f"{ROOMS}/living/seek", says(answers.accepted("seeks")))
    for word, position_ms in (
        ("+30", 113_000),
        ("-10", 73_000),
        ("-1:20", 3_000),
        ("-5:00", 0),
        ("+9:00", 296_000),
    ):
        assert ctl("seek", "living", word).code == 0
        assert segued.requests[-1].json == {"position_ms": position_ms}
    assert ctl("seek", "kitchen", "+30").err == "seguectl: Nothing that can be sought plays in kitchen.\n"


def test_what_needs_the_room_beforehand_lists_the_rooms_when_there_are_several(
    segued: FakeSegued, ctl: Ctl
) -> None:
    segued.on("GET", ROOMS, says(answers.rooms()))
    assert ctl("volume", "+2").err == (
        "seguectl: The house has not exactly one room; name it.\n  rooms: living, kitchen\n"
    )
    assert (
        ctl("volume", "attic", "+2").err == "seguectl: There is no room 'attic'.\n  rooms: living, kitchen\n"
    )


def test_levels_and_inputs_are_shown_when_none_is_given(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", ROOMS, says(answers.rooms(answers.room(base_level=35), answers.idle_room())))
    assert ctl("volume").out == "living 30 (base 35, at most 60)\nkitchen 12 (at most 60)\n"
    assert ctl("volume", "kitchen").out == "kitchen 12 (at most 60)\n"
    assert ctl("source").out == "living cd\nkitchen tv (its player wants cd)\n"
    assert ctl("source", "--room", "living").out == "living cd\n"


def test_a_room_whose_name_is_a_level_can_be_named(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("POST", f"{ROOMS}/30/volume", says(answers.accepted("goes", "30")))
    assert ctl("volume", "30", "20").out == "30 goes\n"
    assert ctl("volume", "-r", "30", "20").out == "30 goes\n"


@pytest.mark.parametrize(
    ("name", "path"), [("the den", "the%20den"), ("Küche", "K%C3%BCche"), ("a/b?c#d%", "a%2Fb%3Fc%23d%25")]
)
def test_a_name_is_one_part_of_the_path_whatever_it_has_in_it(
    segued: FakeSegued, ctl: Ctl, name: str, path: str
) -> None:
    segued.on("POST", f"{ROOMS}/{path}/pause", says(answers.accepted("pauses", name)))
    assert ctl("pause", name).out == f"{name} pauses\n"


def test_reload_lists_what_changed_and_what_needs_a_restart(segued: FakeSegued, ctl: Ctl) -> None:
    changed = {
        "schema": "segue.reload/1",
        "changed": ["room.living.max_level"],
        "restart_needed": ["server.listen"],
    }
    unchanged = {"schema": "segue.reload/1", "changed": [], "restart_needed": []}
    segued.on("POST", "/api/v1/reload", says(changed), says(unchanged))
    assert ctl("reload").out == (
        "The configuration is in force; changed:\n  room.living.max_level\n"
        "These need a restart (`sudo systemctl restart segued`):\n  server.listen\n"
    )
    assert ctl("reload").out == "The configuration is in force; nothing in it has changed.\n"


def test_a_broken_configuration_is_shown_with_every_line(segued: FakeSegued, ctl: Ctl) -> None:
    message = (
        "segue.toml has 2 errors:\nsegue.toml:3: plex.ulr: unknown, did you mean url?\nsegue.toml:9: ..."
    )
    segued.on(
        "POST", "/api/v1/reload", refuses(422, "bad_config", message, "The former settings stay in force.")
    )
    refused = ctl("reload")
    assert refused.code == 1
    assert refused.err == f"seguectl: {message}\n  The former settings stay in force.\n"


# ------------------------------------------------------------------ JSON


def test_with_json_every_command_prints_what_segued_said(segued: FakeSegued, ctl: Ctl) -> None:
    said = {
        "status": ("GET", "/api/v1/status", answers.status()),
        "rooms": ("GET", ROOMS, answers.rooms()),
        "players": ("GET", "/api/v1/players", answers.players()),
        "why": ("GET", "/api/v1/why?limit=5", answers.why()),
        "volume": ("GET", ROOMS, answers.rooms()),
        "source": ("GET", ROOMS, answers.rooms()),
        "pause": ("POST", f"{ROOMS}/-/pause", answers.accepted("pauses")),
        "mute": ("POST", f"{ROOMS}/-/mute", answers.accepted("is muted")),
        "fade 3": ("POST", f"{ROOMS}/-/fade", answers.accepted("fades")),
        "seek 3": ("POST", f"{ROOMS}/-/seek", answers.accepted("seeks")),
        "reload": ("POST", "/api/v1/reload", {"schema": "segue.reload/1", "changed": []}),
    }
    for line, (method, path, data) in said.items():
        segued.on(method, path, says(data))
        for words in (["--json", *line.split()], [*line.split(), "--json"]):
            printed = ctl(*words)
            assert (printed.code, printed.err) == (0, ""), line
            assert json.loads(printed.out) == {"ok": True, "data": data}, line
            assert printed.out.count("\n") == 1, line


def test_json_of_one_room_has_the_same_schema(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", ROOMS, says(answers.rooms()))
    printed = json.loads(ctl("volume", "kitchen", "--json").out)
    assert printed == {"ok": True, "data": answers.rooms(answers.idle_room())}


def test_json_of_a_refusal_is_the_daemons_own(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("POST", f"{ROOMS}/-/volume", refuses(422, "which_room", "Name it.", "rooms: a, b"))
    refused = ctl("volume", "30", "--json")
    assert (refused.code, refused.err) == (1, "")
    error = {"code": "which_room", "message": "Name it.", "hint": "rooms: a, b"}
    assert json.loads(refused.out) == {"ok": False, "error": error}


def test_json_of_a_failure_of_our_own_has_the_same_shape() -> None:
    failed = seguectl("status", "--json", "--socket", "/nonexistent/ctl.sock")
    assert failed.code == 3
    assert json.loads(failed.out)["error"]["code"] == "no_socket"
    misused = seguectl("volume", "130", "--json")
    assert misused.code == 2
    assert json.loads(misused.out)["error"]["code"] == "usage"


# ------------------------------------------------------------------ the command line


@pytest.mark.parametrize(
    ("line", "says_so"),
    [
        ("volume 101", "levels go from 0 to 100"),
        ("volume living loud", "'loud' is not a level: 0-100, up, down, +N or -N."),
        ("volume a 3 4", "volume takes a room and a level"),
        ("seek living", "seek needs a position"),
        ("seek a 1:99", "go up to 59"),
        ("seek a 1:2:3:4", "is not a position"),
        ("fade", "fade needs a level"),
        ("fade up", "fade needs a level"),
        ("fade 3 --over forever", "--over is 'forever'"),
        ("fade 3 --over 4000", "at most 3600 seconds"),
        ("mute a maybe", "'maybe' is not on, off or toggle."),
        ("pause a b", "pause takes one room and nothing else"),
        ("pause a --room b", "pause takes one room and nothing else"),
        ("status now", "status takes no 'now'."),
        ("why -n 0", "-n is '0': a number from 1 to 200"),
        ("why -n many", "-n is 'many'"),
        ("status --timeout soon", "--timeout is 'soon'"),
        ("status --loud", "Unrecognized arguments: --loud."),
        ("status --socket", "expected one argument"),
        ("statsu", "Did you mean `seguectl status`?"),
        ("xyzzy", "`seguectl --help` lists the commands."),
    ],
)
def test_a_line_that_makes_no_sense_is_explained_and_sends_nothing(
    segued: FakeSegued, ctl: Ctl, line: str, says_so: str
) -> None:
    refused = ctl(*line.split())
    assert refused.code == 2
    assert refused.out == ""
    assert says_so in refused.err
    assert segued.requests == []


def test_an_empty_name_is_no_room(ctl: Ctl) -> None:
    assert ctl("pause", "").code == 2
    assert ctl("source", "").code == 2


def test_help_says_what_there_is_and_what_a_command_takes() -> None:
    overview = seguectl("--help")
    assert overview.code == 0
    for name in (command.name for command in COMMANDS):
        assert f"\n  {name} " in overview.out
        about = seguectl(name, "--help")
        assert about.code == 0
        assert about.out.startswith(f"usage: seguectl {name}")
        assert about.out == seguectl("help", name).out
        assert about.out.count("\n  --timeout ") == 1, "an option is listed once"
    assert seguectl("help").out == overview.out
    assert seguectl().code == 2
    assert seguectl("--version").out.startswith("seguectl ")
