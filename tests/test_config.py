"""What the configuration takes, what it refuses, and how it says so."""

from pathlib import Path

import pytest

from segue.config import (
    Config,
    changed_keys,
    default_config_paths,
    find_config,
    load_config,
    needs_restart,
    parse_listen,
)
from segue.errors import ConfigError, ConfigProblem, SegueError
from segue.secret import Secret

TOKEN = "canary-Tq8mZ1vR5wXy"
HOOK = "canary-hook-0123456789abcdef"

HOUSE = f"""
[plex]
url = "http://192.0.2.5:32400"
token = "{TOKEN}"

[[room]]
name = "living"
plex_player = "Plexamp"
heos_player = "Living Room"
input = "inputs/cd"
"""


def write(tmp_path: Path, text: str, mode: int = 0o600) -> Path:
    path = tmp_path / "segue.toml"
    path.write_text(text)
    path.chmod(mode)
    return path


def load(tmp_path: Path, text: str, **environ: str) -> Config:
    return load_config(write(tmp_path, text), {"HOME": str(tmp_path), **environ})


def refused(tmp_path: Path, text: str, **environ: str) -> list[ConfigProblem]:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text, **environ)
    return list(caught.value.problems)


def only(problems: list[ConfigProblem]) -> ConfigProblem:
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]


# ------------------------------------------------------------------ what is taken


