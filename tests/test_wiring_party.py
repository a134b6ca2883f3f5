"""What a person sets for parties is what the core goes by, one by one."""

from typing import get_args, get_type_hints

import msgspec
import pytest

from segue import wiring_party
from segue.config import Config, load_config
from segue.config.schema_party import PartyConfig
from segue.config.values import keys_of
from segue.core.party.settings import PartySettings, rules_problem

ELSEWHERE = {
    "host",
    "passkey_validation_url",
    "passkeys_file",
    "app_name",
    "public_url",
    "trusted_proxies",
    "require_tls",
    "invite_days",
}
"""Settings of the doors, not of the core."""


def other_than(name: str, default: object) -> object:
    """Give another value that the setting may have."""
    choices = get_args(get_type_hints(PartyConfig)[name])
    if choices:
        return next(choice for choice in choices if choice != default)
    match default:
        case bool():
            return not default
        case int() | float():
            return default + 1
        case _:
            return ("x",) if isinstance(default, tuple) else "x"


def flat(settings: PartySettings) -> dict[str, object]:
    whole = msgspec.to_builtins(settings)
    rules = whole.pop("rules")
    return {**whole, **rules.pop("intermissions"), **rules}


def test_the_defaults_of_the_configuration_are_those_of_the_core() -> None:
    assert wiring_party.settings(load_config(None, {"HOME": "/nowhere"})) == PartySettings()


def test_every_setting_arrives_in_one_place_of_the_core() -> None:
    plain, places = flat(PartySettings()), set()
    for field in msgspec.structs.fields(PartyConfig):
        changed = msgspec.structs.replace(
            PartyConfig(), **{field.name: other_than(field.name, field.default)}
        )
        now = flat(wiring_party.settings(Config(party=changed)))
        differs = {name for name in now if now[name] != plain[name]}
        assert len(differs) == (field.name not in ELSEWHERE), field.name
        places |= differs
    assert set(plain) - places == {"queue_max", "invites_max", "abandoned_s", "ended_kept_s", "times_s"}


@pytest.mark.parametrize("end", ["ge", "le"])
def test_no_limit_is_looser_than_the_cores(end: str) -> None:
    """The least and the greatest value that the file takes are rules that the core takes."""
    ends = {name: getattr(key.kind, end) for name, key in keys_of("party").items() if hasattr(key.kind, end)}
    assert len(ends) > 10
    config = Config(party=msgspec.structs.replace(PartyConfig(), **ends))
    assert rules_problem(wiring_party.rules(config)) == ""


def test_the_players_of_the_rooms_are_driven_where_none_is_listed() -> None:
    environ = {"HOME": "/nowhere", "PLEX_URL": "http://h:1", "PLEX_TOKEN": "t"}
    environ |= {"SEGUE_ROOM__LIVING__PLEX_PLAYER": "TV", "SEGUE_ROOM__BATH__HEOS_PLAYER": "Bath"}
    assert wiring_party.authorized_clients(load_config(None, environ)) == ("TV",)
    environ |= {"SEGUE_ROOM__LIVING__PLEX_PLAYER": "Plexamp", "SEGUE_ROOM__LIVING__FILM_PLAYER": "TV"}
    assert wiring_party.authorized_clients(load_config(None, environ)) == ("TV",)
    environ["ORC_AUTHORIZED_CLIENTS"] = "Projector, tv-2"
    assert wiring_party.authorized_clients(load_config(None, environ)) == ("Projector", "tv-2")


def test_an_agent_alone_leaves_the_house_alone() -> None:
    """Nothing is hosted, no receiver is switched and nothing is taken in; the rooms' players are still its own."""
    environ = {
        "HOME": "/nowhere",
        "PLEX_URL": "http://h:1",
        "PLEX_TOKEN": "t",
        "ORC_USERNAME": "alice",
        "ORC_SERVER_URL": "wss://h",
        "IRC_SERVER": "h",
        "IRC_CHANNEL": "#a",
        "PLEX_MEDIA_ROOT": "/srv/media",
        "PLEX_INGEST_DIR": "/srv/in",
        "SEGUE_ROOM__LIVING__PLEX_PLAYER": "TV",
        "SEGUE_ROOM__LIVING__HEOS_PLAYER": "AVR",
        "SEGUE_HEOS__HOST": "192.0.2.7",
    }
    config = wiring_party.only_agent(load_config(None, environ))
    assert not config.party.host
    assert not config.heos_wanted
    assert (config.rooms, config.ingest.watch, config.irc.server) == ((), (), "")
    assert wiring_party.authorized_clients(config) == ("TV",)
    assert config.party_agent.orchestrator_url == "wss://h/ws"
    assert config.plex.url == "http://h:1"
