"""The settings of watch parties: a section within a section, a table of passkeys, addresses, and what contradicts."""

from pathlib import Path

import pytest

from segue.config import Config, changed_keys, load_config
from segue.config.schema_party import websocket_url
from segue.errors import ConfigError, ConfigProblem
from segue.secret import Secret

PASSKEY = "canary-passkey-0123"


def load(here: Path, text: str = "", **environ: str) -> Config:
    path = here / "segue.toml"
    path.write_text(text)
    path.chmod(0o600)
    return load_config(path, {"HOME": str(here), **environ})


def refused(here: Path, text: str, **environ: str) -> list[ConfigProblem]:
    with pytest.raises(ConfigError) as caught:
        load(here, text, **environ)
    assert "canary" not in str(caught.value)
    return list(caught.value.problems)


def warned(here: Path, text: str) -> str:
    return "\n".join(load(here, text).warnings)


def closed(path: Path, text: str, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


# ------------------------------------------------------------------ a section within a section


@pytest.mark.parametrize(
    "text",
    [
        '[party.agent]\nusername = "alice"\n[party]\nopen = true',
        '[party]\nopen = true\n[party.agent]\nusername = "alice"',
        '[party]\nagent.username = "alice"\nopen = true',
        '[party]\nagent = {username = "alice"}\nopen = true',
        'party.agent.username = "alice"\nparty.open = true',
        'party = {open = true, agent = {username = "alice"}}',
    ],
)
def test_the_agent_is_a_section_of_the_party(tmp_path: Path, text: str) -> None:
    """However TOML lets it be written, it is the same."""
    config = load(tmp_path, text)
    assert (config.party.open, config.party_agent.username) == (True, "alice")


def test_the_agent_can_be_set_by_the_environment(tmp_path: Path) -> None:
    config = load(tmp_path, '[party.agent]\nusername = "bob"', SEGUE_PARTY__AGENT__USERNAME="alice")
    assert config.party_agent.username == "alice"


@pytest.mark.parametrize(
    ("text", "line", "key", "words"),
    [
        ("[party.agent]\n\ngdm = 3", 3, "party.agent.gdm", "true or false"),
        ('[party.agent]\nusernam = "x"', 2, "party.agent.usernam", "did you mean username?"),
        ('[party.agnet]\nusername = "x"', 1, "party.agnet", "did you mean [party.agent]?"),
        ('[[party.agent]]\nusername = "x"', 1, "party.agent", "one plain table"),
        ("[party.agent.more]", 1, "party.agent", "one plain table"),
        ('[party]\nagent = "x"', 2, "party.agent", "expected a section: [party.agent]"),
        ("[party.agent]\n[party.agent]", 2, "party.agent", "was begun on line 1 already"),
        ('[party]\nusername = "x"', 2, "party.username", "It belongs to [party.agent]."),
        ("[party.agent]\ngdm = true\ngdm = true", 3, "party.agent.gdm", "was set on line 2 already"),
    ],
)
def test_mistakes_of_the_inner_section_are_named_with_their_place(
    tmp_path: Path, text: str, line: int, key: str, words: str
) -> None:
    problem = refused(tmp_path, text)[0]
    assert (problem.line, problem.key) == (line, key)
    assert words in str(problem)


@pytest.mark.parametrize(
    ("name", "key", "words"),
    [
        ("SEGUE_PARTY_AGENT_USERNAME", "party.agent.username", "did you mean SEGUE_PARTY__AGENT__USERNAME?"),
        ("SEGUE_PARTY__AGENT_USERNAME", "party.agent.username", "did you mean SEGUE_PARTY__AGENT__USERNAME?"),
        ("SEGUE_PARTY__AGENT", "party.agent", "expected a section: [party.agent]"),
        ("SEGUE_PARTY__AGNET__USERNAME", "party.agnet", "did you mean [party.agent]?"),
        ("SEGUE_PARTY__AGENT__USERNAM", "party.agent.usernam", "did you mean username?"),
        ("SEGUE_PARTY__AGENT__A__B", "party", "SEGUE_PARTY__HOST"),
    ],
)
def test_mistakes_of_a_variable_are_named(tmp_path: Path, name: str, key: str, words: str) -> None:
    (problem,) = refused(tmp_path, "", **{name: "x"})
    assert (problem.source, problem.key) == (name, key)
    assert words in str(problem)


def test_a_changed_setting_of_the_agent_is_named(tmp_path: Path) -> None:
    """A reload says what it changed, a table of passkeys too, and shows no value."""
    before = load(tmp_path)
    table = closed(tmp_path / "passkeys", f"alice:{PASSKEY}")
    after = load(tmp_path, f'[party]\npasskeys_file = "{table}"\n[party.agent]\nusername = "alice"')
    assert changed_keys(before, after) == ["party.passkeys_file", "party.agent.username", "party.passkeys"]
    closed(table, f"alice:{PASSKEY}-2")
    later = load(tmp_path, f'[party]\npasskeys_file = "{table}"\n[party.agent]\nusername = "alice"')
    assert changed_keys(after, later) == ["party.passkeys"]


# ------------------------------------------------------------------ names that others know


def test_a_first_try_needs_no_file(tmp_path: Path) -> None:
    config = load_config(
        None,
        {
            "HOME": str(tmp_path),
            "PASSKEY_VALIDATION_URL": "https://example.org/validate",
            "ORC_SERVER_URL": "https://party.example.org",
            "ORC_PASSKEY": PASSKEY,
            "ORC_USERNAME": "alice",
            "ORC_AUTHORIZED_CLIENTS": "Living Room TV, tv-2",
            "IRC_SERVER": "irc.example.org",
            "IRC_PORT": "7000",
            "IRC_CHANNEL": "#films",
            "IRC_NICK": "watcher",
        },
    )
    agent, irc = config.party_agent, config.irc
    assert config.party.passkey_validation_url == "https://example.org/validate"
    assert agent.orchestrator_url == "wss://party.example.org/ws"
    assert (agent.username, agent.passkey) == ("alice", Secret(PASSKEY))
    assert agent.authorized_clients == ("Living Room TV", "tv-2")
    assert (irc.server, irc.port, irc.channel, irc.nick) == ("irc.example.org", 7000, "#films", "watcher")
    assert config.notes == ()
    assert "canary" not in repr(config)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("", ""),
        ("http://h:8000", "ws://h:8000/ws"),
        ("https://h/", "wss://h/ws"),
        ("wss://h", "wss://h/ws"),
        ("ws://[::1]:3001/party/ws", "ws://[::1]:3001/party/ws"),
        ("h:8000", "h:8000"),
        ("ws://[h", "ws://[h"),
    ],
)
def test_an_address_is_a_websockets(given: str, meant: str) -> None:
    assert websocket_url(given) == meant


