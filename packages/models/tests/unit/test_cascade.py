from datetime import UTC, datetime

from ichor_models import (
    MOST_VISITS,
    ActionCall,
    CausedEvents,
    EntityEvent,
    EventType,
    Lineage,
    RowChange,
    RuleId,
    RunHeader,
    always_there,
    event_header,
    next_lineage,
    rules_on_the_way,
    spell_chain,
    visit,
)


def event(lineage: Lineage | None = None) -> EntityEvent:
    return EntityEvent.model_validate(
        {
            "event_id": "e1",
            "event_type": "on_update",
            "entity_name": "orders",
            "entity_id": "o1",
            "user_id": "u1",
            "lineage": lineage,
        }
    )


def run(lineage: Lineage | None = None) -> RunHeader:
    header = {"execution_id": "x1", "rule_id": "r1", "rule_name": "Big orders", "event": event_header(event(lineage))}
    return RunHeader.model_validate(header)


def call(key: str = "hold") -> ActionCall:
    return ActionCall(run=run(), key=key, name=key, type="update_field", config={})


def change(entity_id: str | None = "o1") -> RowChange:
    return RowChange(event_type=EventType.ON_UPDATE, entity_name="orders", entity_id=entity_id)


def test_a_visit_is_written_as_the_wire_says():
    assert visit(RuleId("r1"), "o1") == "r1:o1"
    assert visit(RuleId("r1"), None) == "r1:"


def test_a_cascade_begins_with_the_event_that_came_from_outside():
    assert next_lineage(run()) == Lineage(root="e1", depth=1, visited=("r1:o1",))


def test_a_cascade_goes_on():
    before = Lineage(root="e0", depth=3, visited=("r0:o1",))
    assert next_lineage(run(before)) == Lineage(root="e0", depth=4, visited=("r0:o1", "r1:o1"))


def test_of_a_way_that_grows_too_long_the_end_is_kept():
    before = Lineage(root="e0", depth=3, visited=tuple(f"r{number}:o1" for number in range(MOST_VISITS)))
    assert next_lineage(run(before)).visited == (*before.visited[1:], "r1:o1")


def test_a_run_carries_the_lineage_of_its_event_and_only_where_there_is_one():
    before = Lineage(root="e0", depth=3, visited=("r0:o1",))
    assert RunHeader.model_validate_json(run(before).model_dump_json()).event.lineage == before
    assert "lineage" not in run().model_dump(mode="json")["event"]
    assert "lineage" not in always_there(run(before), datetime(2026, 1, 1, tzinfo=UTC))


def test_a_chain_is_spelled_with_names_where_they_are_known():
    lineage = Lineage(root="e0", depth=2, visited=("r0:o1", "r1:"))
    assert rules_on_the_way(event(lineage)) == {"r0", "r1"}
    assert rules_on_the_way(event()) == frozenset()
    spelled = spell_chain(lineage, {RuleId("r0"): "Hold"})
    assert spelled == "event e0 -> 'Hold' (r0) for o1 -> r1 for no entity"


def test_a_long_chain_is_cut():
    lineage = Lineage(root="e0", depth=30, visited=tuple(f"r{number}:o1" for number in range(30)))
    assert spell_chain(lineage, {}).startswith("event e0 -> … -> r13 for o1 -> ")


def test_what_an_action_causes_is_told_in_its_name():
    caused = CausedEvents(call()).of(change())
    assert (caused.user_id, caused.lineage) == ("u1", Lineage(root="e1", depth=1, visited=("r1:o1",)))
    assert (caused.entity_name, caused.entity_id, caused.event_type) == ("orders", "o1", EventType.ON_UPDATE)


def test_every_attempt_gives_the_same_ids_and_no_two_events_share_one():
    changes = [change(), change("o2"), change(), change(None)]
    first, second = ([caused.of(item).event_id for item in changes] for caused in (_caused(), _caused()))
    assert first == second
    assert len(set(first)) == len(changes)
    assert CausedEvents(call("another")).of(change()).event_id not in first
    assert CausedEvents(call().model_copy(update={"ask": 2})).of(change()).event_id not in first


def _caused() -> CausedEvents:
    return CausedEvents(call())
