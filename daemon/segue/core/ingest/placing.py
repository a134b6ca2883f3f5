"""Where a file goes: the library root, the folder, the names, what it replaces, and what travels along."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace as but

from segue.core.ingest import jobs, naming, quality, sidecars
from segue.core.ingest.actions import LibraryFacts, Located, OnServer
from segue.core.ingest.facts import Candidate, ParsedName, Reason
from segue.core.ingest.naming import Destination, Existing, chosen_from
from segue.core.ingest.numbering import season_folder
from segue.core.ingest.records import Plan, PlannedFile
from segue.core.ingest.settings import IngestSettings
from segue.core.ingest.state import Finished, IngestState, Job
from segue.core.vocabulary import Out


def roots_for(job: Job, settings: IngestSettings) -> tuple[str, ...]:
    """Give the roots that a job's file may go to: the libraries of its kind, or the folder where it lies."""
    if job.intent == "rename":
        return (_parent(job.source.path),)
    assert job.chosen is not None
    return settings.movies if job.chosen.kind == "film" else settings.shows


def folder_for(job: Job, settings: IngestSettings) -> str:
    """Give the folder that a job's file would go to if the library had nothing of its title."""
    assert job.parsed is not None
    assert job.chosen is not None
    if job.intent == "rename":
        return ""
    return _named(job, job.parsed, job.chosen, settings).folder


def _named(
    job: Job,
    parsed: ParsedName,
    chosen: Candidate,
    settings: IngestSettings,
    existing: Existing | None = None,
    *,
    beside: bool = False,
) -> Destination:
    extension = _extension(job.name)
    return naming.destination(
        parsed, chosen_from(chosen), settings.naming, extension, existing=existing, beside=beside
    )


def hindrance(job: Job, settings: IngestSettings) -> Reason | None:
    """Say what stands in the way before anything is looked up."""
    assert job.parsed is not None
    assert job.chosen is not None
    if not roots_for(job, settings):
        kind, key = ("films", "movies") if job.chosen.kind == "film" else ("series", "shows")
        return Reason("no_library", f"There is no library for {kind}: [ingest] {key} is empty.")
    if job.intent != "rename" and (job.parsed.extra or sidecars.is_extra(job.relative)) and not job.insists:
        return Reason("extra_alone", f"{job.name} is an extra; it goes along with its film.")
    problem = _named(job, job.parsed, job.chosen, settings).problem
    return Reason("no_number", problem) if problem else None


# ------------------------------------------------------------------ the outcome


def located(state: IngestState, action: Located, out: Out) -> IngestState:
    """Make the plan, or put the job before a person with what speaks against it."""
    job = jobs.working_on(state, action.effect_id, action.job_id)
    if job is None:
        return state
    made = plan(job, action.facts, state.settings)
    if isinstance(made, Plan):
        made = _against_others(state, job, made) or made
    if not isinstance(made, Plan):
        job = jobs.become_reviewing(but(job, plan=None), out.stamp, made)
        jobs.say_review(job, out)
        return jobs.put(state, job)
    if job.intent == "rename" and all(f.source == _absolute(f) for f in made.files):
        text = f"{job.name} has its name already."
        return jobs.finish(state, job, Finished(job.job_id, "renamed", text, out.stamp.wall_at))
    state = _joined(state, job, made, out)
    job = but(job, plan=made, reasons=())
    return jobs.put(state, jobs.become_queued(job, "transfer", out.stamp.now_at))


def _against_others(state: IngestState, job: Job, made: Plan) -> tuple[Reason, ...] | None:
    """Two jobs never go to one place."""
    wanted = _absolute(made.files[0])
    for other in state.jobs.values():
        if other is not job and other.plan is not None and _absolute(other.plan.files[0]) == wanted:
            text = f"{other.name} ({other.job_id}) goes to {wanted}, too."
            return (Reason("same_destination", text),)
    return None


def _joined(state: IngestState, job: Job, made: Plan, out: Out) -> IngestState:
    """End the jobs of files that travel along with this one."""
    carried = {file.source for file in made.files[1:]}
    for other in tuple(state.jobs.values()):
        if other is not job and other.source.path in carried:
            text = f"{other.name} goes along with {job.name}."
            state = jobs.finish(state, other, Finished(other.job_id, "joined", text, out.stamp.wall_at))
    return state


# ------------------------------------------------------------------ the plan


