"""Looking at watch parties, inviting to them, and this home's own part: nothing is hidden but secrets."""

from urllib.parse import parse_qs

import msgspec
from trio.testing import MockClock

from segue.core.party.actions import ClientConnected, SeatReady
from segue.core.party.home import AgentLinkChanged, HomeSeat, HomeSeatSeen
from segue.core.party.nicks import NickAsked
from segue.core.party.settings import Device
from segue.interfaces.door import PartyParts
from segue.interfaces.party_translation import hashed
from tests.interfaces.party_host import FILM, TV, hosting

# ------------------------------------------------------------------ invitations


async def test_the_token_of_an_invitation_is_in_that_answer_only(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        party_id = await host.create()
        answer = await host.done("parties/-/invite", {"hours": 2})
        link = parse_qs(answer["link"].partition("?")[2])
        (token,) = link["token"]
        assert answer["link"].startswith("segue-party:?at=wss%3A%2F%2Fparty.example.org%2Fws&party=")
        assert link["party"] == [party_id]
        assert 7000 < answer["until"] - host.moment().wall_at <= 7201
        assert answer["encrypted"] is True
        (invite,) = host.party.invites
        assert invite.token_hash == hashed(token)
        assert len(token) >= 32
        state = msgspec.json.encode(msgspec.to_builtins(host.house.store.state))
        journal = repr(host.house.journal.entries)
        for place in (
            state.decode(),
            journal,
            str(await host.get("parties/-")),
            str(await host.get("state")),
        ):
            assert token not in place
        assert "token_hash" not in str(await host.get("parties/-"))


async def test_an_invitation_admits_its_bearer(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        await host.create()
        link = (await host.done("parties/-/invite", {"role": "cohost"}))["link"]
        (token,) = parse_qs(link.partition("?")[2])["token"]
        host.act(ClientConnected("carol", "link-carol", (TV,), invite_hash=hashed(token)))
        carol = host.party.member("carol")
        assert carol is not None
        assert carol.role == "cohost"
        (shown,) = (await host.get("parties/-"))["invites"]
        assert (shown["used_by"], shown["role"]) == ("carol", "cohost")


async def test_an_invitation_needs_an_address(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        await host.create()
        host.door.party = PartyParts(live=host.orchestrator)
        assert (await host.refused("parties/-/invite"))[:2] == (422, "no_public_url")
        assert not host.party.invites
        answer = await host.done("parties/-/invite", {"at": "http://192.0.2.7:3001"})
        assert (answer["at"], answer["encrypted"]) == ("ws://192.0.2.7:3001/ws", False)


# ------------------------------------------------------------------ looking


async def test_the_live_view_tells_everybodys_drift(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        party_id = await host.playing()
        await host.done("parties/-/members", {"username": "bob"})
        host.connect("bob")
        host.reports("alice", -12, note="in_step")
        host.reports("bob", 40)
        host.orchestrator.known = {
            "links": {"alice": {"rtt_ms": 23, "queued": 0}},
            "seats": [
                {"username": "bob", "device_id": "tv-1", "drift_ms": 55, "heard_s": 0.4, "secret": "no"},
                {"username": "carol", "device_id": "tv-9", "drift_ms": 5000},
            ],
        }
        live = await host.get(f"parties/{party_id}/live")
        alice, bob = live["viewers"]
        assert (alice["drift_ms"], alice["rtt_ms"], alice["note"], alice["heard_s"]) == (
            -12,
            23,
            "in_step",
            None,
        )
        assert (bob["drift_ms"], bob["heard_s"], bob["rtt_ms"], bob["sigma_ms"]) == (55, 0.4, None, 8)
        assert live["spread_ms"] == 67
        assert (live["phase"], live["film"], live["duration_ms"]) == ("playing", "Film", 8_160_000)
        assert "secret" not in bob
        shown = await host.get(f"parties/{party_id}")
        assert shown["spread_ms"] == 67
        _, bob = shown["members"]
        assert (bob["players"][0]["drift_ms"], bob["players"][0]["sigma_ms"]) == (55, 8), (
            "as fresh as the live view"
        )


async def test_a_stall_is_counted_from_when_it_was_first_told(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        await host.playing()
        host.reports("alice", -900, note="stalled")
        (alice,) = (await host.get("parties/-/live"))["viewers"]
        assert alice["stalled_s"] is not None
        host.reports("alice", -20, note="in_step")
        (alice,) = (await host.get("parties/-/live"))["viewers"]
        assert alice["stalled_s"] is None


async def test_the_lobby_says_what_is_missing(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        party_id = await host.create()
        host.connect("alice")
        detail = "The app on Living Room TV is closed. Open it."
        host.act(SeatReady("alice", "link-alice", party_id, "tv-1", 1, problem="app_closed", detail=detail))
        (alice,) = (await host.get("parties/-"))["members"]
        (tv,) = alice["players"]
        assert (tv["ready"], tv["problem"], tv["detail"]) == (False, "app_closed", detail)
        assert (await host.get("parties"))["parties"][0]["problems"] == 1
        host.act(SeatReady("alice", "link-alice", party_id, "tv-1", 1))
        assert (await host.get("parties/-"))["members"][0]["players"][0]["ready"] is True


async def test_users_and_players_are_listed(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        party_id = await host.create()
        host.connect("alice", TV, Device("den", "Den"))
        host.connect("bob", Device("b", "Bob's"))
        await host.done("parties/-/members", {"username": "carol"})
        users = {user["username"]: user for user in (await host.get("party/users"))["users"]}
        assert list(users) == ["alice", "bob", "carol"]
        assert users["alice"]["parties"] == [{"party_id": party_id, "phase": "lobby", "role": "host"}]
        assert users["bob"]["devices"] == [{"device_id": "b", "title": "Bob's"}]
        assert users["carol"]["present"] is False
        devices = (await host.get("party/devices"))["devices"]
        assert [(d["username"], d["title"], len(d["parties"])) for d in devices] == [
            ("alice", "Living Room TV", 1),
            ("alice", "Den", 0),
            ("bob", "Bob's", 0),
        ]


async def test_the_status_and_the_metrics_speak_of_parties(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        party_id = await host.playing()
        host.act(AgentLinkChanged(up=False, orchestrator="wss://there", reason="it does not answer"))
        seat = HomeSeat("k3x9qa", "tv-1", "Living Room TV", "playing", film="Other")
        host.act(HomeSeatSeen(seat))
        status = await host.get("status")
        assert status["party"]["parties"][0]["party_id"] == party_id
        assert status["party"]["agent"] == {
            "configured": True,
            "up": False,
            "orchestrator": "wss://there",
            "reason": "it does not answer",
        }
        assert "SEG-501" in [item["code"] for item in status["health"]]
        (elsewhere,) = (await host.get("parties"))["elsewhere"]
        assert (elsewhere["party_id"], elsewhere["film"]) == ("k3x9qa", "Other")
        lines = (await host.client.get("/metrics")).text.splitlines()
        for line in (
            'segue_parties{phase="playing"} 1',
            'segue_parties{phase="lobby"} 0',
            "segue_party_clients 1",
            'segue_party_members{present="true"} 1',
            "segue_party_agent_up 0",
        ):
            assert line in lines


async def test_events_tell_what_happens_in_a_party(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        subscription = host.house.store.subscribe()
        await host.playing()
        entries = await subscription.get()
        types = [type(entry.action).__struct_config__.tag for entry in entries]
        assert {"party.create_requested", "party.client_connected", "party.start_requested"} <= set(types)
        host.house.store.unsubscribe(subscription)


# ------------------------------------------------------------------ this home


async def test_this_homes_agent_is_asked(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        agent = await host.get("party/agent")
        assert (agent["running"], agent["username"], agent["players"]) == (
            True,
            "alice",
            [{"title": "Living Room TV"}],
        )
        host.agent.films = [FILM]
        assert (await host.get("party/films?text=film"))["films"] == [FILM]
        assert (await host.client.get("/api/v1/party/films?text=down")).status_code == 503
        for text in ("", "%00", "x" * 300):
            assert (await host.client.get(f"/api/v1/party/films?text={text}")).status_code == 400


async def test_an_invitation_is_taken_and_not_shown(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        link = "segue-party:?at=wss%3A%2F%2Fthere&party=k3x9qa&token=t0ken"
        answer = await host.post("party/agent/join", {"link": link})
        assert answer.status_code == 200
        assert "t0ken" not in answer.text
        assert host.agent.links == [link]
        assert "t0ken" not in repr(host.house.journal.entries)
        for bad in ("https://there/t0ken", "", "x" * 3000):
            refused = await host.post("party/agent/join", {"link": bad})
            assert refused.status_code == 400
            assert "t0ken" not in refused.text


async def test_a_wish_of_this_home_goes_to_the_orchestrator(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        await host.done("party/agent/want", {"party_id": "k3x9qa", "op": "seek", "position_ms": 61_000})
        assert host.agent.wishes == [("k3x9qa", "seek", 61_000, None)]
        host.agent.answer = {"ok": False, "code": "not_allowed", "message": "No.", "hint": "Ask bob."}
        assert (await host.refused("party/agent/want", {"party_id": "k3x9qa", "op": "pause"}))[:2] == (
            422,
            "not_allowed",
        )
        assert (await host.refused("party/agent/want", {"party_id": "k3x9qa", "op": "seek"}))[0] == 400
        assert (await host.refused("party/agent/want", {"party_id": "k3x9qa", "op": "sing"}))[0] == 400
        assert len(host.agent.wishes) == 2


async def test_a_nick_is_bound_by_the_code_that_its_bearer_tells(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        host.act(NickAsked("al_", username="alice"))
        code = host.house.store.state.party.nicks.asking[0].code
        asking = await host.get("party/nicks")
        assert (asking["asking"][0]["nick"], asking["bindings"]) == ("al_", [])
        assert code not in str(asking)
        assert (await host.refused("party/nicks/confirm", {"code": "NOPE", "username": "alice"}))[0] == 422
        await host.done("party/nicks/confirm", {"code": f" {code.lower()} ", "username": "alice"})
        (bound,) = (await host.get("party/nicks"))["bindings"]
        assert (bound["nick"], bound["username"]) == ("al_", "alice")
        await host.done("party/nicks/unbind", {"nick": "al_"})
        assert (await host.get("party/nicks"))["bindings"] == []
