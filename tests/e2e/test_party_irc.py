"""A real segued on a real IRC server: it announces, obeys a user whom seguectl confirmed, and tells no secret."""

import json
import re
from pathlib import Path

import trio

from tests.helpers.ngircd import Ngircd, needs_ngircd, ngircd, person
from tests.helpers.rig import Segued, running

pytestmark = needs_ngircd
PASSWORD = "canary-irc-password-4711"


def config(server: Ngircd, channel: str = "#films") -> str:
    return f"""
[party]
join = "anyone"
[irc]
server = "{server.host}"
port = {server.tls_port}
tls_ca_file = "{server.ca_file}"
channel = "{channel}"
password = "{PASSWORD}"
"""


async def test_a_party_is_arranged_on_irc(place: Path, tmp_path: Path) -> None:
    async with ngircd(tmp_path, f"Password = {PASSWORD}") as server:
        alice = await person(server, "al", PASSWORD)
        async with running(Segued(place, config(server))) as segued:
            await alice.until(lambda line: line.startswith(":segue!") and " JOIN " in line)
            await alice.say("!bind alice")
            text = await alice.hears("seguectl", kind="NOTICE")
            command = re.search(r"seguectl (party nick \w{6} alice)", text)
            assert command is not None
            await segued.ctl(*command[1].split())
            assert await alice.hears(kind="NOTICE") == "You are alice here now."

            await alice.say("!create Heat (1995).mkv 2:50:20 now")
            created = await alice.hears("New party")
            listed = json.loads((await segued.ctl("party", "list", "--json")).stdout)
            (party,) = listed["data"]["parties"]
            assert f"New party {party['party_id']}: Heat (1995).mkv (2:50:20), begins" in created

            nicks = (await segued.ctl("party", "nicks")).stdout.decode()
            assert re.search(r"al\s+alice", nicks)

            # A channel of another name is gone to without a restart.
            bob = await person(server, "bob", PASSWORD)
            await bob.send("JOIN #cinema")
            segued.write_config(config(server, "#cinema"))
            await segued.ctl("reload")
            await bob.until(
                lambda line: line.startswith(":segue!") and "#cinema" in line and " JOIN " in line
            )
            await segued.ctl("party", "stop", party["party_id"], "--yes")
            assert f"Party {party['party_id']}" in await bob.hears("ended")
        await bob.until(lambda line: line.startswith(":segue!") and " QUIT " in line)
        said = b"".join(segued.heard) + segued.log().encode()
        assert PASSWORD.encode() not in said
        for path in segued.state_dir.rglob("*"):
            assert not path.is_file() or PASSWORD.encode() not in await trio.Path(path).read_bytes()


async def test_a_server_that_is_not_there_is_said_once_and_changes_nothing(
    place: Path, tmp_path: Path
) -> None:
    """The house does what it does; the log has one line about it."""
    async with ngircd(tmp_path) as server:
        await server.stop()
        async with running(Segued(place, config(server))) as segued:
            with trio.fail_after(60):
                while "IRC" not in segued.log():
                    await trio.sleep(0.05)
            await segued.api("GET", "/api/v1/status", status=200)
            await trio.sleep(4.0)  # time for a second attempt; whether there was one does not matter
        assert segued.log().count("cannot be reached") == 1
