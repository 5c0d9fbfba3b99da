"""What the machine does with values that are too large to travel."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from ichor_executor import Command, Ended, Machine, Plan, RunAction
from ichor_executor.temporal.large_trigger import without_large_trigger
from ichor_models import ActionState, Case, Rule, StoredPlace, StoredResult, ValueLimit, shrink, size_of
from ichor_models.path import walk
from ichor_testing.graph_builder import GraphBuilder
from pydantic import JsonValue

NOW = datetime(2026, 11, 23, 20, tzinfo=UTC)
RESULT: dict[str, JsonValue] = {"output": "left", "items": [{"name": "first"}, {"name": "x" * 50}], "note": "short"}


class Values:
    """A store that a test only puts into."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def put(self, run: str, bodies: Mapping[str, bytes]) -> None:
        self.kept |= bodies

    async def get(self, run: str, key: str) -> bytes:
        return self.kept[key]

    async def forget(self, run: str, keep: Collection[str] = ()) -> None:
        self.kept.clear()


def travelling(plan: Plan, index: int) -> dict[str, JsonValue]:
    """Return what travels of the result where 40 bytes do."""
    reads = [*plan.read_of[index], "output"]
    return shrink(RESULT, reads, lambda path: walk(RESULT, path.split(".")), 40).result


def after(rule: Rule) -> tuple[Plan, list[Command]]:
    """Return what follows when the first action has ended."""
    plan = Plan(rule.graph)
    machine = Machine(plan, Case().request(rule))
    machine.start(NOW)
    return plan, machine.succeeded(0, travelling(plan, 0), NOW)


def test_what_is_read_of_each_result_is_known_from_the_graph():
    rule = GraphBuilder().action("a").action("b", x="{{a.items.0.name}} {{a}}", y="{{ total }}").start("a").rule()
    plan = Plan(rule.graph)
    assert [list(paths) for paths in plan.read_of] == [["items.0.name"], []]
    assert list(plan.read_of_trigger) == ["total"]


@pytest.mark.parametrize(
    ("read", "largest"), [(1, None), (8, None), (9, 932_067), (33, 254_200), (500, 16_777), (5000, 2048)]
)
def test_results_that_are_read_share_what_a_run_keeps(read: int, largest: int | None):
    names = [f"part {number}" for number in range(read)]
    builder = GraphBuilder().action("last", message=[f"{{{{{name}}}}}" for name in names]).join("last", *names)
    for name in names:
        builder.action(name).start(name)
    plan = Plan(builder.graph())
    assert plan.largest(plan.position("part 0")) == largest
    assert plan.largest(plan.position("last")) is None


@pytest.mark.parametrize(("unread", "largest"), [(1, None), (64, None), (65, 258_111), (1000, 16_777), (10_000, 2048)])
def test_results_that_nobody_reads_share_what_the_record_of_a_run_keeps(unread: int, largest: int | None):
    builder = GraphBuilder().action("read").action("last", message="{{read.text}}").start("read").then("read", "last")
    for number in range(unread - 1):
        builder.action(f"a{number}").then("last", f"a{number}")
    plan = Plan(builder.graph())
    assert plan.largest(plan.position("last")) == largest
    assert plan.largest(plan.position("read")) is None


@pytest.mark.parametrize("read", [1, 8, 9, 32, 33, 500])
def test_what_is_read_of_all_results_together_has_a_limit_in_any_deployment(read: int):
    parts = [f"part{number}" for number in range(9)]
    builder = GraphBuilder().action(
        "last", message=[f"{{{{a{number}.{part}}}}}" for number in range(read) for part in parts]
    )
    for number in range(read):
        builder.action(f"a{number}").start(f"a{number}").then(f"a{number}", "last")
    plan = Plan(builder.graph())
    limit = ValueLimit(256 * 1024).at_most(plan.largest(1))
    stored = StoredResult.of(limit.fit(dict.fromkeys(parts, "x" * 200_000), plan.read_of[1]).result)
    assert stored is not None
    assert read * size_of(stored.values) < 9 * 2**20


@pytest.mark.parametrize("message", [["{{text}}"] * 700, "{{text}}" * 700, ["{{items}}"] * 700])
def test_an_action_that_reads_too_much_fails_and_says_where(message: list[str] | str):
    data: dict[str, JsonValue] = {"text": "x" * 100_000, "items": list[JsonValue](["x" * 1000] * 100)}
    rule = GraphBuilder().action("a", message=message).action("b").start("a", "b").rule()
    ended, *others = Machine(Plan(rule.graph), Case(trigger_data=data).request(rule)).start(NOW)
    assert isinstance(ended, Ended)
    assert "more than 67108864 bytes are read for one action" in str(ended.result)
    assert others == [RunAction(1, {"message": "b"}, ())]


def test_templates_read_into_a_stored_result():
    rule = GraphBuilder().action("a").action("b", x="{{a.items.0.name}}: {{a.note}}").start("a").then("a", "b").rule()
    _, commands = after(rule)
    assert commands[1:] == [RunAction(1, {"x": "first: short"}, ())]


