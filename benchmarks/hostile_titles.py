"""A hundred thousand titles that were made to escape: none does, and every name fits and can be made on a real disk."""

import os
import random
import tempfile
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, show
from segue.core.ingest.actions import Sibling
from segue.core.ingest.facts import EpisodeFact, ParsedName
from segue.core.ingest.naming import Chosen, Destination, Existing, NamingSettings, destination
from segue.core.ingest.sidecars import names_for, sidecars_of

TITLES = 100_000
MADE = 2_000
"""So many are made as real files."""
SEED = 20_240_305

PIECES = (
    "..", "../", "/..", "../../../../etc/passwd", "/", "//", "\\", "\\..\\", ".", "...", " ", "\0", "\n", "\r\n", "\t",
    "\x1b[2J", "\x7f", "\x85", "\u2028", "\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\u00ad", "\u2800",
    "\U000e0041", "\ud83d", "\udc80", "\ufffe", "\ue000", "\u0301", "\u0338", "\u0308\u0301\u0327", "e\u0301", "\u00e9",
    "\u212b", "\u1100\u1161\u11a8", "\uff0f", "\u2044", "\U0001f44d\U0001f3fd", "\U0001f469\u200d\U0001f680",
    "\U0001f1e6\U0001f1f9", "ישראל", "العربية", "千と千尋", "Ω", "ß", "İ", "CON", "nul", "AUX.", "com1", "LPT9.mkv",
    "CLOCK$", ".segue-", ".segue-recycle", "{title}", "{", "}", "{tmdb-603}", "{edition-X}", "[", "]", "[[", "}}", "()",
    ":", "*", "?", '"', "<", ">", "|", "~", "$HOME", "`id`", ";", "%2e%2e%2f", "-trailer", "sample", "S01E01", "The",
    "Matrix", "A", "1999", " - ", ".mkv", "a" * 400, "語" * 150, "\u0301" * 300, "." * 300, " " * 300, "()" * 100,
)  # fmt: skip
PLAIN, IDS = NamingSettings("plain"), NamingSettings("ids")
WIDE = NamingSettings(
    "plain",
    "{letter}/{title_sort}[ {edition_tag}]/{title}[ - {group}]",
    "{title}/{title} {episode}[ - {quality}]",
)
SIBLINGS = (
    Sibling("x.pt-BR.forced.sdh.srt", 1),
    Sibling("Subs/x.zh-Hant.srt", 2),
    Sibling("x-behindthescenes.mkv", 3),
)
FORBIDDEN = frozenset('/\\:*?"<>|')
DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "clock$", *(f"{d}{n}" for d in ("com", "lpt") for n in range(10))}
)


def titles() -> Iterator[str]:
    """Make titles of pieces that hurt, of any characters, and of both."""
    dice = random.Random(SEED)
    for n in range(TITLES):
        pieces = [dice.choice(PIECES) for _ in range(dice.randint(1, 6))]
        if n % 3 == 0:
            pieces += [chr(dice.randrange(0x110000)) for _ in range(dice.randint(1, 12))]
            dice.shuffle(pieces)
        yield "".join(pieces)


def named(title: str, n: int) -> Destination:
    """Name a film or an episode with that title, everything else being hostile as well."""
    settings = (PLAIN, IDS, WIDE)[n % 3]
    existing = Existing(
        folder=title if n % 11 == 0 else "", season_folders=(title,), owners=((title, n % 2 or None),)
    )
    parsed = ParsedName(title=title, edition=title, release_group=title, episode_title=title, resolution="1080p",
                        source=title[:9], season=1, episodes=(1, 2), part=n % 4 or None)  # fmt: skip
    if n % 2:
        return destination(
            parsed, Chosen("film", title, 1999, 603, imdb_id=title), settings, ".mkv", existing=existing
        )
    facts = (EpisodeFact(1, 1, title),)
    return destination(
        parsed, Chosen("show", title, 2008, 1396, 81189, episodes=facts), settings, ".mkv", existing=existing
    )


def naive(title: str) -> str:
    """Name a film as simple renamers do: what Windows forbids is left out, and that is all."""
    text = "".join(c for c in title if c not in FORBIDDEN)
    return f"{text}/{text}.mkv"


def escapes(path: str) -> bool:
    """Tell whether a path leaves the folder that it starts in, or is none at all."""
    whole = os.path.normpath(f"/library/{path}")
    parts = path.split("/")
    return "\0" in path or not whole.startswith("/library/") or any(part in ("", ".", "..") for part in parts)


def is_too_long(path: str) -> bool:
    """Tell whether a component has more bytes than a file system takes."""
    return any(len(part.encode("utf-8", "surrogatepass")) > 255 for part in path.split("/"))


def is_spoilt(part: str) -> bool:
    """Tell whether a component could trouble another system, or hides something."""
    return (
        not unicodedata.is_normalized("NFC", part)
        or bool(FORBIDDEN & {*part})
        or any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in part)
        or part != part.strip(" .")
        or part.split(".")[0].strip().lower() in DEVICES
    )


def paths_of(where: Destination) -> list[str]:
    """Give the file's path and those of everything that goes along."""
    related = sidecars_of("x.mkv", SIBLINGS, 1, is_film=where.kind == "film")
    return [where.path, *(one.path for one in names_for(where, related).files)]


def make(root: Path, found: list[Destination]) -> int:
    """Make files of these names; count those that the disk does not take, or that are not where they should be."""
    failed = 0
    for where in found:
        path = root / where.folder / where.name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        except (OSError, ValueError):
            failed += 1
            continue
        failed += root.resolve() not in path.resolve().parents
    return failed


def main() -> None:
    """Name them all, look at every name, and make some of them."""
    escaped = long = spoilt = unstable = plainly_out = plainly_long = 0
    sample: list[Destination] = []
    took = 0.0
    for n, title in enumerate(titles()):
        begin = time.perf_counter()
        where = named(title, n)
        took += time.perf_counter() - begin
        made = paths_of(where)
        escaped += any(map(escapes, made))
        long += any(map(is_too_long, made))
        # A folder that is there already keeps its spelling.
        own = [where.name] if n % 11 == 0 else [where.name, *where.title_folder.split("/")]
        spoilt += any(is_spoilt(part) for part in own if part and part != title)
        unstable += named(title, n) != where
        plainly_out += escapes(naive(title))
        plainly_long += is_too_long(naive(title))
        if n % (TITLES // MADE) == 0:
            sample.append(where)
    with tempfile.TemporaryDirectory() as directory:
        unmade = make(Path(directory), sample)
    what = f"{TITLES} hostile titles"
    rate = f"{took / TITLES * 1e6:.0f} us a name"
    simple = "leaving out what Windows forbids"
    kept, cut = "Videodrome: `..` survives", "Videodrome: 400 characters are accepted"
    show(
        Figure(
            f"{what}: paths out of the library",
            escaped,
            "",
            0,
            "equal",
            f"{simple}: {plainly_out}; {rate}",
            kept,
        ),
        Figure(
            f"{what}: names over 255 bytes, sidecars too",
            long,
            "",
            0,
            "equal",
            f"{simple}: {plainly_long}",
            cut,
        ),
        Figure(f"{what}: not NFC, invisible or forbidden characters, device names", spoilt, "", 0, "equal"),
        Figure(f"{what}: named otherwise the second time", unstable, "", 0, "equal"),
        Figure(
            f"{len(sample)} of them as real files: not made, or not where they should be",
            unmade,
            "",
            0,
            "equal",
        ),
    )


if __name__ == "__main__":
    main()
