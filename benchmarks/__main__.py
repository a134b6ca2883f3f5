"""Run every script, and write what was measured to `docs/figures.md`: `python -m benchmarks [NAME ...]`."""

import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parents[1]
FIGURES = REPO / "docs" / "figures.md"
SCRIPT_S_MAX = 600
SKIPPED = {"__init__", "__main__", "figures", "rig"}


def scripts() -> list[str]:
    """Name the scripts, in the order of their files."""
    return sorted(p.stem for p in Path(__file__).parent.glob("*.py") if p.stem not in SKIPPED)


def measure(name: str) -> list[dict[str, Any]]:
    """Run one script and collect its figures; a script that fails is a figure that is not met."""
    print(f"# {name}", flush=True)
    environ = os.environ | {"PYTHONPATH": f"{REPO / 'daemon'}:{REPO}"}
    try:
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}"],
            cwd=REPO,
            env=environ,
            stdout=subprocess.PIPE,
            text=True,
            timeout=SCRIPT_S_MAX,
            check=False,
        )
        output, failed = done.stdout, done.returncode != 0
    except subprocess.TimeoutExpired as error:
        output, failed = (error.stdout or b"").decode() if isinstance(error.stdout, bytes) else "", True
    found = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    if failed:
        found.append(
            {"name": f"{name}: the script failed", "value": 0, "unit": "", "target": "", "met": False}
        )
    for figure in found:
        print(json.dumps(figure), flush=True)
    return found


def page(figures: list[tuple[str, dict[str, Any]]]) -> str:
    """Write the page."""
    met = sum(1 for _, f in figures if f["met"])
    cpus = os.cpu_count()
    lines = [
        "# Figures",
        "",
        "Written by `make bench`; not by hand. Absolute times are those of one shared machine on one day: look at",
        "the baselines beside them.",
        "",
        f"{time.strftime('%Y-%m-%d')}, {cpus} cores, Linux {platform.release()}, Python {platform.python_version()}.",
        f"{met} of {len(figures)} targets are met.",
        "",
        "| figure | measured | target | met | measured beside it | what others reach |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for _, f in figures:
        lines.append(
            f"| {f['name']} | {f['value']:g} {f['unit']} | {f['target']} | {'yes' if f['met'] else '**no**'} "
            f"| {f.get('baseline', '')} | {f.get('anchor', '')} |"
        )
    return "\n".join([*lines, ""])


def main(names: list[str]) -> int:
    """Measure all, or the named ones (which leaves the page alone)."""
    wanted = names or scripts()
    figures = [(name, figure) for name in wanted for figure in measure(name)]
    if not names:
        FIGURES.write_text(page(figures))
        print(f"{FIGURES.relative_to(REPO)} is written.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