# ------------------------------------------------------------------ the table of passkeys


def test_a_table_has_a_user_a_line(tmp_path: Path) -> None:
    """A passkey may have a colon, a user may have blanks; comments and empty lines count for nothing."""
    text = f"\ufeff# friends\nalice:{PASSKEY}\n\n  Bob the Builder : canary:12:34 \r\n"
    closed(tmp_path / "passkeys", text)
    config = load(tmp_path, '[party]\npasskeys_file = "passkeys"')
    assert config.passkeys == {"alice": Secret(PASSKEY), "Bob the Builder": Secret("canary:12:34")}
    assert set(config.passkeys.values()) <= set(config.secrets)
    assert "canary" not in repr(config)


def test_a_credential_goes_before_the_table(tmp_path: Path) -> None:
    closed(tmp_path / "passkeys", f"alice:{PASSKEY}")
    closed(tmp_path / "creds/party-passkeys", f"carol:{PASSKEY}", 0o440)
    text = '[party]\npasskeys_file = "passkeys"'
    config = load(tmp_path, text, CREDENTIALS_DIRECTORY=str(tmp_path / "creds"))
    assert list(config.passkeys) == ["carol"]
    assert any("party.passkeys_file is not read" in note for note in config.notes)
    closed(tmp_path / "creds/party-passkeys", "\n")
    assert list(load(tmp_path, text, CREDENTIALS_DIRECTORY=str(tmp_path / "creds")).passkeys) == ["alice"]


