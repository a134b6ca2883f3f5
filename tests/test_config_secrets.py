"""Where secrets come from, who may read them, and that nobody sees them."""

import pickle
import stat
from pathlib import Path

import msgspec
import pytest

from segue.config import Config, kept_api_token, load_config
from segue.errors import ConfigError, ConfigProblem, StartError
from segue.secret import Secret

TOKEN = "canary-Tq8mZ1vR5wXy"
HOOK = "canary-hook-0123456789abcdef"


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def load(tmp_path: Path, text: str = "", mode: int = 0o600, **environ: str) -> Config:
    path = write(tmp_path / "segue.toml", text, mode)
    return load_config(path, {"HOME": str(tmp_path), "PLEX_URL": "http://h:1", **environ})


def refused(tmp_path: Path, text: str = "", mode: int = 0o600, **environ: str) -> ConfigProblem:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text, mode, **environ)
    (problem,) = caught.value.problems
    assert "canary" not in str(caught.value)
    return problem


def token_of(config: Config) -> str:
    assert config.plex.token is not None
    return config.plex.token.reveal()


# ------------------------------------------------------------------ the type


def test_a_secret_shows_itself_to_nobody() -> None:
    """Neither printing nor formatting, encoding nor pickling lets it out."""
    secret = Secret(TOKEN)
    shown = f"{secret} {secret!r} {secret:>9} {[secret]} {msgspec.structs.asdict(Config())}"
    assert "canary" not in shown
    assert str(secret) == "***"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        msgspec.json.encode({"token": secret})
    assert secret.reveal() == TOKEN


def test_secrets_are_compared_by_what_they_hold() -> None:
    """A reload can tell whether a secret changed."""
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert not Secret("")


def test_a_configuration_can_be_printed(tmp_path: Path) -> None:
    """A debug line with the whole configuration gives no secret away."""
    config = load(tmp_path, f'[plex]\ntoken = "{TOKEN}"\n[server]\nwebhook_secret = "{HOOK}"')
    assert "canary" not in repr(config)
    assert {secret.reveal() for secret in config.secrets} == {TOKEN, HOOK}


# ------------------------------------------------------------------ the order


def test_a_credential_goes_before_a_file_and_a_file_before_the_environment(tmp_path: Path) -> None:
    """The safest source wins; what is passed over is noted."""
    text = 'token_file = "plex-token"\ntoken = "inline"'
    write(tmp_path / "plex-token", "from-file\n")
    write(tmp_path / "creds/plex-token", "from-credential\n", 0o400)
    assert token_of(load(tmp_path, '[plex]\ntoken = "inline"')) == "inline"
    assert token_of(load(tmp_path, '[plex]\ntoken = "inline"', PLEX_TOKEN="known")) == "known"
    assert token_of(load(tmp_path, "", PLEX_TOKEN="known", SEGUE_PLEX__TOKEN="own")) == "own"
    assert token_of(load(tmp_path, f"[plex]\n{text}", PLEX_TOKEN="known")) == "from-file"
    config = load(tmp_path, f"[plex]\n{text}", CREDENTIALS_DIRECTORY=str(tmp_path / "creds"))
    assert token_of(config) == "from-credential"
    assert any("plex.token_file is not read" in note for note in config.notes)


@pytest.mark.parametrize("mode", [0o400, 0o440])
def test_credentials_of_either_systemd_are_taken(tmp_path: Path, mode: int) -> None:
    """Older versions give 0400, newer ones 0440 with an access list; the directory keeps others out."""
    for name, text in (("plex-token", TOKEN), ("webhook-secret", HOOK), ("api-token", "x" * 32)):
        write(tmp_path / "creds" / name, text, mode)
    config = load(tmp_path, CREDENTIALS_DIRECTORY=str(tmp_path / "creds"))
    assert token_of(config) == TOKEN
    assert config.server.webhook_secret == Secret(HOOK)
    assert config.server.api_token == Secret("x" * 32)


def test_an_empty_credential_is_none(tmp_path: Path) -> None:
    """A unit names all credentials, and gives an empty default for those that the machine has not."""
    write(tmp_path / "creds/plex-token", "")
    write(tmp_path / "creds/webhook-secret", "\n")
    config = load(tmp_path, PLEX_TOKEN="known", CREDENTIALS_DIRECTORY=str(tmp_path / "creds"))
    assert token_of(config) == "known"
    assert config.server.webhook_secret is None


def test_a_configuration_file_may_be_a_credential_itself(tmp_path: Path) -> None:
    """Its directory guards it, whatever its own mode."""
    path = write(tmp_path / "creds/segue.toml", f'[plex]\nurl = "http://h:1"\ntoken = "{TOKEN}"', 0o444)
    assert token_of(load_config(path, {"CREDENTIALS_DIRECTORY": str(tmp_path / "creds")})) == TOKEN


