"""The composition root: builds every part, ties them together, and takes them down in the right order.

Read `run` from top to bottom: open the journal, revive the state, build the parts, open the doors, let the actors run,
tell the service manager, wait for the end. Nothing is decided here.
"""

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import msgspec
import trio

from segue import __version__, logs, wiring, wiring_ingest, wiring_party
from segue.actors.front_door import FrontDoor
from segue.actors.log_writer import LogWriter
from segue.actors.webhook_listener import WebhookListener
from segue.config import Config, changed_keys, find_config, needs_restart
from segue.core.actions import ConfigLoaded
from segue.core.system.actions import DaemonStarted, DomainSetAside, ReloadRefused, ShutdownRequested
from segue.errors import ConfigError
from segue.interfaces.answers import ApiError
from segue.interfaces.http_api import application
from segue.interfaces.views import Json
from segue.listening import open_listeners
from segue.outside import Outside
from segue.runtime import systemd
from segue.runtime.clock import HouseClock
from segue.runtime.counters import Counters
from segue.runtime.http import HttpServer
from segue.runtime.journal_writer import JournalUnavailableError
from segue.runtime.sqlite_journal import SqliteJournal
from segue.runtime.store import CoreError, Store

HOME_S = 1.5
"""How long levels may take to go home when the daemon stops."""
WEBHOOK_BYTES_MAX = 4 * 1024 * 1024
"""A webhook's body with its poster; everything else has the server's own limit of 1 MiB."""
CORE_FAILED = 70
"""Exit code after an error of the core (EX_SOFTWARE of sysexits.h); systemd starts us again."""


class Options(msgspec.Struct, frozen=True):
    """What the command line says."""

    config: Path | None = None
    log_level: str | None = None
    agent_only: bool = False
    """Only this home's part in watch parties (`wiring_party.only_agent`)."""
    on_ready: Callable[[Config], None] = lambda _config: None
    """Called once the doors are open, for whoever started us in this process."""


async def run(options: Options, environ: Mapping[str, str]) -> int:
    """Be the daemon until a signal ends it; gives the exit code."""
    path = options.config or find_config(environ)
    config = read_config(path, environ, agent_only=options.agent_only)
    log = logs.configure_logging(options.log_level or config.log.level, config.log.format)
    logs.log_uncaught_errors()
    wiring.register_secrets(config)
    say_remarks(config, log)
    state_dir = Path(config.server.state_dir)
    journal = SqliteJournal(state_dir, wiring.journal_limits(config))
    try:
        house = House(config, msgspec.structs.replace(options, config=path), environ, journal, log)
        return await house.live()
    finally:
        if not await journal.aclose():
            log.error("Not all of the journal reached the disk.")


