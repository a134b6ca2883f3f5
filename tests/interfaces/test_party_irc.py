"""What people type on IRC, and what they read there."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as but

from segue.core.party import reducer
from segue.core.party.actions import ClientConnected
from segue.core.party.effects import EventKind, TellEvent
from segue.core.party.requests import AddRequested, CreateRequested, RemoveRequested, StartRequested
from segue.core.party.settings import Device, Film, PartyRules
from segue.core.party.state import PartyState
from segue.core.stamp import Stamp
from segue.core.vocabulary import Accept, Refuse
from segue.interfaces import party_irc
from segue.interfaces.moment import Moment
from segue.interfaces.party_irc import (
    BadCommand,
    Command,
    NewParty,
    chosen,
    creating,
    heard,
    joining,
    leaving,
)

NOW_AT = 100.0
EVENING = 1_800_000_000.0
"""A Friday: 2027-01-15 08:00 UTC, 09:00 in Berlin."""
MATRIX = Film(
    duration_ms=8_177_000, guid="plex://movie/1", filename="The Matrix (1999).mkv", title="The Matrix"
)


@pytest.fixture(autouse=True)
def berlin() -> Iterator[None]:
    """The house's clock."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "CET-1CEST,M3.5.0,M10.5.0/3"
    time.tzset()
    yield
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


class Parties:
    """The party domain, stepped by hand; seven seconds a step."""

    def __init__(self) -> None:
        self.state = PartyState()
        self.seq = 0
        self.told: list[str] = []

    @property
    def moment(self) -> Moment:
        return Moment(NOW_AT + 7.0 * self.seq, EVENING + 7.0 * self.seq)

    def take(
        self, action: CreateRequested | AddRequested | RemoveRequested | StartRequested | ClientConnected
    ) -> None:
        self.seq += 1
        stamp = Stamp(self.seq, self.moment.now_at, self.moment.wall_at, 12345 * self.seq)
        self.state, effects = reducer.reduce(self.state, action, stamp)
        for effect in effects:
            if isinstance(effect, TellEvent):
                self.told.append(party_irc.announcement(effect, self.state))

    def create(self, film: Film = MATRIX, **more: object) -> str:
        self.take(CreateRequested(films=(film,), **more))  # type: ignore[arg-type]
        return list(self.state.parties)[-1]


# ------------------------------------------------------------------ what is heard


def test_a_command_is_heard_whatever_its_case_and_others_bots_commands_are_not() -> None:
    assert heard("!JOIN Living Room abc123 ") == Command("join", "Living Room abc123")
    assert heard("!list") == Command("list")
    for text in ("hello", "list", " !list", "!seen alice", "!", "!!list", "", "! list"):
        assert heard(text) is None


def test_a_device_may_have_spaces_in_its_name() -> None:
    assert joining("Living Room TV ABC123", "alice") == AddRequested(
        party_id="abc123", who="alice", username="alice", device_title="Living Room TV"
    )
    assert joining('"Living Room" abc123', "alice").device_title == "Living Room"
    assert joining("abc123", "alice").device_title == ""


@pytest.mark.parametrize("rest", ["", "Living Room", "abc123 TV", "abc12", "abc1234", "äbc123"])
def test_a_party_that_is_none_is_said(rest: str) -> None:
    with pytest.raises(BadCommand, match="six letters or digits"):
        joining(rest, "alice")


