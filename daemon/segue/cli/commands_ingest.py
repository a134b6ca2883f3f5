"""The table of commands that bring media into the library and look after it; `commands.py` says how to read it."""

from __future__ import annotations

from segue.cli import ingest, library, review
from segue.cli.command import Command, Option

PATIENT = Option("--timeout", value="SECONDS", help="how long to wait for an answer", default="300")
"""For what reads many names or folders before it can answer."""
WAIT = Option("-w", "--wait", help="follow it to its end, with a progress bar on a terminal")
THRESHOLD = Option("--threshold", value="SHARE", help="the score that is sure enough, from 0 to 1")
FOLLOWED = "It ends with 1 when something failed; what waits for review has not failed."

_TAKING_IN = (
    Command(
        "identify",
        ingest.identify,
        "say what a file is taken for, how sure that is, and why",
        words="PATH",
        details="Reads the name, asks TMDb and shows up to five candidates with their scores. Changes nothing.",
        options=(Option("-b", "--batch", help="look at every video file of a folder"), PATIENT),
        examples=(
            ("seguectl identify The.Matrix.1999.1080p.mkv", "what is this?"),
            ("seguectl identify --batch .", "what is in this folder?"),
        ),
    ),
    Command(
        "plan",
        ingest.plan,
        "show what would be done with files, and under which names",
        words="PATH",
        details="Changes nothing.",
        options=(
            THRESHOLD,
            Option("--rename", help="plan new names where the files lie, instead of copies into the library"),
            Option("--format", value="FORMAT", help="table or json", default="table"),
            PATIENT,
        ),
        examples=(("seguectl plan /srv/ingest/Season.1", "where would these go?"),),
    ),
    Command(
        "ingest",
        ingest.ingest,
        "take files into the library",
        words="[PATH]",
        details="Without --auto everything waits in the review queue; with it, what is sure enough goes in by itself. "
        f"--wait without a path follows the whole queue. {FOLLOWED}",
        options=(
            Option("--auto", help="let what is sure enough go in by itself"),
            THRESHOLD,
            Option("-n", "--dry-run", help="only show what would be done"),
            WAIT,
            Option("--backlog", help="show what lay in the ingest folders before segue came, and take it in"),
            Option("--pause", help="copy nothing until --resume"),
            Option("--resume", help="go on copying"),
            PATIENT,
        ),
        examples=(
            ("seguectl ingest --auto --wait ~/Downloads/Film.2019.mkv", "into the library with it"),
            ("seguectl ingest --backlog --dry-run", "how much lay there already?"),
        ),
    ),
    Command(
        "rename",
        ingest.rename,
        "give files Plex's names, where they lie",
        words="PATH",
        details="Shows the names only, unless --execute is said; what is not sure enough waits for review. "
        "`undo` takes it back.",
        options=(
            Option("--preview", help="only show the names (this is the default)"),
            Option("-n", "--dry-run", help="the same as --preview"),
            Option("--execute", help="give the names"),
            THRESHOLD,
            WAIT,
            PATIENT,
        ),
        examples=(
            ("seguectl rename --execute '/srv/media/Movies/The Matrix'", "rename what is in this folder"),
        ),
    ),
    Command(
        "review",
        review.review,
        "see what waits for a person, and decide",
        words="[show|approve|pick|id|reject|retry] [ID|PATH]...",
        details="Without a word it lists the queue, or what of it lies below a path. `show ID` tells everything "
        "about one job. `approve ID|PATH...` takes the first candidate, `pick ID|PATH N` the one with that number, "
        "`id ID|PATH` the film or show whose id an option gives. `reject` leaves files where they are, for good; "
        "`retry` looks at them once more. A path stands for everything below it that waits.",
        options=(
            Option("--replace", help="approve: replace the version that the library has (it is recycled)"),
            Option("--keep-both", help="approve: keep the version that the library has as well"),
            Option("--tmdb", value="N", help="id: its number at TMDb"),
            Option("--imdb", value="TT", help="id: its id at IMDb, such as tt0133093"),
            Option("--tvdb", value="N", help="id: its number at TheTVDB"),
            Option("--film", help="id: it is a film"),
            Option("--show", help="id: it is a show"),
            Option("--season", value="N", help="id: the season, where the name has none or a wrong one"),
            Option("--episode", value="N", help="id: the episode; several as 5,6 or 5-6"),
            Option("--ids", help="print nothing but the ids of what waits, one on a line"),
            WAIT,
        ),
        choices=review.VERBS,
        takes_jobs=True,
        examples=(
            ("seguectl review", "what waits, and why?"),
            ("seguectl review approve k3f9a2xz", "the first candidate is right"),
            ("seguectl review approve /srv/ingest/Season.1 --yes", "so is it for this whole folder"),
            ("seguectl review pick k3f9a2xz 2", "the second candidate is right"),
            (
                "seguectl review id k3f9a2xz --tmdb 1396 --show --season 1 --episode 3",
                "none of them is right",
            ),
        ),
    ),
)

