"""The players of a client of the old protocol, which knows no clock: each command is sent at its moment.

What is to be sent follows from the state that a player last followed and the one that it is to follow next
(`party_old_protocol.commands`). A newer state makes void what was not sent yet, and a player whose viewer stepped away
is forgotten, so that it is begun with anew when it comes back.
"""

from collections.abc import Sequence

import msgspec

from segue.interfaces.party_old_protocol import (
    OldCommand,
    Timed,
    commands,
    encode_command,
    position_at_ms,
)
from segue.interfaces.party_protocol import DeviceBody, State


class _Player(msgspec.Struct):
    device: DeviceBody
    goal: State
    followed: State | None = None
    """The last state that it was sent all commands of."""
    pending: list[Timed] = []


class OldPlayers:
    """All players of one old client."""

    def __init__(self) -> None:
        self._players: dict[tuple[str, str], _Player] = {}

    def follow(self, state: State, devices: Sequence[DeviceBody], now_at: float) -> None:
        """Have these players follow a state from now on, and forget the others of that party."""
        wanted = {device.id for device in devices}
        for key in [k for k in self._players if k[0] == state.session and k[1] not in wanted]:
            del self._players[key]
        for device in devices:
            key = (state.session, device.id)
            player = self._players.setdefault(key, _Player(device, state))
            player.device, player.goal = device, state
            player.pending = list(commands(player.followed, state, device, now_at))
            if not player.pending:
                player.followed = state

    def resync(self, session: str, device_id: str, now_at: float) -> None:
        """Send one player, or all, to where the film is now; those that are about to be told need it not."""
        for (party, device), player in self._players.items():
            if party != session or device_id not in ("", device) or player.pending or player.followed is None:
                continue
            if player.goal.rate > 0.0 and player.goal.film.filename:
                position_ms = position_at_ms(player.goal, now_at)
                seek = OldCommand("seek", player.goal.film.filename, position_ms, player.device)
                player.pending = [Timed(now_at, seek)]

    def forget(self, session: str) -> None:
        """Forget the players of a party."""
        for key in [k for k in self._players if k[0] == session]:
            del self._players[key]

    @property
    def next_at(self) -> float | None:
        """When the next command has its moment."""
        return min(
            (player.pending[0].at for player in self._players.values() if player.pending), default=None
        )

    def due(self, now_at: float) -> list[str]:
        """Give the commands whose moment has come, as messages."""
        texts = []
        for player in self._players.values():
            while player.pending and player.pending[0].at <= now_at:
                texts.append(encode_command(player.pending.pop(0).command))
                if not player.pending:
                    player.followed = player.goal
        over = [
            key
            for key, player in self._players.items()
            if player.goal.phase == "ended" and not player.pending
        ]
        for key in over:
            del self._players[key]
        return texts
