"""Every kind of graph that is refused when it is saved (semantics.md): its code, its place, and what to do."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

type Ichor = Callable[..., Awaitable[CompletedProcess[str]]]
type Write = Callable[..., Path]
type Document = dict[str, Any]
type Change = Callable[[Document], object]


def edge(source: str | None, target: str, type: str = "sequence", **more: Any) -> Document:
    return {"source": source, "target": target, "type": type, **more}


def action(name: str, type: str = "log_audit_entry", **config: Any) -> Document:
    return {"name": name, "type": type, "config": config or {"message": name}}


def with_edge(*edges: Document) -> Change:
    return lambda rule: rule["edges"].extend(edges)


def with_action(*actions: Document) -> Change:
    def change(rule: Document) -> None:
        rule["actions"].extend(actions)
        rule["edges"].extend(edge("hold", item["name"]) for item in actions)

    return change


def with_message(text: str) -> Change:
    return lambda rule: rule["actions"][1]["config"].update(message=text)


REFUSED: dict[str, tuple[Change, str, str, str]] = {
    "no actions": (lambda rule: rule.update(actions=[], edges=[]), "no_actions", "actions", "add"),
    "no start edge": (lambda rule: rule["edges"].pop(0), "no_start", "edges", "add"),
    "a start edge with a source": (
        with_edge(edge("check", "hold", "start")),
        "start_with_source",
        "edges[3] (check -> hold)",
        "set source to null",
    ),
    "an edge without a source": (
        with_edge(edge(None, "hold")),
        "edge_without_source",
        "edges[3] (start -> hold)",
        "name the action it leaves",
    ),
    "an edge to an unknown action": (
        with_edge(edge("hold", "nobody")),
        "unknown_action",
        "edges[3] (hold -> nobody)",
        "'nobody'",
    ),
    "an edge from an unknown action": (
        with_edge(edge("nobody", "hold")),
        "unknown_action",
        "edges[3] (nobody -> hold)",
        "'nobody'",
    ),
    "two equal edges": (
        with_edge(edge("check", "hold", "true_branch", order=9)),
        "duplicate_edge",
        "edges[3] (check -> hold)",
        "edges[1]",
    ),
    "a cycle": (with_edge(edge("hold", "check")), "cycle", "edges", " -> "),
    "an unreachable action": (
        lambda rule: rule["actions"].append(action("alone")),
        "unreachable_action",
        "actions.alone",
        "connect it",
    ),
    "two actions of one name": (with_action(action("hold")), "duplicate_name", "actions.hold.name", "rename"),
    "two actions of one slug": (with_action(action("Hold!")), "duplicate_slug", "actions.Hold!.name", "rename"),
    "an action whose slug is trigger": (
        with_action(action("Trigger")),
        "reserved_name",
        "actions.Trigger.name",
        "rename",
    ),
    "an unknown action type": (
        with_action(action("sing", "sing_song")),
        "unknown_action_type",
        "actions.sing.type",
        "log_audit_entry",
    ),
    "an unknown edge type": (
        with_edge(edge("hold", "pass", "sometimes")),
        "unknown_edge_type",
        "edges[3].type",
        "true_branch",
    ),
    "a branch that leaves no condition": (
        with_edge(edge("hold", "pass", "true_branch")),
        "branch_without_condition",
        "edges[3] (hold -> pass)",
        "evaluate_condition",
    ),
    "a source output where none may be": (
        with_edge(edge("check", "hold", "always", source_output="true")),
        "port_not_allowed",
        "edges[3] (check -> hold)",
        "remove it",
    ),
    "a config with an unknown key": (
        with_action(action("note", message="x", colour="red")),
        "invalid_config",
        "actions.note.config.colour",
        "remove it",
    ),
    "a config without a key": (
        with_action(action("mail", "send_email", subject="x")),
        "invalid_config",
        "actions.mail.config.recipients",
        "add it",
    ),
    "a condition without conditions": (
        with_action(action("empty", "evaluate_condition", conditions=[])),
        "invalid_config",
        "actions.empty.config.conditions",
        "",
    ),
    "an unknown operator": (
        with_action(action("odd", "evaluate_condition", conditions=[{"field_name": "a", "operator": "is_nice"}])),
        "invalid_config",
        "actions.odd.config.conditions.0.operator",
        "",
    ),
    "an unknown filter": (with_message("{{ number | shout }}"), "unknown_filter", "actions.hold.config.message", ""),
    "malformed braces": (with_message("{{ number"), "malformed_template", "actions.hold.config.message", ""),
    "a broken expression": (with_message("{{ expr: 1 + }}"), "invalid_expression", "actions.hold.config.message", ""),
    "a reference to what is not upstream": (
        with_message("{{pass.output}}"),
        "not_upstream",
        "actions.hold.config.message",
        "add a way",
    ),
    "an unknown key": (lambda rule: rule.update(colour="red"), "unknown_key", "colour", "remove it"),
    "no name": (lambda rule: rule.pop("name"), "missing_key", "name", "add it"),
}


@pytest.mark.parametrize(("change", "code", "where", "mend"), REFUSED.values(), ids=REFUSED)
async def test_refused(
    ichor: Ichor, write: Write, rule: Document, change: Change, code: str, where: str, mend: str
) -> None:
    change(rule)
    told = await ichor("validate", write("rule.json", rule), "--json")
    document = json.loads(told.stdout)
    assert told.returncode == 1
    assert document["valid"] is False
    assert (code, where) in [(problem["code"], problem["where"]) for problem in document["problems"]]
    message = next(problem["message"] for problem in document["problems"] if problem["code"] == code)
    assert mend in message
    assert message.endswith(".")


async def test_everything_is_told_at_once(ichor: Ichor, write: Write, rule: Document) -> None:
    for change in (with_edge(edge("hold", "nobody")), with_action(action("sing", "sing_song")), with_message("{{")):
        change(rule)
    told = await ichor("validate", write("rule.json", rule), "--json")
    codes = {problem["code"] for problem in json.loads(told.stdout)["problems"]}
    assert codes == {"unknown_action", "unknown_action_type", "malformed_template"}


@pytest.mark.parametrize("command", ["simulate", "run", "show"])
async def test_other_commands_refuse_the_same(ichor: Ichor, write: Write, rule: Document, command: str) -> None:
    with_edge(edge("hold", "check"))(rule)
    file = write("rule.json", rule)
    told, validated = await ichor(command, file, "--json"), await ichor("validate", file, "--json")
    assert (told.returncode, told.stdout) == (1, validated.stdout)


WARNED: dict[str, tuple[Change, str]] = {
    "an undeclared port": (with_edge(edge("hold", "pass", source_output="odd")), "undeclared_port"),
    "a join behind a failure edge": (
        with_edge(edge("hold", "pass"), edge("hold", "check2", source_output="failure")),
        "failure_join",
    ),
    "a template on what may be skipped": (
        lambda rule: (
            with_action(action("after"))(rule)
            or rule["actions"][-1].update(config={"message": "{{hold.x}}"})
            or rule["edges"].append(edge("pass", "after"))
        ),
        "may_be_skipped",
    ),
}


@pytest.mark.parametrize(("change", "code"), WARNED.values(), ids=WARNED)
async def test_warned(ichor: Ichor, write: Write, rule: Document, change: Change, code: str) -> None:
    rule["actions"].append(action("check2"))
    rule["edges"].append(edge(None, "check2", "start"))
    change(rule)
    told = await ichor("validate", write("rule.json", rule), "--json")
    document = json.loads(told.stdout)
    assert told.returncode == 0, document
    assert code in [warning["code"] for warning in document["warnings"]]
