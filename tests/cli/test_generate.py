"""What is made from the table of commands: up to date, complete, and understood by the programs it is for."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from segue.cli import generate
from segue.cli.commands import COMMANDS, COMMON
from tests.cli import answers, ingest_answers, party_answers
from tests.cli.fake_segued import WAIT_S, FakeSegued, says
from tests.cli.running import SCRIPT, environment

BASH = generate.ROOT / "contrib/completions/seguectl.bash"
ZSH = generate.ROOT / "contrib/completions/_seguectl"
FISH = generate.ROOT / "contrib/completions/seguectl.fish"
PAGE = generate.ROOT / "docs/man/seguectl.1"


def test_the_files_in_the_project_are_as_they_would_be_made_now() -> None:
    assert generate.stale(generate.ROOT) == [], "run `python -m segue.cli.generate`"


def test_a_stale_file_fails_the_check_and_is_mended(tmp_path: Path) -> None:
    run = [sys.executable, "-m", "segue.cli.generate", "--root", str(tmp_path)]
    made = subprocess.run(run, capture_output=True, text=True, timeout=WAIT_S)
    assert made.stdout.count("wrote") == 4
    (tmp_path / "docs/man/seguectl.1").write_text("old")
    check = subprocess.run([*run, "--check"], capture_output=True, text=True, timeout=WAIT_S)
    assert check.returncode == 1
    assert check.stderr == "docs/man/seguectl.1 is stale: run `python -m segue.cli.generate`\n"
    subprocess.run(run, timeout=WAIT_S, capture_output=True)
    assert subprocess.run([*run, "--check"], timeout=WAIT_S).returncode == 0


@pytest.mark.parametrize("path", [BASH, ZSH, FISH, PAGE], ids=lambda path: path.name)
def test_every_command_and_option_is_in_it(path: Path) -> None:
    content = path.read_text().replace("\\-", "-").replace("-l ", "--")
    for command in COMMANDS:
        assert command.name in content
        for option in (*command.options, *COMMON):
            assert option.flags[-1] in content, (command.name, option.flags)


def _complete(segued: FakeSegued, *words: str) -> list[str]:
    """What bash offers for the last word."""
    script = f"""
    source {BASH}
    COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 ))
    _seguectl
    printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    assert segued.path is not None
    env = environment(SEGUE_SOCKET=str(segued.path))
    env["PATH"] = f"{SCRIPT.parent}:{env['PATH']}"
    done = subprocess.run(
        ["bash", "-uc", script, "bash", "seguectl", *words],
        env=env,
        cwd=segued.path.parent,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
    )
    assert done.stderr == ""
    return sorted(done.stdout.split("\n")[:-1])


def test_bash_completes_commands_rooms_words_and_options(segued: FakeSegued) -> None:
    segued.on(
        "GET",
        "/api/v1/rooms",
        says(answers.rooms(answers.room(), answers.room("the den"), answers.room("*"))),
    )
    assert _complete(segued, "pl") == ["plan", "play", "players"]
    assert _complete(segued, "volume", "") == ["\\*", "down", "living", "the\\ den", "up"]
    assert _complete(segued, "volume", "living", "") == ["down", "up"]
    assert _complete(segued, "--json", "mute", "living", "o") == ["off", "on"]
    assert _complete(segued, "source", "--room", "l") == ["living"]
    assert _complete(segued, "fade", "--o") == ["--over"]
    assert _complete(segued, "fade", "--over", "") == [""]
    assert _complete(segued, "--socket", f"{segued.path}"[:-2]) == [str(segued.path)]


def test_bash_completes_parties(segued: FakeSegued) -> None:
    segued.on("GET", "/api/v1/parties", says(party_answers.parties(elsewhere=(party_answers.AWAY,))))
    assert _complete(segued, "party", "re") == ["rejoin", "remove", "resume", "resync"]
    assert _complete(segued, "party", "pause", "") == ["k3x9qa", "zz9zz9"]
    assert _complete(segued, "party", "pause", "k") == ["k3x9qa"]
    assert _complete(segued, "party", "create", "--a") == ["--address", "--at"]


