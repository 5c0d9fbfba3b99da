from datetime import timedelta

import pytest
from ichor_models import CONTROL_TYPES, Catalogue, ConditionConfig, ConfigError, DelayConfig, delay_result
from ichor_models.path import look_up
from pydantic import JsonValue

CATALOGUE = Catalogue(CONTROL_TYPES)
BIG: JsonValue = {"field_name": "total", "operator": "greater_than", "value": 1000}
OPEN: JsonValue = {"field_name": "status", "operator": "equals", "value": "open"}


@pytest.mark.parametrize(
    ("config", "holds"),
    [
        ({"conditions": [BIG]}, True),
        ({"conditions": [BIG, OPEN]}, False),
        ({"conditions": [BIG, OPEN], "logic_type": "and"}, False),
        ({"conditions": [OPEN, BIG], "logic_type": "or"}, True),
        ({"conditions": [OPEN], "logic_type": "or"}, False),
    ],
)
def test_the_result_of_a_condition_names_its_branch_and_its_port(config: JsonValue, holds: bool) -> None:
    data: dict[str, JsonValue] = {"total": 1500, "status": "held"}
    result = ConditionConfig.model_validate(config).evaluate(lambda path: look_up(data, {}, path))
    assert result == {
        "evaluated": True,
        "result": holds,
        "branch_taken": "true_branch" if holds else "false_branch",
        "output": "true" if holds else "false",
    }


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"conditions": []}, "conditions must have at least 1 item"),
        ({}, "conditions is missing"),
        ({"conditions": [BIG], "logic_type": "xor"}, "logic_type must be 'and' or 'or'"),
        ({"conditions": [BIG], "logic": "or"}, "logic is no key that belongs here"),
    ],
)
def test_a_condition_without_conditions_does_not_fit(config: dict[str, JsonValue], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        CATALOGUE["evaluate_condition"].fit(config)


@pytest.mark.parametrize(("text", "told"), [("90s", "1m30s"), ("1h30m", "1h30m0s"), ("P1DT2H", "26h0m0s")])
def test_the_result_of_a_delay_tells_its_length(text: str, told: str) -> None:
    config = DelayConfig.model_validate({"duration": text})
    assert delay_result(config.duration) == {"delayed": True, "duration": told, "output": "success"}


@pytest.mark.parametrize("value", ["soon", 90, None, "", "-5s", "0s"])
def test_a_delay_without_a_duration_does_not_fit(value: JsonValue) -> None:
    with pytest.raises(ConfigError, match="duration"):
        CATALOGUE["delay"].fit({"duration": value})


def test_what_fits_is_kept_as_it_was_written() -> None:
    assert CATALOGUE["delay"].fit({"duration": "P1DT2H"}) == {"duration": "P1DT2H"}
    assert DelayConfig(duration=timedelta(hours=1)).model_dump(mode="json") == {"duration": "1h0m0s"}


def test_the_ports_of_the_built_in_types() -> None:
    assert CATALOGUE["evaluate_condition"].all_ports == ("true", "false", "failure")
    assert CATALOGUE["delay"].all_ports == ("success", "failure")
