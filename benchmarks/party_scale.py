"""A thousand agents on one `segued`: its processor time, its memory, and how long an agent waits for an answer.

The daemon is the real one, with its journal on disk, set to take so many connections from one address. The load comes
from a process of its own (`python -m benchmarks.party_scale load ...`): each agent is a member of a party that plays,
and says one thing a second, as the protocol has it: a report every five seconds, and in between clock probes, which are
answered.
"""

import base64
import heapq
import json
import os
import random
import select
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import trio

from benchmarks.figures import Figure, median, p99, show
from benchmarks.process import memory_mb
from tests.helpers.rig import REPO, Segued, running

AGENTS, PARTIES = 1000, 50
SETTLE_S, MEASURE_S = 8.0, 30.0
PAUSES = 5
REPORT_EVERY = 5
FILM = {"duration_ms": 7_200_000, "guid": "plex://movie/5d7768", "filename": "Movie.mkv", "title": "Movie"}
RULES = {"join": "anyone", "start_grace_s": 0}
MIB = 1024 * 1024 / 1e6

ROOM_FOR_ALL = {
    "SEGUE_SERVER__CONNECTIONS_MAX": "2048",
    "SEGUE_SERVER__CONNECTIONS_PER_ADDRESS_MAX": "2048",
}
"""A thousand connections, all from one address."""


# ------------------------------------------------------------------ the load, in its own process


class Agent:
    """One connection, with as little around it as possible: the machine is to be busy with the daemon."""

    def __init__(self, port: int, number: int, party_id: str) -> None:
        self.party_id, self.device = party_id, f"device-{number}"
        self.turn, self.rev, self.sent_at = number, 0, 0.0
        self._bytes = b""
        self.sock = socket.create_connection(("127.0.0.1", port))
        key = base64.b64encode(os.urandom(16)).decode()
        self.sock.sendall(
            "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nX-Username: user-{number}\r\n\r\n".encode()
        )
        while b"\r\n\r\n" not in self._bytes:
            self._bytes += self.sock.recv(65536)
        head, _, self._bytes = self._bytes.partition(b"\r\n\r\n")
        assert b" 101 " in head.split(b"\r\n")[0], head
        devices = [{"id": self.device, "title": "Living Room TV"}]
        self.say({"type": "hello", "proto": [1], "devices": devices, "session": party_id})
        self.sock.setblocking(False)

    def say(self, message: dict[str, Any]) -> None:
        """Send a message, with a mask of zeros (RFC 6455, section 5.3)."""
        body = json.dumps(message).encode()
        long = len(body) > 125
        length = b"\xfe" + len(body).to_bytes(2, "big") if long else bytes([0x80 | len(body)])
        self.sock.sendall(b"\x81" + length + bytes(4) + body)

    def speak(self, now: float) -> None:
        """Say the next thing."""
        self.turn += 1
        if self.turn % REPORT_EVERY:
            self.sent_at = now
            self.say({"type": "time", "c0": now})
            return
        figures = {"drift_ms": random.randint(-40, 40), "sigma_ms": 9, "samples": 8, "parking_ms": 1200}
        report = {"session": self.party_id, "device": self.device, "rev": self.rev, "state": "playing"}
        self.say({"type": "report", **report, **figures, "note": "in_step", "position_ms": 1000 * self.turn})

    def hear(self) -> list[bytes]:
        """Read what has come; raises `EOFError` at the end."""
        data = self.sock.recv(65536)
        if not data:
            raise EOFError
        self._bytes += data
        bodies = []
        while len(self._bytes) >= 2:
            start, size = 2, self._bytes[1]
            if size == 126:
                start, size = 4, int.from_bytes(self._bytes[2:4], "big")
            if len(self._bytes) < start + size:
                break
            if self._bytes[0] == 0x88:
                raise EOFError
            bodies.append(self._bytes[start : start + size])
            self._bytes = self._bytes[start + size :]
        return bodies


class Load:
    """All agents, and what they measure."""

    def __init__(self, port: int, parties: list[str]) -> None:
        self.agents: dict[int, Agent] = {}
        self.answers_ms: list[float] = []
        self.late_ms: list[float] = []
        """How late the load itself was: what the machine, and not the daemon, made of it."""
        self.lost = self.said = 0
        self.states: list[float] = []
        self._poll = select.epoll()
        for number in range(AGENTS):
            agent = Agent(port, number, parties[number % len(parties)])
            self.agents[agent.sock.fileno()] = agent
            self._poll.register(agent.sock.fileno(), select.EPOLLIN)
            self.listen(0.0)

    def listen(self, for_s: float) -> None:
        """Take what comes."""
        for fd, _ in self._poll.poll(for_s):
            agent = self.agents[fd]
            try:
                bodies = agent.hear()
            except (EOFError, OSError):
                self.lost += 1
                self._poll.unregister(fd)
                continue
            for body in bodies:
                self._heard(agent, body)

    def _heard(self, agent: Agent, body: bytes) -> None:
        now = time.perf_counter()
        if body.startswith(b'{"type":"time"'):
            self.answers_ms.append((now - agent.sent_at) * 1000)
        elif body.startswith(b'{"type":"state"'):
            agent.rev = json.loads(body)["rev"]
            self.states.append(now)

    def run(self, for_s: float) -> None:
        """Let every agent say one thing a second for a while, each at its own moment of the second."""
        begin = time.perf_counter()
        heap = [(begin + random.random(), fd) for fd in self.agents]
        heapq.heapify(heap)
        end = begin + for_s
        while (now := time.perf_counter()) < end:
            while heap[0][0] <= now:
                due, fd = heapq.heappop(heap)
                self.late_ms.append((time.perf_counter() - due) * 1000)
                self.agents[fd].speak(time.perf_counter())
                self.said += 1
                heapq.heappush(heap, (due + 1.0, fd))
            self.listen(min(0.05, max(0.0, heap[0][0] - time.perf_counter())))


