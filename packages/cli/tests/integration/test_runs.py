"""`ichor runs`: runs listed, shown and run again, beside a real worker and trigger."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from ichor_cli.dev_stack import TRIGGER, WORKER
from ichor_cli.service_process import start_service
from ichor_edgestore import EdgeStore, connected
from ichor_models import ActionCall, EntityEvent, ValueLimit, size_of
from ichor_testing import Database
from pydantic import JsonValue

type Ichor = Callable[..., Awaitable[CompletedProcess[str]]]
type Write = Callable[..., Path]
type Document = dict[str, Any]


@pytest.fixture
async def engine(database: object, broker: object, temporal: object) -> AsyncGenerator[None]:
    """A worker and a trigger."""
    async with AsyncExitStack() as stack:
        for module in (WORKER, TRIGGER):
            service = await start_service(module, {})
            stack.push_async_callback(service.stop)
            await service.ready()
        yield


@pytest.mark.usefixtures("engine")
async def test_run_from_fire_to_rerun(ichor: Ichor, write: Write, rule: Document) -> None:
    rule["actions"][2]["config"] = {"message": "x", "metadata": "{{number}}"}
    saved = await ichor("apply", write("rule.json", rule))
    assert saved.returncode == 0, saved.stdout

    good = await ichor("fire", "--entity", "orders", "--set", "total=5000", "--set", "number=A-7", "--wait", "--json")
    (run,) = json.loads(good.stdout)["runs"]
    assert (good.returncode, run["status"]) == (0, "completed")
    bad = await ichor("fire", "--entity", "orders", "--set", "total=1", "--set", "number=A-8", "--wait")
    assert bad.returncode == 1
    assert "failed" in bad.stdout

    listed = json.loads((await ichor("runs", "--json")).stdout)["runs"]
    assert [item["status"] for item in listed] == ["failed", "completed"]
    failed = json.loads((await ichor("runs", "--status", "failed", "--since", "1h", "--json")).stdout)["runs"]
    assert [item["execution_id"] for item in failed] == [listed[0]["execution_id"]]
    by_rule = await ichor("runs", "--rule", "Order approval", "--limit", "1")
    assert listed[0]["execution_id"] in by_rule.stdout
    assert listed[1]["execution_id"] not in by_rule.stdout

    shown = await ichor("runs", "show", run["execution_id"])
    assert "hold  log_audit_entry  completed" in shown.stdout
    assert "skipped: false_branch from check, which completed with true_branch" in shown.stdout
    by_workflow = json.loads((await ichor("runs", "show", run["workflow_id"], "--json")).stdout)
    assert by_workflow["execution_id"] == run["execution_id"]
    assert {action["name"]: action["state"] for action in by_workflow["actions"]}["pass"] == "skipped"

    again = await ichor("runs", "rerun", run["execution_id"], "--wait", "--json")
    document = json.loads(again.stdout)
    assert (again.returncode, document["status"]) == (0, "completed")
    assert document["workflow_id"] == f"{run['workflow_id']}.1"
    failing = await ichor("runs", "rerun", listed[0]["execution_id"], "--wait")
    assert failing.returncode == 1


@pytest.mark.usefixtures("temporal")
async def test_runs_that_are_not_there(ichor: Ichor, database: object) -> None:
    assert json.loads((await ichor("runs", "--json")).stdout) == {"runs": []}
    assert "There are no such runs." in (await ichor("runs")).stdout
    for command in ("show", "rerun"):
        told = await ichor("runs", command, "nope", "--json")
        assert (told.returncode, json.loads(told.stdout)["error"]["code"]) == (3, "run_not_found")
    misplaced = await ichor("runs", "--json", "show", "nope")
    assert (misplaced.returncode, json.loads(misplaced.stdout)["error"]["code"]) == (2, "usage")


@pytest.mark.usefixtures("temporal")
async def test_run_that_waits(ichor: Ichor, write: Write, rule: Document, database: Database) -> None:
    saved = json.loads((await ichor("apply", write("rule.json", rule), "--json")).stdout)["rules"][0]
    event = EntityEvent.model_validate({"event_id": "e", "event_type": "on_create", "entity_name": "orders"})
    async with connected(database.url, max_size=1) as pool:
        pinned = await EdgeStore(pool).pin_run(saved["rule_id"], event)
        await EdgeStore(pool).run_started(pinned.execution_id)
    shown = await ichor("runs", "show", pinned.execution_id)
    assert "Order approval  running" in shown.stdout
    assert "  └─true─▶ hold" in shown.stdout
    told = await ichor("runs", "rerun", pinned.execution_id, "--wait", "--timeout", "100ms", "--json")
    assert (told.returncode, json.loads(told.stdout)["error"]["code"]) == (3, "not_ended")


@pytest.mark.usefixtures("temporal")
async def test_a_large_result_is_shown_small_and_printed_whole(
    ichor: Ichor, write: Write, rule: Document, database: Database
) -> None:
    saved = json.loads((await ichor("apply", write("rule.json", rule), "--json")).stdout)["rules"][0]
    event = EntityEvent.model_validate({"event_id": "e", "event_type": "on_create", "entity_name": "orders"})
    async with connected(database.url, max_size=1) as pool:
        store = EdgeStore(pool)
        run = (await store.pin_run(saved["rule_id"], event)).request.run
        call = ActionCall(run=run, key="k", name="hold", type="log_audit_entry", config={})
        whole: dict[str, JsonValue] = {"output": "success", "text": "é" * 1_000_000}
        await store.journal.completed(call, *ValueLimit().fit(whole))
        await store.run_started(run.execution_id)
    shown = await ichor("runs", "show", run.execution_id)
    assert f"stored, {size_of(whole)} bytes" in shown.stdout
    printed = await ichor("runs", "result", run.execution_id, "hold")
    assert (printed.returncode, json.loads(printed.stdout)) == (0, whole)
    for unknown, code in (((run.execution_id, "nobody"), "result_not_found"), (("nope", "hold"), "run_not_found")):
        told = await ichor("runs", "result", *unknown, "--json")
        assert (told.returncode, json.loads(told.stdout)["error"]["code"]) == (3, code)
    async with connected(database.url, max_size=1) as pool:
        await EdgeStore(pool).values.forget(run.execution_id)
    told = await ichor("runs", "result", run.execution_id, "hold", "--json")
    assert (told.returncode, "is not in the database" in told.stdout) == (3, True)