def test_nothing_at_all_is_a_configuration(tmp_path: Path) -> None:
    """Without file and environment everything has a default, and the places are filled in."""
    config = load_config(None, {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": "/run/user/7"})
    assert config.rooms == ()
    assert config.plex.url == ""
    assert config.server.state_dir == str(tmp_path / ".local/state/segue")
    assert config.server.api_token_file == str(tmp_path / ".local/state/segue/api-token")
    assert config.server.control_socket in ("/run/segue-ctl/ctl.sock", "/run/user/7/segue/ctl.sock")
    assert not config.warnings


def test_a_small_house_is_read(tmp_path: Path) -> None:
    """The settings that were written are there, all others have their defaults."""
    config = load(tmp_path, HOUSE)
    (room,) = config.rooms
    assert (room.name, room.input, room.fade_in_s, room.start_level) == ("living", "inputs/cd", 1.0, None)
    assert config.plex.token == Secret(TOKEN)
    assert config.path == str(tmp_path / "segue.toml")
    assert config.heos_wanted


def test_a_whole_number_serves_as_a_number(tmp_path: Path) -> None:
    """`fade_in_s = 2` needs no `.0`."""
    assert load(tmp_path, HOUSE + "fade_in_s = 2").rooms[0].fade_in_s == 2.0


def test_polling_is_rare_where_a_webhook_is_expected(tmp_path: Path) -> None:
    """0 means automatic: 5 s without a webhook secret, 60 s with one; another number is itself."""
    assert load(tmp_path, HOUSE).plex_poll_s == 5.0
    assert load(tmp_path, HOUSE, SEGUE_SERVER__WEBHOOK_SECRET=HOOK).plex_poll_s == 60.0
    assert load(tmp_path, HOUSE, SEGUE_PLEX__POLL_S="7").plex_poll_s == 7.0


def test_relative_paths_start_at_the_file(tmp_path: Path) -> None:
    """The working directory does not matter, and `~` is the user's home."""
    config = load(tmp_path, '[server]\nstate_dir = "state"\ncontrol_socket = "~/ctl.sock"\n')
    assert config.server.state_dir == str(tmp_path / "state")
    assert config.server.control_socket == str(tmp_path / "ctl.sock")


def test_systemd_names_the_state_directory(tmp_path: Path) -> None:
    """The first of `$STATE_DIRECTORY` is taken, unless the file says otherwise."""
    assert load(tmp_path, "", STATE_DIRECTORY="/var/lib/segue:/x").server.state_dir == "/var/lib/segue"
    assert load(tmp_path, '[server]\nstate_dir = "/s"', STATE_DIRECTORY="/v").server.state_dir == "/s"


def test_the_file_is_looked_for_in_two_places(tmp_path: Path) -> None:
    """The system's file comes first, then the user's; without either the environment alone serves."""
    environ = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    system, user = default_config_paths(environ)
    assert system == Path("/etc/segue/segue.toml")
    assert user == tmp_path / "config/segue/segue.toml"
    assert default_config_paths({"HOME": "/home/a"})[1] == Path("/home/a/.config/segue/segue.toml")
    if not system.exists():
        assert find_config(environ) is None
        user.parent.mkdir(parents=True)
        user.touch()
        assert find_config(environ) == user


@pytest.mark.parametrize(
    ("text", "host", "port", "loopback"),
    [
        ("127.0.0.1:3001", "127.0.0.1", 3001, True),
        ("127.9.9.9:1", "127.9.9.9", 1, True),
        ("localhost:0", "localhost", 0, True),
        ("[::1]:80", "::1", 80, True),
        ("[::]:3001", "::", 3001, False),
        ("0.0.0.0:3001", "0.0.0.0", 3001, False),
        ("music.lan:3001", "music.lan", 3001, False),
    ],
)
def test_addresses_to_listen_on(text: str, host: str, port: int, loopback: bool) -> None:
    """An address is a host and a port; only the machine's own addresses are loopback."""
    listen = parse_listen(text)
    assert listen is not None
    assert (listen.host, listen.port, listen.is_loopback) == (host, port, loopback)


@pytest.mark.parametrize(
    "text",
    [
        "3001",
        ":3001",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:70000",
        "::1:80",
        "[1.2.3.4]:80",
        "1.2.3:4",
        "a b:1",
        "127.0.0.1:٣",
        "http://127.0.0.1:3001",
    ],
)
def test_what_is_no_address_to_listen_on(text: str, tmp_path: Path) -> None:
    """Half an address is refused with an example of a whole one."""
    assert parse_listen(text) is None
    problem = only(refused(tmp_path, f'[server]\nlisten = "{text}"'))
    assert problem.key == "server.listen"
    assert "127.0.0.1:3001" in problem.expected


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("line", "expected", "got", "suggestion"),
    [
        ("fade_in_s = 90", "expected a number from 0 to 30", "90", ""),
        ("fade_in_s = -0.1", "expected a number from 0 to 30", "-0.1", ""),
        ("fade_in_s = nan", "expected a number from 0 to 30", "nan", ""),
        ("fade_in_s = inf", "expected a number from 0 to 30", "inf", ""),
        ('fade_in_s = "2"', "expected a number from 0 to 30", '"2"', ""),
        ("fade_in_s = 1979-05-27", "expected a number from 0 to 30", "a date or time", ""),
        ("max_level = 101", "expected a whole number from 0 to 100", "101", ""),
        ("max_level = 5.5", "expected a whole number from 0 to 100", "5.5", ""),
        ("max_level = true", "expected a whole number from 0 to 100", "true", ""),
        ("max_level = {a = 1}", "expected a whole number from 0 to 100", "a table", ""),
        (f"max_level = 0x{'f' * 6000}", "expected a whole number from 0 to 100", "a huge number", ""),
        ("wake = 1", "expected true or false", "1", ""),
        ('take_over = "idle_or_music"', 'expected one of "always"', '"idle_or_music"', '"idle-or-music"'),
        ('fade_on = ["start", "stopp"]', "expected a list, each item one of", '["start", "stopp"]', '"stop"'),
        ('fade_on = "start"', "expected a list", '"start"', ""),
        ('music_inputs = ["cd"]', "expected a list of inputs", '["cd"]', '"inputs/cd"'),
        (
            'music_inputs = "' + "x" * 5000 + '"',
            "expected at most 4096 characters",
            '"' + "x" * 57 + '..."',
            "",
        ),
        (r'music_inputs = ["a\u0000b"]', "expected at most 4096 characters", r'["a\\x00b"]', ""),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, line: str, expected: str, got: str, suggestion: str) -> None:
    """A problem has file, line, column, key, what was expected, what was there, and what was perhaps meant."""
    text = HOUSE + line
    problem = only(refused(tmp_path, text))
    assert problem.source == str(tmp_path / "segue.toml")
    assert (problem.line, problem.column) == (text.count("\n") + 1, 1)
    assert problem.key == f"room[living].{line.split(' ')[0]}"
    assert problem.expected.startswith(expected)
    assert problem.got == got.replace("\\\\", "\\")
    assert problem.suggestion == suggestion


def test_a_misspelt_key_is_refused_with_the_right_one(tmp_path: Path) -> None:
    """An unknown key is never passed over, and its value, which may be a secret, is not shown."""
    problem = only(refused(tmp_path, f'[plex]\ntoken-fle = "{TOKEN}"'))
    assert (problem.line, problem.key, problem.suggestion) == (2, "plex.token-fle", "token_file")
    assert TOKEN not in str(problem)


def test_a_key_of_another_section_is_sent_there(tmp_path: Path) -> None:
    """A key that exists elsewhere says where."""
    assert only(refused(tmp_path, "[server]\nheartbeat_s = 3")).hint == "It belongs to [heos]."
    assert only(refused(tmp_path, 'name = "living"')).hint == "Put it below [[room]]."


@pytest.mark.parametrize("section", ["library", "tautulli", "tautulli.x"])
def test_sections_of_later_releases_are_refused_as_such(tmp_path: Path, section: str) -> None:
    """A section that nothing reads yet is refused once, whatever stands in it."""
    problem = only(refused(tmp_path, f'[{section}]\nurl = "x"\nother = 1'))
    assert "later release" in problem.expected
    assert problem.line == 1


def test_keys_of_later_releases_are_refused_as_such(tmp_path: Path) -> None:
    """The same for single keys of a room."""
    assert "later release" in only(refused(tmp_path, HOUSE + "idle_off_min = 3")).expected


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("[plexx]", "plexx", "[plex]"),
        ("[[rooms]]", "rooms", "[[room]]"),
        ('[room.living]\nplex_player = "x"', "room", 'name = "living"'),
        ('[room]\nname = "living"', "room", "[[room]]"),
        ("[[plex]]", "plex", "[plex]"),
        ("[plex.url]", "plex", "[plex]"),
        ("plex = 3", "plex", "[plex]"),
        ("room = 3", "room", "[[room]]"),
        ("[[room]]\nwake = true", "room[#1].name", 'name = "living"'),
    ],
)
def test_wrong_shapes_are_explained(tmp_path: Path, text: str, key: str, words: str) -> None:
    """A section that is not what it should be is shown as it should be."""
    problem = only(refused(tmp_path, text))
    assert problem.key == key
    assert words in str(problem)


