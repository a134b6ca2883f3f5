"""Every setting can come from the environment, which goes before the file; a first try needs no file at all."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.config import Config, describe_settings, load_config
from segue.errors import ConfigError, ConfigProblem
from segue.secret import Secret


def load(**environ: str) -> Config:
    return load_config(None, {"HOME": "/home/alice", **environ})


def refused(**environ: str) -> list[ConfigProblem]:
    with pytest.raises(ConfigError) as caught:
        load(**environ)
    return list(caught.value.problems)


def test_a_house_without_a_file() -> None:
    """Two well-known names and a room are enough."""
    config = load(
        PLEX_URL="http://192.0.2.5:32400",
        PLEX_TOKEN="abc",
        SEGUE_ROOM__LIVING__PLEX_PLAYER="Plexamp",
        SEGUE_ROOM__LIVING__HEOS_PLAYER="Living Room",
        SEGUE_ROOM__LIVING__FADE_ON="start, stop",
        SEGUE_ROOM__LIVING__START_LEVEL="25",
    )
    (room,) = config.rooms
    assert (room.name, room.plex_player, room.fade_on, room.start_level) == (
        "living",
        "Plexamp",
        ("start", "stop"),
        25,
    )
    assert config.plex.token == Secret("abc")


def test_own_names_go_before_well_known_ones_and_both_before_the_file(tmp_path: Path) -> None:
    """`SEGUE_...`, then the well-known names, then the file, then the defaults."""
    path = tmp_path / "segue.toml"
    path.write_text('[plex]\nurl = "http://file:1"\ntimeout_s = 9\n')
    assert load_config(path, {"PLEX_TOKEN": "t"}).plex.url == "http://file:1"
    environ = {"PLEX_TOKEN": "t", "PLEX_URL": "http://known:1"}
    assert load_config(path, environ).plex.url == "http://known:1"
    environ["SEGUE_PLEX__URL"] = "http://own:1"
    config = load_config(path, environ)
    assert (config.plex.url, config.plex.timeout_s, config.plex.poll_s) == ("http://own:1", 9.0, 0.0)


def test_a_mistake_of_the_file_is_mended_by_the_environment(tmp_path: Path) -> None:
    """What does not count is not judged."""
    path = tmp_path / "segue.toml"
    path.write_text("[plex]\ntimeout_s = 99999\n")
    assert load_config(path, {"SEGUE_PLEX__TIMEOUT_S": "2"}).plex.timeout_s == 2.0


@pytest.mark.parametrize("name", ["living-room", "living_room"])
def test_a_room_of_the_file_is_found_by_its_name(tmp_path: Path, name: str) -> None:
    """A variable has no hyphen, so an underscore stands for it."""
    path = tmp_path / "segue.toml"
    path.write_text(f'[[room]]\nname = "{name}"\nmax_level = 30\n')
    (room,) = load_config(path, {"SEGUE_ROOM__LIVING_ROOM__WAKE": "yes"}).rooms
    assert (room.name, room.max_level, room.wake) == (name, 30, True)


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("YES", True), ("1", True), ("off", False), ("0", False)]
)
def test_ways_to_say_yes(text: str, value: bool) -> None:
    """Truth is written in the usual ways."""
    assert load(SEGUE_HEOS__ENABLED=text).heos.enabled is value


def test_lists_have_commas() -> None:
    """Blanks do not count, and nothing is an empty list."""
    config = load(SEGUE_SERVER__WRITE_UIDS="1000, 1001,", SEGUE_ROOM__A__MUSIC_INPUTS="")
    assert config.server.write_uids == (1000, 1001)
    assert config.rooms[0].music_inputs == ()


def test_an_empty_variable_sets_no_number() -> None:
    """Compose files hand on empty variables for what nobody set."""
    config = load(SEGUE_PLEX__TIMEOUT_S="", PLEX_URL="", PLEX_TOKEN="", SEGUE_LOG__LEVEL="")
    assert config.plex.timeout_s == 3.0
    assert any("SEGUE_PLEX__TIMEOUT_S" in note for note in config.notes)


def test_names_of_later_sections_are_passed_over_with_a_note() -> None:
    """They may be there for another program."""
    config = load(TAUTULLI_URL="http://h:8181", TAUTULLI_API_KEY="x")
    assert len(config.notes) == 2
    assert all("later release" in note for note in config.notes)


@pytest.mark.parametrize(
    ("name", "key", "words"),
    [
        ("SEGUE_PLEX_URL", "plex.url", "did you mean SEGUE_PLEX__URL?"),
        ("SEGUE_PLEX__URLL", "plex.urll", "did you mean url?"),
        ("SEGUE_PLEXX__URL", "plexx", "did you mean [plex]?"),
        ("SEGUE_PLEX__A__B", "plex", "SEGUE_PLEX__URL"),
        ("SEGUE_TAUTULLI__URL", "tautulli", "later release"),
        ("SEGUE_ROOM__WAKE", "room", "SEGUE_ROOM__LIVING__PLEX_PLAYER"),
        ("SEGUE_ROOM__LIVING__WAKEE", "room[living].wakee", "did you mean wake?"),
        ("SEGUE_PLEX__TIMEOUT_S", "plex.timeout_s", "expected a number from 0.1 to 60"),
        ("SEGUE_HEOS__ENABLED", "heos.enabled", "expected true or false"),
        ("SEGUE_SERVER__WRITE_UIDS", "server.write_uids", "expected a list"),
        ("SEGUE_LOG__LEVEL", "log.level", "expected one of"),
        ("SEGUE_ROOM____WAKE", "room[#1].name", "expected a name"),
    ],
)
def test_mistakes_are_named_by_their_variable(name: str, key: str, words: str) -> None:
    """A setting that was meant and does nothing is refused, as in the file."""
    problem = refused(**{name: "canary"})[0]
    assert (problem.source, problem.line, problem.key) == (name, None, key)
    assert words in str(problem)


def test_other_programs_may_use_the_prefix() -> None:
    """`SEGUE_SOCKET` is the control tool's, and a cluster makes `SEGUE_PORT_3001_TCP` by itself."""
    load(SEGUE_SOCKET="/x", SEGUE_PORT="tcp://10.0.0.1:3001", SEGUE_PORT_3001_TCP_ADDR="10.0.0.1")


