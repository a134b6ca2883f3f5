"""The commands that look and change nothing: each is one request, and its answer laid out for a person."""

from __future__ import annotations

from collections.abc import Callable

from segue.cli.call import Call, quoted, wide
from segue.cli.client import Answer
from segue.cli.control import one_of
from segue.cli.fields import Json, records, text
from segue.cli.paint import Paint
from segue.cli.words import whole_number

WHY_LIMIT_MAX = 200


def status(call: Call) -> None:
    """Show the whole house on one page, or only the pages of the ingest that options name."""
    call.nothing()
    if call.options.queue or call.options.libraries or call.options.history:
        from segue.cli.library import status_pages

        status_pages(call)
        return
    from segue.cli.render import status as render

    call.show(call.house.get("/api/v1/status"), wide(render))


def rooms(call: Call) -> None:
    """List the rooms."""
    call.nothing()
    answer = call.house.get("/api/v1/rooms")
    if call.options.names and not call.json:
        for room in records(answer.data.get("rooms")):
            print(text(room.get("name")))
        return
    from segue.cli.render import rooms as render

    call.show(answer, wide(render))


def players(call: Call) -> None:
    """List the players of Plex and of HEOS."""
    from segue.cli.render import players as render

    call.nothing()
    call.show(call.house.get("/api/v1/players"), render)


def why(call: Call) -> None:
    """Tell what was done last, and what caused it."""
    from segue.cli.stories import stories

    room = call.room()
    count = whole_number(call.options.number, "-n", 1, WHY_LIMIT_MAX)
    query = f"limit={count}" + (f"&room={quoted(room)}" if room is not None else "")
    call.show(call.house.get(f"/api/v1/why?{query}"), stories)


def watch(call: Call) -> None:
    """Show what happens while it happens, until Ctrl-C."""
    from segue.cli.watch import watch as run

    call.nothing()
    run(call.house, call.paint, as_json=call.json, verbose=call.options.verbose)


def volumes(call: Call, name: str | None) -> None:
    """Show the levels of all rooms, or of one."""
    from segue.cli.render import volume_line

    _each(call, name, volume_line)


def sources(call: Call, name: str | None) -> None:
    """Show the inputs of all rooms, or of one."""
    from segue.cli.render import input_line

    _each(call, name, input_line)


def _each(call: Call, name: str | None, line: Callable[[Json, Paint], str]) -> None:
    answer = call.house.get("/api/v1/rooms")
    chosen = records(answer.data.get("rooms"))
    if name is not None:
        chosen = [one_of(chosen, name)]
        answer = _with_rooms(answer, chosen)
    call.show(answer, lambda _data, paint: [line(room, paint) for room in chosen])


def _with_rooms(answer: Answer, rooms: list[Json]) -> Answer:
    import json

    body: Json = {"ok": True, "data": {**answer.data, "rooms": rooms}}
    return Answer(json.dumps(body, ensure_ascii=False), body)
