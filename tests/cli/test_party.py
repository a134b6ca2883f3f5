"""`seguectl party`: what is asked of segued, and what a person reads."""

import json
import shlex
import subprocess
from typing import Any

import pytest

from tests.cli import party_answers as answers
from tests.cli.conftest import Ctl
from tests.cli.fake_segued import WAIT_S, FakeSegued, refuses, says
from tests.cli.running import SCRIPT, environment

PARTIES = "/api/v1/parties"
HOME = "/api/v1/party"
LINK = "segue-party:?at=wss%3A%2F%2Fparty.example.org%2Fws&party=zz9zz9&token=t0ken"


@pytest.fixture(autouse=True)
def one_party(segued: FakeSegued) -> None:
    """A house with one party."""
    segued.on("GET", PARTIES, says(answers.parties()))


# ------------------------------------------------------------------ looking


def test_the_list_names_every_party(segued: FakeSegued, ctl: Ctl) -> None:
    lobby = answers.brief(
        party_id="aa1aa1", phase="lobby", starts_at=1_700_000_000.0, present=0, problems=1, host=""
    )
    segued.on("GET", PARTIES, says(answers.parties(answers.brief(), lobby, elsewhere=(answers.AWAY,))))
    shown = ctl("party")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == (
        "PARTY   STATE    MEMBERS             HOST   WHEN                    FILM\n"
        "k3x9qa  playing  2 of 2              alice  41:12 / 2:16:00         Harbour Lights\n"
        "aa1aa1  lobby    0 of 2 (1 problem)  -      at 2023-11-14 22:13:20  Harbour Lights\n"
        "\n"
        "ELSEWHERE  STATE    PLAYER          FILM\n"
        "zz9zz9     playing  Living Room TV  Other\n"
    )
    assert ctl("party", "list").out == shown.out
    assert ctl("party", "list", "--ids").out == "k3x9qa\naa1aa1\nzz9zz9\n"
    assert json.loads(ctl("party", "--json").out)["data"]["schema"] == "segue.parties/1"