@pytest.mark.parametrize(
    "setting", describe_settings(), ids=lambda setting: f"{setting.section}.{setting.key}"
)
def test_every_setting_has_a_variable(setting: object) -> None:
    """No setting exists that the environment cannot reach: the variable is known, whatever its value is worth."""
    from segue.config import Setting

    assert isinstance(setting, Setting)
    try:
        load(**{setting.variable: "\x00"})
    except ConfigError as error:
        assert [problem.source for problem in error.problems] == [setting.variable]
        assert error.problems[0].key.endswith(f".{setting.key}")


NAMES = st.sampled_from(
    [
        *(
            "PLEX_URL",
            "PLEX_TOKEN",
            "SEGUE_",
            "SEGUE___",
            "SEGUE__",
            "SEGUE_ROOM__",
            "SEGUE_ROOM__A__",
            "SEGUE_ROOM__A__NAME",
        ),
        *(
            "SEGUE_ROOM__B__INPUT",
            "SEGUE_ROOM__A__B__C",
            "SEGUE_ROOM__É__WAKE",
            "STATE_DIRECTORY",
            "XDG_RUNTIME_DIR",
            "HOME",
        ),
        *(setting.variable for setting in describe_settings()),
    ]
)


@given(
    st.dictionaries(
        NAMES | st.text(max_size=6).map("SEGUE_".__add__),
        st.text(max_size=8)
        | st.sampled_from(["0", "-1", "1e400", "nan", "true", "a,b", "inputs/cd", "http://h:1", "\udcff"]),
        max_size=6,
    )
)
@settings(max_examples=300, deadline=None)
def test_any_environment_is_read_or_refused(environ: dict[str, str]) -> None:
    """Whatever the variables hold, a configuration or a printable list of problems comes out."""
    try:
        load_config(None, environ)
    except ConfigError as error:
        str(error).encode("utf-8")
