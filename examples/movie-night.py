#!/usr/bin/env python3
"""Make a watch party and print an invitation for each friend, in one small file.

    examples/movie-night.py TITLE [--in MINUTES] [--host USERNAME] FRIEND...

The film is looked up on this house's own Plex. It asks segued on its control socket, with nothing but the standard
library; take it as a beginning for a script of your own. Send each link to its friend, and to nobody else.
"""

import argparse
import http.client
import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

PLACES = ("/run/segue-ctl/ctl.sock", f"{os.environ.get('XDG_RUNTIME_DIR', '/run/user/0')}/segue/ctl.sock")


class ControlSocket(http.client.HTTPConnection):
    """HTTP over a Unix socket: only the way to connect differs."""

    def __init__(self, path: str) -> None:
        super().__init__("segue", timeout=20)  # the name is not looked up
        self.path = path

    def connect(self) -> None:
        """Connect to the file instead of to a host."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(method: str, route: str, body: Any = None) -> Any:
    """Give the data of an answer; an error of segued's ends the script with its words."""
    path = os.environ.get("SEGUE_SOCKET") or next((each for each in PLACES if Path(each).exists()), PLACES[0])
    connection = ControlSocket(path)
    try:
        connection.request(method, route, None if body is None else json.dumps(body))
        answer = json.load(connection.getresponse())
    except OSError as error:
        sys.exit(f"segued does not answer at {path}: {error.strerror or error}")
    finally:
        connection.close()
    if not answer["ok"]:
        sys.exit("{message} {hint}".format(**answer["error"]))
    return answer["data"]


def film_called(title: str) -> Any:
    """Find the film; where several are called so, say which there are."""
    found = ask("GET", f"/api/v1/party/films?text={quote(title)}")["films"]
    exact = [film for film in found if film["title"].casefold() == title.casefold()] or found
    if len(exact) != 1:
        names = ", ".join(f"{film['title']} ({film['year']})" for film in exact) or "nothing"
        sys.exit(f"{title} should be one film; Plex has {names}.")
    return {name: exact[0][name] for name in ("title", "guid", "filename", "duration_ms")}


def main() -> None:
    """Make the party, then the invitations."""
    parser = argparse.ArgumentParser(
        description="Make a watch party and print an invitation for each friend."
    )
    parser.add_argument("title")
    parser.add_argument("friends", nargs="+", metavar="FRIEND")
    parser.add_argument(
        "--in", type=float, dest="minutes", metavar="MINUTES", help="when it begins by itself"
    )
    parser.add_argument("--host", default="", metavar="USERNAME", help="who leads it from their own player")
    given = parser.parse_args()
    wanted = {"film": film_called(given.title), "host": given.host, "rules": {"open": True}}
    if given.minutes is not None:
        wanted["starts_at"] = time.time() + 60 * given.minutes
    party = ask("POST", "/api/v1/parties", wanted)["party"]
    print(f"Party {party}: {given.title}")
    for friend in given.friends:
        print(f"{friend}: {ask('POST', f'/api/v1/parties/{party}/invite')['link']}")


if __name__ == "__main__":
    main()