def plan(job: Job, facts: LibraryFacts, settings: IngestSettings) -> Plan | tuple[Reason, ...]:
    """Say what a job will do, or what speaks against it."""
    assert job.parsed is not None
    assert job.chosen is not None
    refused = hindrance(job, settings)
    if refused is not None:
        return (refused,)
    if job.intent == "rename":
        return _renaming(job, job.parsed, job.chosen, facts, settings)
    if facts.ingested_before and not job.insists:
        text = f"{job.name} was taken in before (entry {facts.ingested_before})."
        return (Reason("ingested_before", text),)
    roots = [root for root in facts.roots if root.exists]
    if not roots:
        return (
            Reason("no_root", f"None of the libraries is there: {', '.join(r.root for r in facts.roots)}."),
        )
    home = _home(job.chosen, facts)
    root = home[0] if home is not None else _root_with_room(job, facts, settings)
    existing = _existing(facts, home)
    where = _named(job, job.parsed, job.chosen, settings, existing)
    return _with_versions(job, facts, settings, root, where, existing)


def _home(chosen: Candidate, facts: LibraryFacts) -> tuple[str, str] | None:
    """Find the root and the folder that the library has of this title already."""
    for file in facts.on_server:
        for root in facts.roots:
            below = _below(file.path, root.root)
            if below is None or not root.exists:
                continue
            folders = below.split("/")[:-1]
            if chosen.kind == "show" and _is_season_folder(folders[-1:], file.season):
                folders = folders[:-1]
            if folders:
                return root.root, "/".join(folders)
    return None


def _is_season_folder(names: Sequence[str], season: int | None) -> bool:
    """Tell whether a folder is a season's, by its name."""
    return season is not None and bool(names) and season_folder(season, names) is not None


def _root_with_room(job: Job, facts: LibraryFacts, settings: IngestSettings) -> str:
    """Choose the first root with room, else the first: the transfer will then say that it waits."""
    there = [root for root in facts.roots if root.exists]
    needed = 0 if settings.transfer.startswith("hardlink") else job.source.size + settings.spare_bytes
    return next((root.root for root in there if root.free_bytes >= needed), there[0].root)


def _existing(facts: LibraryFacts, home: tuple[str, str] | None) -> Existing:
    """Say what the library has of this title, and whose the folders of its name are."""
    folder = "" if home is None else home[1]
    seasons = {entry.rpartition("/")[2] for entry in facts.entries if entry.rpartition("/")[0] == folder}
    for file in facts.on_server:
        below = None if home is None else _below(file.path, f"{home[0].rstrip('/')}/{folder}")
        if below is not None:
            seasons.add(below.rpartition("/")[0])
    owned = {name for name, _ in facts.owners}
    owners: list[tuple[str, int | None]] = list(facts.owners)
    owners += [(name, None) for name in facts.folders if name not in owned]
    return Existing(folder, tuple(sorted(name for name in seasons if "/" not in name)), tuple(owners))


# ------------------------------------------------------------------ versions that are there


def _with_versions(
    job: Job, facts: LibraryFacts, settings: IngestSettings, root: str, where: Destination, existing: Existing
) -> Plan | tuple[Reason, ...]:
    """Decide what becomes of versions that the library has: by the setting, or by what a person said."""
    assert job.parsed is not None
    assert job.chosen is not None
    here = f"{root}/{where.path}"
    old = [file for file in facts.on_server if _is_same(file, job)]
    taken = where.path in facts.entries or any(file.path == here for file in old)
    upgrade = job.upgrade or settings.upgrade
    alike = any(file.path == here and file.size == job.source.size for file in old)
    if not job.upgrade and (not old or alike):
        # What has this very name may be this very file: the mover compares the bytes, and overwrites nothing.
        return _made(job, facts, settings, root, where)
    if old and upgrade == "review":
        return (_library_has(job, old),)
    if upgrade == "replace":
        worse = [] if job.upgrade else [reason for file in old if (reason := _not_better(job, file))]
        if worse:
            return tuple(worse)
        retires = tuple(file.path for file in old if file.path != here)
        return _made(job, facts, settings, root, where, replaces=taken, retires=retires)
    where = _named(job, job.parsed, job.chosen, settings, existing, beside=True)
    if where.path in facts.entries:
        where = _beside(where, facts.entries)
    notes = tuple(f"{file.path} stays beside it" for file in old)
    return _made(job, facts, settings, root, where, notes=notes)


def _is_same(file: OnServer, job: Job) -> bool:
    """Tell whether a file of the library holds the same film, or one of the same episodes."""
    assert job.parsed is not None
    assert job.chosen is not None
    if job.chosen.kind == "film":
        # Parts of one film lie beside each other.
        return job.parsed.part is None or f"pt{job.parsed.part}." in file.path
    numbers = {(e.season, e.number) for e in job.chosen.episodes or ()}
    if job.parsed.season is not None:
        numbers |= {(job.parsed.season, number) for number in job.parsed.episodes}
    return any((file.season, number) in numbers for number in file.episodes)


