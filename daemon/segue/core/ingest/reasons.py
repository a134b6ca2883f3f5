"""Every word for "why not by itself": a short title for lists, and the next step for the person who reads it.

The sentence of a `Reason` says what was found and what the limit is; here stands what does not change from one case to
the next. The doubts that the reading of a name leaves (`names_flags.FLAGS`) are reasons as well.
"""

from typing import Final

import msgspec

from segue.core.ingest.names_flags import FLAGS


class Known(msgspec.Struct, frozen=True):
    """What is always true of a reason."""

    title: str
    """A few words, for a column of a table."""
    next_step: str
    """What a person can do about it, as a sentence."""


_PICK = "`seguectl review approve ID` takes the first candidate, `pick ID N` another one."
_ID = "`seguectl review id ID ...` names the right one; or rename the file."
_APPROVE = "Say `seguectl review approve ID` if the first candidate is the right one."
_RETRY = "`seguectl review retry ID` asks once more."
_LATER = "It is asked again by itself; nothing has to be done."

_PROBLEMS: Final[dict[str, Known]] = {
    "no_tmdb_key": Known(
        "no TMDb key",
        "Set `[tmdb] api_key_file` (a key costs nothing), or say `seguectl review id ID --tmdb N`.",
    ),
    "tmdb_refused": Known(
        "TMDb refuses the key", "Check the key in `[tmdb] api_key_file`; `seguectl doctor` tests it."
    ),
    "tmdb_busy": Known("TMDb is busy", _LATER),
    "tmdb_unavailable": Known("TMDb not reachable", _LATER),
    "tmdb_unreadable": Known("TMDb's answer is unreadable", _RETRY),
    "nothing_found": Known("nothing found", _ID),
}

_MATCHING: Final[dict[str, Known]] = {
    "below_threshold": Known("score too low", _PICK),
    "title_differs": Known("another title", _PICK),
    "title_not_exact": Known("title not exact", _PICK),
    "year_differs": Known("another year", _PICK),
    "runtime_differs": Known(
        "another length", "Look whether it is another cut or another film; then approve it."
    ),
    "no_witness": Known("nothing confirms it", "Add the year to the name, or approve the candidate."),
    "rival": Known("another fits as well", _PICK),
    "kind_differs": Known("film or series?", _PICK),
    "other_title_differs": Known("two titles disagree", _PICK),
    "id_differs": Known("the id is another title's", "Correct the id in the name, or approve the candidate."),
    "readers_differ": Known("the name reads two ways", _APPROVE),
}

_EPISODES: Final[dict[str, Known]] = {
    "no_episode_number": Known(
        "no episode number", "Add the number to the name (`S01E02`), or give it in the review."
    ),
    "episode_unknown": Known("episode not looked up", _RETRY),
    "episode_missing": Known("no such episode", "Correct the number, or wait until TMDb has the episode."),
    "episode_title_differs": Known(
        "another episode title", "Check the number against the title of the episode."
    ),
}

_READING_STEP: Final[dict[str, str]] = {
    "no_title": _ID,
    "hash_like_name": _ID,
    "several_seasons": "Split the file, or give season and episode in the review.",
    "season_without_episode": "Give the episode in the review.",
    "folder_disagrees": "Approve the right candidate, or rename the folder.",
    "sample": "Reject it, or approve it if it is the whole film.",
}
_READING: Final[dict[str, Known]] = {
    flag: Known(flag.replace("_", " "), _READING_STEP.get(flag, _APPROVE)) for flag in FLAGS
}

REASONS: Final[dict[str, Known]] = _PROBLEMS | _MATCHING | _EPISODES | _READING

NUMBERING_FLAGS: Final = frozenset(
    {
        "season_is_year",
        "several_seasons",
        "season_without_episode",
        "episode_gap",
        "episode_zero",
        "half_episode",
        "bare_number",
        "ambiguous_date",
        "sample",
        "unreadable_name",
    }
)
"""Doubts that remain when an id in the name says which film or show it is."""

PASSING: Final = frozenset({"tmdb_busy", "tmdb_unavailable"})
"""Reasons that pass: the question is asked again by itself."""
