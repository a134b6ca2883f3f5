"""What the ingest's doors take: every field with its limits."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Path = Annotated[str, Meta(min_length=1, max_length=4096)]
Share = Annotated[float, Meta(ge=0, le=1)]
JobId = Annotated[str, Meta(min_length=1, max_length=64)]
JOBS_MAX = 10_000


class IngestBody(Struct, forbid_unknown_fields=True):
    """What to take in; `auto`: what is sure enough goes in by itself, from `threshold` on."""

    path: Path
    auto: bool = False
    threshold: Share | None = None


class RenameBody(Struct, forbid_unknown_fields=True):
    """What to rename, from which score on."""

    path: Path
    threshold: Share | None = None


class JobsBody(Struct, forbid_unknown_fields=True):
    """Jobs in review: by their ids, or all below a path; exactly one of the two."""

    jobs: Annotated[tuple[JobId, ...], Meta(max_length=JOBS_MAX)] = ()
    path: str = ""


class ApproveBody(JobsBody):
    """The same, and what becomes of a version that the library has."""

    upgrade: Literal["", "replace", "keep-both"] = ""


class PickBody(JobsBody, kw_only=True):
    """The same, and the candidate's place in the list."""

    place: Annotated[int, Meta(ge=1, le=5)]


class IdBody(JobsBody):
    """The same, and the id of the film or show; numbers for an episode where the name has none or wrong ones."""

    kind: Literal["film", "show"] | None = None
    tmdb_id: Annotated[int, Meta(ge=1)] | None = None
    imdb_id: Annotated[str, Meta(pattern="^(tt[0-9]{5,10})?$")] = ""
    tvdb_id: Annotated[int, Meta(ge=1)] | None = None
    season: Annotated[int, Meta(ge=0, le=9999)] | None = None
    episodes: Annotated[tuple[Annotated[int, Meta(ge=0, le=99999)], ...], Meta(max_length=50)] = ()


class UndoBody(Struct, forbid_unknown_fields=True):
    """The entry of the history."""

    entry: JobId


class PathBody(Struct, forbid_unknown_fields=True):
    """A path; empty: everything."""

    path: str = ""


class AdoptBody(PathBody):
    """The same, and whether checksums are made now: that reads every file."""

    checksums: bool = False


class CompletedBody(Struct, forbid_unknown_fields=True):
    """The file or folder that is complete."""

    path: Path


class WatcherBody(Struct, forbid_unknown_fields=True):
    """What the watcher shall do."""

    verb: Literal["start", "stop", "restart"]


class ScanBody(Struct, forbid_unknown_fields=True):
    """Title or key of a Plex library; empty: all."""

    library: str = ""


class RefreshBody(Struct, forbid_unknown_fields=True):
    """Plex' key of the item."""

    rating_key: Annotated[str, Meta(pattern="^[0-9]{1,12}$")]
