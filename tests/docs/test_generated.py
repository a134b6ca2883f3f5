"""What is made from the code: up to date, whole, and true."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from lxml import etree

from docs import generate, man_pages, reference_pages
from docs.describe import fields_of, meaning_of, wire_name
from docs.reference_pages import ACTIONS, EFFECTS
from docs.tables import table
from segue.__main__ import parser
from segue.cli.commands import COMMANDS
from segue.config import load_config
from segue.config.describe import describe_settings
from segue.core.effects import STAGES
from segue.core.ingest.effects import ProbeSources, RunAdopt, RunVerify, ScanFolder, WatchRoot
from segue.core.music.actions import PlexSession, SessionsRead
from segue.core.music.effects import SetVolume
from segue.core.rules import RULES
from segue.core.vocabulary import EffectBase
from segue.interfaces.health import TROUBLES
from segue.interfaces.http_api import DOORS

WAITED_FOR = (*STAGES, ProbeSources, RunVerify, RunAdopt, ScanFolder, WatchRoot)
"""Effects of the ingest that somebody waits for."""
FLAG = re.compile(r"--[a-z-]+")
PAGES = sorted((generate.ROOT / "docs").rglob("*.md"))


def test_the_files_in_the_project_are_as_they_would_be_made_now() -> None:
    assert generate.stale(generate.ROOT) == [], "run `make docs`"


def test_a_stale_file_fails_the_check_is_named_and_is_mended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = ["--root", str(tmp_path)]
    assert generate.main(root) == 0
    assert capsys.readouterr().out.count("wrote ") == len(generate.MADE)
    (tmp_path / "docs/reference/rules.md").write_text("old")
    (tmp_path / "docs/man/segued.8").unlink()
    assert generate.main(["--check", *root]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "docs/man/segued.8 is stale: run `make docs`",
        "docs/reference/rules.md is stale: run `make docs`",
    ]
    assert (tmp_path / "docs/reference/rules.md").read_text() == "old"
    assert generate.main(root) == 0
    assert generate.main(["--check", *root]) == 0


def test_everything_that_has_a_name_is_on_its_page() -> None:
    actions, effects = reference_pages.actions(), reference_pages.effects()
    assert all(f"### `{wire_name(action)}`" in actions for action in ACTIONS)
    assert all(f"## `{wire_name(effect)}`" in effects for effect in EFFECTS)
    assert all(reference_pages.sentence(rule) in reference_pages.rules() for rule in RULES)
    assert all(trouble.code in reference_pages.health() for trouble in TROUBLES)
    assert all(f"| {door.method} | `{door.path}` |" in reference_pages.routes() for door in DOORS)
    settings, page = reference_pages.settings(), man_pages.segue_toml_5()
    for setting in describe_settings():
        assert f"| `{setting.variable}` | `{setting.section}.{setting.key}` |" in settings
        assert f"\\fB{setting.key}\\fR (" in page


def test_every_action_and_every_effect_says_what_it_means() -> None:
    """In a docstring of its own: the one of a base says nothing about it."""
    for thing in (*ACTIONS, *EFFECTS):
        assert meaning_of(thing).endswith("."), thing
    with pytest.raises(TypeError, match="Silent"):
        meaning_of(type("Silent", (EffectBase,), {}))


def test_every_effect_that_can_finish_names_its_outcome() -> None:
    """What `core.effects.dropped` has an outcome for is what somebody waits for."""
    page = reference_pages.effects()
    for effect in EFFECTS:
        (said,) = re.findall(rf"## `{wire_name(effect)}`\n\n.*\n\nOwner: `\w+`. Outcome: (.*)", page)
        waits = (
            effect.owner in ("session_fetcher", "heos_controller", "player_remote") or effect in WAITED_FOR
        )
        assert said.startswith("[`") == waits, effect


def test_only_what_would_hurt_if_forgotten_waits_for_the_disk() -> None:
    """Read off the places where the core makes effects; another one belongs into decision 0008 or 0012."""
    files = {"TransferFiles", "RecordIngest", "UndoIngest", "RunAdopt", "WatchRoot", "ScanRoot"}
    assert reference_pages.waits_for_commit() == {SetVolume.__name__, *files}


def test_a_field_is_described_with_its_type_its_default_and_the_text_below_it() -> None:
    session_key, sessions = fields_of(PlexSession)[1], fields_of(SessionsRead)[1]
    assert (session_key.name, session_key.type, session_key.default) == ("session_key", "text", "")
    assert session_key.meaning.startswith("Opaque; Plexamp keeps one")
    assert (sessions.type, sessions.records) == ("list of [PlexSession](#plexsession)", (PlexSession,))
    duration = next(field for field in fields_of(PlexSession) if field.name == "duration_ms")
    assert (duration.type, duration.default) == ("whole number or nothing", "nothing")


def test_no_text_breaks_a_table() -> None:
    assert table(("a", "b", "c"), [("1|2", "", "3\n4")]).splitlines() == [
        "| a | c |",
        "| --- | --- |",
        "| 1\\|2 | 3 4 |",
    ]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    """To a file of the project, and to a heading of it where one is named."""
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if "://" in target:
            continue
        name, _, heading = target.partition("#")
        other = (path.parent / name).resolve() if name else path
        assert other.exists(), f"{path.name} links to {target}"
        assert not heading or heading in _anchors(other), f"{path.name} links to {target}"


def _anchors(path: Path) -> set[str]:
    """Give the anchors that GitHub makes of a page's headings."""
    heads = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.skipif(
    shutil.which("groff") is None and "CI" not in os.environ, reason="needs the Debian package groff"
)
@pytest.mark.parametrize("name", ["segued.8", "segue.toml.5"])
def test_a_man_page_is_read_without_a_warning(name: str) -> None:
    page = generate.ROOT / "docs/man" / name
    command = ["groff", "-ww", "-man", "-Tascii", "-P-c", str(page)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    assert "`" not in done.stdout


def test_the_example_of_the_man_page_is_a_good_configuration(tmp_path: Path) -> None:
    (tmp_path / "plex-token").write_text("token")
    (tmp_path / "plex-token").chmod(0o600)
    file = tmp_path / "segue.toml"
    file.write_text(man_pages.EXAMPLE)
    config = load_config(file, {"HOME": str(tmp_path)})
    assert [room.name for room in config.rooms] == ["living"]
    assert config.warnings == ()


def test_the_picture_stands_alone() -> None:
    """It is shown inside of other pages: nothing is fetched, nothing runs, and it is well-formed."""
    text = (generate.ROOT / "docs/segue.svg").read_text()
    root = etree.fromstring(text.encode())
    names = {etree.QName(node).localname for node in root.iter("*")}
    assert names.isdisjoint({"script", "image", "use", "foreignObject", "a"})
    assert re.findall(r"url\((?!#)|@import|(?<!xmlns=\")https?:", text) == []
    assert "prefers-color-scheme: dark" in text


# ------------------------------------------------------------------ what is written by hand


def _written() -> str:
    paths = [*PAGES, generate.ROOT / "README.md", generate.ROOT / "examples/README.md"]
    return "\n".join(path.read_text() for path in paths)


def test_the_set_up_helps_with_every_code() -> None:
    setup = (generate.ROOT / "docs/setup.md").read_text()
    assert re.findall(r"^\| (SEG-\d+) \|", setup, re.MULTILINE) == [trouble.code for trouble in TROUBLES]


def test_every_command_that_a_page_names_is_there() -> None:
    """Of seguectl, of segued's options, and of make."""
    text = _written()
    named = set(re.findall(r"(?:^|`|\$ )seguectl (?:--json )?([a-z]+)", text, re.MULTILINE))
    assert len(named) > 5
    assert named <= {command.name for command in COMMANDS}
    options = {flag for action in parser()._actions for flag in action.option_strings}
    assert {
        flag for line in re.findall(r"segued( --[^`\n]*)", text) for flag in FLAG.findall(line)
    } <= options
    targets = set(re.findall(r"^([a-z]+):", (generate.ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE)) <= targets
