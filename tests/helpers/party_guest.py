"""A guest at a watch party, written after `docs/party-protocol.md` alone: it knows nothing of segue.

A program of its own, of the standard library and `websockets`. Its player is arithmetic: it obeys at once and exactly.
What happens it prints, one JSON object a line, with the moment on this machine's steady clock:

    {"at": 12.5, "heard": {...}}               a message of the orchestrator
    {"at": 12.5, "player": {"film", "position_ms", "running"}}    the player does something else from now on
    {"at": 12.5, "closed": 4001}               the connection ended
    {"at": 12.5, "refused": 401}               the handshake was refused

What it is told to do arrives the same way: `{"send": {...}}` or `{"raw": "text"}` to the orchestrator, `{"hand":
"pause"|"play"|"seek", "position_ms"}` is its viewer's remote, `{"bye": true}` ends it.

    PASSKEY=... INVITE=... python party_guest.py ws://host:port/ws --username bea --device tv-b "Screen"
        --film plex://movie/5d7768 600000 [--session k3x9qa]
"""

import argparse
import json
import os
import queue
import sys
import threading
import time
from contextlib import suppress
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

LOOK_S = 0.02
"""How often it looks at its clock."""
PROBES = 8
PROBE_EVERY_S = 0.1
REPORT_EVERY_S = 5.0


def say(**what: Any) -> None:
    """Print what happens."""
    sys.stdout.write(json.dumps({"at": time.monotonic()} | what) + "\n")
    sys.stdout.flush()


class Player:
    """A film and where it is."""

    def __init__(self) -> None:
        self.film = ""
        self.running = False
        self._position_ms, self._since = 0.0, 0.0

    def position_ms(self) -> float:
        """Where the film is now."""
        return self._position_ms + (1000 * (time.monotonic() - self._since) if self.running else 0.0)

    def become(self, film: str, position_ms: float, *, running: bool) -> None:
        """Do something else from now on."""
        self.film, self.running = film, running
        self._position_ms, self._since = position_ms, time.monotonic()
        say(player={"film": film, "position_ms": position_ms, "running": running})


class Clock:
    """Server time, from probes: the two with the shortest round trip of the last eight."""

    def __init__(self) -> None:
        self._probes: list[tuple[float, float]] = []

    def learn(self, c0: float, s1: float, s2: float, c3: float) -> None:
        """Take in the answer to a probe."""
        self._probes.append(((c3 - c0) - (s2 - s1), ((s1 - c0) + (s2 - c3)) / 2))
        del self._probes[:-PROBES]

    def now(self) -> float | None:
        """Server time now; nothing before the first answer."""
        best = sorted(self._probes)[:2]
        return time.monotonic() + sum(offset for _, offset in best) / len(best) if best else None


