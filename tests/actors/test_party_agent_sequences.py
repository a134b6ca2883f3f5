"""Random evenings: whatever is asked for in whatever order, each player ends where the party is."""

import random
from pathlib import Path

import pytest
import trio

from segue.demo.video_player import SimulatedVideo
from tests.helpers.party_script import Heard
from tests.helpers.party_stage import Stage, in_memory

PLAYERS = (
    ("tv-1", "Living Room TV", "shim"),
    ("box-1", "Bedroom Box", "tvbox"),
    ("slow-1", "Old TV", "tvslow"),
)
ACTIONS = 14


def stands(house: Stage, player: SimulatedVideo, line: Heard) -> bool:
    """Whether a player does what a line does, and is where it is: parked to the frame and a half; running as near as
    the worst of these players is in the middle of a correction."""
    if line["rate"]:
        return player.engine.wants_to_run and abs(house.drift_ms(player, line)) < 3000
    return not player.engine.is_moving() and abs(player.truth_ms() - line["position_ms"]) <= 60


@pytest.mark.parametrize("seed", range(12))
async def test_players_end_where_the_party_is_after_any_sequence(
    tmp_path: Path, autojump_clock: trio.abc.Clock, seed: int
) -> None:
    """Pauses, resumes and seeks, some faster than a player can follow, with stalls and calls that are not answered; on
    players that toggle, that know whole seconds only, whose timeline is late."""
    rng = random.Random(seed)
    async with in_memory(tmp_path, *PLAYERS) as house:
        await house.seated()
        line = house.line("playing", 600_000)
        await house.orchestrator.say(**line)
        await trio.sleep(20)
        for _ in range(ACTIONS):
            whole_s = rng.randrange(300, 3000)
            if rng.random() < 0.3:
                line = house.line("paused", whole_s * 1000, 0.0, why="seek")
            elif line["rate"] and rng.random() < 0.7:
                now_ms = line["position_ms"] + 1000 * max(0.0, house.orchestrator.now() - line["at"])
                ahead_ms = (int(now_ms / 1000) + 2) * 1000
                line = house.line("paused", ahead_ms, 0.0, in_s=(ahead_ms - now_ms) / 1000, why="pause")
            else:
                line = house.line("playing", line["position_ms"], in_s=1.5, why="resume")
            await house.orchestrator.say(**line)
            player = rng.choice(list(house.players.values()))
            if rng.random() < 0.2:
                player.engine.stall(rng.uniform(0.5, 3.0), shown=rng.random() < 0.5)
            player.troubles.hang = {"pause", "play"} if rng.random() < 0.3 else set()
            await trio.sleep(rng.choice((0.1, 0.7, 2.0, 9.0)))
        for player in house.players.values():
            player.troubles.hang = set()
        hands = [m for m in house.orchestrator.heard if str(m.get("note")).startswith("hand_")]
        assert not hands, "what we did ourselves is nobody's hand"
        await trio.sleep(45)  # also what is tried out in a long pause is over then
        assert [stands(house, player, line) for player in house.players.values()] == [True] * 3
