"""What outlives the process: one slice a domain, with a version and the way up from each older one."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace as but

from segue.core.ingest import state as ingest
from segue.core.music import state as music
from segue.core.party import state as party
from segue.core.state import State
from segue.runtime.rows import to_json

Migrate = Callable[[Any], Any]
"""From the plain JSON value of one version to that of the next."""


class UnreadableSliceError(Exception):
    """A kept slice cannot be used; the text says why."""


class Parts(msgspec.Struct, frozen=True):
    """Many things of one kind, each written when it has changed and only then. They share the slice's version.

    Whether one has changed is told by identity: parts are immutable, so the same object is the same content.
    """

    kind: type
    project: Callable[[State], Mapping[str, object]]
    revive: Callable[[State, Mapping[str, Any]], State]
    migrations: Mapping[int, Migrate] = {}


class DurableSlice(msgspec.Struct, frozen=True):
    """How one domain's durable projection is written and read."""

    domain: str
    version: int
    kind: type
    project: Callable[[State], object]
    revive: Callable[[State, Any], State]
    migrations: Mapping[int, Migrate] = {}
    """By the version that each begins with."""
    parts: "Parts | None" = None
    """What the domain keeps piece by piece, because it is many and changes one at a time."""

    def encode(self, state: State) -> str:
        """Give the projection as it is written down."""
        return to_json(self.project(state)).decode()

    def decode(self, version: int, text: str) -> object:
        """Read what some version wrote. Raises `UnreadableSliceError`."""
        return self._decode(version, text, self.kind, self.migrations)

    def decode_part(self, version: int, text: str) -> object:
        """Read one part that some version wrote. Raises `UnreadableSliceError`."""
        assert self.parts is not None
        return self._decode(version, text, self.parts.kind, self.parts.migrations)

    def _decode(self, version: int, text: str, kind: type, migrations: Mapping[int, Migrate]) -> object:
        if version > self.version:
            raise UnreadableSliceError(
                f"it was written by a newer segue (version {version}, ours is {self.version})"
            )
        try:
            value = msgspec.json.decode(text)
            for number in range(version, self.version):
                if number not in migrations:
                    raise UnreadableSliceError(f"there is no way from version {number} to {number + 1}")
                value = migrations[number](value)
            return msgspec.convert(value, kind)
        except UnreadableSliceError:
            raise
        except Exception as error:  # a migration may stumble over anything
            raise UnreadableSliceError(f"{type(error).__name__}: {error}") from error


SLICES: tuple[DurableSlice, ...] = (
    DurableSlice(
        domain="music",
        version=music.DURABLE_VERSION,
        kind=music.DurableMusic,
        project=lambda state: music.durable(state.music),
        revive=lambda state, kept: but(state, music=music.revived(kept)),
    ),
    DurableSlice(
        domain="ingest",
        version=ingest.DURABLE_VERSION,
        kind=ingest.DurableIngest,
        project=lambda state: ingest.durable(state.ingest),
        revive=lambda state, kept: but(state, ingest=ingest.revived(kept)),
        parts=Parts(
            kind=ingest.Job,
            project=lambda state: state.ingest.jobs,
            revive=lambda state, jobs: but(state, ingest=ingest.with_jobs(state.ingest, jobs)),
        ),
    ),
    DurableSlice(
        domain="party",
        version=party.DURABLE_VERSION,
        kind=party.DurableParties,
        project=lambda state: party.durable(state.party),
        revive=lambda state, kept: but(state, party=party.revived(kept)),
    ),
)
"""Each domain that keeps something; the only place to name a new one."""
