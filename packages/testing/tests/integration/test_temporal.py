from pathlib import Path

import httpx
import pytest
from ichor_testing import ServerMissing, Source, start_temporal
from ichor_testing.temporal import TemporalServer
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError


async def begin(client: Client, workflow_id: str) -> None:
    rule = SearchAttributePair(SearchAttributeKey.for_keyword("IchorRule"), "rule-1")
    await client.start_workflow(
        "Nobody", id=workflow_id, task_queue="nobody", search_attributes=TypedSearchAttributes([rule])
    )


async def test_workflows_survive_a_kill_and_the_server(tmp_path: Path) -> None:
    async with start_temporal(source=Source.LOCAL, data_dir=tmp_path) as server:
        await begin(await server.connect(), "kept")
        await server.kill()
        assert not await server.answers()
        await server.restart()
        description = await (await server.connect()).get_workflow_handle("kept").describe()
        assert description.typed_search_attributes[SearchAttributeKey.for_keyword("IchorRule")] == "rule-1"
    async with start_temporal(source=Source.LOCAL, data_dir=tmp_path) as server:
        await (await server.connect()).get_workflow_handle("kept").describe()


async def test_ui_and_namespace_are_there_when_asked_for() -> None:
    async with start_temporal(source=Source.LOCAL, ui=True, namespace="orders") as server:
        assert server.ui_url is not None
        async with httpx.AsyncClient() as http:
            assert (await http.get(server.ui_url)).is_success
        client = await server.connect()
        assert client.namespace == "orders"
        await begin(client, "there")


async def test_namespaces_are_apart(temporal_namespace: Client, temporal_client: Client) -> None:
    await begin(temporal_namespace, "only here")
    with pytest.raises(RPCError, match="not found"):
        await temporal_client.get_workflow_handle("only here").describe()


async def test_found_by_its_address(shared_temporal: TemporalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ICHOR_TESTING_SERVERS", raising=False)
    monkeypatch.setenv("ICHOR_TEMPORAL_ADDRESS", shared_temporal.url)
    async with start_temporal() as server:
        assert server.source is Source.ENV
        assert await (await server.connect()).count_workflows("IchorStatus = 'none'")
    assert await shared_temporal.answers()


async def test_missing_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ICHOR_TEMPORAL_ADDRESS", raising=False)
    with pytest.raises(ServerMissing, match=r"Temporal is missing: no address found\. Set ICHOR_TEMPORAL_ADDRESS"):
        async with start_temporal(source=Source.ENV):
            pass
