"""What a daemon would say about the ingest; change what a test is about."""

from typing import Any

Json = dict[str, Any]

AT = 1_700_000_000.0
GB = 1_000_000_000
INGEST = "/srv/ingest"
MOVIES = "/srv/media/Movies"


def candidate(place: int = 1, **changes: Any) -> Json:
    return {
        "place": place,
        "kind": "film",
        "title": "Harbour Lights",
        "original_title": "Harbour Lights",
        "year": 2011,
        "tmdb_id": 603,
        "imdb_id": "tt0133093",
        "tvdb_id": None,
        "runtime_min": 103,
        "votes": 8123,
        "url": "https://www.themoviedb.org/movie/603",
        "score": {"title": 1.0, "year": 1.0, "popularity": 0.4, "kind": 1.0, "total": 0.91},
        **changes,
    }


def remake(place: int = 2, **changes: Any) -> Json:
    score = {"title": 1.0, "year": 0.5, "popularity": 0.9, "kind": 1.0, "total": 0.835}
    url = "https://www.themoviedb.org/movie/1091"
    return candidate(
        place, **{"year": 1982, "tmdb_id": 1091, "url": url, "score": score, "votes": 21_000, **changes}
    )


def reason(code: str = "rival", text: str = "", hint: str = "") -> Json:
    text = text or "Harbour Lights (1982) fits nearly as well (0.84) as Harbour Lights (2011) (0.91)."
    hint = hint or "`seguectl review approve ID` takes the first candidate, `pick ID N` another one."
    return {"code": code, "text": text, "hint": hint}


def parsed(**changes: Any) -> Json:
    return {
        "kind": "film",
        "title": "Harbour Lights",
        "year": 2011,
        "resolution": "1080p",
        "source": "BluRay",
        "codec": "H.264",
        "release_group": "GRP",
        **changes,
    }


def plan(name: str = "Harbour Lights (2011)", **changes: Any) -> Json:
    folder = f"{MOVIES}/{name}"
    return {
        "method": "copy",
        "files": [
            {
                "source": f"{INGEST}/Harbour.Lights.2011.mkv",
                "destination": f"{folder}/{name} - 1080p BluRay.mkv",
                "kind": "video",
                "size": 12_345_000_000,
                "replaces": False,
            },
            {
                "source": f"{INGEST}/Harbour.Lights.2011.en.srt",
                "destination": f"{folder}/{name} - 1080p BluRay.en.srt",
                "kind": "subtitle",
                "size": 91_000,
                "replaces": False,
            },
        ],
        "retires": [],
        "left": [[f"{INGEST}/sample.mkv", "a sample"]],
        "notes": [],
        **changes,
    }


def job(job_id: str = "k3f9a2xz", name: str = "Harbour.Lights.2011.mkv", **changes: Any) -> Json:
    """A job that waits for a person."""
    return {
        "job_id": job_id,
        "name": name,
        "path": f"{INGEST}/{name}",
        "relative": name,
        "size": 12_345_000_000,
        "intent": "ingest",
        "phase": "reviewing",
        "stage": None,
        "detail": "",
        "found_at": AT,
        "done_bytes": 0,
        "total_bytes": 0,
        "bytes_per_s": 0,
        "signs": ["structure"],
        "duration_s": 6180.0,
        "parsed": parsed(),
        "score": 0.91,
        "level": "high",
        "reasons": [reason()],
        "candidates": [candidate(), remake()],
        "chosen": None,
        "plan": None,
        **changes,
    }


def copying(job_id: str = "k3f9a2xz", done: int = 5 * GB, **changes: Any) -> Json:
    moving = {"done_bytes": done, "total_bytes": 12_345_000_000, "bytes_per_s": 80_000_000}
    return job(
        job_id,
        **{"phase": "working", "stage": "transfer", "reasons": [], "plan": plan(), **moving, **changes},
    )


def review(*jobs: Json) -> Json:
    return {"schema": "segue.review/1", "jobs": list(jobs or (job(),))}


def one_job(**changes: Any) -> Json:
    return {"schema": "segue.job/1", **job(**changes)}


def root(**changes: Any) -> Json:
    return {
        "path": INGEST,
        "status": "watching",
        "files": 12,
        "bytes": 44_100_000_000,
        "problems": 0,
        "left": 0,
        "detail": "",
        **changes,
    }


def end(job_id: str = "k3f9a2xz", what: str = "ingested", text: str = "", at: float = AT) -> Json:
    text = text or f"Harbour.Lights.2011.mkv is Harbour Lights (2011)/x.mkv in {MOVIES} now (copy)."
    return {"job_id": job_id, "what": what, "text": text, "at": at}


def ingest(*queue: Json, **changes: Any) -> Json:
    return {
        "schema": "segue.ingest/1",
        "watching": True,
        "auto": False,
        "threshold": 0.85,
        "roots": [root()],
        "held": {"paused": False, "hold": "", "because": ""},
        "queue": list(queue),
        "reviews": 0,
        "scans": [],
        "run": None,
        "recent": [],
        "tmdb": {"configured": True, "problem": ""},
        "history": {"entries": 1204, "files": 2411},
        **changes,
    }