_LIBRARY = (
    Command(
        "history",
        library.history,
        "show what was taken into the library",
        words="ingest",
        details="The newest first, with the ids that `undo` takes.",
        options=(
            Option("-n", "--number", value="N", help="how many entries to show", default="20"),
            Option("--text", value="TEXT", help="only entries whose title or files have this in them"),
        ),
        choices=("ingest",),
        examples=(("seguectl history ingest --text matrix", "when did this come in?"),),
    ),
    Command(
        "undo",
        library.undo,
        "take an entry of the history back",
        words="ENTRY",
        details="What was copied goes into the library's recycle folder, what was renamed or moved goes back, and what "
        "was replaced is put in its place again. Nothing is deleted.",
        options=(WAIT,),
        examples=(("seguectl undo k3f9a2xz", "that was the wrong film"),),
    ),
    Command(
        "verify",
        library.verify,
        "read the library's files again, and compare them with the history",
        words="[PATH]",
        details="With --wait it ends with 1 when it has found problems.",
        options=(WAIT, Option("--stop", help="end the verification under way")),
        examples=(("seguectl verify --wait", "is everything still as it was?"),),
    ),
    Command(
        "adopt",
        library.adopt,
        "write an existing library into the history, and look at its names",
        words="[PATH]",
        details="No file is moved. Without a path all libraries are adopted.",
        options=(
            Option("--checksums", help="make checksums now, which reads every file"),
            WAIT,
            Option("--stop", help="end the adoption under way"),
        ),
    ),
    Command(
        "scan",
        library.scan,
        "have Plex scan a library, or all of them",
        words="[LIBRARY]",
        details="What segue takes in is scanned by itself; this is for what came another way.",
        examples=(("seguectl scan Movies", "have Plex look there now"),),
    ),
    Command(
        "refresh",
        library.refresh,
        "have Plex read an item's metadata anew",
        words="ITEM",
        details="ITEM is Plex's key of it: the number that its page in Plex Web has in the address.",
    ),
    Command(
        "watcher",
        ingest.watcher,
        "start, stop or restart the watching of the ingest folders",
        words="start|stop|restart|status",
        details="A stop lasts until `start`, also over a restart of segued.",
        choices=ingest.WATCHER_VERBS,
        examples=(("seguectl watcher status", "which folders are watched, and what is in them?"),),
    ),
    Command(
        "event",
        ingest.event,
        "pass on what a download client says",
        words="download-complete PATH",
        details="For the hook that a client runs when a download is whole: a file, or a folder with all below it.",
        choices=("download-complete",),
        examples=(
            ('seguectl event download-complete "$TR_TORRENT_DIR/$TR_TORRENT_NAME"', "Transmission's hook"),
        ),
    ),
    Command(
        "doctor",
        library.doctor,
        "test everything that the ingest needs",
        details="Folders, rights, links between them, TMDb, Plex, the history: each with the next step where it does "
        "not work. Makes small files of its own in the libraries and removes them. Ends with 1 when something does not "
        "work.",
        options=(PATIENT,),
    ),
)

INGEST = (*_TAKING_IN, *_LIBRARY)
