"""Recorded histories replay: a change of the interpreter that would break runs under way turns this red."""

import os
from datetime import datetime
from pathlib import Path

import pytest
from ichor_executor import Command, Plan
from ichor_executor.machine import Machine
from ichor_executor.temporal import ExecuteGraphWorkflow
from ichor_models import Case
from ichor_service import TraceHeader
from ichor_testing.fake_handlers import FakeHandlers
from ichor_testing.graph_builder import GraphBuilder
from ichor_testing.replay import replay_histories, save_history
from pydantic import JsonValue
from temporalio.client import Client
from temporalio.worker import Interceptor, UnsandboxedWorkflowRunner
from temporalio.workflow import NondeterminismError

from .conftest import worker
from .graphs_of_histories import RUNS
from .recordings import CONTINUED, SCENES

HISTORIES = Path(__file__).parent / "histories"


@pytest.mark.parametrize("interceptors", [[], [TraceHeader()]], ids=["plain", "traced"])
async def test_every_recorded_history_replays(interceptors: list[Interceptor]) -> None:
    outcomes = await replay_histories(HISTORIES, ExecuteGraphWorkflow, interceptors=interceptors)
    assert outcomes == dict.fromkeys(sorted([*RUNS, *SCENES, CONTINUED]))


async def test_another_order_of_commands_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    succeeded = Machine.succeeded

    def reversed_order(self: Machine, index: int, result: dict[str, JsonValue], now: datetime) -> list[Command]:
        return list(reversed(succeeded(self, index, result, now)))

    monkeypatch.setattr(Machine, "succeeded", reversed_order)
    outcomes = await replay_histories(HISTORIES, ExecuteGraphWorkflow)
    assert isinstance(outcomes["fork_and_join"], NondeterminismError)


async def test_a_call_may_say_more_than_when_it_was_recorded(
    temporal_client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Fifty of these calls make just less than 1 MiB, and more with another field."""
    builder = GraphBuilder()
    for number in range(100, 160):
        builder.action(f"a{number}", text="{{ text }}").start(f"a{number}")
    case = Case(trigger_data={"text": "x" * 20_460})
    async with worker(temporal_client, FakeHandlers(), UnsandboxedWorkflowRunner()) as bench:
        handle = await bench.start(builder.rule(), case)
        await bench.record(handle)
        await save_history(handle, tmp_path / "wide.json")

    def largest(plan: Plan, index: int) -> int:
        return 10**15

    monkeypatch.setattr(Plan, "largest", largest)
    assert await replay_histories(tmp_path, ExecuteGraphWorkflow) == {"wide": None}


@pytest.mark.skipif("ICHOR_RECORD_HISTORIES" not in os.environ, reason="records anew only when asked to")
async def test_record_histories(temporal_client: Client) -> None:
    for name, (rule, case) in RUNS.items():
        async with worker(temporal_client, FakeHandlers(case), UnsandboxedWorkflowRunner()) as bench:
            handle = await bench.start(rule, case)
            await bench.record(handle)
            await save_history(handle, HISTORIES / f"{name}.json")
    for name, scene in SCENES.items():
        async with worker(temporal_client, FakeHandlers(), UnsandboxedWorkflowRunner()) as bench:
            handle = await scene(bench)
            await bench.record(handle)
            first = (await handle.describe()).raw_info.first_run_id
            await save_history(temporal_client.get_workflow_handle(handle.id, run_id=first), HISTORIES / f"{name}.json")
            if await bench.was_continued(handle):
                await save_history(handle, HISTORIES / f"{CONTINUED}.json")