def _library_has(job: Job, old: list[OnServer]) -> Reason:
    more = f" and {len(old) - 1} more" if len(old) > 1 else ""
    return Reason("library_has_it", f"The library has {old[0].path}{more}. {_of_new(job, old[0])}")


def _not_better(job: Job, old: OnServer) -> Reason | None:
    compared = _compared(job, old)
    if compared.verdict == "better":
        return None
    return Reason("not_better", f"{old.path} is not replaced. {_of_new(job, old)}")


def _of_new(job: Job, old: OnServer) -> str:
    """Say in a sentence how the new version is beside the old one."""
    return _compared(job, old).text.replace("It is", "The new one is", 1)


def _compared(job: Job, old: OnServer) -> quality.Compared:
    """Say how the new version is beside the old one."""
    assert job.parsed is not None
    name = old.path.rpartition("/")[2]
    before = quality.parse_quality(name, size=old.size, plex_resolution=old.resolution)
    return quality.compare(quality.quality_of(job.parsed, job.source.size), before)


def _beside(where: Destination, entries: tuple[str, ...]) -> Destination:
    """Give another name, so that both versions stay: `... - version 2`."""
    number = 2
    while but(where, stem=f"{where.stem} - version {number}").path in entries:
        number += 1
    return but(where, stem=f"{where.stem} - version {number}")


# ------------------------------------------------------------------ files of the plan


def _made(
    job: Job,
    facts: LibraryFacts,
    settings: IngestSettings,
    root: str,
    where: Destination,
    *,
    replaces: bool = False,
    retires: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> Plan:
    assert job.chosen is not None
    related = _related(job, facts, settings)
    beside = sidecars.names_for(where, related, taken=set(facts.entries) - {where.path})
    files = (
        _planned(job, root, where.path, replaces=replaces),
        *_sidecars(job, facts, beside.files, root),
    )
    return Plan(
        files=files,
        method=settings.transfer,
        scan_folder=f"{root}/{where.title_folder or where.folder}".rstrip("/"),
        retires=retires,
        left=beside.left,
        notes=(*where.notes, *notes),
    )


def _planned(job: Job, root: str, path: str, *, replaces: bool = False) -> PlannedFile:
    source = job.source
    return PlannedFile(
        source.path, root, path, "video", source.size, source.mtime_ns, source.inode, replaces=replaces
    )


def _sidecars(
    job: Job, facts: LibraryFacts, named: Sequence[sidecars.NamedSidecar], root: str
) -> Iterator[PlannedFile]:
    seen = {sibling.path: sibling for sibling in facts.siblings}
    for one in named:
        source, was = f"{_parent(job.source.path)}/{one.source}", seen[one.source]
        yield PlannedFile(source, root, one.path, one.kind, one.size, was.mtime_ns, was.inode)


def _related(job: Job, facts: LibraryFacts, settings: IngestSettings) -> sidecars.Related:
    """Find what lies beside the video and is its own; in an ingest folder itself that is less certain."""
    assert job.chosen is not None
    return sidecars.sidecars_of(
        job.name,
        facts.siblings,
        facts.videos_in_folder,
        is_film=job.chosen.kind == "film",
        own_folder=_parent(job.source.path) not in (*settings.watch, *settings.movies, *settings.shows),
    )


def _renaming(
    job: Job, parsed: ParsedName, chosen: Candidate, facts: LibraryFacts, settings: IngestSettings
) -> Plan | tuple[Reason, ...]:
    """Give a file and its sidecars new names where they lie."""
    full = _named(job, parsed, chosen, settings)
    where = but(full, folder="")
    root = _parent(job.source.path)
    here = {sibling.path for sibling in facts.siblings}
    if where.path != job.name and where.path in here:
        return (Reason("destination_exists", f"{root}/{where.path} is there already."),)
    related = _related(job, facts, settings)
    here_too = tuple(one for one in related.carry if "/" not in one.path and one.kind in ("subtitle", "nfo"))
    beside = sidecars.names_for(
        where, but(related, carry=here_too), taken=here - {one.path for one in here_too}
    )
    files = (_planned(job, root, where.path), *_sidecars(job, facts, beside.files, root))
    return Plan(files=files, method="rename", scan_folder=root, notes=full.notes)


def _absolute(file: PlannedFile) -> str:
    return f"{file.root.rstrip('/')}/{file.path}"


def _parent(path: str) -> str:
    return path.rpartition("/")[0] or "/"


def _below(path: str, root: str) -> str | None:
    prefix = root.rstrip("/") + "/"
    return path.removeprefix(prefix) if path.startswith(prefix) else None


def _extension(name: str) -> str:
    _, dot, extension = name.rpartition(".")
    return f".{extension}" if dot else ""
