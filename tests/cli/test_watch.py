"""`seguectl watch` where nobody draws: lines for a person's log, JSON for a program."""

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest

from segue.cli import watch
from segue.cli.client import House
from tests.cli import answers
from tests.cli.fake_segued import WAIT_S, FakeSegued, Reader, refuses, says, waits_in_vain
from tests.cli.running import SCRIPT, Running, environment, running, seguectl

HOUSE_IN_SHORT = 'playing "Long Road by The Lanterns", volume 30, input cd'
PLEXAMP = {
    "player_id": "plex-living",
    "player_title": "Plexamp",
    "player_product": "Plexamp",
    "rating_key": "78",
}


@pytest.fixture
def watching(segued: FakeSegued) -> Iterator[tuple[Running, Reader]]:
    """A watch that has seen the house as it is."""
    with running("watch", SEGUE_SOCKET=str(segued.path)) as watch:
        reader = segued.reader()
        reader.push({"type": "snapshot", "data": answers.status()})
        assert watch.until("living").endswith(f"living   {HOUSE_IN_SHORT}")
        assert watch.until("kitchen").endswith("kitchen  stopped, volume 12, input tv")
        yield watch, reader


def test_events_are_told_as_sentences(watching: tuple[Running, Reader]) -> None:
    watch, reader = watching
    reader.event(
        "music.plex_state_changed", {**PLEXAMP, "state": "playing", "title": "Title", "artist": "Artist"}
    )
    assert watch.until("Title") == '2023-11-14 22:13:20 living   Plexamp plays "Title" by Artist'
    reader.event("music.pause_requested", {"room": "living"}, by="token:192.0.2.7")
    assert watch.until("asks") == ("2023-11-14 22:13:20 living   the API token, from 192.0.2.7 asks to pause")
    reader.event("music.heos_link_changed", {"up": False, "host": "192.0.2.10", "reason": "no heartbeat"})
    assert watch.until("HEOS").endswith("house    the HEOS system at 192.0.2.10 is gone: no heartbeat")
    assert watch.end() == 0
    assert watch.errors == []


def test_a_fade_is_one_line_and_a_hand_another(watching: tuple[Running, Reader]) -> None:
    watch, reader = watching
    at = 1_700_000_000.0
    for level in range(29, 17, -1):
        at += 0.1
        reader.event("effect.set_volume", {"room": "living", "level": level, "why": "pause"}, at)
        reader.event("music.volume_changed", {"heos_player_id": 101, "level": level, "muted": False}, at)
    assert watch.until("volume 30 →").endswith("volume 30 → 18 (fading out: pause, 1.1 s)")
    for level in (20, 25):
        reader.event("music.volume_changed", {"heos_player_id": 101, "level": level, "muted": False}, at)
    assert watch.until("by hand").endswith("living   volume 18 → 25 by hand")
    assert len(watch.lines) == 4


def test_what_only_matters_when_something_is_looked_for_needs_v(
    segued: FakeSegued, watching: tuple[Running, Reader]
) -> None:
    watch, reader = watching
    with running("watch", "-v", SEGUE_SOCKET=str(segued.path)) as verbose:
        second = segued.reader()
        second.push({"type": "snapshot", "data": answers.status()})
        for each in (reader, second):
            each.event("music.command_done", {"effect_id": "4.1", "room": "living", "took_s": 0.02})
            each.event("ingest.something_new", {"path": "/srv"})
            each.event("system.shutdown_requested", {"reason": "SIGTERM"})
        assert 'music.command_done {"effect_id": "4.1"' in verbose.until("command_done")
        assert "house    ingest.something_new" in verbose.until("something_new")
        verbose.until("segued stops (SIGTERM)")
        watch.until("segued stops (SIGTERM)")
    assert not any("command_done" in line or "something_new" in line for line in watch.lines)


def test_frames_that_make_no_sense_are_passed_over(watching: tuple[Running, Reader]) -> None:
    watch, reader = watching
    reader.raw(
        b"data: {broken\n\n: alive\n\ndata: [1]\n\nid: 3\nevent: x\n\ndata: null\n\ndata: "
        + b"[" * 5000
        + b"\n\n"
    )
    reader.raw(b'data: {"type": 7, "data": "x", "seq": "y", "at": {}}\n\n')
    reader.event("music.volume_changed", {"heos_player_id": [], "level": "loud"})
    reader.event("music.plex_state_changed", {"state": None})
    reader.event("system.actor_recovered", {"actor": "heos_controller"})
    watch.until("works again")
    assert watch.end() == 0
    assert watch.errors == []


def test_an_event_in_pieces_is_one_event(watching: tuple[Running, Reader]) -> None:
    watch, reader = watching
    for sign in b'data: {"type": "system.daemon_started",\r\ndata: "data": {"version": "9"}}\r\n\r\n':
        reader.raw(bytes([sign]))
    watch.until("segued 9 has started")


