"""Whatever a file holds, it is read or refused: never a crash, never a wrong place, never a value out of thin air."""

import json
import string
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from segue.config import Config, load_config
from segue.config.draft import Draft
from segue.config.toml_file import parse_toml, statements
from segue.errors import ConfigError


def parse(text: str) -> Draft:
    draft = Draft(source="segue.toml")
    parse_toml(text, draft)
    return draft


def places(draft: Draft) -> dict[str, tuple[int | None, int | None]]:
    found = {}
    for section, keys in draft.sections.items():
        found.update({f"{section}.{key}": given.where[1:] for key, given in keys.items()})
    for index, room in enumerate(draft.rooms):
        found.update({f"room{index}.{key}": given.where[1:] for key, given in room.items()})
    return found


# ------------------------------------------------------------------ places


TRICKY = '''# [plex]
[plex] # = "
url = "a # no comment" # "a comment
  "token_file" = """
  url = "not a key"
  [heos]
"""
timeout_s=1e3

[[room]]
name = 'a"b'
fade_on = [ # "[
  "start", # ]
  ["x"],
]
sources = [{a = "]"}]
[[ room ]]
'name' = "x\\"y"
music_inputs = [""""a""""]
'''


def test_every_key_has_its_place() -> None:
    """Strings with brackets, comments with quotes and values over many lines do not mislead."""
    assert places(parse(TRICKY)) == {
        "plex.url": (3, 1),
        "plex.token_file": (4, 3),
        "plex.timeout_s": (8, 1),
        "room0.name": (11, 1),
        "room0.fade_on": (12, 1),
        "room0.sources": (16, 1),
        "room1.name": (18, 1),
        "room1.music_inputs": (19, 1),
    }


def test_the_statements_are_the_text() -> None:
    """Nothing but blanks and comments stands between two statements."""
    left = TRICKY
    for statement in statements(TRICKY):
        before, found, left = left.partition(statement.text)
        assert found
        assert all(not line.strip() or line.strip().startswith("#") for line in before.splitlines())


# ------------------------------------------------------------------ mistakes of grammar


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("[plex]\ntoken_file = plex-token\n", (2, 14), 'token_file = "..."'),
        ("[plex]\nurl = ~/x\n", (2, 7), 'url = "..."'),
        ("[plex]\nurl\n", (2, 4), "expected '='"),
        ('[plex]\nurl = "x\npoll_s = 1', (2, 9), "unterminated string"),
        ('[plex]\nurl = """x\n\n', (4, 1), "unterminated string"),
        ("[[room]]\nfade_on = [\n  'a'\n  'b'\n]\n", (4, 3), "unclosed array"),
        ("[plex\nurl = 3\n", (1, 6), "expected ']'"),
        ("[plex]\npoll_s = 1979-13-45\n", (2, 14), "newline"),
        ("[plex]\nurl = 'a' 'b'\n", (2, 11), "newline"),
        ("[plex]\npoll_s = " + "9" * 5000, (2, 1), "too many digits"),
        ("[plex]\nurl = " + "[" * 5000, (2, 1), "too deeply"),
        ("[plex]\n\x00", (2, 1), "invalid statement"),
        ("[plex]\nurl = 'a'\n[plex]\n", (3, 1), "begun on line 1"),
        ("[plex]\nurl = 'a'\nurl = 'b'\n", (3, 1), "set on line 2"),
        ("plex.url = 'a'\n[plex]\n", (2, 6), "declare"),
    ],
)
def test_a_broken_statement_has_a_place(text: str, place: tuple[int, int], words: str) -> None:
    """The place is the statement's, not the end of the document, and the commonest slip is shown mended."""
    draft = parse(text)
    (problem,) = draft.problems
    assert (problem.line, problem.column) == place
    assert words in str(problem).lower()


def test_a_broken_line_hides_no_other() -> None:
    """Each broken statement is named, and what stands around it is still read."""
    draft = parse("[plex]\nurl = nope\npoll_s = 5\n[heos]\nport = = 3\nhost = 'h'\n[[room]\nname = 'lost'\n")
    assert [problem.line for problem in draft.problems] == [2, 5, 7]
    assert draft.sections["plex"]["poll_s"].value == 5
    assert draft.sections["heos"]["host"].value == "h"
    assert draft.rooms == []
    assert draft.unreadable


