"""The commands about what the library has: status pages, history, undo, Plex, verify, adopt, doctor."""

from __future__ import annotations

from segue.cli.call import Call, quoted, wide
from segue.cli.control import accepted
from segue.cli.errors import REFUSED
from segue.cli.fields import records
from segue.cli.ingest import INGEST, carry_out
from segue.cli.paths import absolute
from segue.cli.words import whole_number

HISTORY = "/api/v1/history/ingest"
LIBRARIES = "/api/v1/libraries"
HISTORY_MAX = 500
RUN_HINT = "`seguectl status --queue` shows how far it is."
RATING_KEY_MAX = 10**9 - 1


# ------------------------------------------------------------------ status


def status_pages(call: Call) -> None:
    """Show the pages that the options of `status` ask for."""
    from segue.cli import library_render, queue_render

    options = call.options
    pages = []
    if options.queue:
        pages.append((INGEST, queue_render.queue))
    if options.libraries:
        pages.append((LIBRARIES, library_render.libraries))
    if options.history:
        pages.append((f"{HISTORY}?limit=10", library_render.history))
    for at, (path, render) in enumerate(pages):
        if at and not call.json:
            print()
        call.show(call.house.get(path), wide(render))


# ------------------------------------------------------------------ history


def history(call: Call) -> None:
    """Show what was taken in, the newest first."""
    from segue.cli.library_render import history as render

    call.verb(("ingest",))
    call.nothing()
    count = whole_number(call.options.number, "-n", 1, HISTORY_MAX)
    words: str | None = call.options.text
    query = f"limit={count}" + (f"&text={quoted(words)}" if words else "")
    call.show(call.house.get(f"{HISTORY}?{query}"), wide(render))


def undo(call: Call) -> None:
    """Take an entry of the history back."""
    carry_out(call, f"{INGEST}/undo", {"entry": call.one("the id of one entry (`seguectl history ingest`)")})


# ------------------------------------------------------------------ Plex


def scan(call: Call) -> None:
    """Have Plex scan a library, or all."""
    library = call.one_or_none("one library") or ""
    call.show(call.tell(f"{LIBRARIES}/scan", {"library": library}), accepted)


def refresh(call: Call) -> None:
    """Have Plex read an item's metadata anew."""
    key = whole_number(call.one("the key of one item, such as 4711"), "The item", 1, RATING_KEY_MAX)
    call.show(call.tell(f"{LIBRARIES}/refresh", {"rating_key": str(key)}), accepted)


# ------------------------------------------------------------------ long runs


def verify(call: Call) -> None:
    """Read the library's files again."""
    _long_run(call)


def adopt(call: Call) -> None:
    """Write an existing library into the history."""
    _long_run(call)


def _long_run(call: Call) -> None:
    options = call.options
    call.chosen("stop", "wait")
    word = call.one_or_none("one path")
    if options.stop:
        if word is not None:
            raise call.misused("--stop ends what runs; it takes no path.")
        call.show(call.tell(f"{INGEST}/end-run", {}), accepted)
        return
    body: dict[str, object] = {"path": "" if word is None else absolute(word)}
    if call.name == "adopt":
        body["checksums"] = options.checksums
    answer = call.tell(f"{INGEST}/{call.name}", body)
    hint = "" if options.wait else f"; {RUN_HINT}"
    call.show(answer, lambda data, paint: [accepted(data, paint)[0] + paint("dim", hint)])
    if options.wait:
        from segue.cli.follow_run import follow_run

        follow_run(call, call.name)


# ------------------------------------------------------------------ the doctor


def doctor(call: Call) -> None:
    """Test everything that the ingest needs, and end with 1 when something does not work."""
    from segue.cli.library_render import doctor as render

    call.nothing()
    answer = call.tell("/api/v1/doctor", {})
    call.show(answer, wide(render))
    if any(check.get("ok") is False for check in records(answer.data.get("checks"))):
        raise SystemExit(REFUSED)
