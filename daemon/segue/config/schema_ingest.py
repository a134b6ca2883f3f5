"""The settings of the ingest: where new media arrives, where it goes, and how sure segue must be."""

from typing import Annotated, Literal

from msgspec import Meta

from segue.config.section import Section
from segue.secret import Secret

Texts = tuple[str, ...]
Share = Annotated[float, Meta(ge=0, le=1)]
Weight = Annotated[float, Meta(ge=0, le=100)]

EXTENSIONS = (".mkv", ".mp4", ".avi", ".m4v", ".ts", ".wmv", ".mov")
SUFFIXES = (
    ".part",
    ".partial",
    ".!qb",
    ".!ut",
    ".!bt",
    ".bc!",
    ".crdownload",
    ".download",
    ".opdownload",
    ".tmp",
    ".temp",
    ".aria2",
    ".filepart",
    ".unfinished",
    ".incomplete",
)


class IngestConfig(Section, frozen=True, kw_only=True):
    """How new media gets into the library."""

    watch: Annotated[
        Texts,
        Meta(
            description="Folders in which new media arrives, watched with all below them. Empty: no ingest. What is "
            "there at the first start is old: `seguectl ingest --backlog` takes it in."
        ),
    ] = ()
    movies: Annotated[
        Texts,
        Meta(
            description="Folders of the film library; the first with room takes what is new. Plex has them too."
        ),
    ] = ()
    shows: Annotated[
        Texts, Meta(description="Folders of the television library; the first with room takes a new show.")
    ] = ()
    auto: Annotated[
        bool,
        Meta(
            description="true: what is sure enough goes in by itself. false: everything waits in `seguectl review`."
        ),
    ] = False
    threshold: Annotated[
        Share, Meta(description="The least score with which something goes in by itself.")
    ] = 0.85
    stability_s: Annotated[
        float,
        Meta(
            ge=1,
            le=86400,
            description="How long a file must be quiet before it is looked at. Quiet alone is never enough: its "
            "structure must be whole, or a download client or a hook must say so.",
        ),
    ] = 60.0
    unknown_stability_s: Annotated[
        float,
        Meta(
            ge=1,
            le=604800,
            description="How long a file must be quiet whose structure cannot be checked and that nobody called "
            "complete.",
        ),
    ] = 600.0
    extensions: Annotated[Texts, Meta(description="Endings of the files that are taken for video.")] = (
        EXTENSIONS
    )
    temporary_suffixes: Annotated[
        Texts, Meta(description="Endings of files that are still being downloaded.")
    ] = SUFFIXES
    ignore: Annotated[
        Texts, Meta(description="Names of folders and files that are passed over, such as `*.sample.*`.")
    ] = ()
    rescan_s: Annotated[
        float,
        Meta(
            ge=10,
            le=86400,
            description="How often the folders are looked through whole, beside being watched.",
        ),
    ] = 600.0
    poll_s: Annotated[
        float,
        Meta(
            ge=5, le=3600, description="How often folders on a network are looked through: they tell nothing."
        ),
    ] = 45.0
    transfer: Annotated[
        Literal["copy", "hardlink", "hardlink-only", "move"],
        Meta(
            description="`copy` (a reflink where the file system can); `hardlink`, else a copy; `hardlink-only`, else "
            "nothing; `move`: the source goes once its copy is verified and written down."
        ),
    ] = "copy"
    reread: Annotated[
        bool, Meta(description="true: a copy is read back from the disk and compared; takes twice as long.")
    ] = False
    upgrade: Annotated[
        Literal["review", "replace", "keep-both"],
        Meta(
            description="What becomes of a version that the library has already: a person decides; a better one "
            "replaces it (the old one goes to the recycle folder); both stay."
        ),
    ] = "review"
    while_watching: Annotated[
        Literal["wait", "slow", "ignore"],
        Meta(description="What copies do while somebody in the house watches something."),
    ] = "wait"
    slow_mb_per_s: Annotated[
        float, Meta(ge=0.1, le=10000, description="How fast copies go while they go slowly.")
    ] = 20.0
    spare_gb: Annotated[
        float, Meta(ge=0, le=100000, description="Room in GB that is left free on a library's disk.")
    ] = 1.0
    undo_days: Annotated[int, Meta(ge=0, le=3650, description="How long an entry can be taken back.")] = 30
    naming: Annotated[
        Literal["plain", "ids"],
        Meta(
            description="Names as Plex reads them; `ids` adds `{tmdb-N}` and `{tvdb-N}`, which Plex never mistakes."
        ),
    ] = "plain"
    movie_template: Annotated[
        str,
        Meta(description="Path of a film below its library; empty: as `naming` says. See docs/naming.md."),
    ] = ""
    episode_template: Annotated[
        str, Meta(description="Path of an episode below its library; empty: as `naming` says.")
    ] = ""
    plex_paths: Annotated[
        Texts,
        Meta(
            description="Where Plex sees other paths than segue, such as `/srv/media=/data`: ours, `=`, Plex' own."
        ),
    ] = ()


