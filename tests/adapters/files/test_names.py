import os
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.adapters.files import names
from segue.adapters.files.trouble import MoveFailed

JOBS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)


@given(job=JOBS, number=st.integers(0, 999_999))
def test_a_partial_name_tells_its_job(job: str, number: int) -> None:
    """What a job is called is read back from the name of its partial file, hyphens and digits and all."""
    names.check_job(job)
    name = names.partial_name(job, number)
    assert names.job_of_partial(name) == job
    assert len(os.fsencode(name)) < names.NAME_BYTES_MAX


@pytest.mark.parametrize(
    "name",
    [
        "a.partial",
        ".segue-7.partial",
        "segue-7-0.partial",
        ".segue-7-0.partial.mkv",
        "x.segue-7-0.partial",
        ".segue--7-0.partial",
        ".segue-7-0.partial\n",
        ".segue-7/0-0.partial",
        ".segue-7-1234567.partial",
        ".segue-recycle",
    ],
)
def test_other_names_are_not_ours(name: str) -> None:
    assert names.job_of_partial(name) is None


@pytest.mark.parametrize("job", ["", ".", "..", "a/b", "a b", "-a", "a" * 65, "a\0", "ä", "7\n"])
def test_a_job_id_that_cannot_be_a_name_is_refused(job: str) -> None:
    with pytest.raises(MoveFailed) as failure:
        names.check_job(job)
    assert failure.value.kind == "bad_order"


@pytest.mark.parametrize(
    "path", ["", "/", "/etc/passwd", "a//b", "a/", "../a", "a/../b", "a/..", "./a", "a\0b"]
)
def test_a_path_that_could_lead_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(MoveFailed) as failure:
        names.split("/lib", path)
    assert failure.value.kind == "escapes"


@given(st.text(min_size=1, max_size=400))
def test_whatever_a_title_contains_it_stays_below_the_root(text: str) -> None:
    """A text is split into plain names of at most 255 bytes each, or refused."""
    try:
        parts = names.split("/lib", text)
    except (MoveFailed, UnicodeEncodeError):
        return
    assert "/".join(parts) == text
    assert all(part not in {"", ".", ".."} and len(os.fsencode(part)) <= 255 for part in parts)


def test_a_name_is_too_long_by_bytes_and_not_by_letters() -> None:
    names.split("/lib", "字" * 85)
    with pytest.raises(MoveFailed) as failure:
        names.split("/lib", "字" * 86)
    assert failure.value.kind == "name_too_long"
    assert "258 bytes" in failure.value.detail


@pytest.mark.parametrize("twin", ["AMÉLIE", "Ame\u0301lie", "amélie"])
def test_twins_are_found_by_case_and_by_composition(twin: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.mkdir(twin, dir_fd=fd)
            assert names.twin_of("Amélie", fd) == twin
            assert names.twin_of("Amelie", fd) is None
            assert names.twin_of(twin, fd) is None
        finally:
            os.close(fd)


@given(st.text(alphabet=st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=255))
def test_numbered_names_differ_and_fit(name: str) -> None:
    found = {names.numbered(name, number) for number in range(1, 12)}
    assert len(found) == 11
    assert all(len(os.fsencode(n)) <= 255 for n in found - {name})


def test_a_number_stands_before_the_extension() -> None:
    assert names.numbered("A (1999).mkv", 2) == "A (1999) (2).mkv"
    assert names.numbered("no extension", 3) == "no extension (3)"
    assert names.numbered(".hidden", 2) == ".hidden (2)"