def test_bash_completes_words_jobs_and_files_of_the_ingest(segued: FakeSegued, folder: Path) -> None:
    (folder / "x").mkdir()
    (folder / "x" / "show.mkv").touch()
    (folder / "x" / "shop").mkdir()
    at, offered = f"{folder}/x/sh", [f"{folder}/x/shop", f"{folder}/x/show.mkv"]
    jobs = [ingest_answers.job("shk3f9a2"), ingest_answers.job("zz3f9a2x")]
    segued.on("GET", "/api/v1/ingest/review", says(ingest_answers.review(*jobs)))
    assert _complete(segued, "watcher", "") == ["restart", "start", "status", "stop"]
    assert _complete(segued, "watcher", "stop", "") == [""]
    assert _complete(segued, "review", "sh") == ["shk3f9a2", "show"]
    assert _complete(segued, "review", "approve", "zz") == ["zz3f9a2x"]
    assert _complete(segued, "review", "approve", "shk3f9a2", "s") == ["shk3f9a2"]
    assert _complete(segued, "review", "approve", at) == offered
    assert _complete(segued, "review", "--re") == ["--replace"]
    assert _complete(segued, "plan", at) == offered
    assert _complete(segued, "ingest", "--ba") == ["--backlog"]
    assert _complete(segued, "event", "d") == ["download-complete"]
    assert _complete(segued, "event", "download-complete", at) == offered
    assert _complete(segued, "history", "") == ["ingest"]
    assert _complete(segued, "status", "--q") == ["--queue"]


def test_bash_completes_without_a_daemon(segued: FakeSegued) -> None:
    segued.stop()
    assert _complete(segued, "volume", "") == ["down", "up"]


@pytest.mark.skipif(
    shutil.which("zsh") is None and "CI" not in os.environ, reason="needs the Debian package zsh"
)
def test_zsh_understands_the_completion() -> None:
    done = subprocess.run(["zsh", "-n", str(ZSH)], capture_output=True, text=True, timeout=WAIT_S)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(
    shutil.which("fish") is None and "CI" not in os.environ, reason="needs the Debian package fish"
)
def test_fish_completes_commands_and_words(segued: FakeSegued) -> None:
    segued.on("GET", "/api/v1/rooms", says(answers.rooms()))
    env = environment(SEGUE_SOCKET=str(segued.path))
    env["PATH"] = f"{SCRIPT.parent}:{env['PATH']}"
    jobs = ingest_answers.review(ingest_answers.job("zzk3f9a2"))
    segued.on("GET", "/api/v1/ingest/review", says(jobs))
    offers = {
        "volume ": ["down", "kitchen", "living", "up"],
        "watcher ": ["restart", "start", "status", "stop"],
        "review re": ["reject", "retry"],
        "review approve zz": ["zzk3f9a2"],
        "plan ": ["ctl.sock"],
        "event ": ["download-complete"],
        "event download-complete ": ["ctl.sock"],
    }
    assert segued.path is not None
    at = segued.path.parent
    for words, wanted in offers.items():
        line = f"source {FISH}; complete -C 'seguectl {words}'"
        done = subprocess.run(
            ["fish", "-c", line], env=env, cwd=at, capture_output=True, text=True, timeout=WAIT_S
        )
        assert [offer.split("\t")[0] for offer in done.stdout.splitlines()] == wanted, words


@pytest.mark.skipif(
    shutil.which("groff") is None and "CI" not in os.environ, reason="needs the Debian package groff"
)
def test_the_page_is_read_without_a_warning() -> None:
    done = subprocess.run(
        ["groff", "-ww", "-man", "-Tascii", "-P-c", str(PAGE)], capture_output=True, text=True, timeout=WAIT_S
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_what_starts_slowly_is_not_imported() -> None:
    """seguectl is bound to keys; each of these modules costs as much as Python's own start, or nearly."""
    slow = "typing dataclasses inspect shutil pathlib contextlib logging subprocess asyncio ssl urllib http"
    check = (
        "import sys; sys.argv = ['seguectl', 'pause', '--socket', '/nonexistent', '--timeout', 'never'];"
        "before = set(sys.modules); from segue.cli.seguectl import main; main();"
        f"print(sorted((set(sys.modules) - before) & set({slow.split()!r})))"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, timeout=WAIT_S)
    assert done.stdout == "[]\n"
