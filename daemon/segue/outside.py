"""The actors that own the outside, each with its inbox and its supervisor; started, and started anew on a reload."""

from contextlib import suppress
from pathlib import Path

import trio

from segue import wiring, wiring_ingest
from segue.actors.download_asker import DownloadAsker
from segue.actors.file_watcher import FileWatcher
from segue.actors.heos_controller import HeosController
from segue.actors.identifier import Identifier
from segue.actors.ingest_desk import IngestDesk
from segue.actors.ingest_worker import IngestWorker, Tools
from segue.actors.library_facts import LibraryLookup
from segue.actors.name_reader import NameReader
from segue.actors.player_remote import PlayerRemote
from segue.actors.plex_librarian import PlexLibrarian
from segue.actors.session_fetcher import SessionFetcher
from segue.actors.webhook_listener import WebhookListener
from segue.adapters.files.mover_client import Mover
from segue.adapters.http_client import HttpClient
from segue.adapters.plex import PlexError, PlexServer
from segue.adapters.plex_xml import PlayerInfo, Session
from segue.config import Config
from segue.core.ingest.arrivals import Arrivals
from segue.core.music.actions import HeosLinkChanged
from segue.outside_party import OutsideParty
from segue.running import Running
from segue.runtime.archive import Archive
from segue.runtime.clock import HouseClock
from segue.runtime.store import Store

OWNERS = (
    "session_fetcher",
    "player_remote",
    "heos_controller",
    "plex_librarian",
    "file_watcher",
    "ingest_worker",
    "download_asker",
    "irc_announcer",
)

WATCHER_KEYS = frozenset(
    {"ingest.extensions", "ingest.temporary_suffixes", "ingest.ignore", "ingest.rescan_s", "ingest.poll_s"}
)
"""Settings that the watcher is made with; the core then has it begin anew (`core/ingest/reducer.py`)."""


