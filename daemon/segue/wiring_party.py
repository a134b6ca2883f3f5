"""From the configuration to the parts of watch parties. Decides nothing."""

from pathlib import Path

from msgspec.structs import replace as but

from segue import wiring
from segue.actors.party_gate import GateSettings
from segue.actors.party_plex import HomePlex
from segue.actors.party_target import AgentSettings
from segue.adapters.http_client import HttpClient
from segue.adapters.irc_talk import IrcSettings
from segue.adapters.passkey import PasskeyService
from segue.config import Config
from segue.config.schema import HeosConfig
from segue.config.schema_ingest import IngestConfig
from segue.config.schema_party import IrcConfig
from segue.core.party.settings import IntermissionRules, PartyRules, PartySettings


def settings(config: Config) -> PartySettings:
    """Give the party domain its settings."""
    party = config.party
    return PartySettings(
        rules=rules(config),
        parties_max=party.parties_max,
        members_max=party.members_max,
        succession_s=party.succession_s,
        stall_s=party.stall_s,
        wait_s=party.wait_s,
        waits_per_hour=party.waits_per_hour,
    )


def rules(config: Config) -> PartyRules:
    """Give what a party is like whose creator says nothing else."""
    party = config.party
    return PartyRules(
        open=party.open,
        join=party.join,
        late=party.late,
        stall=party.stall,
        start_grace_s=party.start_grace_s,
        catch_up_s=party.catch_up_s,
        intermissions=IntermissionRules(
            enabled=party.intermissions,
            length_s=party.intermission_length_s,
            first_s=party.intermission_first_s,
            every_s=party.intermission_every_s,
            remain_s=party.intermission_remain_s,
            guard_s=party.intermission_guard_s,
        ),
    )


def gate_settings(config: Config) -> GateSettings:
    """Say who may come in to parties here, beside whom the validation service lets in."""
    party = config.party
    return GateSettings(
        passkeys=config.passkeys, trusted_proxies=party.trusted_proxies, require_tls=party.require_tls
    )


def passkey_service(config: Config, http: HttpClient) -> PasskeyService | None:
    """Make the adapter of the service that validates passkeys; nothing where none is configured."""
    url = config.party.passkey_validation_url
    return PasskeyService(http, url) if url else None


def agent_settings(config: Config, state_dir: Path) -> AgentSettings:
    """Say what this home's agent is like."""
    agent = config.party_agent
    return AgentSettings(
        state_dir=state_dir,
        control_socket=Path(config.server.control_socket) if config.party.host else None,
        orchestrator=agent.orchestrator_url,
        username=agent.username,
        passkey=agent.passkey,
        invite=agent.invite,
        authorized=authorized_clients(config),
        gdm=agent.gdm,
        ca_file=Path(agent.tls_ca_file) if agent.tls_ca_file else None,
    )


def home_plex(config: Config, http: HttpClient, client_id: str) -> HomePlex | None:
    """Make the home's Plex as parties use it; nothing where none is configured."""
    plex = config.plex
    return HomePlex(http, plex.url, wiring.revealing(plex.token), client_id) if plex.url else None


def irc_settings(config: Config) -> IrcSettings | None:
    """Say where announcements are made; nothing where no server is configured."""
    irc = config.irc
    if not irc.server:
        return None
    return IrcSettings(
        host=irc.server,
        port=irc.port,
        tls=irc.tls,
        ca_file=irc.tls_ca_file,
        channel=irc.channel,
        nick=irc.nick,
        password=irc.password,
        account=irc.sasl_username,
        account_password=irc.sasl_password,
    )


def authorized_clients(config: Config) -> tuple[str, ...]:
    """Name the players that parties may drive, by title or machine identifier: the listed ones, else the rooms'."""
    if config.party_agent.authorized_clients:
        return config.party_agent.authorized_clients
    shown = (room.film_player or room.plex_player for room in config.rooms)
    return tuple(player for player in shown if player)


def only_agent(config: Config) -> Config:
    """Leave of a configuration only this home's part in parties: `segued --agent`."""
    return but(
        config,
        heos=HeosConfig(enabled=False),
        rooms=(),
        ingest=IngestConfig(),
        irc=IrcConfig(),
        party=but(config.party, host=False),
        party_agent=but(config.party_agent, enabled=True, authorized_clients=authorized_clients(config)),
    )
