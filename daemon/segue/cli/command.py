"""What a command is made of: its name, its words, its options, and what runs it."""

from __future__ import annotations

from collections.abc import Callable

from segue.cli.call import Call


class Option:
    """An option: its flags, the name of its value (none for a switch), and what it is for."""

    def __init__(self, *flags: str, value: str = "", help: str, default: str | None = None) -> None:  # noqa: A002
        self.flags = flags
        self.value = value
        self.help = help
        self.default = default


class Command:
    """One command."""

    def __init__(
        self,
        name: str,
        run: Callable[[Call], None],
        summary: str,
        *,
        words: str = "",
        details: str = "",
        options: tuple[Option, ...] = (),
        choices: tuple[str, ...] = (),
        takes_jobs: bool = False,
        takes_parties: bool = False,
        examples: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.name = name
        self.run = run
        self.summary = summary
        self.words = words
        """The grammar of what follows the name, as the usage line shows it."""
        self.details = details
        self.options = options
        self.choices = choices
        """Words that completion offers: beside the names of the rooms, else as the first word."""
        self.takes_jobs = takes_jobs
        """True when ids of jobs in review may be named, so that completion offers them."""
        self.takes_parties = takes_parties
        """True when a party may be named after the first word, so that completion offers them."""
        self.examples = examples
        """Pairs of a command line and what it does."""

    @property
    def takes_room(self) -> bool:
        """True for a command that concerns a room."""
        return self.words.startswith("[ROOM]")

    @property
    def needs_choice(self) -> bool:
        """True when the first word can be nothing but one of the choices."""
        return bool(self.choices) and self.words.startswith(self.choices[0])

    @property
    def takes_path(self) -> bool:
        """True for a command that is told a file or a folder, so that completion offers them."""
        return "PATH" in self.words


JSON = Option("--json", help="print segued's answer as JSON, refusals too")
SOCKET = Option("--socket", value="PATH", help="segued's control socket (also SEGUE_SOCKET)")
URL = Option("--url", value="URL", help="segued's address on TCP, such as http://house:3001 (also SEGUE_URL)")
TOKEN_FILE = Option(
    "--token-file", value="FILE", help="the file of the API token for --url (also SEGUE_TOKEN_FILE)"
)
TIMEOUT = Option("--timeout", value="SECONDS", help="how long to wait for an answer", default="10")
YES = Option("-y", "--yes", help="confirm beforehand what segued would ask about")
COMMON = (JSON, SOCKET, URL, TOKEN_FILE, TIMEOUT, YES)
"""Options of every command; they may also stand before its name."""

ROOM = Option("-r", "--room", value="ROOM", help="the room, where its name could be taken for something else")
