"""The table of commands: what each is called, what it takes, what it does.

Help, completions and the man page are made from this table, so a command is described here and nowhere else; those of
the ingest and the library are in `commands_ingest.py`, those of watch parties in `commands_party.py`.

Grammar: a command that concerns a room takes its name first. With one room in the house the name may be left out;
segued takes `-` for *the only room*, so nobody has to ask first how many there are. A level, a position, `on` or `off`
cannot be mistaken for a name, except by somebody who called a room so; `--room` says it beyond doubt.
"""

from __future__ import annotations

from segue.cli import control, show
from segue.cli.command import COMMON, ROOM, Command, Option
from segue.cli.commands_ingest import INGEST
from segue.cli.commands_party import PARTY

__all__ = ["COMMANDS", "COMMON", "GROUPS", "ROOM", "Command", "Option", "command_named"]

_OF_RECEIVERS = ("cd", "tv", "phono", "tuner", "bluray", "dvd", "game", "mediaplayer", "cable_sat", "usbdac")
_OF_SPEAKERS = (
    "aux_in_1",
    "line_in_1",
    "optical_in_1",
    "coax_in_1",
    "analog_in_1",
    "hdmi_in_1",
    "hdmi_arc_1",
)
INPUTS = _OF_RECEIVERS + _OF_SPEAKERS
"""Frequent HEOS inputs, for completion only: which a receiver has, it says itself."""


def _transport(name: str, summary: str, details: str = "") -> Command:
    return Command(name, control.transport, summary, words="[ROOM]", details=details, options=(ROOM,))


HOUSE = (
    Command(
        "status",
        show.status,
        "show the whole house on one page",
        details="segued and its links, every room, the ingest, and what is not well with the next step. With one or "
        "more of the options only that is shown.",
        options=(
            Option("--queue", help="what arrives, what is being done with it, and what waits"),
            Option("--libraries", help="Plex's libraries, and the disks that they lie on"),
            Option("--history", help="what was taken into the library last"),
        ),
        examples=(
            ("seguectl status", "is everything well?"),
            ("seguectl status --queue", "how far is the copy?"),
        ),
    ),
    Command(
        "watch",
        show.watch,
        "show what happens, while it happens",
        details="One line for each event. On a terminal the rooms and the copy under way are shown live below; q or "
        "Ctrl-C ends it. When segued goes away, that is said once, and again when it is back. With --json every event "
        'is one line of JSON; the first is {"type": "snapshot"}.',
        options=(
            Option("-v", "--verbose", help="also show events that matter only when something is looked for"),
        ),
        examples=(
            ("seguectl watch", "look at the house"),
            ("seguectl watch --json | jq -r .type", "the type of every event"),
        ),
    ),
    Command(
        "why",
        show.why,
        "tell what segue did last, and what caused it",
        words="[ROOM]",
        details="The newest act first, each with its causes, the nearest first. A fade is told as one act.",
        options=(ROOM, Option("-n", "--number", value="N", help="how many acts to tell", default="5")),
        examples=(("seguectl why living -n 1", "why did the living room just change?"),),
    ),
    Command(
        "rooms",
        show.rooms,
        "list the rooms",
        options=(Option("--names", help="print nothing but the names, one on a line"),),
    ),
    Command(
        "players",
        show.players,
        "list the players of Plex and HEOS, with the ids that the configuration names",
    ),
    _transport("play", "play, or go on", "segue fades in as the room's configuration says."),
    _transport("pause", "fade out, then pause", "The level is brought back once it is silent."),
    _transport("resume", "the same as play"),
    _transport("stop", "fade out, then stop"),
    _transport("next", "go to the next title"),
    _transport("prev", "go to the previous title"),
    Command(
        "seek",
        control.seek,
        "go to a position of the title",
        words="[ROOM] POSITION|+TIME|-TIME",
        details="A position or a time is written 83, 1:23 or 1:02:03. With a sign it counts from where the title is.",
        options=(ROOM,),
        examples=(
            ("seguectl seek 1:23", "go there"),
            ("seguectl seek living -10", "hear the last ten seconds again"),
        ),
    ),
    Command(
        "volume",
        control.volume,
        "show or set the level",
        words="[ROOM] [LEVEL|up|down|+N|-N]",
        details="Levels go from 0 to 100; the room's max_level binds. A level that is set ends a fade. `up` and `down` "
        "go one step of the configuration, +N and -N so many levels. Without a level the present ones are shown.",
        options=(ROOM,),
        choices=("up", "down"),
        examples=(
            ("seguectl volume", "how loud is it?"),
            ("seguectl volume living 30", "set a level"),
            ("seguectl volume -2", "a little softer"),
        ),
    ),
    Command(
        "mute",
        control.mute,
        "mute a room, or let it be heard again",
        words="[ROOM] [on|off|toggle]",
        details="Without a word it is `on`.",
        options=(ROOM,),
        choices=("on", "off", "toggle"),
        examples=(("seguectl mute toggle", "for a key of the keyboard"),),
    ),
    Command(
        "source",
        control.source,
        "show or select the input",
        words="[ROOM] [INPUT]",
        details="Inputs are HEOS's own names, such as inputs/cd; the prefix may be left out. A single word is an "
        "input; to see the input of one room, name it with --room.",
        options=(ROOM,),
        choices=INPUTS,
        examples=(("seguectl source living tv", "listen to the television"),),
    ),
    Command(
        "fade",
        control.fade,
        "go to a level slowly",
        words="[ROOM] LEVEL",
        details="The level is the room's own from then on.",
        options=(
            ROOM,
            Option("--over", value="SECONDS", help="the time that it takes (segued's default is 3)"),
        ),
        examples=(("seguectl fade 15 --over 60", "towards the night"),),
    ),
    Command(
        "reload",
        control.reload,
        "read the configuration again",
        details="A broken file changes nothing: the former settings stay in force, and every error is listed. "
        "Nothing jumps in volume.",
    ),
)


GROUPS = (("The house", HOUSE), ("New media and the library", INGEST), ("Watch parties", PARTY))
"""The commands under their headings."""
COMMANDS = (*HOUSE, *INGEST, *PARTY)


def command_named(name: str) -> Command | None:
    """Find a command."""
    return next((command for command in COMMANDS if command.name == name), None)