def test_leaving_needs_no_party_where_there_is_one_only() -> None:
    house = Parties()
    with pytest.raises(BadCommand, match="in no party"):
        leaving("", "alice", house.state)
    first = house.create(host="alice")
    house.create(host="bob")
    assert leaving("", "alice", house.state) == RemoveRequested(party_id=first, who="alice", username="alice")
    second = house.create(host="alice")
    with pytest.raises(BadCommand, match=f"{first}, {second}: which one"):
        leaving("", "alice", house.state)
    assert leaving(second.upper(), "alice", house.state).party_id == second


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("Heat.mkv 170", NewParty("Heat.mkv", 10_200_000)),
        ("Heat.mkv 170 now", NewParty("Heat.mkv", 10_200_000, wall_starts_at=EVENING)),
        ("The Matrix (1999).mkv 2:16:17 NOW", NewParty("The Matrix (1999).mkv", 8_177_000, True, EVENING)),
        ("Ocean's 11 116", NewParty("Ocean's 11", 6_960_000)),
        ('"Ocean\'s 11"', NewParty("Ocean's 11")),
        ("1917 119", NewParty("1917", 7_140_000)),
        ("1917", NewParty("1917")),
        ("now", NewParty("now")),
        ("A  B.mkv 5", NewParty("A  B.mkv", 300_000)),
        ("Heat.mkv 20:15", NewParty("Heat.mkv", wall_starts_at=EVENING + (20 * 60 + 15 - 9 * 60) * 60)),
        ("Heat.mkv 170 08:30", NewParty("Heat.mkv", 10_200_000, wall_starts_at=EVENING + 23.5 * 3600)),
        ("Heat.mkv 9:00", NewParty("Heat.mkv", wall_starts_at=EVENING)),
        (
            "Heat.mkv 170 2027-01-15T21:00Z",
            NewParty("Heat.mkv", 10_200_000, wall_starts_at=EVENING + 13 * 3600),
        ),
        ("Heat.mkv 2027-01-15t21:00:00", NewParty("Heat.mkv", wall_starts_at=EVENING + 12 * 3600)),
        ("Heat.mkv 2027-07-15T21:00", NewParty("Heat.mkv", wall_starts_at=EVENING + 181 * 86400 + 11 * 3600)),
    ],
)
def test_a_new_party_is_read_from_its_end(rest: str, expected: NewParty) -> None:
    """The times are those of the house's own clock, in summer and in winter, unless they say another."""
    assert creating(rest, EVENING) == expected


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        ("", "needs a file name"),
        ("20:15", "needs a file name"),
        ('""', "a film|needs a file name"),
        ("Heat.mkv 0", "of 0 is not possible"),
        ("Heat.mkv 1441", "up to 24 hours"),
        ("Heat.mkv 99:00:00", "up to 24 hours"),
        ("Heat.mkv 170 2027-13-15T21:00", "is no time"),
    ],
)
def test_what_is_no_party_says_what_would_be_one(rest: str, words: str) -> None:
    if rest == '""':
        with pytest.raises(BadCommand):
            chosen(creating(rest, EVENING), ())
        return
    with pytest.raises(BadCommand, match=words):
        creating(rest, EVENING)


@given(st.text(max_size=100))
def test_whatever_is_typed_is_read_or_refused(rest: str) -> None:
    with suppress(BadCommand):
        new = creating(rest, EVENING)
        film = chosen(new, (MATRIX,))
        assert film.duration_ms >= 1000
    with suppress(BadCommand):
        assert len(joining(rest, "alice").party_id) == 6
    for text in (rest, f"!{rest}", f"!create {rest}"):
        heard(text)


# ------------------------------------------------------------------ which film


def test_a_film_of_the_house_brings_its_own_length_and_guid() -> None:
    for name in ("The Matrix (1999).mkv", "the matrix", "plex://movie/1"):
        assert chosen(NewParty(name), (MATRIX,)) == MATRIX
        assert chosen(NewParty(name, 136 * 60_000), (MATRIX,)) == MATRIX


def test_a_length_that_is_wrong_is_said() -> None:
    with pytest.raises(BadCommand, match="The Matrix is 2:16:17 here, not 1:30:00"):
        chosen(NewParty("The Matrix", 90 * 60_000), (MATRIX,))


def test_an_exact_length_is_believed_over_the_house() -> None:
    """The friends may all have another cut."""
    film = chosen(NewParty("The Matrix", 5_400_000, is_exact=True), (MATRIX,))
    assert film == Film(duration_ms=5_400_000, filename="The Matrix")


def test_films_of_one_name_are_told_apart_by_their_length() -> None:
    other = Film(duration_ms=6_000_000, guid="plex://movie/2", filename="m.mkv", title="The Matrix")
    with pytest.raises(BadCommand, match=r"several of The Matrix.*1:40:00, 2:16:17"):
        chosen(NewParty("The Matrix"), (MATRIX, other))
    assert chosen(NewParty("The Matrix", 100 * 60_000), (MATRIX, other)) == other
    assert chosen(NewParty("m.mkv"), (MATRIX, other)) == other
    same = but(MATRIX, filename="copy.mkv")
    assert chosen(NewParty("The Matrix"), (MATRIX, same)) == MATRIX


def test_a_film_that_the_house_does_not_know_needs_a_length() -> None:
    with pytest.raises(BadCommand, match=r"no film Heat\.mkv\. Say its file name and length"):
        chosen(NewParty("Heat.mkv"), ())
    with pytest.raises(BadCommand, match=r"Did you mean The Matrix\? Else say"):
        chosen(NewParty("matrix"), (MATRIX, MATRIX))
    assert chosen(NewParty("Heat.mkv", 10_200_000), (MATRIX,)) == Film(
        duration_ms=10_200_000, filename="Heat.mkv"
    )
    with pytest.raises(BadCommand, match="without folders"):
        chosen(NewParty("/srv/Heat.mkv", 10_200_000), ())


# ------------------------------------------------------------------ answers


