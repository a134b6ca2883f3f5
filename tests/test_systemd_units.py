"""The units are right, closed, and agree with the code. What runs under them is tested in `tests/e2e`."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from segue.__main__ import parser
from segue.config import ServerConfig
from segue.config.load import SYSTEM_SOCKET_DIR
from segue.config.passkeys import CREDENTIAL as PASSKEYS
from segue.config.secret_files import SECRET_KEYS
from segue.errors import ConfigError
from segue.listening import CONTROL_SOCKETS, HTTP_SOCKETS

UNITS = Path(__file__).parents[1] / "contrib" / "systemd"
DROP_INS = sorted((UNITS / "drop-ins").glob("*/*.conf"))
NEEDS = {"notify-reload": 253, "privateusers-identity": 257}
"""The oldest systemd that knows a drop-in's setting."""
EXPOSURE_MAX = 1.2

analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None and "CI" not in os.environ,
    reason="needs the Debian package systemd",
)


def run(*command: str | Path, runtime: Path | None = None) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""}
    if runtime is not None:
        environ["XDG_RUNTIME_DIR"] = str(runtime)
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environ, check=False)


def systemd_version() -> int:
    return int(run("systemd-analyze", "--version").stdout.split()[1])


def installed(tmp_path: Path, drop_in: Path | None = None, source: Path = UNITS) -> Path:
    """Copy the units as they would be installed, with a program that exists."""
    for unit in [*source.glob("*.service"), *source.glob("*.socket")]:
        _install(unit, tmp_path)
    if drop_in is not None:
        place = tmp_path / drop_in.parent.name
        place.mkdir()
        _install(drop_in, place)
    return tmp_path


def _install(unit: Path, place: Path) -> None:
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.MULTILINE)
    (place / unit.name).write_text(text)


def settings(unit: Path) -> dict[str, list[str]]:
    """Read a unit's settings; one that stands several times has several values."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def exposure(unit: Path) -> float:
    done = run("systemd-analyze", "security", "--offline=true", "--no-pager", unit)
    match = re.search(r"Overall exposure level for segued\.service: ([\d.]+)", done.stdout)
    assert match, done.stdout + done.stderr
    return float(match[1])


# ------------------------------------------------------------------ what systemd says


@analyze
def test_systemd_has_nothing_to_say(tmp_path: Path) -> None:
    """It ends well with unknown values too and only prints them, so any output at all is a mistake."""
    installed(tmp_path)
    done = run("systemd-analyze", "verify", *sorted(tmp_path.iterdir()))
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


@analyze
def test_systemd_would_say_something(tmp_path: Path) -> None:
    """The silence of the other tests means something: a misspelt value is printed."""
    unit = installed(tmp_path) / "segued.service"
    unit.write_text(unit.read_text().replace("Type=notify", "Type=notifyy"))
    assert "notifyy" in run("systemd-analyze", "verify", unit).stderr


@analyze
@pytest.mark.parametrize("drop_in", DROP_INS, ids=lambda path: path.stem)
def test_drop_ins_are_silent_too(tmp_path: Path, drop_in: Path) -> None:
    """Each fits the unit that it is for, on a systemd that knows its settings."""
    if systemd_version() < NEEDS.get(drop_in.stem, 0):
        pytest.skip(f"needs systemd {NEEDS[drop_in.stem]}")
    installed(tmp_path, drop_in)
    done = run("systemd-analyze", "verify", *sorted(tmp_path.glob("*.s*t")), tmp_path / "segued.service")
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


@analyze
def test_the_user_units_are_silent_too(tmp_path: Path) -> None:
    """The same for the units of one user."""
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    place = tmp_path / "units"
    place.mkdir()
    installed(place, source=UNITS / "user")
    done = run("systemd-analyze", "--user", "verify", *sorted(place.iterdir()), runtime=runtime)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


@analyze
def test_the_service_is_hardly_exposed(tmp_path: Path) -> None:
    """What it costs to talk to the house's network, and no more."""
    assert exposure(installed(tmp_path) / "segued.service") <= EXPOSURE_MAX


@analyze
@pytest.mark.parametrize(
    "drop_in", [path for path in DROP_INS if ".service.d" in str(path)], ids=lambda path: path.stem
)
def test_a_drop_in_costs_what_its_readme_says(tmp_path: Path, drop_in: Path) -> None:
    """The table names each drop-in with the exposure that it leads to."""
    if systemd_version() < NEEDS.get(drop_in.stem, 0):
        pytest.skip(f"needs systemd {NEEDS[drop_in.stem]}")
    row = re.search(rf"{drop_in.name}` \|.*\| ([\d.]+) \|", (UNITS / "README.md").read_text())
    assert row
    assert exposure(installed(tmp_path, drop_in) / "segued.service") <= float(row[1])