def load(port: int, parties: list[str]) -> None:
    """Be the load: join, then run for as long as each line of standard input says, and answer with what was seen."""
    agents = Load(port, parties)
    print(json.dumps({"joined": len(agents.agents)}), flush=True)
    for line in sys.stdin:
        agents.answers_ms.clear()
        agents.late_ms.clear()
        agents.states.clear()
        agents.said = 0
        agents.run(float(line))
        seen = {
            "answers_ms": agents.answers_ms,
            "late_ms": agents.late_ms,
            "lost": agents.lost,
            "said": agents.said,
            "states": agents.states,
        }
        print(json.dumps(seen), flush=True)


# ------------------------------------------------------------------ the measurement


class Generator:
    """The process of the load."""

    def __init__(self, port: int, parties: list[str]) -> None:
        command = [sys.executable, "-m", "benchmarks.party_scale", "load", str(port), *parties]
        self._process = subprocess.Popen(
            command, cwd=REPO, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    async def heard(self) -> dict[str, Any]:
        """Wait for the next thing that it says."""
        assert self._process.stdout is not None
        line = await trio.to_thread.run_sync(self._process.stdout.readline)
        told: dict[str, Any] = json.loads(line)
        return told

    async def run(self, for_s: float) -> dict[str, Any]:
        """Have it run, and give what it saw."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{for_s}\n")
        self._process.stdin.flush()
        return await self.heard()

    def end(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


def busy_s(pid: int) -> float:
    """Give the processor time of a process, all its threads together, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def told_all(segued: Segued, generator: Generator, party_id: str) -> tuple[list[float], int]:
    """Pause and resume a party; give the time from the first viewer that knew to the last, in ms, and the missed."""
    times, missed = [], 0
    for n in range(PAUSES):
        verb = "resume" if n % 2 else "pause"

        async def ask(verb: str = verb) -> None:
            await trio.sleep(1.0)
            await segued.api("POST", f"/api/v1/parties/{party_id}/{verb}", {}, status=202)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            heard = (await generator.run(3.0))["states"]
        missed += AGENTS // PARTIES - len(heard)
        times.append((max(heard, default=0.0) - min(heard, default=0.0)) * 1000)
    return times, missed


async def main() -> None:
    """Measure it."""
    with tempfile.TemporaryDirectory() as directory:
        segued = Segued(Path(directory), "[party]\nhost = true\n")
        segued.environ |= ROOM_FOR_ALL
        async with running(segued):
            for _ in range(PARTIES):
                body = {"film": FILM, "host": "", "rules": RULES}
                await segued.api("POST", "/api/v1/parties", body, status=202)
            listed = await segued.api("GET", "/api/v1/parties", status=200)
            parties = [party["party_id"] for party in listed["data"]["parties"]]
            await trio.sleep(2)
            idle_mb = memory_mb(segued.pid)
            generator = Generator(segued.port, parties)
            try:
                joined = (await generator.heard())["joined"]
                for party_id in parties:
                    await segued.api("POST", f"/api/v1/parties/{party_id}/start", {}, status=202)
                await generator.run(SETTLE_S)
                begin, began_s = time.perf_counter(), busy_s(segued.pid)
                steady = await generator.run(MEASURE_S)
                share = (busy_s(segued.pid) - began_s) / (time.perf_counter() - begin) * 100
                memory = (memory_mb(segued.pid) - idle_mb) / MIB
                times, missed = await told_all(segued, generator, parties[0])
            finally:
                generator.end()
    answers = steady["answers_ms"]
    quiet = f"{joined} agents in {PARTIES} parties, {steady['said'] / MEASURE_S:.0f} messages a second"
    show(
        Figure(
            f"{AGENTS} agents, one message a second each: processor",
            share,
            "% of one core",
            25.0,
            baseline=quiet,
            anchor="trio-websocket 0.12 47 %, a codec of 45 lines 18 %",
        ),
        Figure("the same: memory above idle", memory, "MiB", 40.0, baseline=f"{idle_mb / MIB:.0f} MiB idle"),
        Figure(
            "the same: a clock probe answered, p99",
            p99(answers),
            "ms",
            50.0,
            baseline=f"p50 {median(answers):.1f} ms; the load itself was late by {p99(steady['late_ms']):.1f} ms, p99",
            anchor="trio-websocket 0.12 96 ms",
        ),
        Figure("the same: connections lost", steady["lost"], "", 0, "equal"),
        Figure(
            f"the same: a pause told, from the first of {AGENTS // PARTIES} viewers to the last, median",
            median(times),
            "ms",
            75.0,
            baseline=f"{PAUSES} times",
            anchor="trio-websocket 0.12 279 ms to a thousand",
        ),
        Figure("the same: states that a viewer missed", missed, "", 0, "equal"),
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["load"]:
        load(int(sys.argv[2]), sys.argv[3:])
    else:
        trio.run(main)
