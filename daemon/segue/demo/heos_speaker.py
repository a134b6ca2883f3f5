"""A simulated HEOS receiver: real sockets or memory streams, lasting state, events, a playback clock, and every fault.

Run it as a task::

    async with HeosSpeaker(host="127.0.12.55") as speaker:
        speaker.turn_knob(speaker.pid, 40)              # what a person does at the device
        await speaker.until(lambda s: s.sent("player/set_volume"))
        speaker.faults.silent = True                    # what goes wrong

or by itself: `python -m segue.demo.heos_speaker --host 127.0.12.55`. With `host=None` there is no socket and
`connect()` gives memory streams, so that whole evenings run under virtual time.
"""

import random
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Any, Final, Self

import trio
import trio.testing

from segue.demo import heos_browse_commands, heos_player_commands
from segue.demo.heos_connection import Connection, LoggedCommand
from segue.demo.heos_faults import EventFilter, Faults
from segue.demo.heos_household import Household, endless
from segue.demo.heos_media import Station, Track
from segue.demo.heos_player import LevelChange, Player
from segue.demo.heos_protocol import (
    LINE_END,
    PORT,
    Command,
    Event,
    RefusalError,
    encode,
    event_line,
    failure,
    success,
)
from segue.demo.heos_requests import CommandTable, Request
from segue.demo.heos_ssdp import answer_searches

HOST: Final = "127.0.12.55"
COMMANDS: Final = CommandTable(heos_player_commands.COMMANDS | heos_browse_commands.COMMANDS)
LOG_MAX: Final = 50_000
"""Commands kept in the log; of more than that the older half is forgotten."""
LAST_WORDS_S: Final = 0.05
"""Time between the answer to a reboot and its beginning."""