@pytest.mark.skipif(
    shutil.which("systemd-sysusers") is None and "CI" not in os.environ,
    reason="needs the Debian package systemd",
)
def test_the_accounts_can_be_made(tmp_path: Path) -> None:
    """The daemon is in its callers' group, because a reload calls it as its own user."""
    place = tmp_path / "etc" / "sysusers.d"
    place.mkdir(parents=True)
    shutil.copy(UNITS / "sysusers.d" / "segue.conf", place)
    done = run("systemd-sysusers", f"--root={tmp_path}")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^segue:x:\d+:\d+:", (tmp_path / "etc/passwd").read_text(), re.MULTILINE)
    assert re.search(r"^segue-ctl:x:\d+:segue$", (tmp_path / "etc/group").read_text(), re.MULTILINE)


# ------------------------------------------------------------------ what the code says


@pytest.mark.parametrize("place", [UNITS, UNITS / "user"], ids=["system", "user"])
def test_sockets_are_named_as_the_daemon_knows_them(place: Path) -> None:
    """A socket of an unknown name would be served as something else, or not at all."""
    assert settings(place / "segued.socket")["FileDescriptorName"][0] in HTTP_SOCKETS
    assert settings(place / "segue-ctl.socket")["FileDescriptorName"][0] in CONTROL_SOCKETS
    assert settings(place / "segued.service")["Sockets"] == ["segued.socket segue-ctl.socket"]
    for name in ("segued.socket", "segue-ctl.socket"):
        assert settings(place / name)["Service"] == ["segued.service"]


def test_sockets_are_where_they_are_looked_for() -> None:
    """The HTTP socket has the default address, the control socket the place where seguectl looks."""
    assert settings(UNITS / "segued.socket")["ListenStream"] == [ServerConfig().listen]
    assert settings(UNITS / "user/segued.socket")["ListenStream"] == [ServerConfig().listen]
    assert settings(UNITS / "segue-ctl.socket")["ListenStream"] == [str(SYSTEM_SOCKET_DIR / "ctl.sock")]
    assert settings(UNITS / "user/segue-ctl.socket")["ListenStream"] == ["%t/segue/ctl.sock"]


def test_the_control_socket_is_for_its_group_and_outlives_the_service() -> None:
    """A socket below the service's RuntimeDirectory= would lose its group at a start, and its file at a restart."""
    control = settings(UNITS / "segue-ctl.socket")
    assert (control["SocketUser"], control["SocketGroup"], control["SocketMode"]) == (
        ["root"],
        ["segue-ctl"],
        ["0660"],
    )
    for place in (UNITS, UNITS / "user"):
        assert "RuntimeDirectory" not in settings(place / "segued.service")


def test_the_agent_is_the_same_service_with_another_command_line() -> None:
    """A home that only takes part gets the whole sandbox: only the command is another, and less memory is enough."""
    agent = settings(UNITS / "drop-ins/segued.service.d/agent.conf")
    service = settings(UNITS / "segued.service")
    assert agent.pop("ExecStart") == ["", f"{service['ExecStart'][0]} --agent"]
    assert parser().parse_args(["--agent"]).agent
    assert agent.keys() == {"MemoryHigh", "MemoryMax"}
    for name, (value,) in agent.items():
        assert value.endswith("M")
        assert int(value[:-1]) < _megabytes(service[name][0])


def _megabytes(value: str) -> int:
    return int(value[:-1]) * (1024 if value.endswith("G") else 1)


def test_callers_can_be_told_apart() -> None:
    """PrivateUsers=yes would show every caller as nobody."""
    for unit in [*UNITS.rglob("*.service"), *DROP_INS]:
        assert settings(unit).get("PrivateUsers", ["identity"]) == ["identity"]


def test_every_secret_is_a_credential_and_none_has_to_be_there() -> None:
    """A credential without a default would let the start fail while its file is missing."""
    service = settings(UNITS / "segued.service")
    names = {PASSKEYS, *(key.credential for key in SECRET_KEYS)}
    assert {value.partition(":")[0] for value in service["LoadCredential"]} == names
    assert set(service["SetCredential"]) == {rf"{name}:\n" for name in names}


@pytest.mark.parametrize("place", [UNITS, UNITS / "user"], ids=["system", "user"])
def test_the_service_comes_back_unless_it_makes_no_sense(place: Path) -> None:
    """A crash and a hang are followed by a new start, a broken configuration is not."""
    service = settings(place / "segued.service")
    assert service["Type"] == ["notify"]
    assert service["Restart"] == ["on-failure"]
    assert service["RestartPreventExitStatus"] == [str(ConfigError.exit_code)]
    assert 0 < int(service["WatchdogSec"][0]) <= 60
    assert service["StartLimitIntervalSec"] == ["0"]


def test_the_user_unit_keeps_what_needs_no_rights() -> None:
    """Whatever the user's unit takes away, it takes away as the system's does."""
    own, system = settings(UNITS / "user/segued.service"), settings(UNITS / "segued.service")
    elsewhere = {"ExecStart", "Environment", "WantedBy"}
    assert {name: values for name, values in own.items() if name not in elsewhere} == {
        name: system.get(name) for name in own if name not in elsewhere
    }
    assert "NoNewPrivileges" in own
