"""What the project asks of its own code, where no other tool asks it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.reference_pages import EFFECTS
from segue.app import House, Options
from segue.config import load_config
from segue.core.vocabulary import EffectBase
from segue.runtime.sqlite_journal import SqliteJournal
from segue.runtime.store import Store

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "daemon/segue/core"
PYTHON = sorted(path for room in ("daemon", "tests") for path in (ROOT / room).rglob("*.py"))

CORE_MAY_IMPORT = (
    "msgspec",
    "typing",
    "collections",
    "math",
    "enum",
    "itertools",
    "functools",
    "re",
    "statistics",
    "unicodedata",
    "posixpath",
    "segue.core",
)
"""What only computes (decision 0016); rapidfuzz besides, where titles are compared."""
LINES_MAX = 450
FUNCTION_LINES_MAX = 60
LONGER = {
    "tests/adapters/test_http_client.py",
    "tests/runtime/test_sqlite_journal.py",
}
"""Tests of one thing from many sides. Nothing joins this list; what becomes shorter leaves it."""

NOT_OURS = {".venv", ".git", ".hypothesis", "__pycache__", "dist", "build", "node_modules"}
HOSTS = ("pypi" + ".org", "python" + "hosted.org", "npm" + "js.", "/" + "work/", "shared" + "/")
"""An index of packages is the user's choice, and no path of one machine means anything on another."""


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# ------------------------------------------------------------------ the core


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, level=level):
                yield "." * level + (module or "")
            case _:
                pass


def test_the_core_imports_nothing_that_could_look_at_the_world() -> None:
    """No clock, no dice, no socket, no log: a replay is exact because there is nothing to ask."""
    paths = sorted(CORE.rglob("*.py"))
    assert len(paths) > 20
    for path in paths:
        for module in _imported(path):
            allowed = any(module == name or module.startswith(f"{name}.") for name in CORE_MAY_IMPORT)
            allowed = allowed or (path.name == "titles.py" and module.partition(".")[0] == "rapidfuzz")
            assert allowed, f"{_name(path)} imports {module}"


async def test_every_effect_has_an_owner_that_exists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon's parts, put together as at a start, own what the core can ask for; nobody waits for nothing."""
    owners = {"door"}  # the door reads its effects off the step
    real = Store.own

    def own(store: Store, owner: str, deliver: object) -> None:
        owners.add(owner)
        real(store, owner, deliver)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "own", own)
    environ = {"HOME": str(tmp_path), "SEGUE_SERVER__STATE_DIR": str(tmp_path / "state")}
    config = load_config(None, environ)
    journal = SqliteJournal(tmp_path / "state")
    try:
        House(config, Options(), environ, journal, log=None)
    finally:
        assert await journal.aclose()
    assert {effect.owner for effect in EFFECTS} == owners
    assert EffectBase.owner == ""


# ------------------------------------------------------------------ files and functions


def test_every_package_says_what_it_is() -> None:
    packages = [path for path in PYTHON if path.name == "__init__.py" and "tests" not in _name(path)]
    assert len(packages) > 10
    for path in packages:
        assert ast.get_docstring(ast.parse(path.read_text())), f"{_name(path)} has no docstring"


def test_no_file_is_too_long_to_be_read_in_one_go() -> None:
    long = {_name(path) for path in PYTHON if len(path.read_text().splitlines()) > LINES_MAX}
    assert long <= LONGER, f"too long: {sorted(long - LONGER)}"


def test_no_function_is_too_long_to_be_seen_at_once() -> None:
    for path in PYTHON:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                assert lines <= FUNCTION_LINES_MAX, f"{_name(path)}: {node.name} has {lines} lines"


def _files(directory: Path) -> Iterator[Path]:
    for path in sorted(directory.iterdir()):
        if path.name in NOT_OURS or path.name.endswith("_cache"):
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.is_file():
            yield path


def test_no_file_names_an_index_of_packages_or_a_path_of_one_machine() -> None:
    paths = list(_files(ROOT))
    assert len(paths) > 200
    for path in paths:
        text = path.read_text(errors="replace")
        for word in HOSTS:
            assert word not in text, f"{_name(path)} contains {word!r}"
