"""Every action there is, and the two that concern all domains."""

from typing import Literal, get_args

from segue.core.ingest.actions import IngestActions
from segue.core.ingest.settings import IngestSettings
from segue.core.music.actions import MusicActions
from segue.core.music.state import MusicSettings
from segue.core.party.actions import PartyActions
from segue.core.party.settings import PartySettings
from segue.core.system.actions import SystemActions
from segue.core.vocabulary import ActionBase, tagger

Domain = Literal["music", "ingest", "party", "system"]
DOMAINS: tuple[Domain, ...] = get_args(Domain)


class HouseAction(ActionBase, frozen=True, tag_field="type", tag=tagger("house")):
    """An action that the root reducer takes apart."""


class ConfigLoaded(HouseAction, frozen=True):
    """A configuration was read and is in force; each domain gets its part. Never carries a secret."""

    music: MusicSettings
    ingest: IngestSettings = IngestSettings()
    party: PartySettings = PartySettings()


class DeadlineDue(HouseAction, frozen=True):
    """A moment that a domain had asked for has come."""

    domain: Domain


Action = MusicActions | IngestActions | PartyActions | SystemActions | ConfigLoaded | DeadlineDue
