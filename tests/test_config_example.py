"""The example names every setting with its default, and the reference is made from the same source."""

import re
from pathlib import Path

import msgspec
import pytest

from segue.adapters.http_types import Origin
from segue.config import Config, RoomConfig, describe_settings, load_config, settings_table
from segue.config.checks import HEOS_INPUTS, problem_of_url
from segue.config.schema import SECTIONS
from segue.config.schema_room import MUSIC_INPUTS
from segue.core.music.state import RoomSettings

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "config.example.toml"
NOT_SET = (
    "token",
    "webhook_secret",
    "api_token",
    "start_level",
    "film_level",
    "intermission_level",
    "api_key",
    "qbittorrent_password",
    "transmission_password",
    "passkey",
    "invite",
    "password",
    "sasl_password",
)
"""Settings without a default."""
COMMENTED = re.compile(r"^#(?=\[\[|[a-z_]+ = )", re.MULTILINE)


def sections_of(text: str) -> dict[str, list[str]]:
    """Read which keys stand below which header, commented out or not."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in COMMENTED.sub("", text).splitlines():
        if header := re.match(r"\[+([a-z.]+)\]+", line):
            section = header[1]
            found[section] = []
        elif key := re.match(r"([a-z_]+) = ", line):
            found[section].append(key[1])
    return found


def test_the_example_can_be_used_as_it_is(tmp_path: Path) -> None:
    """Copied without a change it is the same as no file."""
    environ = {"HOME": str(tmp_path)}
    config = load_config(EXAMPLE, environ)
    assert msgspec.structs.replace(config, path="") == load_config(None, environ)


def test_the_example_names_every_setting() -> None:
    """Each section and key is there once, in the order of the reference, and none that does not exist."""
    assert sections_of(EXAMPLE.read_text()) == {
        name: list(section.__struct_fields__) for name, section in SECTIONS.items()
    }


def test_every_commented_setting_is_the_default(tmp_path: Path) -> None:
    """Taking out every # changes nothing but the room, its name and its levels, which have no default."""
    path = tmp_path / "segue.toml"
    path.write_text(COMMENTED.sub("", EXAMPLE.read_text()))
    path.chmod(0o600)
    environ = {"HOME": str(tmp_path)}
    config = load_config(path, environ)
    assert config.rooms == (RoomConfig(name="living", start_level=25, film_level=45, intermission_level=20),)
    plain = msgspec.structs.replace(config, path="", rooms=(), warnings=())
    assert plain == load_config(None, environ)


def test_the_first_house_can_be_loaded(tmp_path: Path) -> None:
    """The example for one room is right as soon as its token file is there."""
    path = tmp_path / "segue.toml"
    path.write_text((ROOT / "examples/segue.toml").read_text())
    (tmp_path / "plex-token").touch(mode=0o600)
    (tmp_path / "plex-token").write_text("a-token\n")
    config = load_config(path, {"HOME": str(tmp_path)})
    (room,) = config.rooms
    assert (room.input, room.max_level, room.take_over) == ("inputs/cd", 60, "idle-or-music")
    assert config.warnings == ()


# ------------------------------------------------------------------ the reference


def test_every_setting_has_a_meaning_and_a_type() -> None:
    """A setting that nobody explains is not finished."""
    for setting in describe_settings():
        assert setting.meaning.endswith((".", "`")), setting
        assert setting.type
        assert setting.default or setting.key in NOT_SET


def test_units_are_said() -> None:
    """The unit is the end of the name."""
    units = {f"{s.section}.{s.key}": s.unit for s in describe_settings()}
    assert units["room.fade_in_s"] == "s"
    assert units["journal.late_ms"] == "ms"
    assert units["journal.keep_mb"] == "MB"
    assert units["room.max_level"] == "level"
    assert units["log.level"] == units["room.name"] == units["plex.url"] == ""


def test_the_table_has_a_row_for_every_setting() -> None:
    """One Markdown table a section, and no cell that breaks its row."""
    table = settings_table()
    for setting in describe_settings():
        assert table.count(f"| `{setting.key}` | ") >= 1
    assert len(re.findall(r"^\| `", table, re.MULTILINE)) == len(describe_settings())
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 6 for row in table.splitlines() if row.startswith("|"))


def test_music_inputs_are_inputs() -> None:
    """A default would otherwise be worth a warning."""
    assert set(MUSIC_INPUTS) <= HEOS_INPUTS


# ------------------------------------------------------------------ what others take from here


def test_the_core_takes_every_setting_of_a_room() -> None:
    """Settings and the core's own are of the same names and, but for the louder limit, of the same defaults."""
    known = {field.name: field for field in msgspec.structs.fields(RoomConfig)}
    for field in msgspec.structs.fields(RoomSettings):
        assert field.name in known
        if field.name != "max_level":
            assert field.default == known[field.name].default, field.name


ACCEPTED = (
    "http://h:1",
    "https://plex.example.org/plex/",
    "http://[::1]:32400",
    "HTTP://192.0.2.1",
    "http://h_1:/",
)
REFUSED = (
    "http://h:1//x",
    "http://h:1/a b",
    "http://h:0",
    "http://-h",
    "http://1.2.3",
    "http:///x",
    "http://h:1/\\",
)


@pytest.mark.parametrize("url", [*ACCEPTED, *REFUSED])
def test_an_accepted_address_can_be_asked(url: str) -> None:
    """What the configuration lets through, the HTTP client takes; it would be a poor moment to find out later."""
    assert (problem_of_url(url) == "") == (url in ACCEPTED)
    if url in ACCEPTED:
        Origin.parse(url)


def test_defaults_are_a_config() -> None:
    """The types' own defaults agree with what is loaded from nothing, but for the places."""
    assert Config().journal == load_config(None, {"HOME": "/nowhere"}).journal
