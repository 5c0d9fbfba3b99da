"""What both stores of rules do."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from ichor_edgestore import AmbiguousRule, EdgeStore, MemoryStore, RuleFilter, RuleNotFound, RulePlace
from ichor_models import ActionType, Catalogue, EventType, InvalidRule, Rule, RuleId, Trigger
from pydantic import BaseModel, ConfigDict


class AnyConfig(BaseModel):
    """A config of any keys."""

    model_config = ConfigDict(extra="allow")


type Store = EdgeStore | MemoryStore
UNKNOWN = "11111111-2222-4333-8444-555555555555"


def without_ids(rule: Rule) -> Rule:
    """Return a rule as its author wrote it."""
    return rule.model_copy(
        update={"id": None, "actions": tuple(action.model_copy(update={"id": None}) for action in rule.actions)}
    )


def renamed(rule: Rule, name: str) -> Rule:
    """Return a copy of a rule under another name."""
    return rule.model_copy(update={"name": name, "id": None})


async def test_a_saved_rule_is_loaded_as_it_was(store: Store, approval: Rule, catalogue: Catalogue) -> None:
    saved = await store.save_rule(approval, catalogue=catalogue)
    loaded = await store.load_rule(saved.rule_id)
    assert without_ids(loaded) == approval
    assert loaded.id == saved.rule_id
    assert loaded.graph.version == saved.version
    assert saved.created


async def test_saving_again_keeps_the_ids_and_the_version(store: Store, approval: Rule, catalogue: Catalogue) -> None:
    first = await store.save_rule(approval, catalogue=catalogue)
    before = await store.load_rule(first.rule_id)
    second = await store.save_rule(approval, catalogue=catalogue)
    assert (second.rule_id, second.version, second.created) == (first.rule_id, first.version, False)
    assert await store.load_rule(first.rule_id) == before


async def test_a_rule_is_found_by_its_id_before_its_name(store: Store, approval: Rule, catalogue: Catalogue) -> None:
    first = await store.save_rule(approval, catalogue=catalogue)
    again = approval.model_copy(update={"id": first.rule_id.upper(), "name": "Renamed"})
    second = await store.save_rule(again, catalogue=catalogue)
    assert (second.rule_id, second.created) == (first.rule_id, False)
    assert (await store.load_rule(first.rule_id)).name == "Renamed"
    assert await store.find_rule("Renamed") == first.rule_id
    assert await store.find_rule(first.rule_id) == first.rule_id
    with pytest.raises(RuleNotFound):
        await store.find_rule("Order approval")


async def test_an_id_that_no_rule_has_becomes_the_new_rules(store: Store, approval: Rule, catalogue: Catalogue) -> None:
    own = RuleId(str(uuid4()))
    saved = await store.save_rule(approval.model_copy(update={"id": own}), catalogue=catalogue)
    assert (saved.rule_id, saved.created) == (own, True)


async def test_a_name_that_two_rules_have_is_ambiguous(store: Store, approval: Rule, catalogue: Catalogue) -> None:
    first = await store.save_rule(approval, catalogue=catalogue)
    second = await store.save_rule(renamed(approval, "Another"), catalogue=catalogue)
    same = approval.model_copy(update={"id": second.rule_id})
    await store.save_rule(same, catalogue=catalogue)
    with pytest.raises(AmbiguousRule, match=first.rule_id):
        await store.save_rule(approval, catalogue=catalogue)
    with pytest.raises(AmbiguousRule):
        await store.find_rule(approval.name)


async def test_what_is_refused_changes_nothing(store: Store, approval: Rule, catalogue: Catalogue) -> None:
    saved = await store.save_rule(approval, catalogue=catalogue)
    broken = approval.model_copy(update={"description": "new", "edges": approval.edges[1:]})
    with pytest.raises(InvalidRule) as refused:
        await store.save_rule(broken, catalogue=catalogue)
    assert "no_start" in {problem.code for problem in refused.value.problems}
    assert (await store.load_rule(saved.rule_id)).description == approval.description


async def test_all_problems_are_told_at_once(store: Store, approval: Rule, catalogue: Catalogue) -> None:
    tell = approval.actions[1].model_copy(update={"config": {"type": "x", "options": {}, "action_type": 1}, "id": "x"})
    broken = approval.model_copy(update={"id": "no uuid", "actions": (approval.actions[0], tell)})
    with pytest.raises(InvalidRule) as refused:
        await store.save_rule(broken, catalogue=catalogue)
    found = {(problem.code, problem.where) for problem in refused.value.problems}
    assert found >= {
        ("invalid_id", "id"),
        ("invalid_id", "actions.tell.id"),
        ("reserved_key", "actions.tell.config.type"),
        ("reserved_key", "actions.tell.config.options"),
        ("reserved_key", "actions.tell.config.action_type"),
    }
    assert any(code == "unknown_action" for code, _ in found)


async def test_actions_keep_their_ids_by_name_and_by_id(store: Store, approval: Rule, catalogue: Catalogue) -> None:
    saved = await store.save_rule(approval, catalogue=catalogue)
    before = {action.name: action.id for action in (await store.load_rule(saved.rule_id)).actions}
    told = approval.actions[1].model_copy(update={"name": "told", "id": before["tell"]})
    edges = tuple(
        edge.model_copy(update={end: "told" for end in ("source", "target") if getattr(edge, end) == "tell"})
        for edge in approval.edges
    )
    changed = approval.model_copy(update={"actions": (approval.actions[0], told, approval.actions[2]), "edges": edges})
    await store.save_rule(changed, catalogue=catalogue)
    after = {action.name: action.id for action in (await store.load_rule(saved.rule_id)).actions}
    assert after == {"check amount": before["check amount"], "told": before["tell"], "wait": before["wait"]}


async def test_an_action_that_left_comes_back_with_its_id(store: Store, approval: Rule, catalogue: Catalogue) -> None:
    saved = await store.save_rule(approval, catalogue=catalogue)
    before = await store.load_rule(saved.rule_id)
    small = approval.model_copy(update={"actions": approval.actions[:1], "edges": approval.edges[:1]})
    await store.save_rule(small, catalogue=catalogue)
    assert [action.name for action in (await store.load_rule(saved.rule_id)).actions] == ["check amount"]
    await store.save_rule(approval, catalogue=catalogue)
    assert await store.load_rule(saved.rule_id) == before


async def test_a_copy_of_a_rule_gets_ids_of_its_own(store: Store, approval: Rule, catalogue: Catalogue) -> None:
    first = await store.load_rule((await store.save_rule(approval, catalogue=catalogue)).rule_id)
    copied = await store.save_rule(renamed(first, "Copy"), catalogue=catalogue)
    copy = await store.load_rule(copied.rule_id)
    assert not {action.id for action in copy.actions} & {action.id for action in first.actions}
    assert await store.load_rule(RuleId(first.id or "")) == first


async def test_an_unknown_entity_is_registered_with_a_warning(
    store: Store, approval: Rule, catalogue: Catalogue
) -> None:
    first = await store.save_rule(approval, catalogue=catalogue)
    assert [warning.code for warning in first.warnings if warning.where == "trigger.entity"] == ["unknown_entity"]
    second = await store.save_rule(approval, catalogue=catalogue)
    assert not [warning for warning in second.warnings if warning.where == "trigger.entity"]


@pytest.mark.parametrize("entity", ["approval_requests", "workflow.approval_requests"])
async def test_the_entity_of_approvals_is_known(
    store: Store, approval: Rule, catalogue: Catalogue, entity: str
) -> None:
    trigger = Trigger(entity=entity, event=EventType.ON_CREATE)
    saved = await store.save_rule(approval.model_copy(update={"trigger": trigger}), catalogue=catalogue)
    assert not [warning for warning in saved.warnings if warning.where == "trigger.entity"]


async def test_candidates_are_active_rules_of_the_entity_and_type(
    store: Store, approval: Rule, catalogue: Catalogue
) -> None:
    saved = await store.save_rule(approval, catalogue=catalogue)
    trigger = approval.trigger.model_copy(update={"conditions": (), "entity": "sales.orders"})
    plain = renamed(approval, "A first").model_copy(update={"trigger": trigger})
    other = await store.save_rule(plain, catalogue=catalogue)
    found = await store.candidates("sales.orders", "on_create")
    assert [(rule.rule_id, rule.name) for rule in found] == [
        (other.rule_id, "A first"),
        (saved.rule_id, "Order approval"),
    ]
    assert found[0].conditions == {"field_conditions": []}
    assert found[1].conditions == {
        "field_conditions": [
            {"field_name": "total", "operator": "greater_than", "value": 1000.5},
            {"field_name": "status", "operator": "changed_from", "value": None, "previous_value": "open"},
        ]
    }
    assert await store.candidates("orders", "on_update") == []
    assert await store.candidates("customers", "on_create") == []


async def test_an_inactive_rule_is_no_candidate(store: Store, approval: Rule, catalogue: Catalogue) -> None:
    saved = await store.save_rule(approval, catalogue=catalogue)
    await store.deactivate_rule(saved.rule_id)
    assert await store.candidates("orders", "on_create") == []
    assert not (await store.load_rule(saved.rule_id)).is_active
    await store.activate_rule(saved.rule_id)
    assert len(await store.candidates("orders", "on_create")) == 1


async def test_rules_are_listed_by_name(store: Store, approval: Rule, catalogue: Catalogue) -> None:
    saved = await store.save_rule(approval, catalogue=catalogue)
    other = await store.save_rule(renamed(approval, "Another"), catalogue=catalogue)
    listed = await store.list_rules()
    assert [(rule.rule_id, rule.entity, rule.event) for rule in listed] == [
        (other.rule_id, "orders", "on_create"),
        (saved.rule_id, "orders", "on_create"),
    ]


async def test_a_rule_without_an_entity_and_one_with_a_schedule(
    store: Store, approval: Rule, catalogue: Catalogue
) -> None:
    schedule = {"cron": "0 6 * * *", "timezone": "Europe/Berlin"}
    daily = Rule.model_validate(
        approval.model_dump() | {"name": "Daily", "trigger": {"event": "scheduled", "schedule": schedule}}
    )
    saved = await store.save_rule(daily, catalogue=catalogue)
    assert (await store.load_rule(saved.rule_id)).trigger == daily.trigger


@pytest.mark.parametrize("wrong", ["no uuid", "", UNKNOWN])
async def test_a_rule_that_is_not_there(store: Store, wrong: str) -> None:
    with pytest.raises(RuleNotFound):
        await store.load_rule(RuleId(wrong))
    with pytest.raises(RuleNotFound):
        await store.deactivate_rule(RuleId(wrong))
    with pytest.raises(RuleNotFound):
        await store.find_rule(wrong)


def writer(name: str, entity: str, event: str, **config: object) -> Rule:
    """Return a rule that sets a field."""
    return Rule.model_validate(
        {
            "name": name,
            "trigger": {"entity": entity, "event": event},
            "actions": [{"name": "set", "type": "update_field", "config": config}],
            "edges": [{"source": None, "target": "set", "type": "start"}],
        }
    )


async def test_rules_that_can_start_each_other_in_a_circle_are_warned_of(store: Store, catalogue: Catalogue) -> None:
    types = Catalogue([*catalogue.values(), ActionType("update_field", AnyConfig)])

    async def codes(rule: Rule) -> list[str]:
        saved = await store.save_rule(rule, catalogue=types)
        return [f"{item.code}: {item.message}" for item in saved.warnings if item.code == "circle"]

    orders = writer("A", "sales.orders", "on_update", target_entity="tasks", target_field="state", new_value="x")
    tasks = writer("B", "tasks", "on_update", target_entity="sales.orders", target_field="status", new_value="x")
    assert await codes(orders) == []
    assert await codes(tasks.model_copy(update={"is_active": False})) == []
    (warning,) = await codes(tasks)
    assert "'B' -> 'A' -> 'B'" in warning
    (warning,) = await codes(orders)
    assert "'A' -> 'B' -> 'A'" in warning
    await store.deactivate_rule(await store.find_rule("B"))
    assert await codes(orders) == []


async def test_rules_are_listed_by_what_is_wanted(store: Store, approval: Rule, catalogue: Catalogue) -> None:
    def named(name: str, entity: str, event: str, active: bool) -> Rule:
        trigger = Trigger(entity=entity, event=EventType(event))
        return approval.model_copy(update={"name": name, "trigger": trigger, "is_active": active})

    for wanted in (
        named("a", "orders", "on_create", True),
        named("b", "orders", "on_update", False),
        named("c", "customers", "on_create", True),
    ):
        await store.save_rule(wanted, catalogue=catalogue)

    async def names(**wanted: Any) -> list[str]:
        return [rule.name for rule in await store.list_rules(RuleFilter(**wanted))]

    assert await names() == ["a", "b", "c"]
    assert await names(entity="sales.orders") == ["a", "b"]
    assert await names(event="on_create", is_active=True) == ["a", "c"]
    assert await names(is_active=False) == ["b"]
    first, *_ = await store.list_rules()
    assert await names(after=RulePlace(name=first.name, rule_id=UUID(first.rule_id)), limit=1) == ["b"]