class Guest:
    """The agent: it listens, looks at its clock, and has the film where the line says."""

    def __init__(self, link: ClientConnection, device: str, films: dict[str, int]) -> None:
        """`films`: lengths in ms by guid or file name, of what this home has."""
        self.link, self.device, self.films = link, device, films
        self.player, self.clock = Player(), Clock()
        self.state: dict[str, Any] = {}
        self.epoch = ""
        self.offset_ms, self.away = 0, ""
        self.probes, self.probe_at, self.report_at = 0, 0.0, 0.0
        self.done_rev = -1
        """The last revision that was carried out to its end."""

    def send(self, kind: str, **fields: Any) -> None:
        """Send a message."""
        self.link.send(json.dumps({"type": kind} | fields))

    # ------------------------------------------------------------ what is heard

    def hear(self, text: str | bytes) -> None:
        """Take a message in. What cannot be read, or is of an unknown type, is left alone."""
        try:
            message = json.loads(text)
            kind = message["type"]
        except (ValueError, TypeError, KeyError, RecursionError):
            say(unreadable=len(text))
            return
        if kind != "time":
            say(heard=message)
        act = getattr(self, f"_hear_{kind}", None) if isinstance(kind, str) else None
        if act is not None:
            try:
                act(message)
            except (KeyError, TypeError, ValueError) as error:
                say(unreadable=len(text), error=repr(error))

    def _hear_welcome(self, message: dict[str, Any]) -> None:
        if message["epoch"] != self.epoch:
            self.epoch, self.clock, self.probes, self.state = message["epoch"], Clock(), 0, {}

    def _hear_time(self, message: dict[str, Any]) -> None:
        now = time.monotonic()
        self.clock.learn(float(message["c0"]), float(message["s1"]), float(message["s2"]), now)

    def _hear_member(self, message: dict[str, Any]) -> None:
        self.offset_ms = int(message.get("offset_ms", 0))
        if message.get("device") == self.device:
            if self.away and not message.get("away"):
                self.done_rev = -1  # back: the line is to be met again
            self.away = message.get("away", "")
            if message.get("removed"):
                self.state = {}

    def _hear_state(self, message: dict[str, Any]) -> None:
        known = self.state.get("rev", -1) if self.state.get("session") == message["session"] else -1
        if message["rev"] <= known:
            return
        self.line_ms(message, 0.0)  # says whether it can be read, before anything is kept of it
        self.state = message
        if self.device in message.get("fetch", []):
            self.away = ""
        if message["phase"] == "lobby" and (problem := self.problem()):
            self.get_ready(problem)

    def _hear_event(self, message: dict[str, Any]) -> None:
        if message.get("kind") == "resync" and message.get("device", self.device) in ("", self.device):
            self.done_rev = -1

    # ------------------------------------------------------------ what it does

    def problem(self) -> str:
        """Say why the film cannot be shown here; empty when it can."""
        film = self.state["film"]
        length_ms = self.films.get(film.get("guid", "")) or self.films.get(film.get("filename", ""))
        if length_ms is None:
            return "no_film"
        return "" if abs(length_ms - film["duration_ms"]) <= 2000 else "wrong_duration"

    def line_ms(self, state: dict[str, Any], at: float) -> float:
        """Where the film should be at a moment of server time."""
        since_s = at - state["at"]
        rate = state["rate"]
        moved_s = max(0.0, since_s) if rate else min(0.0, since_s)
        return float(state["position_ms"] + 1000 * moved_s - self.offset_ms)

    def look(self) -> None:
        """Do what the moment asks for."""
        now = time.monotonic()
        if self.probes < PROBES and now >= self.probe_at:
            self.probes, self.probe_at = self.probes + 1, now + PROBE_EVERY_S
            self.send("time", c0=now)
        server_now = self.clock.now()
        if not self.state or server_now is None or self.away:
            return
        if self.state["rev"] != self.done_rev:
            self.follow(server_now)
        elif now >= self.report_at:
            self.report("in_step" if self.player.running else "parked", server_now)

    def follow(self, now: float) -> None:
        """Bring the player to the line, as the phase wants it."""
        state, phase = self.state, self.state["phase"]
        if phase == "lobby":
            self.done_rev = state["rev"]
        elif phase == "ended":
            if self.player.film:
                self.player.become("", 0, running=False)
            self.done_rev = state["rev"]
        elif problem := self.problem():
            self.get_ready(problem)
        elif state["rate"] and now >= state["at"]:
            self.player.become(self.name(), self.line_ms(state, now), running=True)
            self.done_rev = state["rev"]
            self.report("in_step", now)
        elif not state["rate"] and now >= state["at"]:
            self.player.become(self.name(), state["position_ms"], running=False)
            self.get_ready("")
        elif state["rate"] and self.player.running:
            self.player.become(
                self.name(), state["position_ms"], running=False
            )  # a seek: park until it is time

    def name(self) -> str:
        """What the film is called."""
        film = self.state["film"]
        return str(film.get("guid") or film["filename"])

    def get_ready(self, problem: str) -> None:
        """Say that the player is parked, or why it cannot be."""
        self.done_rev = self.state["rev"]
        parked = {"problem": problem} if problem else {"parked_ms": round(self.player.position_ms())}
        self.send("ready", session=self.state["session"], device=self.device, rev=self.done_rev, **parked)

    def report(self, note: str, now: float, **more: Any) -> None:
        """Say how the player stands to the line."""
        self.report_at = time.monotonic() + REPORT_EVERY_S
        drift_ms = round(self.player.position_ms() - self.line_ms(self.state, now))
        self.send(
            "report",
            session=self.state["session"],
            device=self.device,
            rev=self.state["rev"],
            state="playing" if self.player.running else "paused",
            drift_ms=drift_ms,
            note=note,
            **more,
        )

    # ------------------------------------------------------------ what it is told

    def told(self, order: dict[str, Any]) -> None:
        """Do what the test wants."""
        if "send" in order:
            self.send(order["send"].pop("type"), **order["send"])
        elif "raw" in order:
            self.link.send(order["raw"])
        elif "bytes" in order:
            self.link.send(bytes(order["bytes"]))
        elif "hand" in order:
            self.use_hand(order["hand"], order.get("position_ms", self.player.position_ms()))
        elif "bye" in order:
            self.link.close()

    def use_hand(self, did: str, position_ms: float) -> None:
        """Do what the viewer's own remote says: `pause`, `play`, `seek` or `stop`; and say so."""
        running = did == "play" or (did == "seek" and self.player.running)
        self.player.become("" if did == "stop" else self.player.film, position_ms, running=running)
        note = {"pause": "hand_paused", "play": "hand_played", "seek": "hand_sought", "stop": "hand_stopped"}
        self.report(note[did], self.clock.now() or 0.0, position_ms=round(position_ms))


