"""A client of the old watch-party protocol, as it is documented and as its code differs; it knows nothing of segue.

A program of its own, of the standard library and `websockets`. It registers, obeys commands when they arrive, and says
every few seconds where its film is. What it prints and is told is as in `party_guest`; `--as code` speaks the
spelling of that protocol's code in place of its documentation's.

    PASSKEY=... python party_old_guest.py ws://host:port/ws --username bea --device tv-b "Screen"
"""

import argparse
import json
import os
import sys
import threading
import time
from contextlib import suppress
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

STATUS_EVERY_S = 2.0


def say(**what: Any) -> None:
    """Print what happens."""
    sys.stdout.write(json.dumps({"at": time.monotonic()} | what) + "\n")
    sys.stdout.flush()


class OldClient:
    """Drives one imaginary device."""

    def __init__(self, link: ClientConnection, device_id: str, *, as_code: bool) -> None:
        self.link, self.device_id, self.as_code = link, device_id, as_code
        self.film, self.running = "", False
        self.position_ms, self.since = 0.0, 0.0
        self.status_at = 0.0

    def now_ms(self) -> float:
        """Where its film is."""
        return self.position_ms + (1000 * (time.monotonic() - self.since) if self.running else 0.0)

    def become(self, position_ms: float, *, running: bool) -> None:
        """Do something else from now on."""
        self.position_ms, self.since, self.running = position_ms, time.monotonic(), running
        say(player={"film": self.film, "position_ms": position_ms, "running": running})

    def hear(self, text: str | bytes) -> None:
        """Take a command in, whichever of its two spellings is read."""
        message = json.loads(text)
        say(heard=message)
        body = message.get("cmd", message) if self.as_code else message
        word = str(body.get("type") if self.as_code else body.get("command", "")).lower()
        if (body.get("device") or {}).get("id") != self.device_id:
            return
        self.obey(word, str(body["filename"]), int(body["offset"]))

    def obey(self, word: str, film: str, offset_ms: int) -> None:
        """Do it; a `play` of the film that is there already goes on from where it stands, as that protocol's does."""
        if word == "play":
            position_ms = self.now_ms() if self.film == film else offset_ms
            self.film = film
            self.become(position_ms, running=True)
        elif word == "stop":
            self.film = ""
            self.become(0, running=False)
        elif self.film != film:
            return  # silently, as that protocol's client
        elif word == "pause":
            self.become(self.now_ms(), running=False)
        elif word in ("seek", "sync"):
            self.become(offset_ms, running=self.running)

    def look(self) -> None:
        """Say where the film is, from time to time."""
        if self.film and time.monotonic() >= self.status_at:
            self.status_at = time.monotonic() + STATUS_EVERY_S
            name = "current_offset" if self.as_code else "offset"
            message = {"type": "status_update", "filename": self.film, name: int(self.now_ms())}
            self.link.send(json.dumps(message))


def obey_orders(client: OldClient) -> None:
    """Take orders of the test until there are no more."""
    for line in sys.stdin:
        order = json.loads(line)
        if "raw" in order:
            client.link.send(order["raw"])
        elif "position_ms" in order:
            client.become(order["position_ms"], running=client.running)
        elif "bye" in order:
            client.link.close()


def main() -> None:
    """Take part until the connection ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--username", default="")
    parser.add_argument("--device", nargs=2, default=("old-1", "Old Screen"))
    parser.add_argument("--form", choices=("header", "query"), default="header")
    parser.add_argument("--as", dest="spelling", choices=("page", "code"), default="page")
    given = parser.parse_args()
    passkey, url, headers = os.environ.get("PASSKEY", ""), given.url, dict[str, str]()
    if given.form == "header":
        headers = {"X-Username": given.username} | ({"Authorization": f"Bearer {passkey}"} if passkey else {})
    else:
        url += f"?username={given.username}&passkey={passkey}"
    device = {"title": given.device[1], "id": given.device[0]}
    register: dict[str, Any] = {"type": "register", "authorized_clients": [device]}
    if given.spelling == "page":
        register["username"] = given.username
    try:
        with connect(url, additional_headers=headers, compression=None, proxy=None) as link:
            client = OldClient(link, device["id"], as_code=given.spelling == "code")
            link.send(json.dumps(register))
            threading.Thread(target=obey_orders, args=(client,), daemon=True).start()
            while True:
                with suppress(TimeoutError):
                    client.hear(link.recv(timeout=0.05))
                client.look()
    except InvalidStatus as error:
        say(refused=error.response.status_code)
    except ConnectionClosed as error:
        say(closed=error.rcvd.code if error.rcvd else None, reason=error.rcvd.reason if error.rcvd else "")


if __name__ == "__main__":
    main()
