from typing import Any

import pytest
from ichor_models import Action, Condition, RuleId
from ichor_models.circles import Link, circle_warnings, writes


def update(field: str, value: Any, entity: str = "sales.orders", **more: Any) -> Action:
    config = {"target_entity": entity, "target_field": field, "new_value": value, **more}
    return Action(name=f"set {field}", type="update_field", config=config)


def create(entity: str, **fields: Any) -> Action:
    return Action(name=f"make {entity}", type="create_entity", config={"target_entity": entity, "fields": fields})


def move(to: str) -> Action:
    config: dict[str, Any] = {
        "target_entity": "orders",
        "status_field": "status",
        "to_status": to,
        "valid_from_statuses": ["x"],
    }
    return Action(name="move", type="transition_status", config=config)


def rule(
    name: str, event: str, *actions: Action, entity: str = "orders", when: list[dict[str, Any]] | None = None
) -> Link:
    conditions = tuple(Condition.model_validate(item) for item in when or [])
    return Link(RuleId(name), name, entity, event, conditions, writes(actions))


def changed(field: str, to: Any) -> dict[str, Any]:
    return {"field_name": field, "operator": "changed_to", "value": to}


def way(first: Link, *others: Link) -> str | None:
    found = circle_warnings(first, others)
    if not found:
        return None
    (warning,) = found
    assert (warning.code, warning.where) == ("circle", "trigger")
    assert "changed_to a value that no rule on this way writes" in warning.message
    return warning.message.partition(": ")[2].partition(". ")[0]


def test_a_rule_that_updates_what_it_listens_to_can_start_itself():
    assert way(rule("A", "on_update", update("status", "held"))) == "'A' -> 'A'"
    assert way(rule("A", "on_update", move("held"))) == "'A' -> 'A'"


def test_the_shortest_circle_is_named():
    first = rule("A", "on_update", create("tasks"))
    second = rule("B", "on_create", create("mails"), update("done", True, "tasks"), entity="tasks")
    third = rule("C", "on_create", update("sent", True), entity="mails")
    assert way(first, second, third) == "'A' -> 'B' -> 'C' -> 'A'"
    short = rule("D", "on_create", update("note", "x"), entity="tasks")
    assert way(first, second, third, short) == "'A' -> 'D' -> 'A'"


def test_rules_that_only_follow_each_other_are_no_circle():
    first = rule("A", "on_create", update("status", "held"))
    second = rule("B", "on_update", create("tasks"))
    assert way(first, second) is None
    assert way(second, first) is None


def test_a_circle_that_a_rule_is_not_on_is_not_its_own():
    looped = rule("B", "on_update", update("status", "held"))
    assert way(rule("A", "on_create", update("status", "held")), looped) is None


def test_the_stored_form_of_the_rule_at_hand_does_not_count():
    before = rule("A", "on_update", update("status", "held"))
    assert way(rule("A", "on_create", update("status", "held")), before) is None


@pytest.mark.parametrize(
    ("action", "condition", "possible"),
    [
        (update("status", "held"), changed("status", "held"), True),
        (update("status", "held"), changed("status", "open"), False),
        (update("status", "held"), changed("total", 5), False),
        (update("status", "{{ next }}"), changed("status", "open"), True),
        (update("status", "open", field_type="foreign_key"), changed("status", "held"), True),
        (update("status", "held"), {"field_name": "status", "operator": "changed_from", "value": "open"}, True),
        (update("status", "held"), {"field_name": "status", "operator": "changed_from", "value": "held"}, False),
        (update("status", "held"), {"field_name": "status", "operator": "equals", "value": "open"}, False),
        (update("status", "held"), {"field_name": "status", "operator": "in", "value": ["open", "held"]}, True),
        (update("total", 5), {"field_name": "total", "operator": "greater_than", "value": 5}, False),
        (update("total", 5), {"field_name": "status", "operator": "equals", "value": "open"}, True),
        (move("paid"), changed("status", "open"), False),
        (update("status", "held", "{{ table }}"), changed("status", "held"), False),
        (update("Status", "held", 'Sales."Orders"'), changed("status", "held"), True),
        (update("user_id", "V"), {"field_name": "user_id", "operator": "equals", "value": "U"}, True),
    ],
)
def test_conditions_keep_a_circle_from_closing(action: Action, condition: dict[str, Any], possible: bool):
    assert (way(rule("A", "on_update", action, when=[condition])) is not None) == possible


def test_nothing_has_changed_in_a_new_row():
    looped = rule("A", "on_create", create("orders", status="open"), when=[changed("status", "open")])
    assert way(looped) is None
    assert way(rule("A", "on_create", create("orders", status="open"))) == "'A' -> 'A'"


@pytest.mark.parametrize(
    ("allow_create", "condition", "possible"),
    [
        (True, {"field_name": "name", "operator": "equals", "value": "ACME"}, True),
        (True, {"field_name": "level", "operator": "equals", "value": "new"}, True),
        (True, {"field_name": "name", "operator": "equals", "value": "other"}, False),
        (True, {"field_name": "level", "operator": "equals", "value": "old"}, False),
        (False, {"field_name": "name", "operator": "equals", "value": "ACME"}, False),
    ],
)
def test_a_reference_that_may_be_made_starts_rules(allow_create: bool, condition: dict[str, Any], possible: bool):
    reference = {
        "reference_table": "crm.customers",
        "lookup_field": "name",
        "allow_create": allow_create,
        "create_config": {"level": "new"},
    }
    action = update("customer_id", "ACME", field_type="foreign_key", foreign_key_config=reference)
    assert (way(rule("A", "on_create", action, entity="customers", when=[condition])) is not None) == possible


def test_an_inactive_action_writes_nothing():
    action = update("status", "held").model_copy(update={"is_active": False})
    assert way(rule("A", "on_update", action)) is None


def test_configs_of_any_shape_are_read():
    odd = [
        Action(name="a", type="update_field", config={}),
        Action(name="b", type="update_field", config={"target_entity": 5, "target_field": "x"}),
        Action(name="c", type="update_field", config={"target_entity": "orders", "target_field": ["x"]}),
        Action(name="d", type="create_entity", config={"target_entity": "orders", "fields": "x"}),
    ]
    assert [write.event for write in writes(odd)] == ["on_create"]


def test_approvals_start_rules():
    asks = Action(name="ask", type="seek_approval", config={"approvers": "{{ people }}"})
    votes = Action(name="vote", type="resolve_approval_request", config={"approval_request_id": "{{ entity_id }}"})
    on_asking = rule("A", "on_create", asks, entity="approval_requests")
    assert way(on_asking) == "'A' -> 'A'"
    on_decision = rule("B", "on_update", asks, entity="approval_requests", when=[changed("status", "approved")])
    assert way(on_decision) == "'B' -> 'B'"
    assert way(rule("C", "on_update", votes, entity="approval_requests", when=[changed("reminders", 1)])) is None
    assert way(rule("D", "on_create", votes, entity="approval_requests"), on_asking) is None
