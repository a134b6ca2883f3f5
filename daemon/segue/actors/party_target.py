"""Whom the party agent talks to, and as whom: what the configuration says, or an invitation that was accepted."""

import secrets
from pathlib import Path

import msgspec
from msgspec.structs import replace as but

from segue import logs
from segue.actors.party_invitation import Invitation, InvitationError, read_invitation
from segue.actors.party_kept import KeptAgent, read_agent, write_agent
from segue.actors.party_socket import Address, AddressError, own_daemon, parse_address
from segue.secret import Secret

ENDED_MAX = 50
GUEST = "guest-"


class AgentSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the configuration says of this home's agent."""

    state_dir: Path
    control_socket: Path | None = None
    """Of this daemon; the agent talks to itself there, where no orchestrator is named."""
    orchestrator: str = ""
    """An address; empty: this daemon."""
    username: str = ""
    passkey: Secret | None = None
    invite: Secret | None = None
    """A link."""
    authorized: tuple[str, ...] = ()
    """Titles or machine identifiers of the players that parties may drive, the preferred one first."""
    gdm: bool = True
    ca_file: Path | None = None


class Target(msgspec.Struct, frozen=True):
    """An orchestrator, and who we are there."""

    address: Address
    username: str
    passkey: Secret | None = None
    invitation: Invitation | None = None


class Targets:
    """Chooses the target: an invitation goes before the configuration until its party is over."""

    def __init__(self, settings: AgentSettings) -> None:
        self._settings = settings
        self._kept = KeptAgent()
        self.problem = ""
        """Why there is no target, in a sentence."""
        self._why_over = ""

    async def load(self) -> None:
        """Read what was kept, once, at the start."""
        self._kept = await read_agent(self._settings.state_dir)

    async def accept(self, link: str) -> Invitation:
        """Take an invitation and keep it. Raises `InvitationError`."""
        invitation = read_invitation(link)
        ended = tuple(each for each in self._kept.ended if each != invitation.token_hash)
        await self._keep(but(self._kept, invitation=link.strip(), ended=ended))
        return invitation

    async def is_over(self, invitation: Invitation, why_refused: str = "") -> None:
        """Forget an invitation: its party has ended, or it does not let us in, but may let somebody of another name."""
        self._why_over = why_refused or "The party has ended."
        over = self._refused(invitation) if why_refused else invitation.token_hash
        ended = (*self._kept.ended, over)[-ENDED_MAX:]
        kept = self._invitation_of(self._kept.invitation)
        same = kept is not None and kept.token_hash == invitation.token_hash
        await self._keep(but(self._kept, invitation="" if same else self._kept.invitation, ended=ended))

    @property
    def invitation(self) -> Invitation | None:
        """The invitation that is in force: the one accepted last, else that of the configuration."""
        given = self._settings.invite
        for link in (self._kept.invitation, given.reveal() if given is not None else ""):
            invitation = self._invitation_of(link)
            if invitation is None:
                continue
            if {invitation.token_hash, self._refused(invitation)}.isdisjoint(self._kept.ended):
                return invitation
        return None

    def _refused(self, invitation: Invitation) -> str:
        """Name an invitation that does not let us in by our name."""
        return f"{invitation.token_hash} {self._settings.username or self._kept.name}"

    async def choose(self) -> Target | None:
        """Give the target; nothing where there is none, and `problem` says why."""
        self.problem = ""
        settings, invitation = self._settings, self.invitation
        if invitation is not None:
            name = settings.username or self._kept.name
            if not name:
                name = GUEST + secrets.token_hex(2)
                await self._keep(but(self._kept, name=name))
            passkey = self._passkey_for(invitation.at)
            self.problem = ""  # one of the configured orchestrator, which is not wanted now
            return Target(invitation.at, name, passkey, invitation)
        if not settings.username:
            none = "No [party.agent] username is set, and there is no invitation."
            self.problem = self._why_over or none
            return None
        address = self._configured()
        return None if address is None else Target(address, settings.username, settings.passkey)

    def _passkey_for(self, address: Address) -> Secret | None:
        """Our passkey is for the orchestrator of the configuration and goes to no other."""
        return self._settings.passkey if address == self._configured() else None

    def _configured(self) -> Address | None:
        settings = self._settings
        if settings.orchestrator:
            try:
                return parse_address(settings.orchestrator)
            except AddressError as error:
                self.problem = str(error)
                return None
        if settings.control_socket is None:
            self.problem = self._why_over or "There is no orchestrator: set [party.agent] orchestrator."
            return None
        return own_daemon(settings.control_socket)

    def _invitation_of(self, link: str) -> Invitation | None:
        if not link:
            return None
        try:
            return read_invitation(link)
        except InvitationError as error:
            logs.get_logger("party_agent").warning(str(error))
            return None

    async def _keep(self, kept: KeptAgent) -> None:
        self._kept = kept
        await write_agent(self._settings.state_dir, kept)