def listen(orders: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Read orders until there are no more."""
    for line in sys.stdin:
        orders.put(json.loads(line))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--username", default="")
    parser.add_argument("--session", default="")
    parser.add_argument("--device", nargs=2, default=("guest-1", "Guest's Screen"))
    parser.add_argument("--film", nargs=2, action="append", default=[], metavar=("NAME", "MS"))
    parser.add_argument("--form", choices=("header", "query", "hello"), default="header")
    return parser.parse_args()


def greeting(given: argparse.Namespace) -> tuple[str, dict[str, str], dict[str, Any]]:
    """Give the address, the headers and the first message, with the secrets in the place that was chosen."""
    passkey, invite = os.environ.get("PASSKEY", ""), os.environ.get("INVITE", "")
    headers, url = dict[str, str](), given.url
    hello: dict[str, Any] = {"proto": [1], "agent": "guest/1", "session": given.session}
    hello["devices"] = [{"id": given.device[0], "title": given.device[1]}]
    if given.form == "header":
        headers = {"X-Username": given.username} | ({"Authorization": f"Bearer {passkey}"} if passkey else {})
    elif given.form == "query":
        url += f"?username={given.username}&passkey={passkey}"
    else:
        hello |= {"username": given.username} | ({"passkey": passkey} if passkey else {})
    return url, headers, hello | ({"invite": invite} if invite else {})


def main() -> None:
    """Take part until the connection ends."""
    given = arguments()
    url, headers, hello = greeting(given)
    orders: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=listen, args=(orders,), daemon=True).start()
    try:
        with connect(url, additional_headers=headers, compression=None, proxy=None) as link:
            guest = Guest(link, given.device[0], {name: int(ms) for name, ms in given.film})
            guest.send("hello", **hello)
            while True:
                with suppress(TimeoutError):
                    guest.hear(link.recv(timeout=LOOK_S))
                while not orders.empty():
                    guest.told(orders.get())
                guest.look()
    except InvalidStatus as error:
        say(refused=error.response.status_code)
    except ConnectionClosed as error:
        say(closed=error.rcvd.code if error.rcvd else None, reason=error.rcvd.reason if error.rcvd else "")


if __name__ == "__main__":
    main()