def test_every_bad_line_is_named_and_none_is_shown(tmp_path: Path) -> None:
    lines = (
        "canary",
        "alice:canary",
        f":{PASSKEY}",
        f"{'x' * 65}:{PASSKEY}",
        f"alice:{PASSKEY} {PASSKEY}",
        f"bob:{PASSKEY}",
        f"bob:{PASSKEY}",
        f"al\u200bice:{PASSKEY}",
        f"alice:{'x' * 513}",
    )
    table = closed(tmp_path / "passkeys", "\n".join(lines))
    problems = refused(tmp_path, '[party]\npasskeys_file = "passkeys"')
    assert [problem.line for problem in problems] == [1, 2, 3, 4, 5, 7, 8, 9]
    assert {(problem.source, problem.key) for problem in problems} == {(str(table), "party.passkeys_file")}


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        (f"alice:{PASSKEY}".encode(), 0o644, "open to everybody"),
        (b"alice:\xff\xff\xff\xff\xff\xff\xff\xff", 0o600, "UTF-8"),
        (b"#" * (256 * 1024 + 1), 0o600, "at most 262144 bytes"),
        (None, 0o600, "cannot be read"),
    ],
)
def test_a_table_that_is_none_is_refused(
    tmp_path: Path, content: bytes | None, mode: int, words: str
) -> None:
    path = tmp_path / "passkeys"
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)
    (problem,) = refused(tmp_path, '[party]\npasskeys_file = "passkeys"')
    assert words in problem.expected


# ------------------------------------------------------------------ contradictions


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[party]\npasskey_validation_url = "example.org"', "party.passkey_validation_url"),
        ('[party]\npasskey_validation_url = "wss://h"', "party.passkey_validation_url"),
        ('[party]\npublic_url = "party.example.org"', "party.public_url"),
        ('[party]\npublic_url = "wss://u:canary@h"', "party.public_url"),
        ('[party]\ntrusted_proxies = ["proxy"]', "party.trusted_proxies"),
        ('[party]\napp_name = "' + "x" * 65 + '"', "party.app_name"),
        ("[party]\nstart_grace_s = 121", "party.start_grace_s"),
        ("[party]\nintermission_first_s = 59", "party.intermission_first_s"),
        ("[party]\ninvite_days = 31", "party.invite_days"),
        ('[party]\njoin = "everybody"', "party.join"),
        ('[party.agent]\norchestrator = "ftp://h"', "party.agent.orchestrator"),
        ('[party.agent]\norchestrator = "wss://h/ws?passkey=canary"', "party.agent.orchestrator"),
        ('[party.agent]\nusername = "' + "x" * 65 + '"', "party.agent.username"),
        ('[party.agent]\nusername = "a\u200bb"', "party.agent.username"),
        ('[party.agent]\nusername = "Jörg"', "party.agent.username"),
        ('[party.agent]\nusername = " bob"', "party.agent.username"),
        ('[party.agent]\npasskey = "canary with blanks"', "party.agent.passkey"),
        ('[party.agent]\npasskey = "' + "canary" * 100 + '"', "party.agent.passkey"),
        ('[party.agent]\ninvite = "https://h/canary"', "party.agent.invite"),
        ('[party.agent]\ntls_ca_file = "nowhere.pem"', "party.agent.tls_ca_file"),
        ('[irc]\nserver = "irc.example.org:6697"\nchannel = "#a"', "irc.server"),
        ('[irc]\nserver = "irc.example.org"', "irc.channel"),
        ('[irc]\nchannel = "films"', "irc.channel"),
        ('[irc]\nchannel = "#a,#b"', "irc.channel"),
        ('[irc]\nnick = "1st"', "irc.nick"),
        ('[irc]\nnick = ""', "irc.nick"),
        ('[irc]\nsasl_username = "a"', "irc.sasl_password"),
        ('[irc]\nsasl_password = "canary"', "irc.sasl_username"),
        ('[irc]\ntls = false\nsasl_username = "a"\nsasl_password = "canary"', "irc.sasl_username"),
        ('[irc]\ntls_ca_file = "."', "irc.tls_ca_file"),
        ("[irc]\nport = 0", "irc.port"),
    ],
)
def test_contradictions_are_named(tmp_path: Path, text: str, key: str) -> None:
    assert [problem.key for problem in refused(tmp_path, text)] == [key]


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    text = '[party]\npublic_url = "x"\n[party.agent]\norchestrator = "y"\n[irc]\nnick = "1"\nchannel = "c"'
    assert [problem.line for problem in refused(tmp_path, text)] == [2, 4, 6, 7]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[party]\npasskey_validation_url = "http://192.0.2.7/v"', "can read passkeys"),
        ('[party]\npublic_url = "wss://h"', "only this machine comes in"),
        ('[party]\npublic_url = "ws://h"', "public_url is without TLS"),
        ('[party.agent]\nusername = "a"\norchestrator = "ws://h"\npasskey = "x"', "can read the passkey"),
        ('[party.agent]\norchestrator = "wss://h"', "waits for an invitation"),
        ('[party.agent]\nusername = "a"\norchestrator = "wss://h"', "has no passkey"),
        ('[party]\nhost = false\n[party.agent]\nusername = "a"', "no house to be with"),
        ('[party.agent]\nusername = "a"', "finds no film"),
        ('[party.agent]\nusername = "a"\ninvite_file = "gone"', "there is no invitation until it is"),
        ('[irc]\nserver = "h"\nchannel = "#a"\ntls = false', "irc.tls is false"),
        ('[irc]\nserver = "h"\nchannel = "#a"\nport = 6667', "with TLS it is 6697"),
    ],
)
def test_what_is_probably_not_meant_is_said(tmp_path: Path, text: str, words: str) -> None:
    assert words in warned(tmp_path, text)


