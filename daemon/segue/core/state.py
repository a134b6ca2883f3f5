"""The whole state: one slice a domain."""

import msgspec

from segue.core.ingest.state import IngestState
from segue.core.music.state import MusicState
from segue.core.party.state import PartyState
from segue.core.system.state import SystemState


class State(msgspec.Struct, frozen=True):
    """What the house is known and wanted to be. Immutable all the way down."""

    music: MusicState = MusicState()
    ingest: IngestState = IngestState()
    party: PartyState = PartyState()
    system: SystemState = SystemState()