def test_a_house_without_parties_says_how_to_begin(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", PARTIES, says(answers.none()))
    assert "`seguectl party create" in ctl("party").out
    segued.on("GET", PARTIES, says(answers.none(hosts=False)))
    assert "hosts no parties" in ctl("party").out


def test_one_party_is_shown_with_everybody(segued: FakeSegued, ctl: Ctl) -> None:
    closed = answers.player(
        title="Den", problem="app_closed", detail="The app is closed. Open it.", drift_ms=None, note=""
    )
    away = answers.player(away="paused")
    segued.on(
        "GET",
        f"{PARTIES}/-",
        says(
            answers.party(
                answers.member("alice", role="host"),
                answers.member("bob", closed, offset_ms=-120, ignored=True),
                answers.member("carol", away),
                answers.member("dave", present=False),
            )
        ),
    )
    shown = ctl("party", "show")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == (
        "k3x9qa Harbour Lights\n"
        "  playing, 41:12 / 2:16:00\n"
        "  open=no join=invited late=attach stall=follow grace=10s intermissions=on length=10min first=60min "
        "every=60min remain=30min guard=10min\n"
        "  intermission at 1:00:00\n"
        "\n"
        "MEMBER  ROLE                    PLAYER          STATE          DRIFT      OFFSET\n"
        "alice   host                    Living Room TV  in step        -12 ms ±8  -\n"
        "bob     guest (not waited for)  Den             app closed     -          -120 ms\n"
        "carol   guest                   Living Room TV  away: paused   -12 ms ±8  -\n"
        "dave    guest                   Living Room TV  not connected  -12 ms ±8  -\n"
        "\n"
        "  bob, Den: The app is closed. Open it.\n"
        "  carol, Living Room TV: paused on its own remote; it comes back when play is pressed there.\n"
        "\n"
        "1 invitation not used yet.\n"
    )


def test_the_pages_of_who_there_is(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on(
        "GET",
        f"{HOME}/users",
        says(
            {
                "users": [
                    {
                        "username": "alice",
                        "present": True,
                        "protocol": "old",
                        "devices": [{"device_id": "tv-1", "title": "TV"}],
                        "parties": [{"party_id": "k3x9qa", "phase": "playing", "role": "host"}],
                        "nicks": ["al_"],
                    }
                ]
            }
        ),
    )
    assert ctl("party", "users").out.splitlines()[1] == "alice  connected (old)  k3x9qa (host)  al_  TV"
    segued.on("GET", f"{HOME}/devices", says({"devices": []}))
    assert ctl("party", "devices").out == "No connected agent offers a player.\n"
    segued.on("GET", f"{HOME}/agent", says(answers.agent()))
    assert ctl("party", "agent").out == (
        "carol, connected to wss://party.example.org/ws\n"
        "\n"
        "PLAYER          STATE  ID\n"
        "Living Room TV  ready  tv-1\n"
        "Not in authorized_clients: Kitchen.\n"
        "\n"
        "PARTY   STATE    PLAYER          DOES     DRIFT     FILM\n"
        "zz9zz9  playing  Living Room TV  in step  -7 ms ±3  Other\n"
    )
    segued.on("GET", f"{HOME}/agent", says(answers.agent(up=False, reason="It does not answer.")))
    assert ctl("party", "agent").out.splitlines()[1] == "  It does not answer."
    asking = {"nick": "al_", "account": "", "username": "alice", "until": None}
    segued.on("GET", f"{HOME}/nicks", says({"bindings": [], "asking": [asking]}))
    assert "al_ asks to speak for alice" in ctl("party", "nicks").out


# ------------------------------------------------------------------ leading


@pytest.mark.parametrize(
    ("line", "path", "body"),
    [
        ("start", "-/start", {}),
        ("pause k3x9qa", "k3x9qa/pause", {}),
        ("resume", "-/resume", {}),
        ("skip --party k3x9qa", "k3x9qa/skip", {}),
        ("stop -p zzzzzz", "zzzzzz/stop", {}),
        ("seek 1:02:03", "-/seek", {"position_ms": 3_723_000}),
        ("seek k3x9qa 83", "k3x9qa/seek", {"position_ms": 83_000}),
        ("resync", "-/resync", {"username": ""}),
        ("resync bob", "-/resync", {"username": "bob"}),
        ("offset bob -120ms", "-/offset", {"username": "bob", "offset_ms": -120}),
        ("offset k3x9qa bob +0.2s", "k3x9qa/offset", {"username": "bob", "offset_ms": 200}),
        ("add bob", "-/members", {"username": "bob", "device": "", "role": "guest"}),
        (
            "add k3x9qa bob 'Living Room TV' --cohost",
            "k3x9qa/members",
            {"username": "bob", "device": "Living Room TV", "role": "cohost"},
        ),
        ("remove bob", "-/members/remove", {"username": "bob", "device": ""}),
        ("role bob host", "-/role", {"username": "bob", "role": "host"}),
        ("ignore bob", "-/ignore", {"username": "bob", "ignored": True}),
        ("ignore bob off", "-/ignore", {"username": "bob", "ignored": False}),
        ("schedule off", "-/schedule", {"starts_at": None}),
        ("schedule 2023-11-14 22:13:20", "-/schedule", {"starts_at": 1_700_000_000.0}),
        (
            "rules open=yes stall=wait grace=20 length=5min times=45:00+1:30:00",
            "-/rules",
            {
                "open": True,
                "stall": "wait",
                "start_grace_s": 20.0,
                "intermissions": {"length_s": 300, "times_s": [2700, 5400]},
            },
        ),
        ("rules intermissions=off", "-/rules", {"intermissions": {"enabled": False}}),
        ("queue --clear", "-/queue", {"films": []}),
    ],
)
def test_a_word_is_one_request(segued: FakeSegued, ctl: Ctl, line: str, path: str, body: Any) -> None:
    segued.on("POST", f"{PARTIES}/{path}", says(answers.done("does it"), 202))
    done = ctl("party", *shlex.split(line))
    assert (done.code, done.err) == (0, "")
    assert done.out.lower().endswith("does it\n")
    sent = [request for request in segued.requests if request.method == "POST"]
    assert [request.path for request in sent] == [f"{PARTIES}/{path}"]
    assert sent[0].json == body


def test_a_seek_from_here_asks_where_that_is(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", f"{PARTIES}/-", says(answers.party(position_ms=60_000)))
    segued.on("POST", f"{PARTIES}/-/seek", says(answers.done("seeks"), 202))
    for word, to_ms in (("+30", 90_000), ("-0:10", 50_000), ("-5:00", 0)):
        assert ctl("party", "seek", word).code == 0
        assert segued.requests[-1].json == {"position_ms": to_ms}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("dance", "party takes list, show,"),
        ("pause k3x9qa now", "takes no 'now'"),
        ("seek", "This needs a position"),
        ("seek soon", "'soon' is no position"),
        ("offset bob later", "'later' is no offset"),
        ("offset bob", "a member, and how much later"),
        ("add", "This needs a member"),
        ("role bob king", "'king' is no role"),
        ("ignore bob maybe", "neither on nor off"),
        ("schedule yesterday", "is no time"),
        ("rules stall=never", "follow or wait is expected"),
        ("rules quiet", "KEY=VALUE is expected"),
        ("pause --at 20:30", "--at does not go with `party pause`"),
        ("create", "A film is needed"),
        ("create x --duration 1:30:00", "--duration goes with"),
        ("queue x --clear", "--clear takes no film"),
        ("join nonsense", "This is no invitation"),
        ("invite --hours 0", "a number from 1 to 720"),
        ("nick ABCDEF", "the code that was given"),
    ],
)
def test_what_makes_no_sense_is_not_sent(segued: FakeSegued, ctl: Ctl, line: str, words: str) -> None:
    done = ctl("party", *shlex.split(line))
    assert done.code == 2, done
    assert words in done.err
    assert not [request for request in segued.requests if request.method == "POST"]


def test_a_refusal_is_told_with_its_next_step(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on(
        "POST",
        f"{PARTIES}/-/pause",
        refuses(422, "not_started", "It has not begun.", "`party start` begins it."),
    )
    done = ctl("party", "pause")
    assert (done.code, done.err) == (1, "seguectl: It has not begun.\n  `party start` begins it.\n")


def test_several_parties_must_be_named(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", PARTIES, says(answers.parties(answers.brief(), answers.brief(party_id="aa1aa1"))))
    done = ctl("party", "pause")
    assert done.code == 1
    assert "parties: k3x9qa, aa1aa1" in done.err
    segued.on("POST", f"{PARTIES}/aa1aa1/pause", says(answers.done("pauses", "aa1aa1"), 202))
    assert ctl("party", "pause", "aa1aa1").out == "aa1aa1 pauses\n"


def test_a_party_that_has_ended_is_not_in_the_way(segued: FakeSegued, ctl: Ctl) -> None:
    over = answers.brief(party_id="aa1aa1", phase="ended")
    segued.on("GET", PARTIES, says(answers.parties(over, answers.brief())))
    segued.on("POST", f"{PARTIES}/-/pause", says(answers.done("pauses"), 202))
    assert ctl("party", "pause").code == 0


# ------------------------------------------------------------------ at another house


@pytest.mark.parametrize(
    ("line", "wish"),
    [
        ("pause", {"op": "pause"}),
        ("resume", {"op": "play"}),
        ("seek zz9zz9 1:00", {"op": "seek", "position_ms": 60_000}),
        ("offset -120ms", {"op": "offset", "offset_ms": -120}),
        ("resync", {"op": "resync"}),
    ],
)
def test_a_party_elsewhere_is_asked_through_the_agent(
    segued: FakeSegued, ctl: Ctl, line: str, wish: dict[str, Any]
) -> None:
    segued.on("GET", PARTIES, says(answers.none(answers.AWAY)))
    segued.on("POST", f"{HOME}/agent/want", says(answers.done("asked", "zz9zz9"), 202))
    assert ctl("party", *line.split()).code == 0
    assert segued.requests[-1].json == {"party_id": "zz9zz9", **wish}


def test_what_only_its_host_does_is_said(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", PARTIES, says(answers.none(answers.AWAY)))
    segued.on("GET", f"{HOME}/agent", says(answers.agent()))
    assert ctl("party", "show").out.startswith("carol, connected to wss://party.example.org/ws\n")
    done = ctl("party", "add", "bob")
    assert done.code == 2
    assert "hosted by another house" in done.err
    done = ctl("party", "seek", "+10")
    assert done.code == 1
    assert "Say the position itself" in done.err


def test_this_home_leaves_and_comes_back(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", PARTIES, says(answers.none(answers.AWAY)))
    segued.on("GET", f"{HOME}/agent", says(answers.agent()))
    segued.on("POST", f"{HOME}/agent/want", says(answers.done("asked", "zz9zz9"), 202))
    for verb in ("rejoin", "leave"):
        assert ctl("party", verb).code == 0
        assert segued.requests[-1].json == {"party_id": "zz9zz9", "op": verb}


# ------------------------------------------------------------------ making


def test_a_party_is_made_with_a_film_of_this_homes_plex(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", f"{HOME}/films?text=harbour%20lights", says(answers.films(answers.FOUND)))
    segued.on("POST", PARTIES, says(answers.done("makes party k3x9qa"), 202))
    done = ctl(
        "party", "create", "harbour", "lights", "--at", "2023-11-14 22:13:20", "--host", "alice", "--rules",
        "open=yes,length=5min",
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "k3x9qa Harbour Lights\n"
        "Begins 2023-11-14 22:13:20. `party add NAME` or `party invite` brings people in.\n"
    )
    assert segued.requests[-1].json == {
        "film": {
            "duration_ms": 8_160_000,
            "guid": "plex://movie/1",
            "filename": "Harbour Lights (2011).mkv",
            "title": "Harbour Lights",
        },
        "starts_at": 1_700_000_000.0,
        "host": "alice",
        "rules": {"open": True, "intermissions": {"length_s": 300}},
    }


def test_several_films_are_listed_and_one_is_chosen(segued: FakeSegued, ctl: Ctl) -> None:
    other = answers.FOUND | {"title": "Harbour Lights Again", "year": 2015, "rating_key": "42"}
    segued.on("GET", f"{HOME}/films?text=harbour", says(answers.films(answers.FOUND, other)))
    segued.on("POST", PARTIES, says(answers.done("makes party k3x9qa"), 202))
    done = ctl("party", "create", "harbour")
    assert done.code == 1
    assert done.err == (
        "seguectl: 'harbour' may be one of 2.\n"
        "41  2:16:00  Harbour Lights (2011)\n"
        "42  2:16:00  Harbour Lights Again (2015)\n"
        "  Say which: `--film ID`.\n"
    )
    assert ctl("party", "create", "harbour", "--film", "7").code == 1
    assert not [request for request in segued.requests if request.method == "POST"]
    assert ctl("party", "create", "harbour", "--film", "42").code == 0
    assert segued.requests[-1].json["film"]["title"] == "Harbour Lights Again"
    segued.on("GET", f"{HOME}/films?text=harbour%20lights", says(answers.films(answers.FOUND, other)))
    assert ctl("party", "create", "harbour lights").code == 0, "the one that is called so is meant"
    assert segued.requests[-1].json["film"]["title"] == "Harbour Lights"


def test_a_film_that_nobody_looks_up(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("POST", PARTIES, says(answers.done("makes party k3x9qa"), 202))
    assert ctl("party", "create", "--filename", "a.mkv", "--duration", "1:30:00").code == 0
    assert [request.path for request in segued.requests] == [PARTIES]
    assert segued.requests[-1].json == {
        "film": {"duration_ms": 5_400_000, "guid": "", "filename": "a.mkv", "title": ""}
    }


def test_a_film_that_is_not_there_or_was_not_measured(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", f"{HOME}/films?text=x", says(answers.films()))
    done = ctl("party", "create", "x")
    assert (done.code, "has no film like 'x'" in done.err) == (1, True)
    segued.on("GET", f"{HOME}/films?text=x", says(answers.films(answers.FOUND | {"duration_ms": None})))
    assert "how long" in ctl("party", "create", "x").err


def test_a_film_is_put_behind_those_that_follow(segued: FakeSegued, ctl: Ctl) -> None:
    second = answers.FILM | {"title": "Second"}
    segued.on("GET", f"{PARTIES}/-", says(answers.party(films=[answers.FILM, second])))
    assert ctl("party", "queue").out == "2:16:00  Second\n"
    segued.on("GET", f"{HOME}/films?text=third", says(answers.films(answers.FOUND | {"title": "Third"})))
    segued.on("POST", f"{PARTIES}/-/queue", says(answers.done("2 films follow"), 202))
    assert ctl("party", "queue", "third").out == "2 films follow\n"
    assert [film["title"] for film in segued.requests[-1].json["films"]] == ["Second", "Third"]


# ------------------------------------------------------------------ invitations


def test_an_invitation_is_one_line_for_a_program(segued: FakeSegued, ctl: Ctl) -> None:
    made = {"party": "k3x9qa", "link": LINK, "until": 1_700_000_000, "role": "guest", "encrypted": True}
    segued.on("POST", f"{PARTIES}/-/invite", says(made))
    assert ctl("party", "invite", "--cohost", "--hours", "24", "--address", "wss://x").out == f"{LINK}\n"
    assert segued.requests[-1].json == {"role": "cohost", "hours": 24, "at": "wss://x"}
    assert json.loads(ctl("party", "invite", "--json").out)["data"]["link"] == LINK


def test_an_invitation_is_taken_from_the_input(segued: FakeSegued, ctl: Ctl) -> None:
    joined = {
        "party_id": "zz9zz9",
        "orchestrator": "wss://party.example.org/ws",
        "joined": True,
        "reason": "",
    }
    segued.on("POST", f"{HOME}/agent/join", says(joined))
    for words, given in (((), f"{LINK}\n"), (("-",), LINK), ((LINK,), "")):
        done = subprocess.run(
            [SCRIPT, "party", "join", *words],
            input=given,
            capture_output=True,
            text=True,
            env=environment(SEGUE_SOCKET=str(segued.path)),
            timeout=WAIT_S,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == "Joined party zz9zz9 at wss://party.example.org/ws.\n"
        assert segued.requests[-1].json == {"link": LINK}


def test_an_invitation_that_leads_nowhere_yet_is_kept(segued: FakeSegued, ctl: Ctl) -> None:
    waits = {"party_id": "zz9zz9", "orchestrator": "wss://there/ws", "joined": False, "reason": "no route"}
    segued.on("POST", f"{HOME}/agent/join", says(waits))
    done = ctl("party", "join", LINK)
    assert done.code == 1
    assert done.out.startswith("Not there yet: wss://there/ws: no route.\nThe invitation is kept")


def test_a_nick_is_confirmed_and_unbound(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("POST", f"{HOME}/nicks/confirm", says({"doing": "binds al_ to alice"}, 202))
    segued.on("POST", f"{HOME}/nicks/unbind", says({"doing": "unbinds al_"}, 202))
    assert ctl("party", "nick", "ABC234", "alice").out == "segued binds al_ to alice\n"
    assert segued.requests[-1].json == {"code": "ABC234", "username": "alice"}
    assert ctl("party", "unbind", "al_").out == "segued unbinds al_\n"