def test_a_house_whose_parties_only_it_can_enter_is_told(tmp_path: Path) -> None:
    """Only where other machines can reach it, and somebody thought of parties at all."""
    listen = f'[server]\nlisten = "[::]:3001"\nwebhook_secret = "{"x" * 24}"\n'
    assert "only this machine comes in" not in warned(tmp_path, listen)
    assert "only this machine comes in" in warned(tmp_path, f"{listen}[party]\nopen = true")
    assert "only this machine comes in" not in warned(tmp_path, "[party]\nopen = true")
    closed(tmp_path / "passkeys", f"alice:{PASSKEY}")
    table = '[party]\npasskeys_file = "passkeys"'
    assert "only this machine comes in" not in warned(tmp_path, f"{listen}{table}")


@pytest.mark.parametrize(
    "text",
    [
        '[party]\npasskey_validation_url = "http://127.0.0.1:9000/validate"',
        '[plex]\nurl = "http://h:1"\ntoken = "t"\n[party.agent]\nusername = "a"\norchestrator = "ws://localhost"',
        '[irc]\nserver = "127.0.0.1"\nport = 6667\ntls = false\nchannel = "#a"',
        '[party]\nhost = false\npublic_url = "ws://h"',
        '[party.agent]\nenabled = false\nusername = "a"\norchestrator = "ws://h"\npasskey = "x"',
    ],
)
def test_what_stays_on_this_machine_is_no_danger(tmp_path: Path, text: str) -> None:
    assert warned(tmp_path, text) == ""


def test_the_agent_is_on_where_it_has_a_name_or_an_invitation(tmp_path: Path) -> None:
    assert not load(tmp_path).party_agent.wanted
    assert load(tmp_path, '[party.agent]\nusername = "a"').party_agent.wanted
    assert not load(tmp_path, '[party.agent]\nusername = "a"\nenabled = false').party_agent.wanted
    closed(tmp_path / "invitation", "segue-party:?at=wss%3A%2F%2Fh%2Fws&party=k3x9qa&token=canary\n")
    config = load(tmp_path, '[party.agent]\ninvite_file = "invitation"')
    assert config.party_agent.wanted
    assert config.party_agent.invite in config.secrets
