from typing import Any

import pytest
from ichor_models import CONTROL_TYPES, Catalogue, check_document

CATALOGUE = Catalogue(CONTROL_TYPES)


def document(condition: dict[str, Any], *, in_trigger: bool) -> dict[str, Any]:
    usual = {"field_name": "a", "operator": "equals", "value": 1}
    return {
        "name": "r",
        "trigger": {"entity": "orders", "event": "on_update", "conditions": [condition] if in_trigger else []},
        "actions": [
            {"name": "c", "type": "evaluate_condition", "config": {"conditions": [usual if in_trigger else condition]}}
        ],
        "edges": [{"target": "c", "type": "start", "source": None}],
    }


def warned(condition: dict[str, Any], *, in_trigger: bool) -> list[tuple[str, str]]:
    _, report = check_document(document({"field_name": "a", **condition}, in_trigger=in_trigger), CATALOGUE)
    assert report.valid, report.problems
    return [(warning.code, warning.where) for warning in report.warnings]


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ({"operator": "in", "value": "open"}, "never_holds"),
        ({"operator": "in", "value": []}, "never_holds"),
        ({"operator": "in"}, "never_holds"),
        ({"operator": "greater_than"}, "never_holds"),
        ({"operator": "less_than", "value": None}, "never_holds"),
        ({"operator": "less_than", "value": True}, "never_holds"),
        ({"operator": "changed_to"}, "value_missing"),
        ({"operator": "changed_from"}, "value_missing"),
    ],
)
def test_warned(condition: dict[str, Any], code: str) -> None:
    assert warned(condition, in_trigger=True) == [(code, "trigger.conditions.0.value")]
    assert warned(condition, in_trigger=False) == [(code, "actions.c.config.conditions.0.value")]


@pytest.mark.parametrize(
    "condition",
    [
        {"operator": "in", "value": ["open"]},
        {"operator": "greater_than", "value": "b"},
        {"operator": "changed_to", "value": None},
        {"operator": "changed_from", "previous_value": "open"},
        {"operator": "is_null"},
    ],
)
@pytest.mark.parametrize("in_trigger", [True, False])
def test_not_warned(condition: dict[str, Any], in_trigger: bool) -> None:
    assert warned(condition, in_trigger=in_trigger) == []


def test_a_template_may_become_what_is_needed() -> None:
    assert warned({"operator": "in", "value": "{{ statuses }}"}, in_trigger=False) == []
    assert warned({"operator": "in", "value": "{{ statuses }}"}, in_trigger=True) != []