def test_what_became_of_a_request_is_said_with_the_next_step() -> None:
    action = joining("abc123", "alice")
    refusal = Refuse(effect_id="1.0", why="x", because=1, code="x", message="No.", hint="Ask bob.")
    assert party_irc.answered(action, refusal, None) == ["No. Ask bob."]
    accepted = Accept(effect_id="1.0", why="x", because=1, doing="adds alice")
    assert party_irc.answered(action, None, accepted) == ["Done: adds alice."]
    rough = party_irc.created(NewParty("Heat.mkv"), Film(10_200_000, filename="Heat.mkv"), "alice")
    assert "H:MM:SS" in party_irc.answered(rough, None, accepted)[1]
    known = party_irc.created(NewParty("The Matrix"), MATRIX, "alice")
    assert len(party_irc.answered(known, None, accepted)) == 1
    assert known.host == "alice"


def test_devices_are_a_users_own() -> None:
    house = Parties()
    assert "not connected" in party_irc.devices(house.state, "alice")[0]
    house.take(ClientConnected("alice", "link-1", (Device("d1", "Living Room TV"), Device("d2", "Phone"))))
    house.take(ClientConnected("bob", "link-2", ()))
    assert party_irc.devices(house.state, "alice") == ["Your players: Living Room TV, Phone"]
    assert "offers no player" in party_irc.devices(house.state, "bob")[0]


def test_parties_are_listed_with_how_they_stand() -> None:
    house = Parties()
    assert party_irc.parties(house.state, house.moment) == ["There is no party. !create makes one."]
    first = house.create(host="alice")
    second = house.create(
        Film(duration_ms=9_000_000, filename="Heat.mkv"), wall_starts_at=EVENING + 12 * 3600
    )
    house.take(ClientConnected("alice", "link-1", (Device("d1", "TV"),)))
    (line,) = party_irc.parties(house.state, house.moment)
    assert line == (
        f"{first} The Matrix: not begun, 1 of 1 there · "
        f"{second} Heat.mkv: begins Fri 15 Jan 21:00 (UTC+0100), 0 of 0 there"
    )
    house.take(StartRequested(party_id=first))
    assert f"{first} The Matrix: gathering at 0:00:00" in party_irc.parties(house.state, house.moment)[0]


def test_a_long_list_is_cut() -> None:
    house = Parties()
    for _ in range(20):
        house.create(but(MATRIX, title="A title that is much longer than anybody wants to read on IRC"))
    lines = party_irc.parties(house.state, house.moment)
    assert len(lines) == 4
    assert lines[-1].endswith("and 4 more")
    assert all(len(line.encode()) < 400 for line in lines)


# ------------------------------------------------------------------ announcements


def test_what_happens_is_announced_in_one_line_each() -> None:
    house = Parties()
    first = house.create(host="alice")
    second = house.create(rules=PartyRules(join="anyone"), wall_starts_at=EVENING + 200.0)
    house.take(StartRequested(party_id=first))
    assert house.told[0] == f"New party {first}: The Matrix (2:16:17), begins when its host starts it."
    assert house.told[1] == (
        f"New party {second}: The Matrix (2:16:17), begins Fri 15 Jan 09:03 (UTC+0100). Take part: !join {second}"
    )
    assert f"Party {second}: The Matrix begins in 3 minutes." in house.told
    assert "gathering" not in "".join(house.told)
    third = house.create(wall_starts_at=house.moment.wall_at + 1.0)
    assert house.told[-2] == f"New party {third}: The Matrix (2:16:17), begins now."


def event(kind: EventKind, text: str = "It happened.", party_id: str = "zzzzzz", to: str = "") -> TellEvent:
    return TellEvent(effect_id="1.0", why=kind, because=1, party_id=party_id, kind=kind, text=text, to=to)


def test_only_what_concerns_everybody_is_announced() -> None:
    kinds: set[EventKind] = set(get_args(EventKind))
    told: set[EventKind] = {"created", "starting_soon", "started", "intermission", "ended"}
    assert told < kinds
    for kind in kinds - told:
        assert party_irc.announcement(event(kind), PartyState()) == ""
    assert party_irc.announcement(event("ended", to="alice"), PartyState()) == ""
    for kind in told:
        assert party_irc.announcement(event(kind), PartyState()) == "Party zzzzzz: It happened."


def test_an_intermission_names_its_film() -> None:
    house = Parties()
    first = house.create()
    text = party_irc.announcement(
        event("intermission", "Intermission: 10 minutes.", party_id=first), house.state
    )
    assert text == f"Party {first}: The Matrix. Intermission: 10 minutes."


def test_a_date_says_how_far_it_is_from_utc() -> None:
    """Who reads it may live elsewhere."""
    assert party_irc.date_of(EVENING) == "Fri 15 Jan 09:00 (UTC+0100)"
    assert datetime.fromtimestamp(EVENING).astimezone().hour == 9
