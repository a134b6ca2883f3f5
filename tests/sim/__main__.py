"""Run seeds of the house simulation: `python -m tests.sim --seeds 200`, or one: `python -m tests.sim --seed 42`."""

import argparse
import sys
import time
import traceback

from tests.sim.house import MINUTES, simulate


def main() -> int:
    """Run the seeds; gives 1 when one failed, with the command that replays it."""
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("--seed", type=int, help="one seed, told with its story")
    parser.add_argument("--seeds", type=int, default=200, help="how many seeds (default 200)")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed (default 0)")
    options = parser.parse_args()
    seeds = (
        [options.seed] if options.seed is not None else range(options.first, options.first + options.seeds)
    )
    started = time.perf_counter()
    failed = 0
    for seed in seeds:
        try:
            digest, house = simulate(seed)
        except BaseException:
            failed += 1
            traceback.print_exc(limit=-3)
            print(f"seed {seed} failed; replay it with: make sim SEED={seed}", flush=True)
            continue
        if options.seed is not None:
            print("\n".join(house.story))
            print(f"seed {seed}: {house.steps} steps, trace {digest}")
    took = time.perf_counter() - started
    count = len(list(seeds))
    print(f"{count - failed} of {count} seeds held, {count * MINUTES} virtual minutes in {took:.1f} s.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