def test_inline_and_dotted_forms_are_the_same(tmp_path: Path) -> None:
    """Every way of TOML to write a table is understood, and mistakes in it have a place."""
    text = (
        'plex.poll_s = 9\nheos = {heartbeat_s = 3, port = 1}\nroom = [{name = "a"}, {name = "b", wake = 1}]'
    )
    problem = only(refused(tmp_path, text))
    assert (problem.line, problem.key) == (3, "room[b].wake")
    config = load(tmp_path, text.replace(", wake = 1", ""))
    assert (config.plex.poll_s, config.heos.heartbeat_s, [room.name for room in config.rooms]) == (
        9.0,
        3.0,
        ["a", "b"],
    )


def test_all_problems_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """One look is enough to mend everything."""
    text = (
        "[server]\nlisten = 3\n[plexx]\n[heos]\nport = 0\nhoost = 1\n[[room]]\nname = 'A b'\nfade_in_s = 99\n"
    )
    problems = refused(tmp_path, text, SEGUE_LOG__LEVEL="loud", SEGUE_MUSIC__CONFIRM_S="x")
    assert [problem.line for problem in problems] == [2, 3, 5, 6, 8, 9, None, None]
    assert {p.source for p in problems[-2:]} == {"SEGUE_LOG__LEVEL", "SEGUE_MUSIC__CONFIRM_S"}
    assert problems[4].suggestion == '"a-b"'


