"""The namespace of Temporal that carries the runs of a database; what another one says about them means nothing."""

from ichor_edgestore import EdgeStore
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client

from ichor_service.errors import ForeignNamespace


async def require_home(client: Client, store: EdgeStore) -> None:
    """Make sure that this is the namespace that the first of all who asked found, or be that.

    Raises:
        ForeignNamespace: it is another one, under the same name or not.
    """
    request = DescribeNamespaceRequest(namespace=client.namespace)
    here = (await client.workflow_service.describe_namespace(request)).namespace_info.id
    home = await store.home_namespace(here)
    if here != home:
        raise ForeignNamespace(
            f"this Temporal does not carry the runs of this database: the id of its namespace {client.namespace!r} is "
            f"{here}, theirs is {home}; set ICHOR_TEMPORAL_ADDRESS and ICHOR_TEMPORAL_NAMESPACE to the one that does, "
            "or, where that is gone for good, DELETE FROM workflow.temporal_namespace"
        )
