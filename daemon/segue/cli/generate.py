"""Write what is made from the table of commands: completions and the man page. `--check` only says what is stale."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from segue.cli import completions, manpage

ROOT = Path(__file__).parents[3]
MADE = {
    "contrib/completions/seguectl.bash": completions.bash,
    "contrib/completions/_seguectl": completions.zsh,
    "contrib/completions/seguectl.fish": completions.fish,
    "docs/man/seguectl.1": manpage.seguectl_1,
}
"""By path in the project, who makes the file."""


def stale(root: Path) -> list[str]:
    """Name the files that are not as they would be made now."""
    return [name for name, make in MADE.items() if _content(root / name) != make()]


def _content(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def main(argv: list[str] | None = None) -> int:
    """Write the files, or check them."""
    parser = argparse.ArgumentParser(prog="python -m segue.cli.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is stale")
    parser.add_argument("--root", type=Path, default=ROOT, help="the project (default: where this module is)")
    options = parser.parse_args(argv)
    names = stale(options.root)
    for name in names:
        if options.check:
            print(f"{name} is stale: run `python -m segue.cli.generate`", file=sys.stderr)
        else:
            path = options.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(MADE[name](), encoding="utf-8")
            print(f"wrote {name}")
    return 1 if names and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