def test_the_message_is_one_that_editors_understand(tmp_path: Path) -> None:
    """`file:line:column: key: expected ..., got ...`, and the next step below."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, HOUSE + "\n  fade_in_s = 90")
    path = tmp_path / "segue.toml"
    assert f"{path}:12:3: room[living].fade_in_s: expected a number from 0 to 30, got 90" in str(caught.value)
    assert caught.value.message.startswith("The configuration has 1 problem:\n")
    assert isinstance(caught.value, SegueError)
    assert caught.value.exit_code == 2


# ------------------------------------------------------------------ contradictions


CONTRADICTIONS = [
    ('[plex]\nurl = "ftp://h"', "plex.url", "http"),
    ('[plex]\nurl = "http://h:99999"', "plex.url", "address"),
    ('[plex]\nurl = "http://"', "plex.url", "address"),
    ('[plex]\nurl = "http://[::1"', "plex.url", "address"),
    ('[plex]\nurl = "http://a b/"', "plex.url", "address"),
    ('[plex]\naccount_url = ""', "plex.account_url", "http"),
    ("[plex]\npoll_s = 0.5", "plex.poll_s", "0 (automatic)"),
    ('[plex]\nurl = "http://h:1"', "plex.token", "token"),
    ('[heos]\nhost = "192.0.2.1:1255"', "heos.host", "port"),
    ('[heos]\nhost = "192.0.2.300"', "heos.host", "address"),
    ('[heos]\nfailover_hosts = ["ok", "http://x"]', "heos.failover_hosts", "name or address"),
    ('[server]\nallowed_hosts = ["a/b"]', "server.allowed_hosts", "name or address"),
    ('[server]\nwebhook_sources = ["192.0.2.1/24"]', "server.webhook_sources", "networks"),
    ('[server]\nwrite_groups = ["no-such-group-here"]', "server.write_groups", "groups"),
    ('[server]\nwrite_groups = ["roott"]', "server.write_groups", '"root"'),
    ('[server]\nlisten = "0.0.0.0:3001"', "server.listen", "webhook secret"),
    (f'[server]\ncontrol_socket = "/{"x" * 120}"', "server.control_socket", "107"),
    ('[[room]]\nname = "a"\ninput = "inputs/cd"', "room[a].input", "heos_player"),
    ('[[room]]\nname = "a"\nfilm_input = "inputs/tv"', "room[a].film_input", "heos_player"),
    ('[[room]]\nname = "a"\nplex_player = "x"', "room[a].plex_player", "plex.url"),
    ('[[room]]\nname = "a"\nfilm_player = "x"', "room[a].film_player", "plex.url"),
    ('[[room]]\nname = "a"\nfilm_level = 81', "room[a].film_level", "max_level"),
    (
        '[[room]]\nname = "a"\nmax_level = 30\nintermission_level = 31',
        "room[a].intermission_level",
        "max_level",
    ),
    (
        'plex.url = "http://h"\n[[room]]\nname = "a"\nfilm_player = "T"\n[[room]]\nname = "b"\nfilm_player = "t"',
        "room[b].film_player",
        "room a",
    ),
    ('[[room]]\nname = "a"\nstart_level = 81', "room[a].start_level", "max_level"),
    ('[[room]]\nname = "a_b"\n[[room]]\nname = "a-b"', "room[a-b].name", "a_b"),
    (
        '[[room]]\nname = "a"\nheos_player = "X"\n[[room]]\nname = "b"\nheos_player = "x"',
        "room[b].heos_player",
        "room a",
    ),
]


@pytest.mark.parametrize(("text", "key", "words"), CONTRADICTIONS)
def test_contradictions_are_found(tmp_path: Path, text: str, key: str, words: str) -> None:
    """What no single key shows is found too, and its place is the key's own line."""
    problem = only(refused(tmp_path, text, **({} if key == "plex.token" else {"PLEX_TOKEN": TOKEN})))
    assert problem.key == key
    assert words in str(problem)
    assert problem.line == len(text.splitlines())


def test_two_rooms_of_one_name_point_at_the_second(tmp_path: Path) -> None:
    """The place of a repeated name is where it is repeated."""
    problem = only(refused(tmp_path, '[[room]]\nname = "a"\n\n[[room]]\nname = "a"'))
    assert (problem.key, problem.line) == ("room[a].name", 5)