class MatchConfig(Section, frozen=True, kw_only=True):
    """How sure a match must be. The defaults come from a simulation with 20,000 films."""

    weight_title: Annotated[Weight, Meta(description="What the title counts in the score.")] = 0.40
    weight_year: Annotated[Weight, Meta(description="What the year counts.")] = 0.30
    weight_popularity: Annotated[Weight, Meta(description="What the number of votes counts.")] = 0.15
    weight_kind: Annotated[Weight, Meta(description="What being a film, or an episode, counts.")] = 0.15
    high: Annotated[Share, Meta(description="From here a score is called high.")] = 0.85
    medium: Annotated[Share, Meta(description="From here a score is called medium; below, low.")] = 0.70
    year_off_by_one: Annotated[
        Share, Meta(description="What a year that differs by one is worth, of the year's part.")
    ] = 0.9
    votes_full: Annotated[
        int,
        Meta(ge=1, le=10_000_000, description="So many votes make the popularity's part full (a logarithm)."),
    ] = 20_000
    title_least: Annotated[Share, Meta(description="The least similarity of the titles.")] = 0.88
    rival_similarity: Annotated[
        Share, Meta(description="From this similarity of its title on, another candidate is a rival.")
    ] = 0.95
    rival_margin: Annotated[Share, Meta(description="So far above every rival the best score must be.")] = (
        0.04
    )
    year_tolerance: Annotated[
        int, Meta(ge=0, le=3, description="How many years name and candidate may differ.")
    ] = 1
    runtime_tolerance_min: Annotated[
        float, Meta(ge=0, le=60, description="How many minutes the length may differ ...")
    ] = 5.0
    runtime_tolerance_share: Annotated[
        Share, Meta(description="... or which share of it, whichever is more.")
    ] = 0.06
    runtime_far_min: Annotated[float, Meta(ge=0, le=600, description="From so many minutes on, or ...")] = (
        25.0
    )
    runtime_far_share: Annotated[
        Share, Meta(description="... that share, whichever is more, it is no other cut but another film.")
    ] = 0.25
    episode_far_min: Annotated[
        float,
        Meta(ge=0, le=600, description="The same for an episode; TMDb often has the length of its slot."),
    ] = 10.0
    episode_far_share: Annotated[Share, Meta(description="The same as a share, whichever is more.")] = 0.35
    episode_tolerance_share: Annotated[
        Share,
        Meta(
            description="How near the length must be for a show that few know, whose name has neither year nor "
            "episode title."
        ),
    ] = 0.15
    famous_votes: Annotated[
        int,
        Meta(
            ge=0,
            le=10_000_000,
            description="A film of so many votes is likelier another cut than an unknown namesake.",
        ),
    ] = 1_000
    contradiction: Annotated[
        Share, Meta(description="A title less similar than this contradicts an id in the name.")
    ] = 0.5
    runtime_without_year: Annotated[
        bool,
        Meta(
            description="true: a film whose name has no year needs a length that agrees. false: being the only one "
            "of that title is enough."
        ),
    ] = True
    episode_title_least: Annotated[
        Share, Meta(description="The least similarity of an episode's title, where the name has one.")
    ] = 0.6


class TmdbConfig(Section, frozen=True, kw_only=True):
    """The Movie Database, which knows what things are called. Without a key, everything waits in the review."""

    api_key_file: Annotated[
        str,
        Meta(
            description="File that holds the key (the read access token, or a v3 key); the credential `tmdb-key` goes "
            "before it."
        ),
    ] = ""
    api_key: Annotated[
        Secret | None,
        Meta(description="The key itself; a file of its own or a credential is the better place."),
    ] = None
    base_url: Annotated[str, Meta(description="Address of the API; another value is for tests.")] = (
        "https://api.themoviedb.org/3"
    )
    per_s: Annotated[
        float, Meta(ge=0.1, le=50, description="Requests a second, at most; TMDb allows about 40.")
    ] = 20.0
    at_once: Annotated[int, Meta(ge=1, le=20, description="Requests at the same time, at most.")] = 5


class DownloadsConfig(Section, frozen=True, kw_only=True):
    """Download clients that can say when something is complete. None is needed."""

    qbittorrent_url: Annotated[
        str, Meta(description="Address of qBittorrent's web interface, such as `http://127.0.0.1:8080`.")
    ] = ""
    qbittorrent_username: Annotated[str, Meta(description="User of the web interface.")] = ""
    qbittorrent_password_file: Annotated[
        str,
        Meta(
            description="File that holds its password; the credential `qbittorrent-password` goes before it."
        ),
    ] = ""
    qbittorrent_password: Annotated[Secret | None, Meta(description="The password itself.")] = None
    transmission_url: Annotated[
        str, Meta(description="Address of Transmission's RPC, such as `http://127.0.0.1:9091`.")
    ] = ""
    transmission_username: Annotated[str, Meta(description="User of the RPC.")] = ""
    transmission_password_file: Annotated[
        str,
        Meta(
            description="File that holds its password; the credential `transmission-password` goes before it."
        ),
    ] = ""
    transmission_password: Annotated[Secret | None, Meta(description="The password itself.")] = None
    paths: Annotated[
        Texts,
        Meta(
            description="Where the client sees other paths than segue, such as `/srv/ingest=/downloads`: ours, `=`, "
            "the client's own."
        ),
    ] = ()