def test_a_daemon_that_goes_away_is_said_once_and_found_again(
    segued: FakeSegued, watching: tuple[Running, Reader]
) -> None:
    watch, reader = watching
    segued.stop()
    reader.end()
    assert watch.until("went away").endswith("house    segued went away (the connection broke); trying again")
    segued.start()
    again = segued.reader()
    watch.until("segued is back, after")
    again.push({"type": "snapshot", "data": answers.status(answers.room("attic"))})
    watch.until("attic")
    assert sum("went away" in line for line in watch.lines) == 1
    assert watch.end() == 0


def test_a_daemon_that_comes_back_and_forbids_it_ends_the_watch(
    segued: FakeSegued, watching: tuple[Running, Reader]
) -> None:
    watch, reader = watching
    segued.on("GET", "/api/v1/events", refuses(403, "not_permitted", "Not any more.", "Ask."))
    reader.end()
    assert watch.wait() == 4
    assert "Not any more." in watch.until("Not any more", errors=True)


def test_a_daemon_that_is_not_there_at_the_beginning_is_an_error() -> None:
    failed = seguectl("watch", "--socket", "/nonexistent/ctl.sock")
    assert failed.code == 3
    assert failed.out == ""


def test_an_answer_that_is_no_stream_is_an_error(segued: FakeSegued) -> None:
    segued.on("GET", "/api/v1/events", says(answers.status()))
    failed = seguectl("watch", "--socket", str(segued.path))
    assert failed.code == 3
    assert "no stream of events" in failed.err


def test_a_stream_that_never_opens_ends_at_the_deadline(segued: FakeSegued) -> None:
    segued.on("GET", "/api/v1/events", waits_in_vain)
    assert seguectl("watch", "--timeout", "0.2", "--socket", str(segued.path)).code == 3


def test_with_json_every_frame_is_one_line(segued: FakeSegued) -> None:
    with running("watch", "--json", SEGUE_SOCKET=str(segued.path)) as watch:
        reader = segued.reader()
        reader.push({"type": "snapshot", "data": answers.status()})
        reader.event("music.command_done", {"room": "Küche"})
        reader.raw(b'data: {"type":\ndata: "folded"}\n\n')
        assert json.loads(watch.until("snapshot"))["data"]["schema"] == "segue.status/1"
        assert json.loads(watch.until("command_done"))["data"] == {"room": "Küche"}
        assert json.loads(watch.until("folded")) == {"type": "folded"}
        reader.end()
        watch.until("segued went away", errors=True)
        segued.reader().push({"type": "snapshot", "data": {}})
        watch.until("segued is back", errors=True)
        assert all(json.loads(line) for line in watch.lines)
        assert watch.end() == 0


def test_the_rooms_are_asked_for_anew_when_the_configuration_changes(
    segued: FakeSegued, watching: tuple[Running, Reader]
) -> None:
    watch, reader = watching
    segued.on("GET", "/api/v1/status", says(answers.status(answers.room("attic"))))
    reader.event("house.config_loaded", {"music": {}})
    watch.until("the configuration is in force")
    reader.event("music.playback_failed", {"heos_player_id": 202, "text": "no network"})
    assert "attic" in watch.until("could not play")


def test_a_reader_that_has_seen_enough_is_no_failure(segued: FakeSegued) -> None:
    line = f"{SCRIPT} watch | head -1"
    process = subprocess.Popen(
        ["bash", "-o", "pipefail", "-c", line],
        env=environment(SEGUE_SOCKET=str(segued.path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    reader = segued.reader()
    ends_at = time.monotonic() + WAIT_S
    while process.poll() is None and time.monotonic() < ends_at:
        # It notices by a line that nobody takes: what is written before `head` has gone fits into the pipe.
        reader.push({"type": "snapshot", "data": answers.status()})
        time.sleep(0.02)
    out, err = process.communicate(timeout=WAIT_S)
    assert (process.returncode, err) == (0, "")
    assert out.count("\n") == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, -signal.SIGTERM)])
def test_it_ends_quietly(watching: tuple[Running, Reader], number: int, code: int) -> None:
    watch, _reader = watching
    assert watch.end(number) == code
    assert watch.errors == []


def test_a_signal_wakes_the_loop_whose_handler_says_nothing() -> None:
    """The loop does not depend on a handler that interrupts `select`: one that ran a moment before wakes it, too."""
    ours, theirs = socket.socketpair()
    told: list[int] = []

    class Quiet(watch.Outlet):
        def tick(self, now: float) -> None:
            if told:
                raise KeyboardInterrupt

    class Silent:
        pending = False
        fileno = ours.fileno
        close = ours.close

    before = signal.signal(signal.SIGUSR1, lambda number, _frame: told.append(number))
    alarm = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1))
    began_at = time.monotonic()
    alarm.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            watch.follow(House([]), Silent(), Quiet())  # type: ignore[arg-type]  # all that it uses of a stream
    finally:
        alarm.join()
        signal.signal(signal.SIGUSR1, before)
        theirs.close()
    assert time.monotonic() - began_at < watch.SILENCE_S / 2, "it slept on until the silence was too long"


def test_ctrl_c_ends_a_command_that_waits_quietly(segued: FakeSegued) -> None:
    segued.on("GET", "/api/v1/status", segued.feed)
    with running("status", SEGUE_SOCKET=str(segued.path)) as waiting:
        segued.reader()
        assert waiting.end() == 130
        assert waiting.errors == []