def test_a_token_file_may_be_named_by_the_environment(tmp_path: Path) -> None:
    """A relative name starts at the configuration file."""
    write(tmp_path / "plex-token", TOKEN)
    assert token_of(load(tmp_path, SEGUE_PLEX__TOKEN_FILE="plex-token")) == TOKEN


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602, 0o666])
def test_a_file_with_a_token_that_everybody_may_open_is_refused(tmp_path: Path, mode: int) -> None:
    """The place is the token's line, and the hint is the command that mends it."""
    problem = refused(tmp_path, f'[plex]\n\ntoken = "{TOKEN}"', mode)
    assert (problem.line, problem.key) == (3, "plex.token")
    assert f"{mode:04o}" in problem.expected
    assert f"chmod o-rwx {tmp_path}/segue.toml" in problem.hint


def test_the_group_may_read_a_file_with_a_token(tmp_path: Path) -> None:
    """0640 root:segue is how a service's file is kept."""
    assert token_of(load(tmp_path, f'[plex]\ntoken = "{TOKEN}"', 0o640)) == TOKEN


def test_a_file_without_a_secret_may_be_open(tmp_path: Path) -> None:
    """Only secrets make a file private, wherever the token comes from."""
    assert token_of(load(tmp_path, "[heos]\nport = 1255", 0o644, PLEX_TOKEN="known")) == "known"


def test_an_open_token_file_is_refused(tmp_path: Path) -> None:
    """A token is no safer in a file of its own that everybody may read."""
    write(tmp_path / "plex-token", TOKEN, 0o644)
    problem = refused(tmp_path, '[plex]\ntoken_file = "plex-token"')
    assert (problem.line, problem.key) == (2, "plex.token_file")
    assert problem.hint == f"chmod o-rwx {tmp_path}/plex-token"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "expected 1 to 4096 characters"),
        ("  \n", "expected 1 to 4096 characters"),
        ("x" * 5000, "expected 1 to 4096 characters"),
        ("canary two", "letters, digits"),
        ("canary\r\nX-Injected: 1", "letters, digits"),
        ("canary\x00", "letters, digits"),
        ("canary-é", "letters, digits"),
    ],
)
def test_what_cannot_be_a_token_is_refused(tmp_path: Path, content: str, words: str) -> None:
    """A token goes into a header: one line of plain characters. The content is not shown."""
    write(tmp_path / "plex-token", content)
    problem = refused(tmp_path, '[plex]\ntoken_file = "plex-token"')
    assert problem.key == "plex.token_file"
    assert words in problem.expected


def test_a_missing_token_file_is_refused(tmp_path: Path) -> None:
    """The message has the whole path, for a relative one may not be where one thinks."""
    problem = refused(tmp_path, '[plex]\ntoken_file = "nowhere"', PLEX_TOKEN="known")
    assert f"{tmp_path}/nowhere cannot be read: No such file" in problem.expected


@pytest.mark.parametrize("name", ["..", "/dev/zero", "a\\u0085b"])
def test_a_token_file_that_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    """Directories, devices and impossible names are problems like any other."""
    assert refused(tmp_path, f'[plex]\ntoken_file = "{name}"').key == "plex.token_file"


def test_a_webhook_secret_that_can_be_guessed_is_refused(tmp_path: Path) -> None:
    """It is the only thing between a stranger and the webhook, and it is part of an address."""
    problem = refused(tmp_path, '[server]\nwebhook_secret = "canary"', PLEX_TOKEN="x")
    assert "16" in problem.expected
    assert "openssl" in problem.hint
    problem = refused(tmp_path, '[server]\nwebhook_secret = "canary/canary/canary"', PLEX_TOKEN="x")
    assert "letters" in problem.expected


def test_a_token_of_another_type_is_not_shown(tmp_path: Path) -> None:
    """Not even a number."""
    problem = refused(tmp_path, "[plex]\ntoken = 1234567890123")
    assert "1234567890123" not in str(problem)


# ------------------------------------------------------------------ the token of TCP callers


def test_the_api_token_is_made_once(tmp_path: Path) -> None:
    """It is long, only its owner can read it, and the next start finds the same."""
    path = tmp_path / "state" / "api-token"
    token = kept_api_token(path)
    assert len(token.reveal()) >= 43
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept_api_token(path) == token
    assert [child.name for child in path.parent.iterdir()] == ["api-token"]


def test_an_api_token_file_that_is_not_there_yet_is_no_mistake(tmp_path: Path) -> None:
    """It is made at the first start, so reading the configuration neither needs nor makes it."""
    config = load(tmp_path, '[server]\napi_token_file = "api"', PLEX_TOKEN="x")
    assert config.server.api_token is None
    assert config.server.api_token_file == str(tmp_path / "api")
    assert not (tmp_path / "api").exists()


@pytest.mark.parametrize("content", ["short", "", "é" * 20, "x" * 20])
def test_an_api_token_that_is_none_stops_the_start(tmp_path: Path, content: str) -> None:
    """An empty or open file is refused with the next step, and never shown."""
    path = write(tmp_path / "api-token", content, 0o644 if content.startswith("x") else 0o600)
    with pytest.raises(StartError) as caught:
        kept_api_token(path)
    assert str(path) in str(caught.value)
    assert caught.value.hint


def test_a_directory_that_cannot_be_made_stops_the_start(tmp_path: Path) -> None:
    """The message names the path and the settings that move it."""
    write(tmp_path / "file", "")
    with pytest.raises(StartError, match="state_dir"):
        kept_api_token(tmp_path / "file" / "api-token")
