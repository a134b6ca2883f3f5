"""The command that makes, leads and watches parties; `commands.py` says how to read it."""

from __future__ import annotations

from segue.cli.command import Command, Option
from segue.cli.party import VERBS, party

DETAILS = (
    "Without a word it lists the parties. PARTY is six letters and digits; it may be left out where there is one, and "
    "--party says it beyond doubt. A party of another house that this home is in is led through its agent, as far as "
    "its host allows. "
    "`create TITLE` looks for the film on this home's Plex; several that fit are listed, and --film chooses. `--at` "
    "takes 20:30, 'fri 20:30', '2026-12-24 20:30' or +30min. "
    "`show`, `watch`, `users`, `devices`, `agent`, `films TITLE` look. `add NAME [PLAYER]` and `invite` bring people "
    "in, `remove NAME [PLAYER]` takes them out; `invite` makes a link for one friend, who gives it to `join`. "
    "`start`, `pause`, `resume`, `seek POSITION`, `skip` (to the next film) and `stop` lead; `resync [NAME]` brings "
    "into step again; `offset NAME -120ms` lets a member be earlier (-) or later (+); `role NAME host|cohost|guest`; "
    "`ignore NAME [off]`: never wait for their stalls. `queue [TITLE]` shows or prolongs what follows, `schedule "
    "TIME|off` sets the start, `rules [KEY=VALUE...]` what the party is like. `rejoin` and `leave` are for this home's "
    "own players. `nicks` shows who speaks on IRC for whom, `nick CODE USER` confirms one, `unbind NICK` takes it back."
)

PARTY = (
    Command(
        "party",
        party,
        "watch a film with friends in other homes, in step",
        words="[WORD] [PARTY] [VALUE]...",
        details=DETAILS,
        options=(
            Option(
                "-p",
                "--party",
                value="PARTY",
                help="the party, where its name could be taken for another word",
            ),
            Option("--at", value="TIME", help="create: when it begins by itself"),
            Option("--host", value="NAME", help="create: who is its host"),
            Option(
                "--film", value="ID", help="create, queue: which of several films, by the ID that is listed"
            ),
            Option("--guid", value="GUID", help="create, queue: the film by its guid in Plex"),
            Option(
                "--filename", value="NAME", help="create, queue: the film by its file's name, without folders"
            ),
            Option("--duration", value="TIME", help="create, queue: its length; then Plex is not asked"),
            Option("--rules", value="RULES", help="create: rules, such as open=yes,stall=wait,length=5min"),
            Option("--clear", help="queue: nothing follows"),
            Option("--cohost", help="add, invite: as co-host"),
            Option("--hours", value="N", help="invite: how long the invitation holds"),
            Option("--address", value="URL", help="invite: the address to come to, for [party] public_url"),
            Option("--ids", help="list: print nothing but the ids, one on a line"),
        ),
        choices=VERBS,
        takes_parties=True,
        examples=(
            ("seguectl party create 'Harbour Lights' --at 20:30 --host alice", "an evening with friends"),
            ("seguectl party invite --hours 24", "a link for one of them"),
            ("seguectl party watch", "is everybody in step?"),
            ("seguectl party offset bob -120ms", "bob's call is late: let his film be earlier"),
        ),
    ),
)
