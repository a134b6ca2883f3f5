"""Templates: what is written out, and how a mistake is told before any file needs a name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.core.ingest.templates import (
    EPISODE_PRESETS,
    FILM_PRESETS,
    PLACEHOLDERS,
    TemplateError,
    TemplateKind,
    parse_template,
    placeholders,
    render,
)


def written(text: str, kind: TemplateKind = "film", **values: str) -> list[str]:
    return [render(part, values) for part in parse_template(text, kind).components]


def test_a_section_goes_when_one_of_its_placeholders_has_nothing_to_say() -> None:
    text = "{title}[ ({year})]/{title}[ - {resolution} {source}]"
    assert written(text, title="A", year="1999", resolution="1080p", source="TV") == [
        "A (1999)",
        "A - 1080p TV",
    ]
    assert written(text, title="A", resolution="1080p") == ["A", "A"]


def test_braces_and_brackets_can_be_written() -> None:
    assert written("{title} {{x-{tmdb_id}}} [[{year}]]", title="A", tmdb_id="1", year="2") == ["A {x-1} [2]"]


@pytest.mark.parametrize("kind", ["film", "episode"])
def test_every_preset_is_a_template(kind: TemplateKind) -> None:
    presets = FILM_PRESETS if kind == "film" else EPISODE_PRESETS
    assert set(presets) == {"plain", "ids"}
    for text in presets.values():
        parse_template(text, kind)


@pytest.mark.parametrize(
    ("text", "kind", "position", "words", "hint"),
    [
        ("", "film", 0, "empty template", "preset"),
        ("{titel}/{title}", "film", 0, "`{titel}` is no placeholder", "Did you mean `{title}`?"),
        ("{title} ({Year})", "film", 9, "`{Year}` is no placeholder", "Did you mean `{year}`?"),
        ("{title} {movie}", "film", 8, "`{movie}` is no placeholder", "placeholders are {title}"),
        ("{title} {season}", "film", 8, "films have no `{season}`", "{title}"),
        ("{title} {episode} {part}", "episode", 18, "episodes have no `{part}`", "{episode}"),
        ("{title} {", "film", 8, "a single `{`", "`{{`"),
        ("{title} {tmdb-{tmdb_id}}", "film", 8, "a single `{`", "{id_tag}"),
        ("{title} }", "film", 8, "a single `}`", "`}}`"),
        ("{title}[ {year}", "film", 7, "never closed", "`]`"),
        ("{title} {year}]", "film", 14, "closes nothing", "`]]`"),
        ("{title}[a[{year}]]", "film", 9, "within a section", "after the other"),
        ("{title}[HD]", "film", 7, "without a placeholder", "`[[`"),
        ("{title}[ {year}/{title}]", "film", 15, "across folders", "Close it"),
        ("/{title}", "film", 0, "an empty or dotted part", "below the library's root"),
        ("{title}/", "film", 8, "an empty or dotted part", "below the library's root"),
        ("{title}//{title}", "film", 8, "an empty or dotted part", ""),
        ("../{title}", "film", 0, "an empty or dotted part", ""),
        (".hidden/{title}", "film", 0, "begins with a dot", ""),
        ("{title}: {year}", "film", 7, "':' cannot stand in a name", ""),
        ("{title}\u202e", "film", 7, "cannot stand in a name", ""),
        ("x" * 81 + "{title}", "film", 0, "more than 80 bytes", ""),
        ("a/b/c/d/e/{title}", "film", 10, "more than 5 parts", ""),
        ("{title}/{year}", "film", 8, "needs `{title}`", "different files"),
        ("{title}/[{title}]", "film", 8, "needs `{title}`", ""),
        ("{title}/{season}", "episode", 8, "needs `{episode}`", "different files"),
        ("Shows/{episode}", "episode", 0, "no `{title}` anywhere", ""),
    ],
)
def test_a_mistake_is_told_with_its_place_and_a_way_out(
    text: str, kind: TemplateKind, position: int, words: str, hint: str
) -> None:
    with pytest.raises(TemplateError) as caught:
        parse_template(text, kind)
    error = caught.value
    assert words in error.text
    assert error.position == position
    assert hint in error.hint
    assert str(error) == f"{error.text} (character {position + 1})"


def test_every_placeholder_is_explained_and_can_be_used() -> None:
    for placeholder in PLACEHOLDERS.values():
        assert placeholder.meaning
        assert placeholder.film or placeholder.episode
    for kind, base in (("film", "{title}"), ("episode", "{title} {episode}")):
        for name in placeholders(kind):  # type: ignore[arg-type]
            parse_template(f"{base} {{{name}}}", kind)  # type: ignore[arg-type]


PIECES = (*"{}[]/.-:a\u202e", "{title}", "{year}", "{episode}", "{titel}", "[[", "]]", "{{", "}}", "..")
templates = st.lists(st.sampled_from([*PIECES, " "]), max_size=12).map("".join) | st.text(max_size=40)


@given(templates, st.sampled_from(["film", "episode"]))
def test_any_text_is_a_template_or_says_why_not(text: str, kind: TemplateKind) -> None:
    try:
        template = parse_template(text, kind)
    except TemplateError as error:
        assert 0 <= error.position <= len(text)
        assert error.text
    else:
        assert all(isinstance(render(part, {"title": "A"}), str) for part in template.components)
