"""The page about watch parties is true: its commands exist, its settings are read, its messages are said."""

import re
import shlex
from pathlib import Path

import pytest

from docs import generate
from segue.cli.arguments import parse
from segue.cli.party import VERBS
from segue.config import load_config

PAGE = (generate.ROOT / "docs/party.md").read_text()
PAGES = [
    PAGE,
    *((generate.ROOT / name).read_text() for name in ("README.md", "examples/README.md", "docs/setup.md")),
]
COMMANDS = sorted(
    {
        command.partition("#")[0].strip()
        for page in PAGES
        for command in re.findall(r"(?:^|`)(seguectl party[^`\n]*)", page, re.MULTILINE)
    }
)
SECRETS = {
    "plex-token": "token",
    "party-passkeys": "bob:a-long-passkey",
    "party-passkey": "a-long-passkey",
    "party-invite": "segue-party:?at=wss%3A%2F%2Fh%2Fws&party=k3x9qa&token=t",
}
SAID = [
    row[0]
    for row in re.findall(r"^\| ([A-Za-z][^|`]*) \| ([^|]*) \|$", PAGE.partition("| the agent says")[2], re.M)
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_one(command: str) -> None:
    """`NAME` and the six characters of a party stand for words of one's own."""
    found, options = parse(shlex.split(command)[1:])
    words = [
        word
        for word in vars(options).get("words", [])
        if not re.fullmatch(r"[a-z0-9]{6}", word) or word in VERBS
    ]
    assert found.name == "party"
    assert not words or words[0] in VERBS, words


def test_there_are_commands_to_look_at() -> None:
    assert len(COMMANDS) > 15


@pytest.mark.parametrize("block", re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
def test_every_setting_is_read(block: str, tmp_path: Path) -> None:
    for name, text in SECRETS.items():
        (tmp_path / name).write_text(text + "\n")
        (tmp_path / name).chmod(0o600)
    file = tmp_path / "segue.toml"
    file.write_text('[plex]\nurl = "http://192.0.2.5:32400"\ntoken_file = "plex-token"\n' + block)
    file.chmod(0o600)
    load_config(file, {"HOME": str(tmp_path)})


@pytest.mark.parametrize("text", SAID[: SAID.index("what you see")])
def test_every_message_is_said_somewhere(text: str) -> None:
    """Names and numbers in it are put in by the code."""
    said = "".join(path.read_text() for path in (generate.ROOT / "daemon/segue/actors").glob("party_*.py"))
    said = re.sub(r'"\s*f?"', "", said)
    pattern = re.escape(text).replace("bob", r"\{[^}]*\}").replace(r"within\ 5\ s", r"within\ \{[^}]*\}\ s")
    pattern = re.sub(r"HTTP\\ status\\ \d+", r"HTTP\\ status\\ \\{status\\}", pattern)
    assert re.search(pattern, said), pattern