class Outside:
    """Plex, HEOS and the ingest, as the configuration has them at present.

    Inboxes live as long as the process, so that no effect is ever without an owner; the actors behind them change.
    """

    def __init__(self, store: Store, listener: WebhookListener, state_dir: Path, config: Config) -> None:
        self._store = store
        self._listener = listener
        self._state_dir = state_dir
        self._config = config
        self._plex: PlexServer | None = None
        self._heos: HeosController | None = None
        self._http: HttpClient | None = None
        self._web: HttpClient | None = None
        self._librarian: PlexLibrarian | None = None
        self._desk: IngestDesk | None = None
        self._clock = HouseClock()
        self.archive = Archive(state_dir, self._clock.wall_at)
        self._reader = NameReader(wiring_ingest.ReadNames(self.archive))
        self._mover = Mover()
        self._actors = Running(store, OWNERS)
        self._inboxes = self._actors.inboxes
        self.party = OutsideParty(store, self._clock, self._actors, state_dir, config)

    def start(self, nursery: trio.Nursery) -> None:
        """Start everything that is configured."""
        self._actors.start(nursery)
        self._actors.run("webhook_listener", self._listener.run)
        self._start_plex()
        self._start_heos()
        self._start_ingest()
        self._start_watcher()
        self.party.start()

    def change(self, config: Config, changed: list[str]) -> None:
        """Start anew what a reload changed, and leave the rest alone."""
        before, self._config = self._config, config
        if any(key.startswith(("plex.", "ingest.plex_paths")) for key in changed):
            self._start_plex()
        if any(key.startswith("heos.") for key in changed) or before.heos_wanted != config.heos_wanted:
            self._start_heos()
        if any(key.startswith(("ingest.", "match.", "tmdb.", "downloads.", "plex.")) for key in changed):
            self._start_ingest()
        if any(key in WATCHER_KEYS for key in changed):
            self._start_watcher()
        self.party.change(config, changed)

    @property
    def ingest_desk(self) -> IngestDesk:
        """Looks up what the ingest's doors ask for."""
        assert self._desk is not None
        return self._desk

    async def players(self) -> tuple[tuple[PlayerInfo, ...], tuple[Session, ...]]:
        """List the Plex players that take commands, and what plays anywhere; a server that is silent knows neither."""
        clients: tuple[PlayerInfo, ...] = ()
        sessions: tuple[Session, ...] = ()
        if self._plex is not None:
            with suppress(PlexError):
                clients = await self._plex.clients()
                sessions = await self._plex.sessions()
        return clients, sessions

    def counters(self) -> dict[str, int]:
        """Give what the adapters counted, by adapter."""
        found = {} if self._heos is None else self._heos.counters
        return {f"heos_{name}": count for name, count in sorted(found.items())}

    def _start_plex(self) -> None:
        plex = self._config.plex
        self._plex = None
        if self._http is not None:
            self._actors.soon(self._http.aclose)
        self._http = None
        self._librarian = None
        if not plex.url:
            self._actors.end("session_fetcher", "player_remote", "plex_librarian")
            return
        self._http = http = HttpClient(wiring.USER_AGENT, verify_tls=plex.verify_tls)
        client_id = wiring.client_identifier(self._state_dir)
        self._plex = wiring.plex_server(self._config, http, client_id)
        remote = wiring.companion(self._config, http, client_id)
        fetch, command = self._inboxes["session_fetcher"], self._inboxes["player_remote"]
        fetcher = SessionFetcher(self._store, fetch, self._plex)
        player = PlayerRemote(self._store, command, remote, self._plex, direct=plex.companion_direct)
        library = wiring.plex_library(self._config, http, client_id)
        paths = wiring_ingest.path_map(self._config.ingest.plex_paths)
        self._librarian = PlexLibrarian(self._store, self._inboxes["plex_librarian"], library, paths)
        self._actors.run("plex_librarian", self._librarian.run)
        self._actors.run("session_fetcher", fetcher.run)
        self._actors.run("player_remote", player.run)

    def _start_ingest(self) -> None:
        """Start what takes new media in. The watcher goes on watching: its roots are the core's to change."""
        config = self._config
        if self._web is not None:
            self._actors.soon(self._web.aclose)
        self._web = web = HttpClient(wiring.USER_AGENT)
        tmdb = wiring_ingest.tmdb(config, web, self.archive)
        finder = Identifier(tmdb, wiring_ingest.match_settings(config))
        arrivals = Arrivals(wiring_ingest.arrival_rules(config))
        tools = Tools(
            reader=self._reader,
            finder=finder,
            lookup=LibraryLookup(self.archive, self._librarian, is_video=arrivals.wanted),
            mover=self._mover,
            archive=self.archive,
            tmdb=tmdb,
            watched=config.ingest.watch,
            libraries=(*config.ingest.movies, *config.ingest.shows),
            wall_at=self._clock.wall_at,
        )
        self._desk = IngestDesk(
            tools, finder, self._librarian, arrivals, lambda: self._store.state.ingest.settings
        )
        self._actors.run(
            "ingest_worker", IngestWorker(self._store, self._inboxes["ingest_worker"], tools).run
        )
        clients = wiring_ingest.download_clients(config, web)
        to_ours = wiring_ingest.path_map(config.downloads.paths).from_plex
        asker = DownloadAsker(self._store, self._inboxes["download_asker"], clients, to_ours)
        self._actors.run("download_asker", asker.run)

    def _start_watcher(self) -> None:
        """Start the watcher; which roots it watches, the core says."""
        watcher = FileWatcher(
            self._store,
            self._inboxes["file_watcher"],
            self.archive,
            wiring_ingest.arrival_rules(self._config),
            timing=wiring_ingest.timing(self._config),
        )
        self._actors.run("file_watcher", watcher.run)

    def _start_heos(self) -> None:
        self._actors.end("heos_controller")
        if self._store.state.music.heos_up:
            self._actors.post(
                HeosLinkChanged(up=False, host=self._store.state.music.heos_host, reason="settings changed")
            )
        if self._config.heos_wanted:
            config = self._config
            inbox = self._inboxes["heos_controller"]
            self._heos = HeosController(self._store, inbox, lambda hear: wiring.heos_system(config, hear))
            self._actors.run("heos_controller", self._heos.run)
