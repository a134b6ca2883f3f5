"""Telling Plex: each changed folder once it is quiet, again and again while Plex is not there."""

from msgspec.structs import replace as but

from segue.core.ingest.actions import FolderScanned, ScanFailed
from segue.core.ingest.effects import ScanFolder
from segue.core.ingest.state import IngestState, PendingScan
from segue.core.stamp import Stamp
from segue.core.vocabulary import Out

AGAIN_MIN_S = 15.0
AGAIN_MAX_S = 300.0
AT_ONCE = 2


def want_scan(state: IngestState, folder: str, because: int, stamp: Stamp) -> IngestState:
    """Note that Plex has to look at a folder; what else happens there meanwhile is seen by the same look."""
    if not state.settings.plex_configured:
        return state
    due_at = stamp.now_at + state.settings.scan_delay_s
    waiting = next((s for s in state.scans if s.folder == folder and not s.effect_id), None)
    if waiting is None:
        fresh = PendingScan(folder, due_at, stamp.wall_at, because)
        return but(state, scans=(*state.scans, fresh))
    return _changed(state, waiting, but(waiting, due_at=max(due_at, waiting.due_at)))


def tell(state: IngestState, out: Out) -> IngestState:
    """Tell Plex of the folders whose time has come."""
    under_way = sum(bool(scan.effect_id) for scan in state.scans)
    for scan in state.scans:
        if scan.effect_id or scan.due_at > out.stamp.now_at or under_way >= AT_ONCE:
            continue
        under_way += 1
        effect_id = out.add(
            ScanFolder(effect_id=out.next_id, why="new_media", because=scan.because, folder=scan.folder)
        )
        state = _changed(state, scan, but(scan, effect_id=effect_id))
    return state


def scanned(state: IngestState, action: FolderScanned) -> IngestState:
    """Plex has taken the order."""
    return but(state, scans=tuple(s for s in state.scans if s.effect_id != action.effect_id))


def failed(state: IngestState, action: ScanFailed, out: Out) -> IngestState:
    """Try again later while Plex is away; give up what it will never do, and say so."""
    scan = next((s for s in state.scans if s.effect_id == action.effect_id), None)
    if scan is None:
        return state
    if action.reason == "no_section":
        text = f"No Plex library has {scan.folder}: {action.detail}"
        out.say("warning", text, "no_section")
        return but(state, scans=tuple(s for s in state.scans if s is not scan))
    if not scan.attempts:
        out.say("warning", f"Plex could not be told of {scan.folder}: {action.detail}", "scan_failed")
    wait_s = min(AGAIN_MIN_S * 2**scan.attempts, AGAIN_MAX_S)
    again = but(
        scan,
        effect_id="",
        due_at=out.stamp.now_at + wait_s,
        attempts=min(scan.attempts + 1, 10),
        detail=action.detail,
    )
    return _changed(state, scan, again)


def _changed(state: IngestState, before: PendingScan, after: PendingScan) -> IngestState:
    return but(state, scans=tuple(after if scan is before else scan for scan in state.scans))
