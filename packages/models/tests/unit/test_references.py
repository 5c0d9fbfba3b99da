import pytest
from ichor_models import CONDITION, Action, Placeholder, Secret, TemplateError
from ichor_models.references import parts, reads, references
from pydantic import JsonValue


def action(config: dict[str, JsonValue], type_: str = "mail") -> Action:
    return Action(name="a", type=type_, config=config)


def test_every_path_is_told_with_its_place() -> None:
    config: dict[str, JsonValue] = {
        "subject": "{{ b.x }} and {{ c | default:y }}",
        "count": "{{ expr: d.n * 2 + total }}",
        "list": ["plain", {"deep": "{{ e }}"}],
        "{{ key }}": "{{secret:f}}",
        "number": 5,
    }
    assert [(place, path.text) for place, path in references(action(config))] == [
        (("subject",), "b.x"),
        (("subject",), "c"),
        (("count",), "d.n"),
        (("count",), "total"),
        (("list", 1, "deep"), "e"),
    ]


def test_conditions_read_their_fields_and_those_of_changes_read_the_change_of_their_field() -> None:
    conditions: JsonValue = [
        {"field_name": "b.x", "operator": "equals", "value": "{{ c }}"},
        {"field_name": "d", "operator": "is_null"},
        {"field_name": "status", "operator": "changed_to", "value": "held"},
        {"field_name": 5},
        "text",
    ]
    found = reads(action({"conditions": conditions}, CONDITION))
    assert [(read.place, read.path.text, read.guarded) for read in found] == [
        (("conditions", 0, "value"), "c", False),
        (("conditions", 0, "field_name"), "b.x", False),
        (("conditions", 1, "field_name"), "d", True),
        (("conditions", 2, "field_name"), "trigger.field_changes[status]", True),
    ]
    only = [(place, path.text) for place, path in references(action({"conditions": conditions}, "mail"))]
    assert only == [(("conditions", 0, "value"), "c")]


@pytest.mark.parametrize("conditions", [None, "text", 5, {}, {"field_name": "a"}, [], [[]], [None]])
def test_conditions_of_any_form_crash_nothing(conditions: JsonValue) -> None:
    assert list(reads(action({"conditions": conditions}, CONDITION))) == []


def test_a_default_provides_for_null() -> None:
    config: dict[str, JsonValue] = {"x": "{{ b | default:y }}{{ c }}"}
    assert [read.guarded for read in reads(action(config))] == [True, False]


def test_malformed_templates_are_parts_too() -> None:
    kinds = [
        type(part) for _, part in parts(action({"x": "{{ a }}{{ | }} text {{secret:b}}", "y": "plain", "z": "}}"}))
    ]
    assert kinds == [Placeholder, TemplateError, str, Secret, TemplateError, str]
