"""What a party promises beyond figures: never the wrong state, no call without an end, and rules that tests prove.

The last part runs the tests that prove a rule, and counts those that fail: a property has no other figure.
"""

import math
import re
import subprocess
import sys
from random import Random
from typing import NamedTuple

import trio

from benchmarks.figures import Figure, show
from segue.adapters.companion_video import VideoRemote
from segue.adapters.http_client import HttpClient
from segue.adapters.plex_xml import PlayerInfo
from segue.core.party.sync.latency import Learned
from segue.core.party.sync.target import GroupLine, pausing, resuming, seeking
from segue.demo.video_engine import Film
from segue.demo.video_player import SimulatedVideo
from segue.demo.video_profiles import Troubles
from tests.core.party.telly import Habits, Telly
from tests.helpers.rig import REPO, address

SEQUENCES = 1000
SETTLE_S, FINISH_S = 25.0, 15.0
NEAR_S = 0.5
TESTS_S_MAX = 240


class Proof(NamedTuple):
    """A rule, and where its tests are."""

    rule: str
    tests: tuple[str, ...]


PROOFS = (
    Proof(
        "intermissions: at an hour, then hourly iff 30 min remain, never after the end, never twice",
        ("core/party/test_intermissions.py",),
    ),
    Proof(
        "no party waits for ever: every state that two members can come into, and random ones",
        ("core/party/test_rooms_model.py", "core/party/test_rooms_machine.py"),
    ),
    Proof("the schedule survives a restart", ("core/party/test_rooms_schedule.py",)),
    Proof(
        "who may come in: validation, cache, limits; nothing secret in URLs and logs",
        ("adapters/test_passkey.py", "actors/test_party_gate.py"),
    ),
    Proof(
        "IRC: nicks bound by a code, one line in 2 s",
        (
            "core/party/test_nicks.py",
            "adapters/test_irc.py",
            "adapters/test_irc_time.py",
            "adapters/test_irc_lines.py",
        ),
    ),
    Proof(
        "an old connection evicts no newer one; back-off with jitter; state by revision",
        ("actors/test_party_line.py", "actors/test_party_orchestrator.py"),
    ),
    Proof("films are matched by GUID, name and length, or refused", ("actors/test_party_media.py",)),
    Proof(
        "players that hang, lie, refuse, and ignore offsets",
        ("adapters/test_companion_video.py", "adapters/test_companion_quirks.py"),
    ),
)


# ------------------------------------------------------------------ never the wrong state


def wish(telly: Telly, rng: Random) -> GroupLine | None:
    """Draw what the group does next: pause, go on, or seek."""
    line = telly.line
    assert line is not None
    rev, kind = line.rev + 1, rng.choice(("pause", "resume", "seek"))
    if kind == "pause":
        return pausing(line, rev, telly.now)
    if kind == "resume":
        return resuming(line, rev, telly.now) if line.rate == 0.0 else None
    return seeking(line, rev, rng.randrange(30, 6000) * 1000, telly.now, rng.uniform(0.5, 3.0))


def wrong_ends(*, toggles: bool) -> tuple[int, int]:
    """Count the sequences after which a player does not do what the group does, and those that leave it far off."""
    rng = Random(f"promises {toggles}")
    habits = Habits(toggles=toggles, jitter=0.15, stale=0.5, lost=0.04, latency=0.08)
    telly = Telly(habits, Random("promises"), Learned(toggles=toggles, quantum_ms=1000)).playing()
    wrong = far = 0
    for _ in range(SEQUENCES):
        for _ in range(rng.randrange(2, 6)):
            line = wish(telly, rng)
            if line is not None:
                telly.tell(GroupLine(line.rev, line.position_ms, line.at_s, line.rate, gathers=True))
            telly.run(rng.choice((0.0, 0.05, 0.4, 1.5)))
        telly.run(SETTLE_S)
        assert telly.line is not None
        if abs(telly.drift) > NEAR_S or telly.button is not (telly.line.rate > 0.0):
            telly.run(FINISH_S)  # it may just be correcting
        wrong += telly.button is not (telly.line.rate > 0.0)
        far += abs(telly.drift) > NEAR_S
    return wrong, far


def sequences() -> None:
    """Both kinds of players."""
    for toggles, kind in ((True, "players that toggle"), (False, "players with two buttons")):
        wrong, far = wrong_ends(toggles=toggles)
        show(
            Figure(
                f"party, {SEQUENCES} random sequences of pause, play and seek, {kind}: wrong in the end",
                wrong,
                "",
                0,
                baseline=f"{far} farther off than {NEAR_S} s; answers up to 0.5 s old, 4 % of everything lost",
                anchor="the seed does not look",
            )
        )


# ------------------------------------------------------------------ no call without an end


async def hung_call_s() -> tuple[float, float]:
    """Give how long a seek takes that is never answered, and the slowest poll meanwhile."""
    film = Film("51", 3_600_000, "plex://movie/0a1b2c", "A Film")
    troubles = Troubles(hang={"seekTo"})
    async with (
        SimulatedVideo("shim", host=address(), films={"51": film}, troubles=troubles) as player,
        HttpClient("segue-benchmark/1") as http,
    ):
        info = PlayerInfo(
            player.info.machine_identifier,
            "",
            player.info.product,
            "",
            player.info.address,
            player.port,
            (),
        )
        remote = VideoRemote(http, info, "http://127.0.0.1:9", str, "segue-benchmark")
        polls: list[float] = []
        took_s = math.inf
        with trio.move_on_after(20.0):
            async with trio.open_nursery() as nursery:

                async def poll() -> None:
                    while True:
                        polls.append((await remote.poll()).rtt_s)

                nursery.start_soon(poll)
                began = trio.current_time()
                sent = await remote.seek_to(120_000)
                took_s = trio.current_time() - began if not sent.answered else math.inf
                nursery.cancel_scope.cancel()
        return took_s, max(polls, default=math.inf)


async def calls() -> None:
    """A player that hangs."""
    took_s, poll_s = await hung_call_s()
    show(
        Figure(
            "party, a seek that a player never answers: given back after",
            took_s,
            "s",
            2.2,
            baseline=f"the slowest question to the same player meanwhile {1000 * poll_s:.0f} ms",
            anchor="plexapi 30 s",
        )
    )


# ------------------------------------------------------------------ what tests prove


def prove(proof: Proof) -> None:
    """Run the tests of a rule; a file that is not there is a failure."""
    paths = [f"tests/{each}" for each in proof.tests]
    missing = [path for path in paths if not (REPO / path).exists()]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *set(paths) - set(missing)]
    output = ""
    try:
        done = subprocess.run(
            command,
            cwd=REPO,
            capture_output=True,
            text=True,
            timeout=TESTS_S_MAX,
            check=False,
        )
        output, failed = done.stdout, int(done.returncode != 0)
    except subprocess.TimeoutExpired:
        failed = 1
    counted = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|error|skipped)", output)}
    bad = counted.get("failed", 0) + counted.get("error", 0)
    show(
        Figure(
            f"party, tests that fail: {proof.rule}",
            max(bad, failed) + len(missing),
            "",
            0,
            baseline=f"{counted.get('passed', 0)} pass in {', '.join(paths)}"
            + (f"; missing: {', '.join(missing)}" if missing else ""),
        )
    )


def main() -> None:
    """Measure and print."""
    sequences()
    trio.run(calls)
    for proof in PROOFS:
        prove(proof)


if __name__ == "__main__":
    main()
