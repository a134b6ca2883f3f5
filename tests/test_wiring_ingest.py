"""The settings of a person are those of the core, one by one."""

import msgspec

from segue import wiring_ingest
from segue.config import load_config
from segue.config.schema_ingest import SUFFIXES, IngestConfig, MatchConfig
from segue.core.ingest.arrivals import ArrivalRules
from segue.core.ingest.weighing import MatchSettings


def test_the_defaults_of_the_configuration_are_those_of_the_core() -> None:
    config = load_config(None, {"HOME": "/nowhere"})
    assert wiring_ingest.match_settings(config) == MatchSettings()
    assert wiring_ingest.arrival_rules(config) == ArrivalRules()
    assert IngestConfig().temporary_suffixes == SUFFIXES


def test_every_weight_and_limit_of_the_matching_is_a_setting() -> None:
    """A value of its own for each setting arrives as another value in the core, and in one place only."""
    plain = msgspec.to_builtins(MatchSettings())
    seen: set[str] = set()
    for field in msgspec.structs.fields(MatchConfig):
        value = field.default
        other = not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else value / 2
        config = load_config(None, {"HOME": "/nowhere"})
        config = msgspec.structs.replace(
            config, match=msgspec.structs.replace(config.match, **{field.name: other})
        )
        changed = msgspec.to_builtins(wiring_ingest.match_settings(config))
        differs = {k for k in changed if changed[k] != plain[k]}
        if differs == {"weights"}:
            differs = {k for k in changed["weights"] if changed["weights"][k] != plain["weights"][k]}
        assert len(differs) == 1, field.name
        seen |= differs
    left = {*plain, *plain["weights"]} - seen - {"weights", "threshold", "shown"}
    assert left == set(), "not a setting yet"
