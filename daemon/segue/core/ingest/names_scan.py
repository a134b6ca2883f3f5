"""Where the words of a title end: tags, numbers, the year and the group of one name, found together.

They need one another: a year may be a title (`2012`), a number may be a title's (`Episode 1`), a tag may be a word
(`Proper`), and only their places tell.
"""

import re
from typing import Final

from segue.core.ingest.names_numbers import numbering, part
from segue.core.ingest.names_words import Tag, tags

YEAR_MIN: Final = 1888
YEAR_MAX: Final = 2035
"""A later number is part of a title: `Blade Runner 2049`."""

_YEAR = re.compile(r"(?<![^\W_])([\[(]?)((?:18[89]|19\d|20[0-3])\d)(?![^\W_]|p\b)([\])]?)")
_GROUP = re.compile(r"-([A-Za-z0-9@]{2,24})$")
_ARTICLE = re.compile(r"(?:the|an?|le|la|les|el|los|il|der|die|das)? *", re.IGNORECASE)
JOINS = re.compile(r"[\s\-.,()\[\]{}+&~/|_]*")
"""What may stand between two words that belong together."""


class Scan:
    """The marks in a text: tags, the numbering, the year, and where the title's words end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.all_tags = tags(text)
        self.number = numbering(text)
        self.years = self._years()
        self.doubtful_year = False
        self._settle_number()
        self.year_at = self._choose_year()
        self.group = self._find_group()
        self.tail = self._tail()
        self.part = self._find_part()

    @property
    def year(self) -> int | None:
        """The year that was chosen."""
        return int(self.year_at[2]) if self.year_at else None

    @property
    def tail_start(self) -> int:
        """Where the first word that is surely no title begins."""
        return self.tail[0].start if self.tail else len(self.text)

    def first(self, field: str) -> str:
        """Give the first value that a field has among the words after the title."""
        return next((tag.value for tag in self.tail if tag.field == field and tag.value), "")

    def edition(self) -> str:
        """Give all editions, in the order in which they stand."""
        found = [tag.value for tag in self.tail if tag.field == "edition" and tag.value]
        return " ".join(dict.fromkeys(found))

    def _years(self) -> list[re.Match[str]]:
        number = self.number
        return [
            found
            for found in _YEAR.finditer(self.text)
            if YEAR_MIN <= int(found[2]) <= YEAR_MAX
            and not (number and number.start < found.end() and found.start() < number.end)
            and not any(t.strong and t.start < found.end() and found.start() < t.end for t in self.all_tags)
        ]

    def _settle_number(self) -> None:
        """Numbers that look like an episode's but stand before a film's year are the title's: `Episode 1`, `10x10`."""
        number = self.number
        if number is None or number.date:
            return
        later = [found for found in self.years if found.start() >= number.end]
        at_start = number.start == 0 and "x" in self.text[: number.end].lower()
        loose = not number.sure and number.season is None
        if later and (at_start or loose):
            self.number = None

    def _choose_year(self) -> re.Match[str] | None:
        """Take the last year before the numbers and the sure tags that leaves a title; one in brackets wins."""
        limit = self.number.start if self.number else len(self.text)
        strong = next(
            (tag.start for tag in self.all_tags if tag.strong and tag.field != "edition"), len(self.text)
        )
        before = [found for found in self.years if found.start() < limit]
        bracketed = [found for found in before if found[1] and found[3]]
        if bracketed:
            return bracketed[-1]
        early = [found for found in before if found.start() < strong]
        with_title = [found for found in early if found.start()]
        if with_title:
            chosen = with_title[-1]
            rivals = [
                f
                for f in with_title[:-1]
                if f[2] != chosen[2] and self.text[f.end() : chosen.start()].strip(" -")
            ]
            self.doubtful_year = bool(rivals)
            return chosen
        if early and re.match(r" - ", self.text[early[0].end() :]):
            return early[0]
        late = [found for found in before if found.start() >= strong]
        return late[0] if late and strong else None

    def _find_group(self) -> str:
        found = _GROUP.search(self.text)
        if found is None or any(tag.end > found.start() + 1 for tag in self.all_tags):
            return ""
        if any(tag.end == found.start() for tag in self.all_tags):
            return found[1]
        year = self.year_at
        if year is not None and year.end() == found.start():
            return found[1]
        tagged = [tag for tag in self.all_tags if tag.strong]
        return found[1] if tagged and tagged[-1].end < found.start() else ""

    def _tail(self) -> list[Tag]:
        """Keep the tags that are no title: the strong ones, and the weak ones that stand in a row with them."""
        ends_at = len(self.text) - (len(self.group) + 1 if self.group else 0)
        anchors = {m.end() for m in ([self.year_at] if self.year_at else [])}
        if self.number:
            anchors.add(self.number.end)
        kept: list[Tag] = []
        follows = ends_at if anchors or any(tag.strong for tag in self.all_tags) else -1
        for tag in reversed(self.all_tags):
            touches = follows >= 0 and self._joined(tag.end, follows)
            if tag.strong or touches or self._stands_alone(tag, ends_at):
                kept.append(tag)
                follows = tag.start
        merged = sorted({*kept, *self._chained(), *self._before_year()})
        return [tag for tag in merged if tag.start]

    def _before_year(self) -> list[Tag]:
        """Give an edition (`Redux.1979`) or a row of languages (`ITA.ENG.2013`) that stands right before the year."""
        row: list[Tag] = []
        at = self.year_at.start() if self.year_at else -1
        for tag in reversed(self.all_tags):
            if tag.end <= at and self._joined(tag.end, at) and tag.start:
                row.append(tag)
                at = tag.start
        languages = [
            tag for tag in row if tag.field == "language" and self.text[tag.start : tag.end].isupper()
        ]
        if len(row) > 1 and len(languages) == len(row):
            return row
        return [
            tag
            for tag in row[:1]
            if tag.field == "edition" and not _ARTICLE.fullmatch(self.text, 0, tag.start)
        ]

    def _chained(self) -> list[Tag]:
        """Give the tags that follow the year without a gap; after episode numbers a title may begin with such words."""
        if not self.year_at or self.number:
            return []
        found: list[Tag] = []
        at = self.year_at.end()
        for tag in self.all_tags:
            if tag.start >= at and self._joined(at, tag.start):
                found.append(tag)
                at = tag.end
        return found

    def _joined(self, start: int, end: int) -> bool:
        return start <= end and JOINS.fullmatch(self.text, start, end) is not None

    def _stands_alone(self, tag: Tag, ends_at: int) -> bool:
        """Tell a weak word in brackets of its own, or written in capitals at the end of a name that is not."""
        before, after = self.text[tag.start - 1 : tag.start], self.text[tag.end : tag.end + 1]
        if before in ("(", "[") and before and after in (")", "]"):
            return True
        word = self.text[tag.start : tag.end]
        return (
            word.isupper()
            and len(word) > 3
            and self._joined(tag.end, ends_at)
            and not self.text[: tag.start].isupper()
        )

    def _find_part(self) -> tuple[int, int, int] | None:
        if self.number is not None:
            return None
        start = self.year_at.end() if self.year_at else 1
        found = part(self.text, start)
        if found is None and self.year_at:
            found = part(self.text, 1)
            if found and self.text[found[0] : found[1]].lower().startswith(("pt", "part")):
                return None
        if found is None or any(
            t.start < found[1] and found[0] < t.end for t in self.tail if t.field == "source"
        ):
            return None
        spelled = self.text[found[0] : found[1]].lower()
        spoken = spelled.startswith(("part ", "pt "))
        if not self.year_at and (
            spoken or (self.text[found[1] :].strip(" )]-") and found[1] < self.tail_start - 3)
        ):
            return None
        return found
