"""The door of the parties on a real socket, for clients of the old protocol."""

from segue.actors.party_gate import GateSettings
from segue.core.party.requests import PauseRequested, ResumeRequested, SeekRequested, StartRequested
from segue.core.party.settings import PartyRules
from segue.secret import Secret
from tests.helpers.party_hub import (
    REGISTER,
    TV,
    hosted,
    named,
    visiting,
)

OPEN_PARTY = PartyRules(join="anyone", open=True, start_grace_s=0.0)
TABLE = GateSettings(passkeys={"alice": Secret("sesame")})
RIGHT = {"X-Username": "alice", "Authorization": "Bearer sesame"}


async def test_an_old_client_is_led_through_a_film_by_commands() -> None:
    async with hosted() as hub:
        party_id = hub.party("alice", rules=OPEN_PARTY)
        async with visiting(hub, REGISTER, query="?username=alice&passkey=x") as alice:
            await hub.until_connected("alice")
            hub.ask(StartRequested(party_id=party_id))
            play = await alice.command()
            assert (play["type"], play["device"], play["filename"]) == ("play", TV, "Movie.mkv")
            assert 0 <= play["offset"] < 60_000
            await alice.say({"type": "status_update", "filename": "Movie.mkv", "current_offset": 100})
            hub.ask(PauseRequested(party_id=party_id))
            assert (await alice.command())["type"] == "pause"
            hub.ask(SeekRequested(party_id=party_id, position_ms=900_000))
            seek = await alice.command()
            assert (seek["type"], seek["offset"]) == ("seek", 900_000)
            hub.ask(ResumeRequested(party_id=party_id))
            assert (await alice.command())["type"] == "play"


async def test_an_old_client_that_comes_late_is_sent_where_the_film_is() -> None:
    async with hosted() as hub:
        party_id = hub.party("alice", rules=OPEN_PARTY)
        async with visiting(hub, named("alice")) as host:
            await host.until("state", phase="lobby")
            hub.ask(StartRequested(party_id=party_id))
            await host.until("state", phase="playing")
            hub.ask(SeekRequested(party_id=party_id, position_ms=1_200_000))
            await host.until("state", why="seek")
        await hub.until_connected()
        async with visiting(hub, REGISTER | {"username": "alice"}) as late:
            play = await late.command()
            assert play["type"] == "play"
            assert 1_200_000 <= play["offset"] < 1_300_000


async def test_an_old_clients_status_is_shown_and_garbage_of_it_is_answered() -> None:
    async with hosted() as hub:
        party_id = hub.party("alice", rules=OPEN_PARTY)
        async with visiting(hub, REGISTER | {"username": "alice"}) as alice:
            await hub.until_connected("alice")
            hub.ask(StartRequested(party_id=party_id))
            await alice.command()
            await alice.say({"type": "status_update", "filename": "Other.mkv", "offset": 1})
            await alice.say({"type": "status_update", "filename": "Movie.mkv", "offset": "4711"})
            await alice.say({"type": "status_update", "filename": "Movie.mkv"})
            assert (await alice.until("error"))["code"] == "bad_message"
            (seat,) = hub.orchestrator.live(party_id)["seats"]
            assert seat["position_ms"] == 4711
