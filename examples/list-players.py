#!/usr/bin/env python3
"""List the Plex and HEOS players with the ids that a [[room]] names: what `seguectl players` does, in one small file.

    examples/list-players.py [SOCKET]

It asks segued on its control socket, with nothing but the standard library; take it as a beginning for a script of
your own.
"""

import http.client
import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PLACES = ("/run/segue-ctl/ctl.sock", f"{os.environ.get('XDG_RUNTIME_DIR', '/run/user/0')}/segue/ctl.sock")


class ControlSocket(http.client.HTTPConnection):
    """HTTP over a Unix socket: only the way to connect differs."""

    def __init__(self, path: str) -> None:
        super().__init__("segue", timeout=10)  # the name is not looked up
        self.path = path

    def connect(self) -> None:
        """Connect to the file instead of to a host."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(path: str, route: str) -> Any:
    """Give the data of an answer; an error of segued's ends the script with its words."""
    connection = ControlSocket(path)
    try:
        connection.request("GET", route)
        answer = json.load(connection.getresponse())
    except OSError as error:
        sys.exit(f"segued does not answer at {path}: {error.strerror or error}")
    finally:
        connection.close()
    if not answer["ok"]:
        sys.exit("{message} {hint}".format(**answer["error"]))
    return answer["data"]


def rows(players: Any) -> Iterator[tuple[str, str, str, str]]:
    """Give a line for each player: whose it is, its id, its name, and the room that has it."""
    for player in players["plex"]:
        yield "Plex", player["id"], player["title"], player["room"] or "-"
    for player in players["heos"]:
        yield "HEOS", str(player["player_id"]), player["name"], player["room"] or "-"


def main() -> None:
    """Ask and print."""
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("SEGUE_SOCKET")
    path = given or next((place for place in PLACES if Path(place).exists()), PLACES[0])
    lines = [("OF", "ID", "NAME", "ROOM"), *rows(ask(path, "/api/v1/players"))]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


if __name__ == "__main__":
    main()
