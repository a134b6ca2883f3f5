"""Which file system a folder is on, read from lines as the kernel writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.adapters.mounts import Mount, mount_of, mounts, mounts_below, read_mount

LINES = """\
25 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 25 0:45 / /srv/media rw,relatime shared:9 - nfs4 nas:/media rw,vers=4.2
31 25 0:46 / /srv/media/my\\040disk\\134 rw - fuse.mergerfs a:b rw
32 25 8:17 / /srv/usb rw master:3 propagate_from:2 - fuseblk /dev/sdb1 rw
33 25 0:50 / /srv/usb rw - tmpfs none rw
34 25 0:51 / /srv/mediathek rw - cifs //nas/x rw
"""
MOUNTS = tuple(m for line in LINES.splitlines() if (m := read_mount(line)) is not None)


@pytest.mark.parametrize(
    ("path", "kind", "tells"),
    [
        ("/home/x", "ext4", True),
        ("/srv", "ext4", True),
        ("/srv/media", "nfs4", False),
        ("/srv/media/films/a", "nfs4", False),
        ("/srv/media/my disk\\/a", "fuse.mergerfs", False),
        ("/srv/usb/x", "tmpfs", True),  # the last one mounted in a place is the one that is seen
        ("/srv/mediathek", "cifs", False),
        ("/srv/media2", "ext4", True),
    ],
)
def test_the_nearest_mount_counts(path: str, kind: str, *, tells: bool) -> None:
    mount = mount_of(path, MOUNTS)
    assert mount is not None
    assert (mount.kind, mount.tells_changes) == (kind, tells)


def test_a_local_disk_by_fuse_tells_its_changes() -> None:
    assert Mount("/x", "8:1", "fuseblk").tells_changes
    assert not Mount("/x", "0:1", "fuse").tells_changes


def test_what_is_mounted_within_a_folder() -> None:
    assert [m.kind for m in mounts_below("/srv/media", MOUNTS)] == ["fuse.mergerfs"]
    assert len(mounts_below("/", MOUNTS)) == 5


def test_this_machine_has_mounts() -> None:
    assert mount_of("/proc/self", mounts()) is not None


@given(st.text())
def test_no_line_is_too_strange(line: str) -> None:
    read_mount(line)
    assert read_mount("25 1 8:1 / /") is None