def test_a_large_part_and_the_whole_travel_as_places():
    builder = GraphBuilder().action("a").action("b", all="{{a}}", part="{{a.items.1.name}}")
    rule = builder.start("a").then("a", "b").rule()
    plan, commands = after(rule)
    stored = StoredResult.of(travelling(plan, 0))
    assert stored is not None
    places = (
        StoredPlace(path=("all",), value=stored.parts[""]),
        StoredPlace(path=("part",), value=stored.parts["items.1.name"]),
    )
    assert commands[1:] == [RunAction(1, {"all": None, "part": None}, (), places)]


def test_a_large_part_in_a_text_fails_the_action_and_says_why():
    rule = GraphBuilder().action("a").action("b", x="so {{a.items.1.name}}").start("a").then("a", "b").rule()
    _, commands = after(rule)
    failed = commands[1]
    assert isinstance(failed, Ended)
    assert failed.ending.state is ActionState.FAILED
    assert "config.x: a.items.1.name has 52 bytes, too many to be put into a text" in str(failed.result)


@pytest.mark.parametrize(
    ("type", "config"),
    [
        (
            "evaluate_condition",
            {"conditions": [{"field_name": "n", "operator": "equals", "value": "{{a.items.1.name}}"}]},
        ),
        ("evaluate_condition", {"conditions": [{"field_name": "a.items.1.name", "operator": "is_null"}]}),
        ("delay", {"duration": "{{a.items.1.name}}"}),
    ],
)
def test_a_large_part_in_a_condition_or_delay_fails_the_action(type: str, config: dict[str, Any]):
    rule = GraphBuilder().action("a").action("b", type, **config).start("a").then("a", "b").rule()
    plan = Plan(rule.graph)
    machine = Machine(plan, Case().request(rule).model_copy(update={"case": False}))
    machine.start(NOW)
    failed = machine.succeeded(0, travelling(plan, 0), NOW)[1]
    assert isinstance(failed, Ended)
    assert failed.ending.state is ActionState.FAILED
    assert "has 52 bytes, too many" in str(failed.result)


def test_the_port_of_a_stored_result_is_followed():
    builder = GraphBuilder().action("a").action("b").action("c").start("a")
    _, commands = after(builder.then("a", "b", port="left").then("a", "c", port="right").rule())
    assert [command.at for command in commands if isinstance(command, RunAction)] == [1]


def test_stored_trigger_data_are_read_and_what_is_always_there_stays():
    rule = GraphBuilder().action("a", x="{{note}} {{rule_name}}", y="{{items}}").start("a").rule("named")
    stored = StoredResult.of(travelling(Plan(GraphBuilder().action("z").rule().graph), 0))
    assert stored is not None
    stored = stored.model_copy(update={"values": {"note": "short"}, "parts": {"items": stored.parts[""]}})
    request = Case().request(rule).model_copy(update={"stored_trigger": stored})
    (command,) = Machine(Plan(rule.graph), request).start(NOW)
    assert isinstance(command, RunAction)
    assert command.config == {"x": "short named", "y": None}
    assert command.stored == (StoredPlace(path=("y",), value=stored.parts["items"]),)


def test_a_stored_result_is_kept_as_what_travels_of_it():
    rule = GraphBuilder().action("a").action("b", x="{{a.note}}").start("a").then("a", "b").action("c", x="{{a.note}}")
    plan = Plan(rule.then("b", "c").rule().graph)
    machine = Machine(plan, Case().request(rule.rule()))
    machine.start(NOW)
    machine.succeeded(0, travelling(plan, 0), NOW)
    (kept,) = machine.state.results.values()
    assert (kept.result, kept.stored) == ({}, StoredResult.of(travelling(plan, 0)))


@pytest.mark.parametrize("field", ["status", "ship.to"])
async def test_a_condition_on_a_change_does_not_mind_other_changes_that_are_large(field: str):
    rule = GraphBuilder().condition("held", field, "changed_to", "held").start("held").rule()
    changes: JsonValue = {
        field: {"old_value": "open", "new_value": "held"},
        "note": {"old_value": None, "new_value": "x" * 500},
    }
    request = Case(trigger_data={"field_changes": changes}).request(rule)
    small = await without_large_trigger(request, Values(), ValueLimit(largest=300))
    assert small.stored_trigger is not None
    ended = Machine(Plan(rule.graph), small).start(NOW)[0]
    assert isinstance(ended, Ended)
    assert (ended.result or {}).get("result") is True


def test_results_are_shared_by_all_copies_of_the_state():
    rule = GraphBuilder().action("a").action("b", message="{{a.items}}").start("a").then("a", "b").rule()
    plan = Plan(rule.graph)
    machine = Machine(plan, Case().request(rule))
    machine.start(NOW)
    machine.succeeded(0, RESULT, NOW)
    resumed = Machine(plan, Case().request(rule), machine.state)
    assert resumed.state.results[0].result is RESULT
