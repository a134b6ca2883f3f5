"""Making a party: which film, when, whom to invite; and taking an invitation."""

from __future__ import annotations

import sys

from segue.cli.call import Call, quoted
from segue.cli.errors import REFUSED, CtlError
from segue.cli.fields import Json, number, records, text, whole
from segue.cli.paint import Paint
from segue.cli.party_place import HOME, PARTIES, Place
from segue.cli.words import capitalised, moment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from segue.cli.client import Answer

LINK = "segue-party:"
LINK_MAX = 2000
HOURS_MAX = 720

# ------------------------------------------------------------------ which film


def wanted_film(call: Call, words: str) -> Json:
    """Find the film that is meant: as the options say, or on this home's Plex. Raises `CtlError`."""
    options = call.options
    guid, filename, duration = (getattr(options, name) or "" for name in ("guid", "filename", "duration"))
    if duration:
        from segue.cli.party_words import span

        if not (guid or filename):
            raise call.misused("--duration goes with --guid or --filename.")
        ms = round(span(duration, "--duration") * 1000)
        return {"duration_ms": ms, "guid": guid, "filename": filename, "title": words}
    look_for = guid or filename or words
    if not look_for:
        raise call.misused("A film is needed: its title, or --guid, or --filename.")
    found = records(call.house.get(f"{HOME}/films?text={quoted(look_for)}").data.get("films"))
    return _as_body(_chosen(found, look_for, options.film))


def _chosen(found: list[Json], words: str, film_id: str | None) -> Json:
    """Choose the one that is meant; several are listed, for the person to choose."""
    if not found:
        raise CtlError(
            REFUSED,
            "no_film",
            f"This home's Plex has no film like {words!r}.",
            "Say its --guid or --filename and its --duration, if only the others have it.",
        )
    if film_id is not None:
        named = [film for film in found if text(film.get("rating_key")) == film_id]
        if len(named) != 1:
            raise _which(found, f"--film is {film_id!r}; none of these is.")
        return named[0]
    exact = [film for film in found if text(film.get("title")).casefold() == words.casefold()]
    if len(found) == 1 or len(exact) == 1:
        return (exact or found)[0]
    raise _which(found, f"{words!r} may be one of {len(found)}.")


def _which(found: list[Json], message: str) -> CtlError:
    from segue.cli.party_pages import film_line

    plain = Paint(on=False)
    lines = [film_line(film, plain) for film in found]
    return CtlError(REFUSED, "which_film", "\n".join([message, *lines]), "Say which: `--film ID`.")


def _as_body(film: Json) -> Json:
    duration_ms = whole(film.get("duration_ms"))
    if duration_ms is None:
        raise CtlError(
            REFUSED,
            "no_duration",
            f"Plex does not know how long {text(film.get('title'))} is.",
            "Say --guid or --filename with --duration; or have Plex analyse it.",
        )
    return {
        "duration_ms": duration_ms,
        **{name: text(film.get(name)) for name in ("guid", "filename", "title")},
    }


# ------------------------------------------------------------------ a party


def create(call: Call) -> None:
    """Make a party, and say what comes next."""
    from segue.cli.party_words import rules, start_time

    options = call.options
    body: Json = {}
    if options.at is not None:
        body["starts_at"] = start_time(options.at)
    if options.rules is not None:
        body["rules"] = rules([each for each in options.rules.split(",") if each])
    if options.host is not None:
        body["host"] = options.host
    body["film"] = wanted_film(call, " ".join(call.words))
    call.show(call.tell(PARTIES, body), lambda data, paint: _created(data, body, paint))


def _created(data: Json, body: Json, paint: Paint) -> list[str]:
    party_id = text(data.get("party"))
    film = body["film"]
    name = text(film.get("title")) or text(film.get("filename")) if isinstance(film, dict) else ""
    at = body.get("starts_at")
    when = f"begins {moment(at)}" if isinstance(at, float) else f"`seguectl party start {party_id}` begins it"
    return [
        f"{paint('bold', party_id)} {name}",
        f"{capitalised(when)}. `party add NAME` or `party invite` brings people in.",
    ]


def queue(call: Call, where: Place) -> None:
    """Show what is watched afterwards, put a film behind it, or take all of it back."""
    options = call.options
    named = bool(call.words or options.guid or options.filename)
    if options.clear and named:
        raise call.misused("--clear takes no film.")
    if options.clear:
        _set_queue(call, where, [])
        return
    answer = call.house.get(where.path())
    films = records(answer.data.get("films"))[(whole(answer.data.get("item")) or 0) + 1 :]
    if named:
        bodies: list[Json] = [_as_body(film) for film in films]
        _set_queue(call, where, [*bodies, wanted_film(call, " ".join(call.words))])
        return
    call.show(answer, lambda _data, paint: _queued(films, paint))


def _set_queue(call: Call, where: Place, films: list[Json]) -> None:
    body: Json = {"films": films}
    call.show(
        call.tell(where.path("queue"), body), lambda data, _paint: [capitalised(text(data.get("doing")))]
    )


def _queued(films: list[Json], paint: Paint) -> list[str]:
    from segue.cli.party_pages import film_line

    return [film_line(film, paint) for film in films] or ["Nothing follows."]


# ------------------------------------------------------------------ invitations


def invite(call: Call, where: Place) -> None:
    """Make a link for one friend. With a program behind it, nothing but the link is printed."""
    from segue.cli.words import whole_number

    body: Json = {"role": "cohost" if call.options.cohost else "guest"}
    if call.options.hours is not None:
        body["hours"] = whole_number(call.options.hours, "--hours", 1, HOURS_MAX)
    if call.options.address is not None:
        body["at"] = call.options.address
    answer = call.tell(where.path("invite"), body)
    if call.json or (sys.stdout is not None and sys.stdout.isatty()):
        call.show(answer, _invited)
        return
    print(text(answer.data.get("link")))


def _invited(data: Json, paint: Paint) -> list[str]:
    until = moment(number(data.get("until")))
    lines = [
        text(data.get("link")),
        "",
        f"For one friend, until {until}. `seguectl party join` in their house asks for it.",
        "It is a secret until it is used.",
    ]
    if data.get("encrypted") is not True:
        words = "The address is not encrypted (ws://): whoever is on the way can read along. docs/party.md says more."
        lines.append(paint("yellow", words))
    return lines


def join(call: Call) -> None:
    """Take an invitation: from the command line, or better from the input, which nobody else sees."""
    word = call.one_or_none("one invitation")
    link = (_asked() if word in (None, "-") else word or "").strip()
    if not link.startswith(LINK) or len(link) > LINK_MAX:
        raise call.misused(f"This is no invitation: it begins with {LINK}, and all of it is needed.")
    answer: Answer = call.tell(f"{HOME}/agent/join", {"link": link})
    call.show(answer, _joined)
    if answer.data.get("joined") is not True:
        raise SystemExit(REFUSED)


def _asked() -> str:
    if sys.stdin is None:
        return ""
    if sys.stdin.isatty() and sys.stderr is not None:
        print("The invitation: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline(LINK_MAX + 2)


def _joined(data: Json, paint: Paint) -> list[str]:
    where, party_id = text(data.get("orchestrator")), text(data.get("party_id"))
    if data.get("joined") is True:
        return [f"{paint('green', 'Joined')} party {paint('bold', party_id)} at {where}."]
    reason = text(data.get("reason")) or "no answer so far"
    return [
        f"{paint('yellow', 'Not there yet')}: {where}: {reason}.",
        "The invitation is kept, and tried again; `seguectl party agent` says how it stands.",
    ]