def long_run(kind: str = "verify", **changes: Any) -> Json:
    return {
        "kind": kind,
        "started_at": AT,
        "running": True,
        "files_done": 120,
        "files_total": 480,
        "bytes_done": 10 * GB,
        "bytes_total": 40 * GB,
        "ok": 0,
        "problem_count": 0,
        "problems": [],
        "error": "",
        **changes,
    }


def brief(**changes: Any) -> Json:
    return {
        "configured": True,
        "watching": True,
        "queue": 0,
        "reviews": 0,
        "working": None,
        "held": "",
        **changes,
    }


def identified(name: str = "Harbour.Lights.2011.mkv", **changes: Any) -> Json:
    return {
        "path": f"{INGEST}/{name}",
        "relative": name,
        "size": 12_345_000_000,
        "duration_s": 6180.0,
        "structure": "whole",
        "parsed": parsed(),
        "accepted": False,
        "level": "high",
        "score": 0.91,
        "reasons": [reason()],
        "candidates": [candidate(), remake()],
        **changes,
    }


def identify(*files: Json, **changes: Any) -> Json:
    return {
        "schema": "segue.identify/1",
        "path": INGEST,
        "files": list(files or (identified(),)),
        "truncated": False,
        **changes,
    }


def planned(name: str = "Harbour.Lights.2011.mkv", **changes: Any) -> Json:
    return {
        "path": f"{INGEST}/{name}",
        "size": 12_345_000_000,
        "title": "Harbour Lights",
        "year": 2011,
        "season": None,
        "episodes": [],
        "score": 0.93,
        "level": "high",
        "accepted": True,
        "reasons": [],
        "plan": plan(),
        **changes,
    }


def unplanned(name: str = "xx.mkv") -> Json:
    why = reason(
        "nothing_found", "TMDb knows no film called xx.", "`seguectl review id ID ...` names the right one."
    )
    nothing: Json = {
        "title": "",
        "year": None,
        "score": None,
        "level": "none",
        "accepted": False,
        "plan": None,
    }
    return planned(name, **nothing, reasons=[why])


def plans(*files: Json, **changes: Any) -> Json:
    files = files or (planned(), unplanned())
    accepted = sum(file["accepted"] for file in files)
    return {
        "schema": "segue.plan/1",
        "path": INGEST,
        "intent": "ingest",
        "files": list(files),
        "accepted": accepted,
        "review": len(files) - accepted,
        "bytes": 12_345_091_000,
        "truncated": False,
        **changes,
    }


def backlog(files: int = 31, size: int = 402 * GB) -> Json:
    roots = [{"path": INGEST, "files": files, "bytes": size}]
    return {
        "schema": "segue.backlog/1",
        "files": files,
        "bytes": size,
        "seconds": size // 100_000_000,
        "roots": roots,
    }


def entry(record_id: str = "k3f9a2xz", **changes: Any) -> Json:
    return {
        "record_id": record_id,
        "kind": "ingest",
        "at": AT,
        "title": "Harbour Lights",
        "year": 2011,
        "media": "film",
        "tmdb_id": 603,
        "tvdb_id": None,
        "season": None,
        "episodes": [],
        "score": 0.93,
        "decided_by": "score",
        "took_s": 12.0,
        "retired": [],
        "undone_at": None,
        "seq": 17,
        "files": [
            {
                "source": f"{INGEST}/Harbour.Lights.2011.mkv",
                "root": MOVIES,
                "path": "Harbour Lights (2011)/Harbour Lights (2011).mkv",
                "size": 12_345_000_000,
                "sha256": "0" * 64,
                "method": "copy",
                "kind": "video",
                "source_mtime_ns": 0,
                "source_inode": 0,
                "recycled": "",
                "made_folders": [],
                "moved": False,
            }
        ],
        **changes,
    }


def history(*entries: Json) -> Json:
    return {"schema": "segue.history/1", "entries": list(entries or (entry(),))}


def libraries(**changes: Any) -> Json:
    return {
        "schema": "segue.libraries/1",
        "server": {"configured": True, "name": "attic", "version": "1.41", "ok": True, "error": ""},
        "libraries": [
            {
                "key": "1",
                "title": "Films",
                "kind": "movie",
                "locations": [MOVIES],
                "refreshing": False,
                "scanned_at": AT,
            }
        ],
        "roots": [
            {
                "path": MOVIES,
                "kind": "movies",
                "exists": True,
                "free_bytes": 900 * GB,
                "total_bytes": 4000 * GB,
                "recycled_bytes": 3 * GB,
                "problem": "",
            }
        ],
        **changes,
    }


def doctor(*checks: tuple[str, bool | None, str, str]) -> Json:
    checks = checks or (("names", True, "Names can be read.", ""),)
    fields = ("name", "ok", "text", "hint")
    return {"schema": "segue.doctor/1", "checks": [dict(zip(fields, check, strict=True)) for check in checks]}


def accepted(doing: str = "takes 1 file in", *jobs: str) -> Json:
    return {"schema": "segue.accepted/1", "seq": 7, "doing": doing, "jobs": list(jobs)}
