"""Writing man pages: the few requests of `man(7)` that a page needs, with everything escaped that roff would obey."""

from __future__ import annotations

from segue.cli.words import capitalised


class Page:
    """A man page that is written from its top to its end."""

    def __init__(
        self,
        name: str,
        section: int,
        manual: str,
        source: str,
        *,
        maker: str = "python -m segue.cli.generate",
    ) -> None:
        self._lines = [
            f'.\\" Made by `{maker}`; a change here is lost.',
            f'.TH {name.upper()} {section} "" "{_quoted(source)}" "{_quoted(manual)}"',
            ".nh",
            ".ad l",
        ]

    def section(self, title: str) -> None:
        """Begin a section."""
        self._lines.append(f'.SH "{_quoted(title)}"')

    def subsection(self, title: str) -> None:
        """Begin a part of a section."""
        self._lines.append(f'.SS "{_quoted(title)}"')

    def text(self, words: str) -> None:
        """Write a paragraph."""
        if not self._lines[-1].startswith((".SH", ".SS")):
            self._lines.append(".PP")
        self._lines.append(_line(words))

    def item(self, head: str, words: str, *more: str) -> None:
        """Write an entry of a list: its head in bold, then its paragraphs."""
        self._lines += [".TP", bold(head), _line(words)]
        for paragraph in more:
            self._lines += [".sp", _line(paragraph)]

    def inner_item(self, head: str, words: str) -> None:
        """Write an entry of a list within an entry."""
        self._lines += [".RS", ".TP", bold(head), _line(words), ".RE"]

    def example(self, line: str, what: str) -> None:
        """Write a command line as it is typed, and what it does."""
        self.text(capitalised(what if what.endswith("?") else f"{what}:"))
        self._lines += [".RS", ".nf", _line(line), ".fi", ".RE"]

    def raw(self, line: str) -> None:
        """Write a line of roff as it is."""
        self._lines.append(line)

    def __str__(self) -> str:
        return "\n".join(self._lines) + "\n"


def escape(words: str) -> str:
    """Keep roff from obeying what is to be read."""
    for sign, escaped in (
        ("\\", "\\e"),
        ("-", "\\-"),
        ("'", "\\(aq"),
        ("`", "\\(ga"),
        ("^", "\\(ha"),
        ("~", "\\(ti"),
    ):
        words = words.replace(sign, escaped)
    return words


def bold(words: str) -> str:
    """Write words as a person types them."""
    return f"\\fB{escape(words)}\\fR"


def _line(words: str) -> str:
    escaped = escape(words)
    return f"\\&{escaped}" if escaped.startswith(".") else escaped


def _quoted(words: str) -> str:
    return words.replace("\\", "\\e").replace('"', "'")
