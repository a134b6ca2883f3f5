"""Write what follows from the code: reference, man pages, completions. `--check` only says what is stale."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from docs import man_pages, reference_pages
from segue.cli import generate as cli

ROOT = Path(__file__).resolve().parents[1]
MADE: dict[str, Callable[[], str]] = {
    **cli.MADE,
    "docs/man/segued.8": man_pages.segued_8,
    "docs/man/segue.toml.5": man_pages.segue_toml_5,
    "docs/reference/actions.md": reference_pages.actions,
    "docs/reference/effects.md": reference_pages.effects,
    "docs/reference/rules.md": reference_pages.rules,
    "docs/reference/settings.md": reference_pages.settings,
    "docs/reference/routes.md": reference_pages.routes,
    "docs/reference/health.md": reference_pages.health,
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, or check them."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is stale")
    parser.add_argument("--root", type=Path, default=ROOT, help="the project (default: where this module is)")
    options = parser.parse_args(arguments)
    names = stale(options.root)
    for name in names:
        if options.check:
            sys.stderr.write(f"{name} is stale: run `make docs`\n")
        else:
            path = options.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(MADE[name](), encoding="utf-8")
            sys.stdout.write(f"wrote {name}\n")
    return 1 if names and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
