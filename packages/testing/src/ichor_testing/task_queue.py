"""What keeps tests apart that share one Temporal: a task queue, or a namespace, of their own."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from ichor_testing.temporal import SEARCH_ATTRIBUTES, TemporalServer

if TYPE_CHECKING:
    from temporalio.client import Client

_RETENTION = timedelta(days=1)


def isolated_task_queue() -> str:
    """Return the name of a task queue that nobody else uses."""
    return f"test-{secrets.token_hex(8)}"


@asynccontextmanager
async def isolated_namespace(server: TemporalServer) -> "AsyncGenerator[Client]":
    """Yield a client of a fresh namespace that has Ichor's search attributes.

    Afterwards the namespace is deleted on a server found by its address; one of ours ends soon anyway.
    """
    from temporalio.api.operatorservice.v1 import DeleteNamespaceRequest

    name = f"test-{secrets.token_hex(8)}"
    client = await server.connect()
    await _register(client, name)
    try:
        yield await server.connect(name)
    finally:
        if server.keeper is None:
            await client.operator_service.delete_namespace(DeleteNamespaceRequest(namespace=name))


async def _register(client: "Client", name: str) -> None:
    from google.protobuf.duration_pb2 import Duration
    from temporalio.api.enums.v1 import IndexedValueType
    from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
    from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest

    retention = Duration()
    retention.FromTimedelta(_RETENTION)
    request = RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=retention)
    await client.workflow_service.register_namespace(request)
    kinds = {
        key: IndexedValueType.Value(f"INDEXED_VALUE_TYPE_{kind.upper()}") for key, kind in SEARCH_ATTRIBUTES.items()
    }
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(namespace=name, search_attributes=kinds)
    )
