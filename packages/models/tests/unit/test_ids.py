import pytest
from ichor_models import LONGEST_ID, ApplicationId, EventId, RuleId, workflow_id
from pydantic import TypeAdapter, ValidationError

IDS: TypeAdapter[str] = TypeAdapter(ApplicationId)


@pytest.mark.parametrize(("rerun", "expected"), [(0, "rule-r1-e1"), (1, "rule-r1-e1.1"), (12, "rule-r1-e1.12")])
def test_a_workflow_has_the_id_of_its_rule_and_event(rerun: int, expected: str) -> None:
    assert workflow_id(RuleId("r1"), EventId("e1"), rerun) == expected


@pytest.mark.parametrize(("value", "id_"), [("o1", "o1"), ("", ""), (42, "42"), (-7, "-7"), ("x" * LONGEST_ID,) * 2])
def test_an_id_of_the_application_is_text_or_a_whole_number(value: object, id_: str) -> None:
    assert IDS.validate_python(value) == id_


@pytest.mark.parametrize("value", [None, True, 1.5, [], {}, "x" * (LONGEST_ID + 1), 10**LONGEST_ID])
def test_nothing_else_is_an_id(value: object) -> None:
    with pytest.raises(ValidationError):
        IDS.validate_python(value)
