"""Runs whose payloads Temporal cannot read, on a real server, while keys are missing or rotated."""

import re
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from ichor_executor.temporal import REPLY, EncryptionKeys, ExecuteGraphWorkflow
from ichor_models import Asked, Case, Reply, ReplyNotice, Rule, RunStatus
from ichor_testing import isolated_task_queue, until
from ichor_testing.fake_handlers import FakeHandlers
from ichor_testing.graph_builder import GraphBuilder
from ichor_testing.replay import replay_histories, save_history
from ichor_testing.temporal import TemporalServer
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from .conftest import Bench, worker

OLD, NEW = (f"{name}:{b64encode(name.encode().ljust(32)).decode()}" for name in ("old", "new"))
SECRET = "the secret"
IN_A_MINUTE = Asked.model_validate({"until": 4_000_000_000.0, "pause": 1})
FAILED = "workflow_task_failed_event_attributes"
RUNNER = UnsandboxedWorkflowRunner()

type Connect = Callable[[str], Awaitable[Client]]


@pytest.fixture
def connect(shared_temporal: TemporalServer) -> Connect:
    """Connect with the keys of a text."""

    async def client(text: str) -> Client:
        return await shared_temporal.connect(keys=EncryptionKeys.parse(text) if text else None)

    return client


def rule_of_secrets() -> Rule:
    return (
        GraphBuilder()
        .action("tell", message=f"{SECRET} {{{{status}}}}")
        .action("fail", message="{{tell.answer}}")
        .start("tell")
        .then("tell", "fail")
        .rule(f"{SECRET} rule")
    )


CASE = Case.model_validate(
    {
        "trigger_data": {"status": f"{SECRET} datum"},
        "results": {
            "tell": {"result": {"answer": f"{SECRET} result"}},
            "fail": {"error": f"{SECRET} error"},
        },
    }
)


async def keys_of(handle: WorkflowHandle[object, object]) -> set[str]:
    """Return the ids of the keys that a history was encrypted with."""
    text = (await handle.fetch_history()).to_json()
    used = re.findall(r'"encryption-key-id": ?"([^"]*)"', text)
    return {b64decode(name).decode() for name in used}


async def test_temporal_sees_neither_values_nor_texts(connect: Connect, tmp_path: Path) -> None:
    client = await connect(OLD)
    handlers = FakeHandlers(CASE)
    async with worker(client, handlers, RUNNER) as bench:
        handle = await bench.start(rule_of_secrets(), CASE)
        record = await bench.record(handle)
        description = await handle.describe()
    assert (record.status, SECRET in (record.error or "")) == (RunStatus.FAILED, True)
    assert handlers.configs["fail"] == {"message": f"{SECRET} result"}
    kept = [event.SerializeToString() async for event in handle.fetch_history_events()]
    kept.append(description.raw_description.SerializeToString())
    assert [data for data in kept if SECRET.encode() in data] == []
    await save_history(handle, tmp_path / "encrypted.json")
    assert await replay_histories(tmp_path, ExecuteGraphWorkflow, keys=EncryptionKeys.parse(OLD)) == {"encrypted": None}
    failure = (await replay_histories(tmp_path, ExecuteGraphWorkflow))["encrypted"]
    assert "encrypted with the key 'old', and ICHOR_ENCRYPTION_KEYS is not set" in str(failure)


@pytest.mark.parametrize("later", [f"{NEW},{OLD}", f"none,{OLD}"], ids=["rotated", "switched off"])
async def test_keys_change_while_a_run_is_under_way(connect: Connect, tmp_path: Path, later: str) -> None:
    handlers = FakeHandlers(CASE)
    handlers.asks["tell"] = IN_A_MINUTE
    async with worker(await connect(OLD), handlers, RUNNER) as bench:
        handle = await bench.start(rule_of_secrets(), CASE)
        await until(lambda: _asked(handlers), "the question")
    client = await connect(later)
    async with worker(client, handlers, RUNNER, bench.task_queue) as bench:
        notice = ReplyNotice(
            action_key=handlers.calls[0].key, ask=1, reply=Reply(result={"answer": f"{SECRET} result"})
        )
        await client.get_workflow_handle(handle.id).signal(REPLY, notice)
        await bench.record(client.get_workflow_handle(handle.id))
    assert handlers.configs["fail"] == {"message": f"{SECRET} result"}
    assert await keys_of(handle) == ({"old", "new"} if NEW in later else {"old"})
    await save_history(handle, tmp_path / "rotated.json")
    assert await replay_histories(tmp_path, ExecuteGraphWorkflow, keys=EncryptionKeys.parse(later)) == {"rotated": None}
    failure = (await replay_histories(tmp_path, ExecuteGraphWorkflow, keys=EncryptionKeys.parse(NEW)))["rotated"]
    assert "encrypted with the key 'old', which is not among those" in str(failure)


async def test_a_run_waits_for_a_worker_that_has_its_key(connect: Connect) -> None:
    client, handlers = await connect(NEW), FakeHandlers(CASE)
    async with worker(await connect(OLD), handlers, RUNNER) as bench:
        bench.client = client
        handle = await bench.start(rule_of_secrets(), CASE)
        await until(lambda: _task_failed(handle), "the failure of a workflow task")
    async with worker(client, handlers, RUNNER, bench.task_queue) as bench:
        assert SECRET in ((await bench.record(handle)).error or "")


async def test_an_action_waits_for_a_worker_that_has_its_key(connect: Connect) -> None:
    client, handlers, lacking = await connect(NEW), FakeHandlers(CASE), FakeHandlers(CASE)
    bench = Bench(client, isolated_task_queue(), handlers)
    async with Worker(client, task_queue=bench.task_queue, workflows=[ExecuteGraphWorkflow], workflow_runner=RUNNER):
        handle = await bench.start(rule_of_secrets(), CASE)
        async with Worker(await connect(OLD), task_queue=bench.task_queue, activities=lacking.activities()):
            await until(lambda: _says_what_lacks(handle), "an attempt that failed for want of the key")
        assert lacking.calls == []
        async with Worker(client, task_queue=bench.task_queue, activities=handlers.activities()):
            assert SECRET in ((await bench.record(handle)).error or "")


async def _task_failed(handle: WorkflowHandle[object, object]) -> bool:
    return any([item.HasField(FAILED) async for item in handle.fetch_history_events()])


async def _says_what_lacks(handle: WorkflowHandle[object, object]) -> bool:
    pending = (await handle.describe()).raw_description.pending_activities
    return any(
        "which is not among those of ICHOR_ENCRYPTION_KEYS" in item.last_failure.cause.message for item in pending
    )


async def _asked(handlers: FakeHandlers) -> bool:
    return bool(handlers.calls)
