"""The ingest's doors: what changes files asks first, and everything ends in one action or a clear refusal."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import trio
from msgspec.structs import replace as but
from trio.testing import MockClock

from segue.core.actions import Action, ConfigLoaded
from segue.core.ingest.actions import Identified, SourceProbe, SourcesFound, SourcesProbed
from segue.core.ingest.effects import IdentifySource, ProbeSources, RememberSources, TransferFiles
from segue.core.ingest.records import HistoryRecord, RecordedFile
from segue.core.ingest.requests import SourceFile
from segue.core.ingest.state import Job, Reviewing
from segue.core.vocabulary import EffectBase
from segue.interfaces.answers import ApiError
from segue.interfaces.confirm import GOOD_FOR_S
from segue.interfaces.ingest_api import DOORS
from tests.helpers.house import House
from tests.helpers.ingest import MATRIX, NAMED, SETTINGS
from tests.interfaces.test_http_api import Door, at_the_door

RECORD = HistoryRecord(
    "k3f9a2xz",
    "ingest",
    1_800_000_000.0,
    "Arrival",
    (RecordedFile("/in/a.mkv", "/films", "Arrival (2016)/Arrival (2016).mkv", 5, "ab", "copy"),),
)


class Ingest:
    """A house whose ingest has workers that do nothing: the test speaks for them."""

    def __init__(self, client: httpx.AsyncClient, door: Door, house: House) -> None:
        self.client, self.door, self.house = client, door, house
        self.effects: list[EffectBase] = []
        for owner in ("file_watcher", "ingest_worker", "plex_librarian", "download_asker"):
            house.store.own(owner, self.effects.append)
        self.act(ConfigLoaded(house.settings, but(SETTINGS, auto=False)))

    def act(self, action: Action) -> None:
        self.house.store.dispatch(action, by="test")

    @property
    def jobs(self) -> list[Job]:
        return list(self.house.store.state.ingest.jobs.values())

    def review(self, *names: str) -> None:
        """Put files into the review queue."""
        files = tuple(SourceFile(f"/in/{name}", 1000, 5, 7, 1) for name in names)
        self.act(SourcesFound("/in", files))
        for job in self.jobs:
            self.act(_probe_now(job))

    async def post(
        self, path: str, body: dict[str, object] | None = None, confirm: str = ""
    ) -> httpx.Response:
        headers = {"segue-confirm": confirm} if confirm else {}
        return await self.client.post(f"/api/v1/{path}", json=body or {}, headers=headers)

    async def confirmed(self, path: str, body: dict[str, object] | None = None) -> httpx.Response:
        asked = await self.post(path, body)
        assert asked.status_code == 409, asked.text
        return await self.post(path, body, asked.json()["error"]["confirm"])


def _probe_now(job: Job) -> Action:
    from segue.core.ingest.requests import DownloadCompleted

    return DownloadCompleted(job.source.path)


@asynccontextmanager
async def ingest() -> AsyncIterator[Ingest]:
    async with at_the_door(uid=1000) as (client, door, house):
        yield Ingest(client, door, house)


def settle(place: Ingest) -> None:
    """Answer every question about files and names that is open."""
    for effect in list(place.effects):
        if isinstance(effect, ProbeSources):
            place.act(
                SourcesProbed(
                    effect.effect_id,
                    tuple(SourceProbe(p, 1000, 5, 7, 1, structure="whole") for p in effect.paths),
                )
            )
    for effect in list(place.effects):
        if isinstance(effect, IdentifySource):
            place.act(Identified(effect.effect_id, effect.job_id, NAMED, (MATRIX,)))
    place.effects.clear()


async def reviewing(place: Ingest, *names: str) -> list[str]:
    place.review(*names)
    await trio.sleep(0.1)
    settle(place)
    settle(place)
    assert all(isinstance(job.phase, Reviewing) for job in place.jobs)
    return [job.job_id for job in place.jobs]


# ------------------------------------------------------------------ asking first


async def test_what_changes_files_asks_first(autojump_clock: MockClock) -> None:
    async with ingest() as place:
        place.door.ingest.files["/in/x"] = (SourceFile("/in/x/a.mkv", 12_300_000_000, 1),)
        asked = await place.post("ingest", {"path": "/in/x"})
        assert asked.status_code == 409
        error = asked.json()["error"]
        assert error["code"] == "confirm"
        assert "1 file (12.3 GB)" in error["message"]
        assert not place.jobs
        done = await place.post("ingest", {"path": "/in/x"}, error["confirm"])
        assert done.status_code == 202
        assert done.json()["data"]["jobs"] == [place.jobs[0].job_id]
        again = await place.post("ingest", {"path": "/in/x"}, error["confirm"])
        assert again.status_code == 409, "an id is good for one time"


async def test_a_confirmation_is_for_this_caller_and_this_thing(autojump_clock: MockClock) -> None:
    async with ingest() as place:
        place.door.ingest.files["/in/x"] = (SourceFile("/in/x/a.mkv", 1, 1),)
        place.door.ingest.files["/in/y"] = (SourceFile("/in/y/a.mkv", 1, 1),)
        confirm = (await place.post("ingest", {"path": "/in/x"})).json()["error"]["confirm"]
        assert (await place.post("ingest", {"path": "/in/y"}, confirm)).status_code == 409
        confirm = (await place.post("ingest", {"path": "/in/x"})).json()["error"]["confirm"]
        place.door.ingest.files["/in/x"] += (SourceFile("/in/x/b.mkv", 1, 1),)
        assert (await place.post("ingest", {"path": "/in/x"}, confirm)).status_code == 409, (
            "more than was shown"
        )
        confirm = (await place.post("ingest", {"path": "/in/x"})).json()["error"]["confirm"]
        await trio.sleep(GOOD_FOR_S + 1)
        assert (await place.post("ingest", {"path": "/in/x"}, confirm)).status_code == 409, "too late"
        assert (await place.post("ingest", {"path": "/in/x"}, "guessed")).status_code == 409
        assert not place.jobs


def test_every_door_that_changes_files_asks() -> None:
    """What the tables say in words is what the actions declare."""
    asking = {door.path.rpartition("/")[2] for door in DOORS if "Asks first" in door.summary}
    assert asking == {"ingest", "rename", "backlog", "approve", "pick", "id", "undo", "adopt"}
    assert all(door.tier == "READ" for door in DOORS if door.method == "GET")
    assert all(door.tier == "WRITE" for door in DOORS if door.method == "POST")


async def test_the_backlog_says_how_much(autojump_clock: MockClock) -> None:
    async with ingest() as place:
        asked = await place.post("ingest/backlog")
        assert "12 old files (3.4 GB)" in asked.json()["error"]["message"]
        assert "34 s" in asked.json()["error"]["message"]


async def test_the_queue_is_shown_though_the_history_cannot_be_read(autojump_clock: MockClock) -> None:
    async def refuse() -> tuple[int, int]:
        raise ApiError(503, "archive", "library.db: database is locked.")

    async with ingest() as place:
        place.door.ingest.history_counts = refuse  # type: ignore[method-assign]
        page = (await place.client.get("/api/v1/ingest")).json()["data"]
        assert page["history"] == {"entries": None, "files": None}
        assert page["queue"] == []


# ------------------------------------------------------------------ the review


async def test_the_queue_shows_reasons_candidates_and_next_steps(autojump_clock: MockClock) -> None:
    async with ingest() as place:
        await reviewing(place, "The.Matrix.1999.mkv")
        (job,) = (await place.client.get("/api/v1/ingest/review")).json()["data"]["jobs"]
        assert job["reasons"][0]["code"] == "auto_off"
        assert "approve" in job["reasons"][0]["hint"]
        best = job["candidates"][0]
        assert (best["place"], best["title"], best["url"]) == (
            1,
            "The Matrix",
            "https://www.themoviedb.org/movie/603",
        )
        assert set(best["score"]) == {"title", "year", "popularity", "kind", "total"}
        whole = (await place.client.get(f"/api/v1/ingest/jobs/{job['job_id']}")).json()["data"]
        assert whole["parsed"]["year"] == 1999
        page = (await place.client.get("/api/v1/ingest")).json()["data"]
        assert (page["reviews"], page["queue"], page["auto"]) == (1, [], False)
        status = (await place.client.get("/api/v1/status")).json()["data"]
        assert status["ingest"]["reviews"] == 1


async def test_jobs_are_decided_by_id_or_by_folder(autojump_clock: MockClock) -> None:
    async with ingest() as place:
        first, second, third = await reviewing(place, "a/1.mkv", "a/2.mkv", "b/3.mkv")
        done = await place.confirmed("ingest/review/approve", {"path": "/in/a"})
        assert done.json()["data"]["jobs"] == [first, second]
        assert (await place.confirmed("ingest/review/pick", {"jobs": [third], "place": 1})).status_code == 202
        assert (await place.post("ingest/review/approve", {"jobs": [third]})).status_code == 409
        late = await place.confirmed("ingest/review/approve", {"jobs": [third]})
        assert (late.status_code, late.json()["error"]["code"]) == (422, "not_in_review")


async def test_an_id_is_looked_up_before_anything_is_asked(autojump_clock: MockClock) -> None:
    async with ingest() as place:
        (job,) = await reviewing(place, "x.mkv")
        unknown = await place.post("ingest/review/id", {"jobs": [job], "tmdb_id": 5})
        assert unknown.status_code == 404
        asked = await place.post("ingest/review/id", {"jobs": [job], "tmdb_id": 603})
        assert "The Matrix (1999)" in asked.json()["error"]["message"]
        both = await place.post("ingest/review/id", {"jobs": [job], "tmdb_id": 603, "tvdb_id": 1})
        assert both.status_code == 400


async def test_rejecting_does_not_ask(autojump_clock: MockClock) -> None:
    async with ingest() as place:
        (job,) = await reviewing(place, "x.mkv")
        done = await place.post("ingest/review/reject", {"jobs": [job]})
        assert done.status_code == 202
        assert any(isinstance(effect, RememberSources) for effect in place.effects)
        assert not any(isinstance(effect, TransferFiles) for effect in place.effects)


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("ingest", {"path": "relative"}, 400, "bad_body"),
        ("ingest", {"path": "/gone"}, 404, "no_such_path"),
        ("ingest", {"path": "/gone", "threshold": 2}, 400, "bad_body"),
        ("ingest/review/approve", {}, 400, "bad_body"),
        ("ingest/review/approve", {"jobs": ["x"], "path": "/in"}, 400, "bad_body"),
        ("ingest/review/approve", {"jobs": ["nobody"]}, 404, "unknown_job"),
        ("ingest/review/approve", {"path": "/nothing"}, 404, "unknown_job"),
        ("ingest/review/pick", {"jobs": ["x"], "place": 9}, 400, "bad_body"),
        ("ingest/review/id", {"jobs": ["x"], "imdb_id": "nm1"}, 400, "bad_body"),
        ("ingest/undo", {"entry": "nobody"}, 404, "unknown_entry"),
        ("ingest/watcher", {"verb": "dance"}, 400, "bad_body"),
        ("ingest/completed", {"path": "relative"}, 422, "bad_path"),
        ("ingest/end-run", {}, 422, "nothing_to_do"),
        ("libraries/refresh", {"rating_key": "../1"}, 400, "bad_body"),
        ("ingest/pause", {"more": 1}, 400, "bad_body"),
    ],
)
async def test_bad_requests_are_clear(
    autojump_clock: MockClock, path: str, body: dict[str, object], status: int, code: str
) -> None:
    async with ingest() as place:
        answer = await place.post(path, body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        assert answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("identify", 400),
        ("identify?path=x", 400),
        ("identify?path=/x&batch=1", 200),
        ("plan?path=/x&threshold=0.9", 200),
        ("plan?path=/x&threshold=nan", 400),
        ("plan?path=/x&threshold=7", 400),
        ("plan?path=/x&intent=delete", 400),
        ("jobs/none", 404),
        ("backlog", 200),
    ],
)
async def test_reads_are_checked(autojump_clock: MockClock, query: str, status: int) -> None:
    async with ingest() as place:
        assert (await place.client.get(f"/api/v1/ingest/{query}")).status_code == status


# ------------------------------------------------------------------ history and switches


async def test_the_history_is_told_and_undone(autojump_clock: MockClock) -> None:
    async with ingest() as place:
        place.door.ingest.records = [RECORD]
        (entry,) = (await place.client.get("/api/v1/history/ingest")).json()["data"]["entries"]
        assert (entry["title"], entry["undone_at"], entry["files"][0]["sha256"]) == ("Arrival", None, "ab")
        asked = await place.post("ingest/undo", {"entry": "k3f9a2xz"})
        assert "Nothing is deleted" in asked.json()["error"]["message"]


async def test_switches(autojump_clock: MockClock) -> None:
    async with ingest() as place:
        assert "copies nothing" in (await place.post("ingest/pause")).json()["data"]["doing"]
        assert (await place.client.get("/api/v1/status")).json()["data"]["ingest"]["held"] == "paused"
        assert (await place.post("ingest/resume")).status_code == 202
        assert (await place.post("ingest/watcher", {"verb": "stop"})).status_code == 202
        assert (await place.post("ingest/verify")).status_code == 202
        assert (await place.post("libraries/scan")).status_code == 202
        assert (await place.post("libraries/refresh", {"rating_key": "12"})).status_code == 202
        assert place.door.ingest.refreshed == ["12"]
        assert (await place.post("doctor")).json()["data"]["schema"] == "segue.doctor/1"
