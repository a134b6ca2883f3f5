"""Why segued could not be reached, in words that lead on; only read when that happens."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from segue.cli.client import CONNECT_S, Target
from segue.cli.errors import NOT_PERMITTED, UNREACHABLE, CtlError, usage

START = "Start it with `sudo systemctl start segued`, or by hand with `segued --config segue.toml`."
MISSING = (errno.ENOENT, errno.ENOTDIR)
DENIED = (errno.EACCES, errno.EPERM)


def explain(failures: list[tuple[Target, OSError]]) -> CtlError:
    """Give the error for the most telling failure: forbidden before silent before missing."""
    missing = [str(target) for target, error in failures if error.errno in MISSING]
    if len(missing) == len(failures):
        where = " or ".join(missing)
        hint = f"{START} If its socket is elsewhere: `--socket PATH` or SEGUE_SOCKET."
        return CtlError(UNREACHABLE, "no_socket", f"segued is not running: there is no socket {where}.", hint)
    failures = [(target, error) for target, error in failures if error.errno not in MISSING]
    failures.sort(key=lambda failure: failure[1].errno not in DENIED)
    target, error = failures[0]
    return _on_socket(target, error) if target.path else _on_tcp(target, error)


def _on_socket(target: Target, error: OSError) -> CtlError:
    path = target.path
    if error.errno in DENIED:
        return CtlError(
            NOT_PERMITTED, "socket_not_permitted", f"You may not open {path}.", _how_to_be_let_in(path)
        )
    if error.errno is None and "too long" in str(error):
        return usage(f"The socket path {path} is too long: Linux takes at most 107 bytes.")
    if error.errno == errno.ECONNREFUSED:
        if not _is_socket(path):
            return usage(f"{path} is not a socket.", "Name segued's control socket, or leave --socket out.")
        message = f"segued is not running: nobody listens on {path}, where it used to."
        return CtlError(
            UNREACHABLE, "nobody_listens", message, f"{START} `systemctl status segued` tells why it ended."
        )
    if isinstance(error, TimeoutError) or error.errno == errno.EAGAIN:
        message = f"segued took no connection on {path} for {CONNECT_S:g} s."
        return CtlError(UNREACHABLE, "too_slow", message, "It may hang; `systemctl status segued` tells.")
    return CtlError(UNREACHABLE, "unreachable", f"{path} cannot be opened: {error.strerror or error}.", START)


def _on_tcp(target: Target, error: OSError) -> CtlError:
    where = str(target)
    if isinstance(error, TimeoutError):
        message = f"Nothing answered at {where} within {CONNECT_S:g} s."
        return CtlError(
            UNREACHABLE, "too_slow", message, "Is the machine on, and the port open in its firewall?"
        )
    if error.errno == errno.ECONNREFUSED:
        hint = "Is segued running there, and does [server] listen name this address? It is 127.0.0.1:3001 by default."
        return CtlError(UNREACHABLE, "nobody_listens", f"Nobody listens at {where}.", hint)
    reason = error.strerror or type(error).__name__
    return CtlError(UNREACHABLE, "unreachable", f"{where} cannot be reached: {reason}.", "Check the address.")


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(Path(path).stat().st_mode)
    except OSError:
        return True


def _how_to_be_let_in(path: str) -> str:
    """Name the group that opens the socket, and the command that adds the caller to it."""
    import grp
    import pwd

    guarded = _guard_of(Path(path))
    if guarded is None:
        return "Use `sudo`, or ask who administers segued."
    try:
        group = grp.getgrgid(guarded.st_gid)
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return "Use `sudo`, or ask who administers segued."
    name = group.gr_name
    if group.gr_gid in (os.getegid(), *os.getgroups()):
        return (
            f"You are in the group {name}, so it is not meant for the group: `ls -l {path}` shows its mode."
        )
    if group.gr_gid == 0:
        return "It belongs to root: use `sudo`."
    if user in group.gr_mem:
        return f"You are in the group {name}, but not in this session yet: log in again."
    return f"You are not in the group {name}: `sudo usermod -aG {name} {user}`, then log in again."


def _guard_of(path: Path) -> os.stat_result | None:
    """Find what bars the way: the socket itself, or the nearest folder that can be seen at all."""
    for place in (path, *path.parents):
        try:
            return place.stat()
        except OSError:
            continue
    return None
