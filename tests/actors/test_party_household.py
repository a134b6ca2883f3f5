"""What an agent says of its players on the wire: within the protocol's limits, and with how far away it is."""

from msgspec.structs import replace as but

from segue.actors.party_household import wire_report
from segue.core.party.sync.clock import Probe, ServerClock
from segue.core.party.sync.controller import new_agent
from segue.core.party.sync.messages import Report as SyncReport

REPORT = SyncReport(5, "Following", "playing", -0.012, 0.004, 8, None, 0.7)


def probe(rtt_s: float, sent_s: float) -> Probe:
    """A round trip that the server answered after 1 ms."""
    return Probe(sent_s, 100.0, 100.001, sent_s + rtt_s + 0.001)


def test_the_round_trip_is_the_middle_of_the_last_ones() -> None:
    trips = (0.500, 0.020, 0.900, 0.024, 0.022, 0.300)
    clock = ServerClock(probes=tuple(probe(rtt_s, at) for at, rtt_s in enumerate(trips)))
    said = wire_report("k3x9qa", "tv-1", REPORT, "", but(new_agent(), clock=clock))
    assert said.rtt_ms == 24
    assert (said.drift_ms, said.sigma_ms, said.parking_ms) == (-12, 4, 700)


def test_before_the_first_probe_it_is_not_said() -> None:
    assert wire_report("k3x9qa", "tv-1", REPORT, "", new_agent()).rtt_ms is None
