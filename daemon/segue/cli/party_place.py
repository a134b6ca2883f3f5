"""Which party a command line means, and whose house hosts it."""

from __future__ import annotations

from segue.cli.call import Call, quoted
from segue.cli.errors import REFUSED, CtlError
from segue.cli.fields import Json, records, text, whole

PARTIES = "/api/v1/parties"
HOME = "/api/v1/party"
ONLY_PARTY = "-"
"""What segued takes for the only party that has not ended."""


class Place:
    """A party, and whether another house hosts it: then our own agent speaks for us."""

    def __init__(self, party_id: str, *, elsewhere: bool = False) -> None:
        self.party_id = party_id
        self.elsewhere = elsewhere

    def path(self, verb: str = "") -> str:
        """Write the path of the party, or of something that is done with it."""
        return f"{PARTIES}/{quoted(self.party_id)}{verb and '/'}{verb}"

    def position_ms(self, call: Call) -> int:
        """Ask where the film is now. Raises `CtlError` where that is not known here."""
        at = None if self.elsewhere else whole(call.house.get(self.path()).data.get("position_ms"))
        if at is None:
            raise CtlError(
                REFUSED,
                "position_unknown",
                "Where the film is, is known to the house that hosts the party.",
                "Say the position itself, such as 1:02:03.",
            )
        return at


def place(call: Call, *, alone: bool = False, at_home: bool = False) -> Place:
    """Take the party off the words: by `--party`, or as the first of them; else the only one is meant.

    A first word is a party when there is one of that name, or when nothing else may be said (`alone`).
    `at_home`: what our own players are in is meant.
    """
    named: str | None = call.options.party
    asked = call.house.get(PARTIES).data
    here = [each for each in records(asked.get("parties")) if each.get("phase") != "ended"]
    known = {text(each.get("party_id")) for each in records(asked.get("parties"))}
    away = list(dict.fromkeys(text(each.get("party_id")) for each in records(asked.get("elsewhere"))))
    if named is None and call.words and (alone or call.words[0] in known or call.words[0] in away):
        named = call.words.pop(0)
    if alone:
        call.nothing()
    if named is not None:
        return Place(named, elsewhere=named not in known and named in away)
    if at_home:
        return _of_this_home(call, away)
    if not here and len(away) == 1:
        return Place(away[0], elsewhere=True)
    if len(here) + len(away) > 1:
        raise _several([*(text(each.get("party_id")) for each in here), *away])
    return Place(ONLY_PARTY)


def _of_this_home(call: Call, away: list[str]) -> Place:
    agent = call.house.get(f"{HOME}/agent").data
    ids = list(dict.fromkeys(_ids(agent, "parties") + _ids(agent, "seats") + away))
    if len(ids) == 1:
        return Place(ids[0])
    if ids:
        raise _several(ids)
    raise CtlError(REFUSED, "unknown_party", "This home is in no party.", "`seguectl party agent` says more.")


def _ids(agent: Json, name: str) -> list[str]:
    return [text(each.get("party_id")) for each in records(agent.get(name)) if each.get("party_id")]


def _several(ids: list[str]) -> CtlError:
    return CtlError(
        REFUSED,
        "which_party",
        "There are several parties; name one.",
        f"parties: {', '.join(ids)} (`seguectl party list`)",
    )