def test_nothing_is_concluded_from_a_broken_key(tmp_path: Path) -> None:
    """A token file that cannot be read is one problem, not two; a broken limit does not contradict the start level."""
    missing = refused(tmp_path, '[plex]\nurl = "http://h:1"\ntoken_file = "nowhere"')
    assert only(missing).key == "plex.token_file"
    assert (
        only(refused(tmp_path, '[[room]]\nname = "a"\nstart_level = 90\nmax_level = "x"')).key
        == "room[a].max_level"
    )


@pytest.mark.parametrize("url", ["http://user:{}@h:1", "http://h:1/?X-Plex-Token={}", "http://h:1/#{}", "{}"])
def test_a_token_in_an_address_is_refused_and_not_repeated(tmp_path: Path, url: str) -> None:
    """Secrets in addresses end in logs; the refusal is no place for them either."""
    problem = only(refused(tmp_path, f'[plex]\nurl = "{url.format(TOKEN)}"', PLEX_TOKEN="x"))
    assert problem.key == "plex.url"
    assert TOKEN not in str(problem)


def test_what_works_but_is_hardly_meant_is_a_warning(tmp_path: Path) -> None:
    """A doubtful setting does not keep the house from starting."""
    config = load(
        tmp_path,
        '[[room]]\nname = "a"\nwake = true\nmusic_inputs = ["inputs/cdd"]\nfilm_level = 40',
        PLEX_TOKEN="x",
    )
    text = "\n".join(config.warnings)
    for words in ("plex.url", "neither", "wake", "did you mean inputs/cd?", "film_level does nothing"):
        assert words in text


# ------------------------------------------------------------------ files that are none


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    """A file that was named must be there."""
    with pytest.raises(ConfigError, match=r"nowhere\.toml: there is no such file"):
        load_config(tmp_path / "nowhere.toml", {})


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    """What cannot be read is said, and nothing else is concluded."""
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path, {"PLEX_URL": "http://h:1"})
    assert len(caught.value.problems) == 1


def test_a_pipe_without_a_writer_does_not_hang(tmp_path: Path) -> None:
    """A FIFO is refused at once."""
    import os

    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(ConfigError, match="regular file"):
        load_config(tmp_path / "fifo", {})


def test_a_huge_file_is_refused_after_its_first_megabyte() -> None:
    """A wrong path, such as a device without an end, costs no more than that."""
    with pytest.raises(ConfigError, match="at most 1048576 bytes"):
        load_config(Path("/dev/zero"), {})


def test_bytes_that_are_no_text_have_a_line(tmp_path: Path) -> None:
    """An editor with another encoding is found out by the line."""
    path = tmp_path / "segue.toml"
    path.write_bytes(b'[plex]\nurl = "\xe9"\n')
    with pytest.raises(ConfigError, match=r"segue\.toml:2: expected UTF-8, got the byte 0xe9"):
        load_config(path, {})


def test_a_file_from_another_system_is_read(tmp_path: Path) -> None:
    """A byte order mark and CRLF line ends change nothing, lines are still counted right."""
    path = tmp_path / "segue.toml"
    path.write_bytes(b"\xef\xbb\xbf[plex]\r\n\r\npoll_s = 9\r\nfoo = 1\r\n")
    with pytest.raises(ConfigError, match=r"segue\.toml:4:1: plex\.foo"):
        load_config(path, {})


# ------------------------------------------------------------------ reload


def test_a_reload_names_what_changed(tmp_path: Path) -> None:
    """Names only: a secret that changed is named and not shown; a room that came is named by its keys."""
    old = load(tmp_path, HOUSE)
    new = load(
        tmp_path, HOUSE.replace(TOKEN, "another-token") + 'fade_in_s = 2\n[server]\nlisten = "127.0.0.1:9"'
    )
    assert changed_keys(old, old) == []
    changed = changed_keys(old, new)
    assert changed == ["server.listen", "plex.token", "room[living].fade_in_s"]
    assert needs_restart(changed) == ["server.listen"]
    assert changed_keys(old, load(tmp_path, HOUSE, SEGUE_ROOM__BATH__WAKE="yes"))[0] == "room[bath].name"
    assert "room[living].name" in changed_keys(old, load(tmp_path, ""))
