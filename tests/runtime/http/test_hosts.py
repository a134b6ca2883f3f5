"""Host headers and request targets, taken apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.runtime.http.errors import HttpError
from segue.runtime.http.head import split_target
from segue.runtime.http.hosts import check_host, host_name


@pytest.mark.parametrize(
    ("authority", "name"),
    [
        (b"localhost", "localhost"),
        (b"Media.Lan:3001", "media.lan"),
        (b"media.lan.", "media.lan"),
        (b"media.lan:", "media.lan"),
        (b"192.0.2.1:80", "192.0.2.1"),
        (b"[2001:DB8::1]:80", "2001:db8::1"),
        (b"[2001:db8::1]", "2001:db8::1"),
        (b"2001:db8::1", None),
        (b"[localhost]", None),
        (b"[::1", None),
        (b"[::1]80", None),
        (b"media:port", None),
        (b"media:1234567", None),
        (b"media:80:80", None),
        (b"m\xc3\xa9dia", None),
        (b":80", None),
        (b"", None),
    ],
)
def test_the_name_in_a_host_field(authority: bytes, name: str | None) -> None:
    assert host_name(authority) == name


@given(st.binary(max_size=40))
def test_any_host_is_allowed_or_refused(authority: bytes) -> None:
    """Nothing but a refusal comes out of arbitrary bytes, and no stranger's name passes."""
    try:
        check_host(authority, None)
    except HttpError as error:
        assert error.status in (400, 421)
    else:
        assert host_name(authority) is not None


@given(st.text(alphabet="abc.-", min_size=1, max_size=20))
def test_names_pass_only_by_the_list(name: str) -> None:
    with pytest.raises(HttpError):
        check_host(name.encode(), None)
    if host_name(name.encode()) is not None:
        check_host(name.encode(), lambda asked: asked == host_name(name.encode()))


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        (b"/", (b"/", b"", None)),
        (b"*", (b"*", b"", None)),
        (b"/a/b?c?d", (b"/a/b", b"c?d", None)),
        (b"//evil.example/a", (b"//evil.example/a", b"", None)),
        (b"http://h:1/a?b", (b"/a", b"b", b"h:1")),
        (b"HTTPS://h", (b"/", b"", b"h")),
        (b"ws://h?b/c", (b"/", b"b/c", b"h")),
    ],
)
def test_a_target_is_split(target: bytes, parts: tuple[bytes, bytes, bytes | None]) -> None:
    assert split_target(target) == parts


@given(st.binary(max_size=40))
def test_any_target_is_split_or_refused(target: bytes) -> None:
    """A path begins with a slash, or the target is refused."""
    try:
        path, _, _ = split_target(target)
    except HttpError as error:
        assert error.status == 400
    else:
        assert path.startswith(b"/") or path == b"*"
