"""Real files dropped into a running `segued`: named, verified, scanned and in the history."""

from pathlib import Path

from tests.e2e.library import MATRIX, library, sha256

PLACE = "Movies/The Matrix (1999)/The Matrix (1999) - 1080p BluRay.mkv"


async def test_a_film_is_taken_in(place: Path) -> None:
    async with library(place) as house:
        source = house.arrive(f"The.Matrix.1999.1080p.BluRay.x264-GRP/{MATRIX}")
        (source.parent / MATRIX.replace(".mkv", ".en.srt")).write_text("1\n")
        (source.parent / "RARBG.txt").write_text("junk")
        (entry,) = await house.until_in_history()
        assert house.in_library() == [PLACE.replace(".mkv", ".en.srt"), PLACE]
        assert sha256(house.media / PLACE) == sha256(source)
        assert entry["title"] == "The Matrix"
        assert entry["files"][0]["sha256"] == sha256(source)
        assert source.exists(), "a copy leaves its source alone"
        await house.until(
            lambda: [
                i for s in house.plex.library.sections.values() for i in s.items if i.title == "The Matrix"
            ]
        )
        page = await house.page()
        assert page["recent"][0]["what"] == "ingested"