class HeosSpeaker:
    """The device, and with it the household that it speaks for.

    `host` and `port` are where it listens (None: nowhere, see `connect`; port 0: any). `ssdp` is the UDP address where
    it can be found. `seed` makes its dice repeatable. `reboot_s` is how long a reboot takes. Further settings go to
    `Household`.
    """

    def __init__(
        self,
        players: Iterable[Player] = (),
        *,
        host: str | None = HOST,
        port: int = PORT,
        ssdp: tuple[str, int] | None = None,
        seed: int = 0,
        faults: Faults | None = None,
        reboot_s: float = 0.0,
        stream_length: Callable[[str], float | None] = endless,
        **household: Any,
    ) -> None:
        self.host, self.port, self.ssdp = host, port, ssdp
        self.faults = faults or Faults()
        self.reboot_s = reboot_s
        self.connections: list[Connection] = []
        self.connects = 0
        self.peak_in_flight = 0
        self.commands: list[LoggedCommand] = []
        self.watch_command: Callable[[LoggedCommand], object] = lambda _command: None
        self._rng = random.Random(seed)
        known = list(players) or [Player(ip=host or HOST)]
        self.house = Household(
            known, now=trio.current_time, rng=self._rng, stream_length=stream_length, **household
        )
        self._filter = EventFilter(self.faults, self._rng)
        self._plugged = trio.Event()
        self._plugged.set()
        self._listener: trio.SocketListener | None = None
        self._nursery: trio.Nursery | None = None
        self._changed = trio.Event()
        self._news = trio.lowlevel.ParkingLot()
        self._exit_stack = AsyncExitStack()

    # ------------------------------------------------------------ running

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            nursery = await stack.enter_async_context(trio.open_nursery())
            stack.callback(nursery.cancel_scope.cancel)
            await nursery.start(self.serve)
            self._exit_stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._exit_stack.__aexit__(kind, error, trace)

    async def serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Be a speaker until cancelled; started when it can be reached.

        Raises OSError when the address cannot be bound.
        """
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            try:
                nursery.start_soon(self._keep_time)
                if self.host is not None:
                    await nursery.start(self._listen, self.host)
                if self.ssdp is not None:
                    serial = next(iter(self.house.players.values())).serial
                    self.ssdp = await nursery.start(
                        answer_searches, self.ssdp, self.host or HOST, serial, self._is_findable
                    )
                task_status.started()
                await trio.sleep_forever()
            finally:
                self._nursery = None

    async def serve_stream(self, stream: trio.abc.Stream) -> None:
        """Serve one client on any stream until it leaves; `serve` must be running, as it keeps the time."""
        self.connects += 1
        connection = Connection(self, stream, self.connects)
        if self.faults.reset_new or len(self.connections) >= self.faults.connections_max:
            connection.drop(reset=self.faults.reset_new)
        self.connections.append(connection)
        self._news.unpark_all()
        try:
            await connection.run()
        finally:
            self.connections.remove(connection)
            self._news.unpark_all()

    def connect(self) -> trio.abc.Stream:
        """Connect a client through memory. Raises ConnectionRefusedError when the speaker is unplugged."""
        nursery = self._running()
        if not self._plugged.is_set():
            raise ConnectionRefusedError("the simulated speaker is unplugged")
        ours, theirs = trio.testing.memory_stream_pair()
        nursery.start_soon(self.serve_stream, ours)
        return theirs

    # ------------------------------------------------------------ what a person does at the device

    def turn_knob(self, pid: int, level: int) -> None:
        """Turn the volume knob to a level, 0-100; in standby it does nothing."""
        if (player := self.house.player(pid)).powered:
            player.set_level(level, "knob")
            self.settle()

    def press_mute(self, pid: int) -> None:
        """Press MUTE on the remote control."""
        player = self.house.player(pid)
        player.set_mute(not player.muted)
        self.settle()

    def select_input(self, pid: int, name: str) -> None:
        """Choose an input, e.g. `inputs/cd`, or one that HEOS does not know, e.g. `HDMI 5`."""
        self.house.player(pid).receiver_selects(name)
        self.settle()

    def power(self, pid: int, *, on: bool) -> None:
        """Press the power button."""
        self.house.player(pid).power(on)
        self.settle()

    def play_radio(self, pid: int, station: Station | str) -> None:
        """Choose a radio station from the HEOS app, by name or as a new one."""
        if isinstance(station, str):
            known = (each for each in self.house.stations if each.name == station)
            station = next(known, Station(f"s-{station}", station))
        self.house.player(pid).play(station)
        self.settle()

    def play_song(self, pid: int, track: Track) -> None:
        """Choose a song in the HEOS app: it is put into the queue and played."""
        self.house.player(pid).add([track], "now")
        self.settle()

    def resume(self, pid: int) -> None:
        """Press PLAY; with nothing to play nothing happens."""
        self._press(pid, "play")

    def pause(self, pid: int) -> None:
        """Press PAUSE; what cannot pause plays on."""
        self._press(pid, "pause")

    def stop(self, pid: int) -> None:
        """Press STOP."""
        self._press(pid, "stop")

    def load_queue(self, pid: int, tracks: Iterable[Track]) -> None:
        """Put songs at the end of the queue, as the HEOS app does, without playing them."""
        self.house.player(pid).add(tracks, "end")
        self.settle()

    # ------------------------------------------------------------ what happens to the device

    def drop_connections(self, *, reset: bool = True) -> None:
        """Close all connections, with a TCP reset or politely; new ones are welcome."""
        for connection in self.connections:
            connection.drop(reset=reset)

    def freeze_connections(self) -> None:
        """Make the present connections half open for good: still there, never answered. New ones work."""
        for connection in self.connections:
            connection.frozen = True

    def refuse_connections(self) -> None:
        """Refuse new connections until `plug_in`, as devices do that want a power cycle (home-assistant/core#95869)."""
        self._plugged = trio.Event()
        if self._listener is not None:
            self._listener.socket.close()

    def unplug(self) -> None:
        """Take the network away: connections freeze, new ones are refused."""
        self.freeze_connections()
        self.refuse_connections()

    def plug_in(self) -> None:
        """Give the network back; connections that froze are reset."""
        for connection in self.connections:
            if connection.frozen:
                connection.drop(reset=True)
        self._plugged.set()

    def reboot(self) -> None:
        """Go away and come back after `reboot_s`: connections end, music stops, ids may change."""
        self._running().start_soon(self._reboot)

    def renumber(self) -> dict[int, int]:
        """Change all player ids under the eyes of the clients, who are told `players_changed`; return old -> new."""
        new_ids = self.house.renumber()
        self.settle()
        return new_ids

    def fail_playback(self, pid: int, error: str = "Could Not Download") -> None:
        """Let what plays fail: `player_playback_error`, and it stops."""
        self.house.player(pid).fail_playback(error)
        self.settle()

    def storm(self, count: int, name: str = "sources_changed") -> None:
        """Send one event many times over, as devices do when they find their sources."""
        self._broadcast([Event(name)] * count)

    def inject(self, line: bytes | Mapping[str, Any]) -> None:
        """Send something unasked to all clients: raw bytes, or an object as JSON. A line end is added to bytes."""
        data = line + LINE_END if isinstance(line, bytes) else encode(line)
        for connection in self.connections:
            connection.send(data)

    # ------------------------------------------------------------ what a test wants to see

    @property
    def pid(self) -> int:
        """Id of the first player."""
        return next(iter(self.house.players))

    @property
    def in_flight(self) -> int:
        """Commands received and not answered, over all connections; `peak_in_flight` is the most there ever were."""
        return sum(connection.in_flight for connection in self.connections)

    def player(self, pid: int | None = None) -> Player:
        """A player, or the first one, to look at; act on it through the speaker, so that clients hear of it."""
        return self.house.player(self.pid if pid is None else pid)

    def level(self, pid: int | None = None) -> int:
        """The level that a person hears."""
        return self.player(pid).level

    def level_history(self, pid: int | None = None) -> list[LevelChange]:
        """Every change of the level since the start, and whether a command or the knob made it."""
        return self.player(pid).level_history

    def sent(self, name: str) -> list[LoggedCommand]:
        """The commands of that name that arrived, oldest first."""
        return [each for each in self.commands if each.name == name]

    async def until(self, happened: Callable[["HeosSpeaker"], object]) -> None:
        """Wait until something is true of the speaker; the caller brings the deadline."""
        while not happened(self):
            await self._news.park()

    # ------------------------------------------------------------ for the connections (heos_connection.Device)

    def draw_latency(self, name: str) -> float:
        """How long the device takes for this command, in seconds."""
        return self.faults.draw_latency(name, self._rng)

    def received(self, connection: Connection, command: Command) -> None:
        """Log a command."""
        self.peak_in_flight = max(self.peak_in_flight, self.in_flight)
        args = {name: "********" if name == "pw" else value for name, value in command.args.items()}
        self.commands.append(LoggedCommand(trio.current_time(), connection.number, command.name, args))
        if len(self.commands) > LOG_MAX:
            del self.commands[: LOG_MAX // 2]
        self.watch_command(self.commands[-1])
        self._news.unpark_all()

    def execute(self, connection: Connection, command: Command) -> bytes:
        """Carry a command out and return the line that answers it."""
        self.house.expire(trio.current_time())
        request = Request(command, self.house, connection, self.faults.stale_now_playing_s)
        try:
            answer = COMMANDS.execute(request)
        except RefusalError as refusal:
            return failure(command, refusal.error_id, pretty=connection.pretty)
        if command.name == "system/reboot":
            self.reboot()
        if command.name == "player/get_now_playing_media" and self.faults.now_playing_echo:
            self.house.tell("player_now_playing_changed", f"pid={command.args['pid']}")
        return success(command, answer, pretty=connection.pretty)

    def settle(self) -> None:
        """Do what is due, and send the events of what happened."""
        now = trio.current_time()
        self.house.expire(now)
        events = self._filter.admit(self.house.take_events(), now) + self._filter.expire(now)
        self._broadcast(events)
        self._changed.set()
        self._news.unpark_all()

    # ------------------------------------------------------------ inside

    def _broadcast(self, events: Iterable[Event]) -> None:
        for event in events:
            for connection in self.connections:
                if connection.registered:
                    line = event_line(event, pretty=connection.pretty)
                    connection.send(self.faults.rename_states(line))

    async def _keep_time(self) -> None:
        """The only clock: sleeps until something is due, and forever while nothing plays."""
        while True:
            self._changed = trio.Event()
            moments = (self.house.next_deadline(), self._filter.next_deadline())
            deadline = min((at for at in moments if at is not None), default=float("inf"))
            with trio.move_on_at(deadline) as scope:
                await self._changed.wait()
            if scope.cancelled_caught:
                self.settle()

    async def _listen(self, host: str, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        is_first = True
        while True:
            await self._plugged.wait()
            self._listener = (await trio.open_tcp_listeners(self.port, host=host))[0]
            self.port = self._listener.socket.getsockname()[1]
            if is_first:
                task_status.started()
                is_first = False
            async with self._listener as listener:
                with suppress(trio.ClosedResourceError):
                    while True:
                        self._running().start_soon(self.serve_stream, await listener.accept())

    async def _reboot(self) -> None:
        await trio.sleep(LAST_WORDS_S)
        self.refuse_connections()
        self.drop_connections(reset=False)
        for player in self.house.players.values():
            player.stop()
        await trio.sleep(self.reboot_s)
        if self.faults.new_ids_after_reboot:
            self.house.renumber()
        self.settle()
        self._plugged.set()

    def _press(self, pid: int, state: Any) -> None:
        with suppress(RefusalError):
            self.house.player(pid).set_state(state)
        self.settle()

    def _is_findable(self) -> bool:
        return self._plugged.is_set() and not self.faults.silent

    def _running(self) -> trio.Nursery:
        if self._nursery is None:
            raise RuntimeError("the simulated speaker is not running: enter it or start serve() first")
        return self._nursery


if __name__ == "__main__":
    from segue.demo.heos_main import main

    raise SystemExit(main())
