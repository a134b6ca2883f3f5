"""Messages of the watch-party protocol as hypothesis makes them up, and how tests read one."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from segue.interfaces import party_old_protocol as old
from segue.interfaces import party_protocol as wire
from segue.interfaces.party_protocol import ProtocolError

TEXT = st.text(max_size=32)
SESSION = st.from_regex("[a-z0-9]{6}", fullmatch=True)
DEVICE = st.builds(wire.DeviceBody, st.text(min_size=1, max_size=50), st.text(min_size=1, max_size=50))
MS = st.integers(0, 86_400_000)
REV = st.integers(0, 2**53)
MOMENT = st.floats(-1e12, 1e12)
FILM = st.builds(wire.FilmBody, MS, TEXT, TEXT, TEXT)

HELLO = st.builds(
    wire.Hello,
    proto=st.lists(st.integers(0, 1000), min_size=1, max_size=5).map(tuple),
    devices=st.lists(DEVICE, max_size=5).map(tuple),
    username=TEXT,
    passkey=TEXT,
    session=st.one_of(st.just(""), SESSION),
    invite=TEXT,
    caps=st.lists(TEXT, max_size=4).map(tuple),
    agent=TEXT,
)
READY = st.builds(wire.Ready, SESSION, TEXT, REV, st.none() | MS, TEXT, TEXT)
REPORT = st.builds(
    wire.Report,
    session=SESSION,
    device=TEXT,
    rev=REV,
    state=st.sampled_from([None, "playing", "paused", "buffering", "stopped"]),
    drift_ms=st.none() | st.integers(-86_400_000, 86_400_000),
    sigma_ms=st.none() | st.integers(0, 600_000),
    samples=st.integers(0, 10_000),
    note=st.sampled_from(["", "in_step", "stalled", "hand_paused"]),
    step=TEXT,
    position_ms=st.none() | MS,
)
WANT = st.builds(
    wire.Want,
    session=SESSION,
    op=st.sampled_from(
        ["start", "pause", "play", "seek", "skip", "stop", "rejoin", "resync", "leave", "offset"]
    ),
    id=REV,
    position_ms=st.none() | MS,
    offset_ms=st.none() | st.integers(-2000, 2000),
)
UP = st.one_of(HELLO, st.builds(wire.Time, MOMENT), READY, REPORT, WANT)
STATE = st.builds(
    wire.State,
    session=SESSION,
    rev=REV,
    phase=st.sampled_from(["lobby", "gathering", "playing", "paused", "intermission", "waiting", "ended"]),
    item=st.integers(0, 50),
    film=FILM,
    position_ms=MS,
    at=MOMENT,
    rate=st.sampled_from([0.0, 1.0]),
    why=TEXT,
    lead_ms=st.integers(0, 600_000),
    fetch=st.lists(TEXT, max_size=3).map(tuple),
    starts_at=st.none() | MOMENT,
)
DOWN = st.one_of(
    STATE,
    st.builds(wire.Welcome, st.integers(0, 9), TEXT, TEXT, TEXT),
    st.builds(wire.TimeAnswer, MOMENT, MOMENT, MOMENT),
    st.builds(
        wire.Member, SESSION, st.sampled_from(["host", "cohost", "guest"]), st.integers(-2000, 2000), TEXT
    ),
    st.builds(wire.Event, SESSION, TEXT, TEXT, TEXT),
    st.builds(wire.Answer, REV, st.booleans(), TEXT, TEXT, TEXT),
    st.builds(wire.Error, TEXT, TEXT, TEXT),
)
READERS = (wire.decode_up, wire.decode_down, old.decode_old_up, old.decode_old_command, old.begins_old)


def read(reader: Any, raw: str | bytes) -> Any:
    """Read, and give either the message or the error; anything else that is raised fails the test."""
    try:
        return reader(raw)
    except ProtocolError as problem:
        assert problem.message
        assert problem.code
        msgspec.json.encode(wire.Error(problem.code, problem.message, problem.hint))
        return problem
