"""What waits to be said on IRC: little, and not for long. Announcements go before answers."""

from collections import deque
from typing import Final, NamedTuple

from segue.adapters.irc_lines import folded

WAITING_MAX: Final = 20
"""Lines that wait, of both kinds together; the oldest gives way, an answer before an announcement."""
KEEP_S: Final = 120.0
"""Nobody wants to hear later than this, in seconds, that a film begins."""


class Words(NamedTuple):
    """A line that waits."""

    text: str
    until_at: float
    to: str = ""
    """A nick; empty: the channel."""


class Outbox:
    """The lines that wait to be said."""

    def __init__(self) -> None:
        self._announcements: deque[Words] = deque()
        self._answers: deque[Words] = deque()
        self.dropped = 0
        """Lines that nobody will hear."""

    def put(self, text: str, now_at: float, to: str = "") -> None:
        """Add an announcement, or an answer to a nick."""
        queue = self._answers if to else self._announcements
        queue.append(Words(text, now_at + KEEP_S, to))
        if len(self) > WAITING_MAX:
            (self._answers or self._announcements).popleft()
            self.dropped += 1

    def take(self, now_at: float) -> Words | None:
        """Take the line that is next; nothing when none waits. What is stale is dropped."""
        for queue in (self._announcements, self._answers):
            while queue:
                words = queue.popleft()
                if words.until_at > now_at:
                    return words
                self.dropped += 1
        return None

    def forget_answers(self, to: str = "") -> None:
        """Drop the answers to a nick, or all: whoever asked may be somebody else by now."""
        kept = [words for words in self._answers if to and folded(words.to) != folded(to)]
        self.dropped += len(self._answers) - len(kept)
        self._answers = deque(kept)

    def __len__(self) -> int:
        return len(self._announcements) + len(self._answers)
