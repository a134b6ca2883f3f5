"""From the configuration to the parts of the ingest. Decides nothing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from segue.actors.download_asker import Client, ClientName
from segue.adapters.http_client import HttpClient
from segue.adapters.plex_library import PathMap
from segue.adapters.qbittorrent import QBittorrent
from segue.adapters.tmdb import Tmdb
from segue.adapters.transmission import Transmission
from segue.adapters.watch import Timing
from segue.config import Config, Finding
from segue.core.ingest.arrivals import ArrivalRules
from segue.core.ingest.naming import NamingSettings
from segue.core.ingest.settings import IngestSettings
from segue.core.ingest.templates import TemplateError, parse_template
from segue.core.ingest.weighing import MatchSettings, Weights
from segue.runtime.archive import Archive
from segue.secret import Secret


def settings(config: Config) -> IngestSettings:
    """Give the ingest domain its settings."""
    ingest = config.ingest
    return IngestSettings(
        watch=ingest.watch,
        movies=ingest.movies,
        shows=ingest.shows,
        auto=ingest.auto,
        match=match_settings(config),
        naming=naming(config),
        arrivals=arrival_rules(config),
        rescan_s=ingest.rescan_s,
        poll_s=ingest.poll_s,
        stability_s=ingest.stability_s,
        unknown_stability_s=max(ingest.unknown_stability_s, ingest.stability_s),
        transfer=ingest.transfer,
        upgrade=ingest.upgrade,
        while_watching=ingest.while_watching,
        slow_bytes_per_s=int(ingest.slow_mb_per_s * 1e6),
        spare_bytes=int(ingest.spare_gb * 1e9),
        reread=ingest.reread,
        undo_s=ingest.undo_days * 86400.0,
        plex_configured=bool(config.plex.url),
        tmdb_configured=config.tmdb.api_key is not None,
        clients_configured=bool(config.downloads.qbittorrent_url or config.downloads.transmission_url),
    )


def match_settings(config: Config) -> MatchSettings:
    """Give the weights and limits of the matching."""
    match = config.match
    return MatchSettings(
        weights=Weights(
            title=match.weight_title,
            year=match.weight_year,
            popularity=match.weight_popularity,
            kind=match.weight_kind,
        ),
        threshold=config.ingest.threshold,
        high=match.high,
        medium=match.medium,
        year_off_by_one=match.year_off_by_one,
        votes_full=match.votes_full,
        title_min=match.title_least,
        rival_similarity=match.rival_similarity,
        rival_margin=match.rival_margin,
        year_tolerance=match.year_tolerance,
        runtime_tolerance_min=match.runtime_tolerance_min,
        runtime_tolerance_share=match.runtime_tolerance_share,
        runtime_far_min=match.runtime_far_min,
        runtime_far_share=match.runtime_far_share,
        episode_far_min=match.episode_far_min,
        episode_far_share=match.episode_far_share,
        episode_tolerance_share=match.episode_tolerance_share,
        famous_votes=match.famous_votes,
        contradiction=match.contradiction,
        runtime_without_year=match.runtime_without_year,
        episode_title_min=match.episode_title_least,
    )


def naming(config: Config) -> NamingSettings:
    """Give the templates."""
    ingest = config.ingest
    return NamingSettings(ingest.naming, ingest.movie_template, ingest.episode_template)


def templates_are_templates(config: Config) -> Iterator[Finding]:
    """A template can be read, before a file needs a name."""
    for key, kind, text in (
        ("ingest.movie_template", "film", config.ingest.movie_template),
        ("ingest.episode_template", "episode", config.ingest.episode_template),
    ):
        try:
            if text:
                parse_template(text, "film" if kind == "film" else "episode")
        except TemplateError as error:
            yield Finding(key, f"expected a template: {error}", hint=error.hint)


def arrival_rules(config: Config) -> ArrivalRules:
    """Say which names are wanted."""
    ingest = config.ingest
    return ArrivalRules(
        extensions=ingest.extensions, temporary_suffixes=ingest.temporary_suffixes, ignore=ingest.ignore
    )


def timing(config: Config) -> Timing:
    """Say how often folders are looked through."""
    return Timing(poll_s=config.ingest.poll_s, reconcile_s=config.ingest.rescan_s)


def path_map(pairs: Iterable[str]) -> PathMap:
    """Read pairs of `ours=theirs`."""
    split = (pair.partition("=") for pair in pairs)
    return PathMap((ours, theirs) for ours, _, theirs in split)


# ------------------------------------------------------------------ adapters


class TmdbAnswers:
    """Keeps TMDb's answers in the archive."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    async def get(self, key: str, max_age_s: float) -> bytes | None:
        """Give an answer that is not too old."""
        return await self._archive.answer(key, max_age_s)

    async def put(self, key: str, body: bytes) -> None:
        """Keep an answer."""
        await self._archive.keep_answer(key, body)


class ReadNames:
    """Keeps names that have been read in the archive."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    async def get_many(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Give those rows that exist."""
        return await self._archive.names(keys)

    async def put_many(self, rows: Mapping[str, bytes]) -> None:
        """Keep rows."""
        await self._archive.keep_names(rows)


def tmdb(config: Config, http: HttpClient, archive: Archive) -> Tmdb | None:
    """Make the TMDb adapter, where there is a key."""
    key = config.tmdb.api_key
    if key is None:
        return None
    return Tmdb(
        http,
        config.tmdb.base_url,
        key.reveal,
        TmdbAnswers(archive),
        at_once=config.tmdb.at_once,
        per_s=config.tmdb.per_s,
    )


def download_clients(config: Config, http: HttpClient) -> dict[ClientName, Client]:
    """Make the adapters of the download clients that are configured."""
    downloads = config.downloads
    found: dict[ClientName, Client] = {}
    if downloads.qbittorrent_url:
        found["qbittorrent"] = QBittorrent(
            http,
            downloads.qbittorrent_url,
            downloads.qbittorrent_username,
            lambda: _reveal(downloads.qbittorrent_password),
        )
    if downloads.transmission_url:
        found["transmission"] = Transmission(
            http,
            downloads.transmission_url,
            downloads.transmission_username,
            lambda: _reveal(downloads.transmission_password),
        )
    return found


def _reveal(secret: Secret | None) -> str:
    return secret.reveal() if secret is not None else ""
