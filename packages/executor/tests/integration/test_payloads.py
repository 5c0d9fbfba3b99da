"""What is too large for Temporal goes around it, on a real server."""

from pathlib import Path
from random import Random

import pytest
from ichor_edgestore import MemoryStore
from ichor_executor.temporal import ExecuteGraphWorkflow
from ichor_models import Case, Rule, RunStatus, ValueStore
from ichor_testing.fake_handlers import FakeHandlers
from ichor_testing.graph_builder import GraphBuilder
from ichor_testing.replay import replay_histories, save_history
from ichor_testing.temporal import TemporalServer
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner

from .conftest import worker

WORDS = Random(1).randbytes(3_000_000).hex()
"""It has 6 MB, and 3 MB are left of it where it is compressed."""


def large_graph() -> Rule:
    return GraphBuilder().action("first", message=WORDS).action("then").start("first").then("first", "then").rule()


@pytest.fixture
def store() -> MemoryStore:
    """Where large payloads go."""
    return MemoryStore()


@pytest.fixture
async def client(shared_temporal: TemporalServer, store: MemoryStore) -> Client:
    """A client with that store."""
    return await shared_temporal.connect(find_values=lambda: store.values)


async def test_a_graph_of_6_megabytes_runs_and_replays(client: Client, store: MemoryStore, tmp_path: Path) -> None:
    handlers = FakeHandlers()
    async with worker(client, handlers, UnsandboxedWorkflowRunner()) as bench:
        handle = await bench.start(large_graph(), Case())
        assert (await bench.record(handle)).status is RunStatus.COMPLETED
        await save_history(handle, tmp_path / "large.json")
    assert handlers.configs["first"] == {"message": WORDS}
    assert (tmp_path / "large.json").stat().st_size < 100_000
    values = store.values
    assert await replay_histories(tmp_path, ExecuteGraphWorkflow, find_values=lambda: values) == {"large": None}
    assert (await replay_histories(tmp_path, ExecuteGraphWorkflow))["large"] is not None
    await values.forget(handle.id)
    assert (await replay_histories(tmp_path, ExecuteGraphWorkflow, find_values=lambda: values))["large"] is not None


async def test_a_graph_that_can_be_compressed_needs_no_store(temporal_client: Client, tmp_path: Path) -> None:
    rule = GraphBuilder().action("only", message="words " * 1_000_000).start("only").rule()
    async with worker(temporal_client, FakeHandlers(), UnsandboxedWorkflowRunner()) as bench:
        handle = await bench.start(rule, Case())
        assert (await bench.record(handle)).status is RunStatus.COMPLETED
        await save_history(handle, tmp_path / "compressed.json")
        with pytest.raises(RPCError, match=r"larger than max|exceeds"):
            await bench.start(large_graph(), Case())
    assert await replay_histories(tmp_path, ExecuteGraphWorkflow) == {"compressed": None}


async def test_a_run_waits_while_its_payloads_are_away(
    client: Client, shared_temporal: TemporalServer, store: MemoryStore
) -> None:
    failures = [OSError("the database is away")] * 2

    def values() -> ValueStore:
        if failures:
            raise failures.pop()
        return store.values

    working = await shared_temporal.connect(find_values=values)
    async with worker(working, FakeHandlers(), UnsandboxedWorkflowRunner()) as bench:
        bench.client = client
        handle = await bench.start(large_graph(), Case())
        assert (await bench.record(handle)).status is RunStatus.COMPLETED
    assert failures == []
