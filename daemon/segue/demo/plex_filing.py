"""Where the simulated scanner puts a file: which film, which version, which episodes; and what it takes away."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from segue.demo.plex_agent import Agent, Match, numbers_of
from segue.demo.plex_library import File, Item, Library, Section, Subtitle
from segue.demo.plex_names import EpisodeName, episode_name, film_name, resolution_lines, without_part


@dataclass(frozen=True)
class FoundFile:
    """A video on the disk."""

    path: str
    relative: str
    """Its path below the section's location."""
    size: int
    subtitles: tuple[Subtitle, ...] = ()


class Filing:
    """Brings one section into line with what was found. Says afterwards what is new, changed and gone."""

    def __init__(self, library: Library, agent: Agent, section: Section) -> None:
        self.new: list[Item] = []
        self.changed: list[Item] = []
        self.gone: list[Item] = []
        self.added: list[str] = []
        """Paths of files that were not known."""
        self.removed: list[str] = []
        """Paths of files that are no longer there."""
        self._library = library
        self._agent = agent
        self._section = section

    # ------------------------------------------------------------ what has gone

    def take_away(self, place: str, present: AbstractSet[str]) -> None:
        """Forget the files below a folder that are no longer there, and the items that had no others."""
        below = place.rstrip("/") + "/"
        leaves = [leaf for top in self._section.items for leaf in top.leaves()]
        for leaf in leaves:
            parts = [part for version in leaf.files for part in version.parts]
            kept = [part for part in parts if part.path in present or not part.path.startswith(below)]
            if len(kept) == len(parts):
                continue
            self.removed += [part.path for part in parts if part not in kept]
            leaf.files = _versions(kept)
            if leaf.files:
                self._change(leaf)
            else:
                self._remove(leaf)
        self.removed = list(dict.fromkeys(self.removed))

    def _remove(self, item: Item) -> None:
        """Take an item away, and what it leaves empty."""
        self._library.remove(item)
        self.gone.append(item)
        if item.parent is not None and not item.parent.children:
            self._remove(item.parent)

    # ------------------------------------------------------------ what is there

    def take_in(self, found: FoundFile) -> None:
        """Put a file to its film or episodes, unless it is there already, as it is."""
        if self._section.type == "movie":
            name = film_name(found.relative)
            match = self._agent.match(self._section, name)
            film = self._top(match, edition=name.edition)
            self._attach(film, found, match)
            return
        episode = episode_name(found.relative)
        if episode is not None and self._section.type == "show":
            match = self._agent.match(self._section, episode.show)
            for season, number in numbers_of(match, episode):
                self._attach(self._episode(match, episode, season, number, found), found, match)

    def _top(self, match: Match, *, edition: str = "") -> Item:
        """Find the film or the show, or make it."""
        for item in self._section.items:
            if item.guid == match.guid and item.edition == edition:
                return item
        work = match.work
        duration_ms = work.seconds * 1000 if work and work.seconds else None
        return self._add(
            Item(
                "show" if self._section.type == "show" else "movie",
                match.title,
                guid=match.guid,
                external=match.external,
                year=match.year,
                edition=edition,
                duration_ms=duration_ms,
            )
        )

    def _episode(
        self, match: Match, name: EpisodeName, season_number: int | None, number: int | None, found: FoundFile
    ) -> Item:
        """Find an episode, or make it, with its season and its show."""
        show = self._top(match)
        folder = found.path.removesuffix(found.relative) + found.relative.partition("/")[0]
        if "/" in found.relative and folder not in show.folders:
            show.folders = (*show.folders, folder)
        season = next((each for each in show.children if each.index == season_number), None)
        if season is None:
            title = f"Season {season_number}" if season_number else "Specials"
            season = self._add(Item("season", title, index=season_number), show)
            show.children.sort(key=lambda each: each.index or 0)
        for episode in season.children:
            if episode.index == number and (number is not None or episode.air_date == name.date):
                return episode
        titles = match.work.episodes if match.work else {}
        title = titles.get((season_number or 0, number or 0), name.title or name.date or f"Episode {number}")
        episode = self._add(Item("episode", title, index=number, air_date=name.date, year=match.year), season)
        episode.duration_ms = show.duration_ms
        season.children.sort(key=lambda each: (each.index or 0, each.air_date))
        return episode

    def _add(self, item: Item, parent: Item | None = None) -> Item:
        self._library.add(self._section, item, parent)
        self.new.append(item)
        return item

    def _change(self, item: Item) -> None:
        self._library.touch(item)
        if item not in self.new and item not in self.changed:
            self.changed.append(item)

    def _attach(self, item: Item, found: FoundFile, match: Match) -> None:
        """Give an item a file: a new version, a further part of one, or the same one again, perhaps with another
        size or other subtitles."""
        file = _file(found, match)
        parts = [part for version in item.files for part in version.parts]
        if file in [replace(part, more_parts=()) for part in parts]:
            return
        if not any(part.path == file.path for part in parts):
            self.added.append(file.path)
        kept = [part for part in parts if part.path != file.path]
        item.files = _versions([*kept, file])
        self._change(item)
        self.added = list(dict.fromkeys(self.added))


def _versions(parts: list[File]) -> list[File]:
    """Put the parts of a film in several files together; everything else is a version of its own."""
    together: dict[str, list[File]] = {}
    for part in parts:
        stem, number = without_part(part.path.rpartition(".")[0])
        together.setdefault(stem if number else part.path, []).append(replace(part, more_parts=()))
    versions = []
    for group in together.values():
        first, *rest = sorted(group, key=lambda part: part.path)
        versions.append(replace(first, more_parts=tuple(rest)))
    return versions


def _file(found: FoundFile, match: Match) -> File:
    """Describe a file as an analysis would, as far as its name tells."""
    lines = resolution_lines(found.relative)
    seconds = match.work.seconds if match.work else None
    return File(
        found.path,
        found.path.rpartition(".")[2].lower(),
        "aac",
        found.size // (125 * seconds) if seconds else 0,
        video_codec="hevc" if lines > 2000 else "h264",
        width=lines * 16 // 9,
        height=lines,
        sampling_rate=48000,
        size=found.size,
        subtitles=found.subtitles,
    )
