"""Run every script, and write what was measured to `docs/figures.md`: `python -m benchmarks [NAME ...]`.

With names only those are measured anew; the other rows stay as they were measured before (`docs/figures.json`).
"""

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
MEASURED = REPO / "docs" / "figures.json"
SCRIPT_S_MAX = 900
SKIPPED = {"__init__", "__main__", "catalogue", "figures", "rig"}


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


def page(measured: dict[str, list[dict[str, Any]]]) -> str:
    """Write the page."""
    figures = [figure for name in sorted(measured) for figure in measured[name]]
    met = sum(1 for f in figures if f["met"])
    lines = [
        "# Figures",
        "",
        "Written by `make bench`; not by hand. Absolute times are those of one shared machine on one day: look at",
        "the baselines beside them.",
        "",
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, Linux {platform.release()},",
        f"Python {platform.python_version()}. {met} of {len(figures)} targets are met.",
        "",
        "| figure | measured | target | met | measured beside it | what others reach |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {f['name']} | {f['value']:g} {f['unit']} | {f['target']} | {'yes' if f['met'] else '**no**'} "
        f"| {f.get('baseline', '')} | {f.get('anchor', '')} |"
        for f in figures
    ]
    return "\n".join([*lines, ""])


def main(names: list[str]) -> int:
    """Measure all, or the named ones."""
    measured = json.loads(MEASURED.read_text()) if names and MEASURED.exists() else {}
    for name in names or scripts():
        measured[name] = measure(name)
    MEASURED.write_text(json.dumps(measured, indent=1) + "\n")
    FIGURES.write_text(page(measured))
    print(f"{FIGURES.relative_to(REPO)} is written.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
