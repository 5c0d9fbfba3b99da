"""`ichor simulate` and `ichor run`: the same case, by the interpreter alone and on a real Temporal server."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

type Ichor = Callable[..., Awaitable[CompletedProcess[str]]]
type Write = Callable[..., Path]
type Document = dict[str, Any]

BIG = {"trigger_data": {"total": 5000, "number": "A-7"}}


def chain(length: int, **options: Any) -> Document:
    names = [f"a{number}" for number in range(length)]
    return {
        "name": "chain",
        "trigger": {"event": "manual"},
        "options": options,
        "actions": [{"name": name, "type": "log_audit_entry", "config": {"message": name}} for name in names],
        "edges": [
            {"source": source, "target": target, "type": "sequence" if source else "start"}
            for source, target in zip([None, *names], names, strict=False)
        ],
    }


async def test_simulated(ichor: Ichor, write: Write, rule: Document) -> None:
    told = await ichor("simulate", write("rule.json", rule), "--case", write("case.json", BIG), "--json")
    assert told.returncode == 0
    assert json.loads(told.stdout) == {
        "status": "completed",
        "actions": {
            "check": {
                "state": "completed",
                "config": rule["actions"][0]["config"],
                "result": {"evaluated": True, "result": True, "branch_taken": "true_branch", "output": "true"},
            },
            "hold": {"state": "completed", "config": {"message": "A-7 is held"}, "result": {}},
            "pass": {"state": "skipped"},
        },
        "order": ["check", "hold"],
    }


ASKING: Document = {
    "name": "Ask",
    "trigger": {"event": "manual"},
    "actions": [
        {"name": "ask", "type": "seek_approval", "config": {"approvers": ["b0000000-0000-0000-0000-000000000001"]}},
        {"name": "hold", "type": "log_audit_entry", "config": {"message": "held"}},
    ],
    "edges": [
        {"source": None, "target": "ask", "type": "start"},
        {"source": "ask", "target": "hold", "type": "sequence", "source_output": "approved"},
    ],
}


@pytest.mark.parametrize(("command", "where"), [("simulate", ("--json",)), ("simulate", ()), ("run", ("--json",))])
async def test_a_question_that_the_case_never_answers_is_told(
    ichor: Ichor, write: Write, command: str, where: tuple[str, ...]
) -> None:
    told = await ichor(command, write("rule.json", ASKING), *where)
    assert told.returncode == 0
    answer = '{"results": {"ask": {"result": {"output": "approved"}}}}'
    assert "ask asks, and this case never answers" in told.stderr
    assert f"like {answer}; its ports are approved, rejected, timed_out, failure." in told.stderr
    answered = await ichor(
        command, write("rule.json", ASKING), "--case", write("case.json", json.loads(answer)), *where
    )
    assert "never answers" not in answered.stderr


@pytest.mark.parametrize(("total", "told"), [(5, True), (5000, False)])
async def test_a_case_that_would_start_no_run_is_told(ichor: Ichor, write: Write, total: int, told: bool) -> None:
    condition = {"field_name": "total", "operator": "greater_than", "value": 1000}
    trigger = {"entity": "orders", "event": "on_create", "conditions": [condition]}
    case = write("case.json", {"trigger_data": {"total": total}, "results": {"ask": {"error": "no"}}})
    ran = await ichor("simulate", write("rule.json", ASKING | {"trigger": trigger}), "--case", case)
    assert ran.returncode == 0
    why = "would not start the rule: its trigger's conditions.0 does not hold: total greater_than 1000."
    assert (why in ran.stderr) is told


@pytest.mark.parametrize("command", ["simulate", "run"])
async def test_a_port_that_the_type_does_not_declare_is_told(ichor: Ichor, write: Write, command: str) -> None:
    case = write(
        "case.json", {"results": {"ask": {"result": {"output": "aproved"}}, "hold": {"result": {"text": "ok"}}}}
    )
    told = await ichor(command, write("rule.json", ASKING), "--case", case)
    assert told.returncode == 0
    assert "ask left by the port 'aproved', which seek_approval does not declare" in told.stderr
    assert "it declares approved, rejected, timed_out, failure." in told.stderr
    assert "hold left" not in told.stderr


async def test_any_port_of_a_reply_is_right(ichor: Ichor, write: Write) -> None:
    ask = {"name": "ask", "type": "request_reply", "config": {"routing_key": "manager"}}
    rule = write("rule.json", {**ASKING, "actions": [ask, ASKING["actions"][1]]})
    case = write("case.json", {"results": {"ask": {"result": {"output": "approved"}}}})
    told = await ichor("simulate", rule, "--case", case)
    assert (told.returncode, "port" in told.stderr) == (0, False)
    assert "undeclared_port" not in (await ichor("validate", rule, "--json")).stdout


async def test_failed_run_exits_0(ichor: Ichor, write: Write, rule: Document) -> None:
    case = {**BIG, "results": {"hold": {"error": "no"}}}
    told = await ichor("simulate", write("rule.json", rule), "--case", write("case.json", case), "--json")
    document = json.loads(told.stdout)
    assert (told.returncode, document["status"]) == (0, "failed")
    assert document["actions"]["hold"]["result"] == {
        "error": {"message": "no", "type": "ActionError", "retryable": False},
        "output": "failure",
    }


async def test_people_see_a_table(ichor: Ichor, write: Write, rule: Document) -> None:
    told = await ichor("simulate", write("rule.json", rule), "--case", write("case.json", BIG))
    assert "hold" in told.stdout
    assert "The run ended completed." in told.stdout


async def test_case_is_optional_and_may_stand_beside_the_rule(ichor: Ichor, write: Write, rule: Document) -> None:
    write("rules/rule.json", rule)
    beside = write("beside.json", {"name": "x", "file": "rules/rule.json", "case": BIG})
    inside = write("inside.json", {"name": "x", "graph": rule, "case": BIG})
    bare = await ichor("simulate", write("rule.json", rule), "--json")
    assert json.loads(bare.stdout)["actions"]["pass"]["state"] == "completed"
    for file in (beside, inside):
        told = await ichor("simulate", file, "--json")
        assert json.loads(told.stdout)["actions"]["hold"]["state"] == "completed"
    given = await ichor("simulate", inside, "--case", write("other.json", {"trigger_data": {"total": 1}}), "--json")
    assert json.loads(given.stdout)["actions"]["pass"]["state"] == "completed"
    lent = await ichor("simulate", write("rule.json", rule), "--case", inside, "--json")
    assert json.loads(lent.stdout)["actions"]["hold"]["state"] == "completed"


@pytest.mark.parametrize(
    "case",
    [
        [],
        "text",
        {"resultz": {}},
        {"results": {"nobody": {"result": {}}}},
        {"results": {"hold": {}}},
        {"results": {"hold": {"result": {}, "error": "x"}}},
        {"results": {"hold": {"result": 1}}},
        {"now": "yesterday"},
        {"event": {"timestamp": "yesterday"}},
        b"{",
    ],
    ids=str,
)
@pytest.mark.parametrize("command", ["simulate", "run"])
async def test_case_that_cannot_be_used(ichor: Ichor, write: Write, rule: Document, command: str, case: object) -> None:
    told = await ichor(command, write("rule.json", rule), "--case", write("case.json", case), "--json")
    error = json.loads(told.stdout)["error"]
    assert (told.returncode, error["code"]) == (2, "invalid_case")


@pytest.mark.usefixtures("temporal")
async def test_run_prints_the_same(ichor: Ichor, write: Write, rule: Document) -> None:
    rule["actions"] += [
        {"name": "wait", "type": "delay", "config": {"duration": "30d"}},
        {"name": "mail", "type": "send_email", "config": {"recipients": ["{{to}}"], "subject": "{{hold.no}}"}},
        {"name": "clock", "type": "log_audit_entry", "config": {"message": "{{$now}} {{execution_id}} {{$me}}"}},
    ]
    rule["edges"] += [
        {"source": "hold", "target": "wait", "type": "sequence", "order": 4},
        {"source": "wait", "target": "mail", "type": "sequence", "order": 5},
        {"source": "mail", "target": "clock", "type": "always", "order": 6},
    ]
    case = {"trigger_data": {"total": 5000, "to": None}, "results": {"hold": {"result": {"no": 7.0, "output": "x"}}}}
    file, case_file = write("rule.json", rule), write("case.json", case)
    ran, simulated = [await ichor(name, file, "--case", case_file, "--json") for name in ("run", "simulate")]
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == simulated.stdout
    assert ran.stderr == simulated.stderr


@pytest.mark.usefixtures("temporal")
async def test_time_limits_mean_nothing_in_a_case(ichor: Ichor, write: Write) -> None:
    rule = chain(30, deadline="1ms")
    for action in rule["actions"]:
        action["options"] = {"timeout": "1ms", "deadline": "1ms", "max_attempts": 1}
    file = write("rule.json", rule)
    ran, simulated = [await ichor(name, file, "--json") for name in ("run", "simulate")]
    assert json.loads(ran.stdout)["status"] == "completed"
    assert ran.stdout == simulated.stdout


@pytest.mark.usefixtures("temporal")
async def test_continued_as_new(ichor: Ichor, write: Write) -> None:
    file = write("rule.json", chain(12, max_in_flight=1))
    ran = await ichor("run", file, "--json", "--events-per-run", 20)
    assert ran.stdout == (await ichor("simulate", file, "--json")).stdout


@pytest.mark.usefixtures("temporal")
async def test_a_thousand_actions(ichor: Ichor, write: Write) -> None:
    rule = chain(1)
    rule["actions"] += [
        {"name": f"b{number}", "type": "log_audit_entry", "config": {"message": "{{a0.value}}"}}
        for number in range(999)
    ]
    rule["edges"] += [{"source": "a0", "target": f"b{number}", "type": "parallel"} for number in range(999)]
    file = write("rule.json", {"graph": rule, "case": {"results": {"a0": {"result": {"value": 1}}}}})
    ran, simulated = [json.loads((await ichor(name, file, "--json")).stdout) for name in ("run", "simulate")]
    assert ran["actions"] == simulated["actions"]
    assert sorted(ran["order"]) == sorted(simulated["order"])


async def test_own_development_server(ichor: Ichor, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ICHOR_TEMPORAL_ADDRESS", raising=False)
    file = write("rule.json", chain(2))
    ran = await ichor("run", file, "--json")
    assert (ran.returncode, ran.stdout) == (0, (await ichor("simulate", file, "--json")).stdout)


async def test_server_that_is_not_there(ichor: Ichor, write: Write) -> None:
    told = await ichor("run", write("rule.json", chain(1)), "--address", "127.0.0.1:1", "--json")
    error = json.loads(told.stdout)["error"]
    assert (told.returncode, error["code"]) == (3, "temporal_unreachable")
    assert "127.0.0.1:1" in error["message"]
    assert error["mend"].endswith("in --address.")
    wrong = await ichor("run", write("rule.json", chain(1)), "--address", "nonsense", "--json")
    assert (wrong.returncode, json.loads(wrong.stdout)["error"]["code"]) == (2, "usage")
