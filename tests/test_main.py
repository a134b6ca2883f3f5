"""What the command line of segued makes of its words."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from segue import __main__, app


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[app.Options, Mapping[str, str]]]:
    """Remember with what the daemon would be started."""
    calls: list[tuple[app.Options, Mapping[str, str]]] = []

    async def run(options: app.Options, environ: Mapping[str, str]) -> int:
        calls.append((options, environ))
        return 0

    monkeypatch.setattr(app, "run", run)
    return calls


def test_an_agent_alone_is_started_as_one(
    started: list[tuple[app.Options, Mapping[str, str]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An invitation's file is found from where the command is typed, not from where the configuration is."""
    monkeypatch.chdir(tmp_path)
    assert __main__.main(["--agent", "--invite-file", "invitation"]) == 0
    assert __main__.main(["--config", "segue.toml"]) == 0
    (alone, environ), (whole, plain) = started
    assert alone.agent_only
    assert environ["SEGUE_PARTY__AGENT__INVITE_FILE"] == str(tmp_path / "invitation")
    assert (whole.agent_only, whole.config) == (False, Path("segue.toml"))
    assert "SEGUE_PARTY__AGENT__INVITE_FILE" not in plain


def test_an_invitation_is_checked_without_being_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that holds something else is refused by the key that it stands for, and what it holds stays unseen."""
    for name in ("XDG_CONFIG_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    config = tmp_path / "segue.toml"
    config.touch()
    invitation = tmp_path / "invitation"
    invitation.touch(mode=0o600)
    invitation.write_text("https://example.org/canary")
    arguments = ["--config", str(config), "--check-config", "--invite-file", str(invitation)]
    assert __main__.main(arguments) == 2
    said = capsys.readouterr()
    assert "party.agent.invite" in said.err
    assert "canary" not in said.out + said.err
    invitation.write_text("segue-party:?at=wss%3A%2F%2Fh%2Fws&party=k3x9qa&token=canary")
    assert __main__.main(arguments) == 0


def test_only_one_thing_is_done_at_a_time(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        __main__.main(["--agent", "--demo"])
    assert ended.value.code == 2
    assert "not allowed with argument" in capsys.readouterr().err