class House:
    """All parts of the daemon, tied together."""

    def __init__(
        self, config: Config, options: Options, environ: Mapping[str, str], journal: SqliteJournal, log: Any
    ) -> None:
        self.config, self.options, self.environ = config, options, environ
        self.journal, self.log = journal, log
        self.clock, self.counters = HouseClock(), Counters()
        self.notifier = systemd.Notifier.from_environment()
        loaded = journal.load_durable()
        self.store = Store(
            loaded.state,
            journal,
            clock=self.clock,
            first_seq=loaded.next_seq,
            late_s=config.journal.late_ms / 1000,
        )
        self.listener = WebhookListener(self.store)
        self.outside = Outside(self.store, self.listener, Path(config.server.state_dir), config)
        self.door = FrontDoor(
            self.store,
            self.clock,
            self.listener,
            self.counters,
            players=self.outside.players,
            why=self._why,
            reload=self.reload,
            journal_figures=self._journal_figures,
            ingest=lambda: self.outside.ingest_desk,
            party=lambda: self.outside.party.parts,
            more_counters=self.outside.counters,
        )
        self.store.own("log", LogWriter(log).deliver)
        self.store.own("service_manager", lambda _effect: self.notifier.watchdog())
        self.api_token = wiring.api_token(config)
        self._take_settings(config)
        self._ended, self._served = trio.Event(), trio.Event()

    # ---------------------------------------------------------------- life

    async def live(self) -> int:
        """Open everything, run until told to stop, close everything."""
        systemd.dump_stacks_on_hang()
        failed: list[CoreError] = []
        try:
            async with AsyncExitStack() as stack:
                server = self._server()
                listeners = await open_listeners(self.config)
                stack.callback(self.outside.archive.close)
                nursery = await stack.enter_async_context(trio.open_nursery())
                stack.callback(nursery.cancel_scope.cancel)
                self.outside.start(nursery)
                self._first_actions()
                nursery.start_soon(self.store.run)
                nursery.start_soon(self._until_core_fails)
                nursery.start_soon(self._heed_signals)
                await nursery.start(self._serve, server, listeners)
                self.journal.note_start()
                self.notifier.ready(f"Serving {len(self.config.rooms)} rooms.")
                self.options.on_ready(self.config)
                await self._ended.wait()
                await self._stop(server)
                nursery.cancel_scope.cancel()
        except* CoreError as group:
            failed.append(first_of(group))
        if failed:
            return self._core_failed(failed[0])
        self.journal.note_clean_stop()
        return 0

    async def _serve(
        self,
        server: HttpServer,
        listeners: Sequence[trio.abc.Listener[trio.SocketStream]],
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        await server.serve(listeners, task_status=task_status)
        self._served.set()

    def end(self, reason: str) -> None:
        """Begin to stop; a second call changes nothing."""
        if not self._ended.is_set():
            self.notifier.stopping(f"Stopping: {reason}.")
            self.store.dispatch(ShutdownRequested(reason), by="app")
            self._ended.set()

    async def _stop(self, server: HttpServer) -> None:
        """Bring the levels home while the doors are being closed; neither waits for ever."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._levels_home)
            server.stop(self.config.server.grace_s)
        with trio.move_on_after(self.config.server.grace_s + 0.4):
            await self._served.wait()

    async def _levels_home(self) -> None:
        """Wait until no level is away from its base."""
        subscription = self.store.subscribe(limit=64)
        with trio.move_on_after(HOME_S):
            while any(r.kept.faded and r.receiver.available for r in self.store.state.music.rooms):
                await subscription.get()
        self.store.unsubscribe(subscription)

    async def _until_core_fails(self) -> None:
        """End the process whoever was told of the error: a commit's news, for one, has nobody to raise it to."""
        raise await self.store.wait_failed()

    def _core_failed(self, error: CoreError) -> int:
        cause = error.__cause__
        self.log.error(f"The core failed in {error}; ending.", exc_info=cause or error)
        for domain in self.journal.note_core_failure(error.domain, str(error)):
            self.log.error(
                f"What was kept of {domain} is set aside: the core failed three times in ten minutes."
            )
        return CORE_FAILED

    # ---------------------------------------------------------------- parts

    def _server(self) -> HttpServer:
        return HttpServer(
            application(self.door),
            limits=wiring.http_limits(self.config),
            body_limit=lambda path: WEBHOOK_BYTES_MAX if path.startswith("/webhooks/") else 1024 * 1024,
            allowed_hosts=lambda name: name in {h.casefold() for h in self.config.server.allowed_hosts},
            on_failure=lambda text, error: self.log.error(text, exc_info=error),
            fatal=(CoreError,),
        )

    def _first_actions(self) -> None:
        self.store.dispatch(DaemonStarted(__version__, systemd.watchdog_period_s()), by="app")
        for domain, detail in self.journal.load_durable().set_aside:
            self.store.dispatch(DomainSetAside(domain, detail), by="app")
        for notice in self.journal.notices:
            self.log.warning(notice)
        self.store.dispatch(self._loaded(self.config), by="app")

    # ---------------------------------------------------------------- small services

    async def _why(self, room: str | None, limit: int) -> Json:
        try:
            answer: Json = msgspec.to_builtins(await self.journal.query_why(room, limit))
        except JournalUnavailableError as error:
            raise ApiError(503, "journal_unavailable", error.message, error.hint) from None
        return answer

    def _journal_figures(self) -> tuple[int, int]:
        status = self.journal.status()
        return status.rows, status.segment

    async def _heed_signals(self) -> None:
        """SIGTERM and SIGINT end the daemon, a second one at once; SIGHUP reads the configuration again."""
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
            async for number in signals:
                if number == signal.SIGHUP:
                    with suppress(ApiError):
                        await self.reload()
                elif self._ended.is_set():
                    os._exit(128 + number)
                else:
                    self.end(signal.Signals(number).name)

    # ---------------------------------------------------------------- reload

    async def reload(self) -> Json:
        """Read the configuration again. A broken one changes nothing and says why."""
        self.notifier.reloading()
        try:
            fresh = read_config(self.options.config, self.environ, agent_only=self.options.agent_only)
        except ConfigError as error:
            self.store.dispatch(ReloadRefused(str(error)), by="reload")
            self.notifier.ready("The configuration on disk is broken; the former one is in force.")
            raise ApiError(422, "bad_config", str(error), "Correct it and reload again.") from None
        changed = changed_keys(self.config, fresh)
        later = needs_restart(changed)
        self._take_settings(fresh)
        self.config = fresh
        self.outside.change(fresh, changed)
        self.store.dispatch(self._loaded(fresh), by="reload")
        self.log.info(f"The configuration was reloaded; changed: {', '.join(changed) or 'nothing'}.")
        say_remarks(fresh, self.log)
        self.notifier.ready(f"Serving {len(fresh.rooms)} rooms.")
        return {"schema": "segue.reload/1", "changed": changed, "restart_needed": later}

    def _loaded(self, config: Config) -> ConfigLoaded:
        return ConfigLoaded(
            wiring.music(config), wiring_ingest.settings(config), wiring_party.settings(config)
        )

    def _take_settings(self, config: Config) -> None:
        """Put in force what needs no restart and is not the core's."""
        wiring.register_secrets(config)
        self.door.webhooks = wiring.webhook_rules(config)
        self.door.policy = wiring.policy(config, self.api_token)
        self.door.plex_url = config.plex.url
        self.door.heos_configured = config.heos_wanted
        self.store.late_s = config.journal.late_ms / 1000
        logs.set_level(self.options.log_level or config.log.level)


def read_config(path: Path | None, environ: Mapping[str, str], *, agent_only: bool) -> Config:
    """Read the configuration; with `--agent` what is left of it. Raises `ConfigError`."""
    config = wiring.load(path, environ)
    return wiring_party.only_agent(config) if agent_only else config


def say_remarks(config: Config, log: Any) -> None:
    """Write what is probably not meant so in a configuration, and for the curious what was passed over."""
    for warning in config.warnings:
        log.warning(warning)
    for note in config.notes:
        log.debug(note)


def first_of(group: BaseExceptionGroup[CoreError]) -> CoreError:
    """Give the first error of a group, however deep."""
    error = group.exceptions[0]
    return first_of(error) if isinstance(error, BaseExceptionGroup) else error
