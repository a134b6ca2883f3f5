"""The settings of the ingest: folders apart from each other, lists of the right things, names that others know."""

from pathlib import Path

import pytest

from segue.config import Config, load_config
from segue.errors import ConfigError

GOOD = """
[ingest]
watch = ["{here}/in"]
movies = ["Movies"]
shows = ["~/TV Shows"]
"""


def load(here: Path, text: str, **environ: str) -> Config:
    path = here / "segue.toml"
    path.write_text(text.format(here=here))
    path.chmod(0o600)
    return load_config(path, {"HOME": str(here), **environ})


def refused(here: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(here, text)
    return [f"{problem.key}: {problem.expected}" for problem in caught.value.problems]


def test_folders_are_absolute(tmp_path: Path) -> None:
    ingest = load(tmp_path, GOOD).ingest
    assert ingest.watch == (f"{tmp_path}/in",)
    assert ingest.movies == (f"{tmp_path}/Movies",)
    assert ingest.shows == (f"{tmp_path}/TV Shows",)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('watch = ["/srv/m/in"]\nmovies = ["/srv/m"]', "ingest.movies"),
        ('watch = ["/srv/m"]\nmovies = ["/srv/m/films"]', "ingest.movies"),
        ('watch = ["/srv/m"]\nshows = ["/srv/m"]', "ingest.shows"),
        ('watch = ["/srv/in", "/srv/in/more"]\nmovies = ["/srv/m"]', "ingest.watch"),
        ('watch = ["/srv/in"]', "ingest.watch"),
        ('watch = ["/"]\nmovies = ["/srv/m"]', "ingest.watch"),
        ('extensions = ["mkv"]', "ingest.extensions"),
        ('temporary_suffixes = ["./x"]', "ingest.temporary_suffixes"),
        ('plex_paths = ["/srv/media"]', "ingest.plex_paths"),
        ("threshold = 1.5", "ingest.threshold"),
        ('transfer = "symlink"', "ingest.transfer"),
        ("[match]\nmedium = 0.9", "match.medium"),
        ("[match]\nweight_title = 0", "match.weight_title"),
        ('[tmdb]\nbase_url = "api.example"', "tmdb.base_url"),
        ('[tmdb]\napi_key = "short"', "tmdb.api_key"),
        ('[downloads]\npaths = ["x=y"]', "downloads.paths"),
    ],
)
def test_contradictions_are_named(tmp_path: Path, text: str, key: str) -> None:
    text = text if text.startswith("[") else f"[ingest]\n{text}"
    assert any(problem.startswith(f"{key}:") for problem in refused(tmp_path, text))


def test_a_first_try_needs_no_file(tmp_path: Path) -> None:
    """Names that other programs use are taken as they are."""
    config = load_config(
        None,
        {
            "HOME": str(tmp_path),
            "PLEX_MEDIA_ROOT": "/srv/media/",
            "PLEX_INGEST_DIR": "/srv/ingest",
            "PLEX_AUTO_INGEST": "true",
            "PLEX_CONFIDENCE_THRESHOLD": "0.9",
            "PLEX_STABILITY_TIMEOUT": "30",
            "TMDB_API_KEY": "0123456789abcdef0123456789abcdef",
        },
    )
    ingest = config.ingest
    assert (ingest.movies, ingest.shows) == (("/srv/media/Movies",), ("/srv/media/TV Shows",))
    assert (ingest.watch, ingest.auto, ingest.threshold, ingest.stability_s) == (
        ("/srv/ingest",),
        True,
        0.9,
        30.0,
    )
    assert config.tmdb.api_key is not None
    assert "0123456789abcdef" not in repr(config)
    assert config.tmdb.api_key in config.secrets


def test_without_a_key_a_person_is_told(tmp_path: Path) -> None:
    assert any("TMDb key" in warning for warning in load(tmp_path, GOOD).warnings)
