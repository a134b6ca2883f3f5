"""The second half of the demo: files arrive while a film is playing."""

from pathlib import Path
from typing import TYPE_CHECKING

from segue.demo.media_files import make

if TYPE_CHECKING:
    from segue.demo.evening import Evening

FILM = "Glass.Orchard.2023.1080p.WEB-DL.H264-DEMO"
FILM_S = 127 * 60.0
UNSURE = "Paper.Harbour.720p.HDTV-DEMO.mkv"
"""Without a year, and two films have that title: which one, a person has to say."""
UNSURE_S = 100 * 60.0
CONFIG = """
[ingest]
watch = ["{media}/ingest"]
movies = ["{media}/Movies"]
shows = ["{media}/TV Shows"]
auto = true
stability_s = {stability_s:g}

[tmdb]
base_url = "{tmdb_url}"
api_key_file = "{directory}/tmdb-key"
"""


async def film_night(evening: "Evening") -> None:
    """New media arrives; it waits for the film to end, then goes where it belongs; what is unsure is asked about."""
    media = evening.directory / "media"
    evening.tell(
        "Later, in the study, somebody watches a film. A download arrives meanwhile, with its subtitles."
    )
    await evening.house.film_starts()
    await evening.wait(1)
    arrive(media / "ingest" / FILM, f"{FILM}.mkv", FILM_S, 6_000_000)
    (media / "ingest" / FILM / f"{FILM}.en.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nHm.\n")
    await evening.see("Glass.Orchard")
    evening.tell("segue knows what it is; the copy waits for as long as the film plays.")
    await evening.until_queue("transfer")
    await evening.ctl("status", "--queue")
    await evening.wait(2)
    evening.tell(
        "The film ends: now the new one is copied, verified, named as Plex reads it, and Plex is told."
    )
    await evening.house.film_stops()
    await evening.see("is Glass Orchard")
    await evening.wait(2)
    evening.tell("Another file has no year in its name, and there are two films of that title: segue asks.")
    arrive(media / "ingest", UNSURE, UNSURE_S, 3_000_000)
    await evening.see("review")
    await evening.ctl("review")
    await evening.wait(3)
    job_id = await evening.first_review()
    evening.tell("It is the first one. One word does it.")
    await evening.ctl("review", "pick", job_id, "1", "--yes")
    await evening.see("is Paper Harbour")
    await evening.wait(1)
    await evening.ctl("history", "ingest")
    await evening.wait(2)


def arrive(folder: Path, name: str, duration_s: float, size: int) -> None:
    """Let a file arrive as downloads do: under another name until it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    coming = folder / f".{name}"
    make(coming, duration_s, size)
    coming.rename(folder / name)
