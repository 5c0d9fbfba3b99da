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
from ichor_edgestore import EdgeStore, PinnedRun, connected
from ichor_models import ActionCall, ActionError, EntityEvent, RunStatus, ValueLimit, size_of
from ichor_service.settings import SMALLEST_LIMIT
from ichor_testing import Database, until
from pydantic import JsonValue

type Ichor = Callable[..., Awaitable[CompletedProcess[str]]]
type Write = Callable[..., Path]
type Document = dict[str, Any]


async def pin(ichor: Ichor, rule: Path, store: EdgeStore, **event: JsonValue) -> PinnedRun:
    """Apply a rule, and return a run of it that nobody has started."""
    saved = json.loads((await ichor("apply", rule, "--json")).stdout)["rules"][0]
    document = {"event_id": "e", "event_type": "on_create", "entity_name": "orders", **event}
    return await store.pin_run(saved["rule_id"], EntityEvent.model_validate(document))


@pytest.fixture
async def store(database: Database) -> AsyncGenerator[EdgeStore]:
    async with connected(database.url, max_size=1) as pool:
        yield EdgeStore(pool)


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

    event = ("--entity", "orders", "--id", "17", "--user", "ada", "--set", "total=5000", "--set", "number=A-7")
    good = await ichor("fire", *event, "--wait", "--json")
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
    assert f"event {run['event_id']}: on_create of orders 17 by user ada" in shown.stdout
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
    for command in ("show", "rerun", "cancel"):
        told = await ichor("runs", command, "nope", "--json")
        assert (told.returncode, json.loads(told.stdout)["error"]["code"]) == (3, "run_not_found")
    misplaced = await ichor("runs", "--json", "show", "nope")
    assert (misplaced.returncode, json.loads(misplaced.stdout)["error"]["code"]) == (2, "usage")


@pytest.mark.usefixtures("engine")
async def test_run_that_waits_for_people(ichor: Ichor, write: Write, rule: Document) -> None:
    user, other = (f"b0000000-0000-0000-0000-00000000000{number}" for number in (1, 2))
    rule["actions"][1] |= {"type": "seek_approval", "config": {"approvers": [user, other], "approval_type": "all"}}
    assert (await ichor("apply", write("rule.json", rule))).returncode == 0
    said: list[Document] = []

    async def waits() -> bool:
        event = ("--entity", "orders", "--event-id", "e", "--set", "total=5000")
        told = await ichor("fire", *event, "--wait", "--timeout", "1s", "--json")
        said[:] = [json.loads(told.stdout)["error"]]
        return told.returncode == 3 and "waits for approval" in said[0]["message"]

    await until(waits, "the approval", seconds=60)
    (run,) = json.loads((await ichor("runs", "--json")).stdout)["runs"]
    shown = await ichor("runs", "show", run["execution_id"], "--json")
    (awaited,) = json.loads(shown.stdout)["awaits"]
    assert said[0]["mend"].startswith(f"`ichor approve {awaited['id']} --as {user}` answers")
    (told,) = said[0]["runs"][0]["waits"]
    assert told.startswith(f"waits for approval {awaited['id']}: 2 of user {user}, user {other}, until ")
    assert awaited["question"]["approval"]["approvers"]["users"] == [user, other]
    await ichor("approve", awaited["id"], "--as", user, "--reason", "fine")
    seen = (await ichor("runs", "show", run["execution_id"])).stdout
    assert f"waits for approval {awaited['id']}: 2 of user {user}, user {other}, until" in seen
    assert f"{user}: yes, fine" in seen
    assert f"still asked: user {other}" in seen


@pytest.mark.usefixtures("temporal")
async def test_run_that_waits(ichor: Ichor, write: Write, rule: Document, store: EdgeStore) -> None:
    pinned = await pin(ichor, write("rule.json", rule), store)
    await store.run_started(pinned.execution_id)
    shown = await ichor("runs", "show", pinned.execution_id)
    assert "Order approval  running" in shown.stdout
    assert "  └─true─▶ hold" in shown.stdout
    assert "skipped: true_branch from check, which completed with false_branch" in shown.stdout
    told = await ichor("runs", "rerun", pinned.execution_id, "--wait", "--timeout", "100ms", "--json")
    assert (told.returncode, json.loads(told.stdout)["error"]["code"]) == (3, "not_ended")


@pytest.mark.usefixtures("temporal")
async def test_a_failed_attempt_of_a_run_under_way_may_not_be_the_last(
    ichor: Ichor, write: Write, rule: Document, store: EdgeStore
) -> None:
    pinned = await pin(ichor, write("rule.json", rule), store)
    await store.run_started(pinned.execution_id)
    (name, key, type_) = next((a.name, a.key, a.type) for a in pinned.request.graph.actions if a.name == "pass")
    call = ActionCall(run=pinned.request.run, key=key, name=name, type=type_, config={})
    await store.journal.started(call)
    await store.journal.failed(call, ActionError("busy", type="busy", retryable=True))
    assert "may be tried again" in (await ichor("runs", "show", pinned.execution_id)).stdout
    await store.journal.failed(call, ActionError("no", type="no"))
    assert "may be tried again" not in (await ichor("runs", "show", pinned.execution_id)).stdout


