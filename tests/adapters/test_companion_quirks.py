"""What is expected of players, by what they call themselves."""

from hypothesis import given
from hypothesis import strategies as st

from segue.adapters.companion_quirks import UNKNOWN, quirks_of


def test_a_player_that_was_measured_has_its_row() -> None:
    quirks = quirks_of("Plex MPV Shim", "Linux")
    assert quirks.toggles
    assert quirks.seek_quantum_ms == 1000
    assert not quirks.server_only


def test_a_platform_may_have_a_row_of_its_own() -> None:
    assert quirks_of("Plex HTPC", "macOS").ignores_start_offset
    assert not quirks_of("Plex HTPC", "Windows").ignores_start_offset
    assert quirks_of("Plex HTPC", "Windows").server_only


def test_names_are_compared_without_regard_to_case() -> None:
    assert quirks_of("plex for ios", "iOS").answers_late == {"seekTo"}


def test_of_a_stranger_the_worst_is_assumed_and_nothing_is_known() -> None:
    assert quirks_of("A Player of Tomorrow", "Toaster") is UNKNOWN
    assert UNKNOWN.toggles
    assert UNKNOWN.seek_quantum_ms is None


@given(st.text(), st.text())
def test_any_name_has_an_answer_that_says_where_it_is_from(product: str, platform: str) -> None:
    assert quirks_of(product, platform).known_from