def test_a_broken_file_leads_to_no_conclusions(tmp_path: Path) -> None:
    """A token that stands in a broken line is not reported as missing."""
    path = tmp_path / "segue.toml"
    path.write_text("[plex]\nurl = 'http://h:1'\ntoken_file = plex-token\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path, {})
    assert len(caught.value.problems) == 1


def test_the_value_of_a_broken_line_is_not_shown() -> None:
    """It may be a token that somebody forgot to quote."""
    draft = parse("[plex]\ntoken = canary-Tq8mZ1\ncanary-Tq8mZ1\n")
    assert len(draft.problems) == 2
    assert "canary" not in "".join(map(str, draft.problems[:1]))


# ------------------------------------------------------------------ whatever comes


WORDS = st.sampled_from(
    [
        *(
            "[",
            "]",
            "[[",
            "]]",
            "{",
            "}",
            "=",
            ",",
            ".",
            "#",
            "\n",
            "\n\n",
            "\r\n",
            "\r",
            " ",
            "\t",
            "\\",
            "\x00",
            "\ufeff",
        ),
        *(
            '"',
            "'",
            '"""',
            "'''",
            "\\u0041",
            "\\n",
            "é",
            "\u2028",
            "1979-05-27T07:32:00Z",
            "nan",
            "inf",
            "0x1f",
            "1e400",
        ),
        *(
            "plex",
            "heos",
            "room",
            "ingest",
            "server",
            "[plex]\n",
            "[[room]]\n",
            "[heos]\n",
            "[room.x]\n",
            "[[log]]\n",
            "[party]\n",
            "[party.agent]\n",
            "[[party.agent]]\n",
            "[party.agent.x]\n",
        ),
        *(
            "url = ",
            "name = ",
            "token = ",
            "port = ",
            "fade_on = ",
            "listen = ",
            '"x"',
            '"inputs/cd"',
            "true",
            "-1",
            "60",
        ),
        *(
            'name = "a"\n',
            "max_level = 3\n",
            'input = "inputs/cd"\n',
            "plex = {url = 1}\n",
            "x.y.z = 1\n",
            "plex.url = 2\n",
            "agent.gdm = true\n",
            "agent = {gdm = true}\n",
            "party.agent.gdm = 1\n",
        ),
    ]
)
SOUPS = st.lists(WORDS | st.text(max_size=3), max_size=40).map("".join)


def try_to_load(text: str, environ: dict[str, str]) -> Config | ConfigError:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "segue.toml")
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        path.chmod(0o600)
        try:
            return load_config(path, environ)
        except ConfigError as error:
            return error


@given(SOUPS)
@example("[[room]]\n[[room]]\nname = ''")
@example('[plex]\ntoken = "a b"')
@example("[server]\nlisten = '127.0.0.1:99999999999'")
@example("[plex]\nurl = 'http://[v1.x]/'")
@settings(max_examples=400, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    """Either a configuration comes out or a list of problems, each with a line that the file has."""
    outcome = try_to_load(text, {"HOME": "/nowhere"})
    if isinstance(outcome, ConfigError):
        lines = text.replace("\r\n", "\n").count("\n") + 1
        for problem in outcome.problems:
            assert problem.line is None or 1 <= problem.line <= lines
            assert "\n" not in problem.where
        str(outcome).encode("utf-8")  # a message that cannot be printed is none
    else:
        tomllib.loads(text.removeprefix("\ufeff").replace("\r\n", "\n"))


@given(SOUPS)
@settings(max_examples=400, deadline=None)
def test_a_text_is_whole_exactly_when_tomllib_says_so(text: str) -> None:
    """Cutting into statements neither forgives a mistake nor invents one."""
    text = text.replace("\r\n", "\n")
    try:
        tomllib.loads(text)
    except ValueError:
        assert parse(text).problems
    else:
        assert not parse(text).unreadable


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x7f\r"), max_size=12)
VALUES = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXTS | st.sampled_from([0.5, -3.25, 1e9]),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)
KEYS = st.text(string.ascii_lowercase + "_", min_size=1, max_size=8)
GAPS = st.sampled_from(["", "\n", '\n# a [comment] = "x\n', "  \t"])


def toml_text(value: Any, style: int) -> str:
    """Write a value in one of TOML's ways."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        blank = "\n # [\n" if style % 2 else " "
        return "[" + blank + "".join(f"{toml_text(item, style)},{blank}" for item in value) + "]"
    if isinstance(value, str):
        if style % 3 == 1 and "'" not in value and value.isprintable():
            return f"'{value}'"
        quoted = json.dumps(value, ensure_ascii=False)
        return f'""{quoted}""' if style % 3 == 2 and value else quoted
    return repr(value)


@given(
    st.dictionaries(
        st.sampled_from(["plex", "heos", "music", "log"]), st.dictionaries(KEYS, VALUES, max_size=4)
    ),
    st.lists(st.tuples(GAPS, st.integers(0, 5)), min_size=1, max_size=5),
)
@settings(max_examples=200, deadline=None)
def test_values_and_places_survive_every_way_of_writing(
    sections: dict[str, dict[str, Any]], styles: list[tuple[str, int]]
) -> None:
    """A written file comes back with each value as it was, at the line and column where it was written."""
    text, wanted, turn = "", {}, 0
    for section, keys in sections.items():
        text += f"[{section}]\n"
        for key, value in keys.items():
            gap, style = styles[turn % len(styles)]
            turn += 1
            text += gap
            start = text.rfind("\n") + 1
            wanted[f"{section}.{key}"] = (text.count("\n") + 1, len(text) - start + 1, value)
            text += f"{key} = {toml_text(value, style)}\n"
    draft = parse(text)
    assert draft.problems == []
    found = {
        f"{section}.{key}": (given.where.line, given.where.column, given.value)
        for section, keys in draft.sections.items()
        for key, given in keys.items()
    }
    assert found == wanted
    assert {k: {i: g.value for i, g in v.items()} for k, v in draft.sections.items()} == tomllib.loads(text)
