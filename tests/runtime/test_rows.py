"""A step comes back from its row as it was."""

from hypothesis import given
from hypothesis import strategies as st

from segue.core.music.actions import VolumeChanged
from segue.core.music.effects import SetVolume
from segue.core.stamp import Stamp
from segue.core.state import State
from segue.runtime import rows
from segue.runtime.journal import Entry
from tests.runtime.steps import Steps, song

moments = st.floats(min_value=0, max_value=4e9)


@given(
    seq=st.integers(1, 2**62),
    now_at=moments,
    wall_at=moments,
    entropy=st.integers(0, 2**64 - 1),
    by=st.text(max_size=20),
)
def test_a_stamp_comes_back_bit_by_bit(
    seq: int, now_at: float, wall_at: float, entropy: int, by: str
) -> None:
    """Also entropy above what SQLite's signed integers hold."""
    stamp = Stamp(seq, now_at, wall_at, entropy)
    row = rows.encoded(Entry(stamp, VolumeChanged(1, 2, muted=False), (), State(), State(), by=by))
    assert -(2**63) <= row[3] < 2**63
    back = rows.decoded(row)
    assert back.stamp == stamp
    assert back.by == by


def test_actions_effects_and_hashes_come_back() -> None:
    """Everything that an evening writes can be read again, and names the slices that changed."""
    steps = Steps().begin()
    steps.plex(song())
    for entry, row in zip(steps.entries, steps.rows(), strict=True):
        assert row.action() == entry.action
        assert row.effects() == entry.effects
        assert row.hashes == rows.changed_hashes(entry.before, entry.after)
        assert ("music" in row.hashes) == (entry.after.music is not entry.before.music)


def test_the_level_before_a_fade_is_noted() -> None:
    """The row of a level carries what was observed before, so that `why` can say from where."""
    steps = Steps().begin(level=42)
    steps.plex(song())
    first = next(r for r in steps.rows() if any(isinstance(e, SetVolume) for e in r.effects()))
    assert first.levels == {"living": 42}


def test_a_digest_depends_on_every_byte() -> None:
    """Also beyond the pieces in which it is fed."""
    texts = ["x" * 10_000, "x" * 9_999 + "y", "y" + "x" * 9_999]
    assert len({rows.digest(text) for text in texts}) == 3


def test_the_code_version_names_the_release() -> None:
    version, _, fingerprint = rows.code_version().partition("+")
    assert version
    assert len(fingerprint) == 12