@pytest.mark.usefixtures("engine")
async def test_runs_are_cancelled(ichor: Ichor, write: Write, rule: Document, database: Database) -> None:
    rule["actions"].append({"name": "wait", "type": "delay", "config": {"duration": "1h"}})
    rule["actions"].append({"name": "tidy", "type": "log_audit_entry", "config": {"message": "tidied"}})
    rule["edges"].append({"source": None, "target": "wait", "type": "start"})
    rule["edges"].append({"source": "wait", "target": "tidy", "type": "always"})
    assert (await ichor("apply", write("rule.json", rule))).returncode == 0
    fired = [await ichor("fire", "--entity", "orders", "--set", f"number={n}", "--json") for n in ("A-1", "A-2")]
    assert [told.returncode for told in fired] == [0, 0]
    async with connected(database.url, max_size=1) as pool:

        async def both_wait() -> bool:
            runs = await EdgeStore(pool).list_runs()
            return [run.status for run in runs] == [RunStatus.RUNNING] * 2

        await until(both_wait, "both runs are under way")
    ids = [run["execution_id"] for run in json.loads((await ichor("runs", "--json")).stdout)["runs"]]
    assert "waits in wait until " in (await ichor("runs", "show", ids[0])).stdout
    assert list(json.loads((await ichor("runs", "show", ids[0], "--json")).stdout)["delays"]) == ["wait"]
    told = await ichor("runs", "cancel", *ids, "--reason", "a test", "--as", "ada", "--wait", "--json")
    assert (told.returncode, [run["status"] for run in json.loads(told.stdout)["runs"]]) == (0, ["cancelled"] * 2)
    shown = await ichor("runs", "show", ids[0])
    assert " by ada: a test" in shown.stdout
    assert "wait  delay  cancelled" in shown.stdout
    assert "tidy  log_audit_entry  completed" in shown.stdout
    late = await ichor("runs", "cancel", ids[0], "--json")
    assert (late.returncode, json.loads(late.stdout)["error"]["code"]) == (1, "run_ended")


@pytest.mark.usefixtures("temporal")
async def test_what_cannot_be_cancelled_keeps_no_other_run(
    ichor: Ichor, write: Write, rule: Document, store: EdgeStore
) -> None:
    pinned = await pin(ichor, write("rule.json", rule), store)
    told = await ichor("runs", "cancel", "nope", pinned.execution_id, "--json")
    error = json.loads(told.stdout)["error"]
    assert (told.returncode, error["code"]) == (3, "run_not_found")
    assert [run["execution_id"] for run in error["runs"]] == [pinned.execution_id]
    again = await ichor("runs", "cancel", "nope", pinned.execution_id)
    assert (again.returncode, f"{pinned.execution_id} is pending, and asked to stop." in again.stderr) == (3, True)
    late = await ichor("runs", "cancel", pinned.execution_id, "nope", "--wait", "--timeout", "10ms")
    assert late.returncode == 3
    assert "There is no run with the id nope." in late.stderr
    assert "1 of 1 runs did not end" in late.stderr


@pytest.mark.usefixtures("temporal")
async def test_nothing_readable_is_sent_where_others_encrypt(
    ichor: Ichor, write: Write, rule: Document, store: EdgeStore
) -> None:
    pinned = await pin(ichor, write("rule.json", rule), store)
    await store.note_encryption_key("k1", ["k1"])
    told = await ichor("runs", "rerun", pinned.execution_id, "--json")
    error = json.loads(told.stdout)["error"]
    assert (told.returncode, error["code"]) == (3, "unavailable")
    assert "'k1', and ICHOR_ENCRYPTION_KEYS is not set" in error["message"]


@pytest.mark.usefixtures("temporal")
async def test_nothing_is_repeated_by_a_temporal_that_does_not_carry_the_runs(
    ichor: Ichor, write: Write, rule: Document, store: EdgeStore
) -> None:
    pinned = await pin(ichor, write("rule.json", rule), store)
    await store.home_namespace("another")
    told = await ichor("runs", "rerun", pinned.execution_id, "--json")
    assert (told.returncode, json.loads(told.stdout)["error"]["code"]) == (3, "foreign_namespace")
    assert len(await store.list_runs()) == 1


@pytest.mark.usefixtures("temporal")
async def test_trigger_data_that_cannot_be_kept_say_so(
    ichor: Ichor, write: Write, rule: Document, store: EdgeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    row: dict[str, JsonValue] = {f"key {number}": number for number in range(2000)}
    pinned = await pin(ichor, write("rule.json", rule), store, raw_data=row)
    monkeypatch.setenv("ICHOR_PAYLOADS", "cut")
    monkeypatch.setenv("ICHOR_PAYLOAD_LIMIT", str(SMALLEST_LIMIT))
    told = await ichor("runs", "rerun", pinned.execution_id, "--json")
    error = json.loads(told.stdout)["error"]
    assert (told.returncode, error["code"]) == (1, "too_large")
    assert "cannot be kept: The result has" in error["message"]


@pytest.mark.usefixtures("temporal")
async def test_a_large_result_is_shown_small_and_printed_whole(
    ichor: Ichor, write: Write, rule: Document, store: EdgeStore
) -> None:
    run = (await pin(ichor, write("rule.json", rule), store)).request.run
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
    await store.values.forget(run.execution_id)
    told = await ichor("runs", "result", run.execution_id, "hold", "--json")
    assert (told.returncode, json.loads(told.stdout)["error"]["code"]) == (3, "value_gone")
