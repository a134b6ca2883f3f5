"""`seguectl review`: what waits for a person, and what the person decides."""

from __future__ import annotations

from segue.cli.call import Call, quoted, wide
from segue.cli.control import accepted
from segue.cli.errors import REFUSED, CtlError
from segue.cli.fields import Json, records, text
from segue.cli.ingest import INGEST, carry_out
from segue.cli.paths import absolute, is_path
from segue.cli.words import numbers, whole_number

REVIEW = f"{INGEST}/review"
VERBS = ("show", "approve", "pick", "id", "reject", "retry")
CANDIDATES_MAX = 5
ID_MAX = 999_999_999
SEASON_MAX = 9999
EPISODE_MAX = 99_999
OPTIONS_OF = {
    "approve": ("replace", "keep_both", "wait"),
    "pick": ("wait",),
    "id": ("tmdb", "imdb", "tvdb", "film", "show", "season", "episode", "wait"),
}
"""Which options go with which verb; the list itself takes `ids`."""


def review(call: Call) -> None:
    """Show the queue, show one job, or decide."""
    verb = call.words[0] if call.words else ""
    _check_options(call, verb if verb in VERBS else "")
    match verb:
        case "show":
            _show(call)
        case "approve" | "pick" | "id":
            _decide(call, call.words.pop(0))
        case "reject" | "retry":
            call.words.pop(0)
            call.show(call.tell(f"{REVIEW}/{verb}", _which(call)), accepted)
        case _:
            _list(call)


def _check_options(call: Call, verb: str) -> None:
    allowed = OPTIONS_OF.get(verb, () if verb else ("ids",))
    for name in {"ids", *(each for names in OPTIONS_OF.values() for each in names)} - set(allowed):
        if getattr(call.options, name):
            raise call.misused(f"--{name.replace('_', '-')} does not go with `review{verb and ' '}{verb}`.")


# ------------------------------------------------------------------ looking


def _list(call: Call) -> None:
    from segue.cli.review_render import queue

    if call.words and not is_path(call.words[0]):
        raise call.misused(f"review takes {', '.join(VERBS)} or a path, not {call.words[0]!r}.")
    word = call.one_or_none("one path")
    below = f"?path={quoted(absolute(word))}" if word is not None else ""
    answer = call.house.get(f"{REVIEW}{below}")
    if call.options.ids and not call.json:
        for job in records(answer.data.get("jobs")):
            print(text(job.get("job_id")))
        return
    call.show(answer, wide(queue))


def _show(call: Call) -> None:
    from segue.cli.review_render import job

    call.words.pop(0)
    job_id = call.one("the id of one job")
    call.show(call.house.get(f"{INGEST}/jobs/{quoted(job_id)}"), wide(job))


# ------------------------------------------------------------------ deciding


def _decide(call: Call, verb: str) -> None:
    more: Json = {}
    match verb:
        case "approve":
            chosen = call.chosen("replace", "keep-both")
            more = {"upgrade": chosen} if chosen else {}
        case "pick":
            if len(call.words) < 2:
                raise call.misused("review pick needs a job and the number of a candidate.")
            more = {"place": whole_number(call.words.pop(), "The candidate", 1, CANDIDATES_MAX)}
        case _:
            more = _named(call)
    carry_out(call, f"{REVIEW}/{verb}", {**_which(call), **more})


def _which(call: Call) -> Json:
    """Read which jobs are meant: ids, or what waits below paths. Raises `CtlError`."""
    if not call.words:
        raise call.misused("review needs the id of a job, or a path; `seguectl review` lists them.")
    if len(call.words) == 1 and is_path(call.words[0]):
        return {"path": absolute(call.words[0])}
    jobs: list[str] = []
    for word in call.words:
        jobs += _below(call, absolute(word)) if is_path(word) else [word]
    return {"jobs": list(dict.fromkeys(jobs))}


def _below(call: Call, path: str) -> list[str]:
    found = records(call.house.get(f"{REVIEW}?path={quoted(path)}").data.get("jobs"))
    if not found:
        raise CtlError(
            REFUSED,
            "unknown_job",
            f"Nothing below {path} waits for review.",
            "`seguectl review` lists what does.",
        )
    return [text(job.get("job_id")) for job in found]


def _named(call: Call) -> Json:
    """Read the id that a person gives, and the numbers of an episode."""
    options = call.options
    said = call.chosen("tmdb", "imdb", "tvdb")
    if not said:
        raise call.misused("review id needs one of --tmdb N, --imdb tt... or --tvdb N.")
    word: str = getattr(options, said)
    if said == "imdb":
        if not (
            word.startswith("tt") and word[2:].isascii() and word[2:].isdigit() and 5 <= len(word) - 2 <= 10
        ):
            raise call.misused(f"--imdb is {word!r}: an id such as tt0133093 is expected.")
        body: Json = {"imdb_id": word}
    else:
        body = {f"{said}_id": whole_number(word, f"--{said}", 1, ID_MAX)}
    kind = call.chosen("film", "show")
    if kind:
        body["kind"] = kind
    if options.season is not None:
        body["season"] = whole_number(options.season, "--season", 0, SEASON_MAX)
    if options.episode is not None:
        body["episodes"] = numbers(options.episode, "--episode", EPISODE_MAX)
    return body
