"""Trigger data that are too large to travel: what the graph reads of them does."""

from ichor_models import RunRequest, StoredResult, ValueLimit, ValueStore, size_of
from ichor_models.path import look_up

from ichor_executor.plan_cache import plan_of


async def without_large_trigger(request: RunRequest, store: ValueStore, limit: ValueLimit) -> RunRequest:
    """Return a request that travels: trigger data above the limit are kept in the store, or cut.

    Raises:
        ActionError: the store is away, or they cannot be cut.
    """
    data = request.trigger_data
    if size_of(data) <= limit.largest:
        return request
    reads = plan_of(request.graph).read_of_trigger
    small = limit.fit_object(data, reads, lambda text: look_up(data, {}, reads[text]))
    if not small.bodies:
        return request.model_copy(update={"trigger_data": small.result})
    await store.put(request.run.execution_id, small.bodies)
    return request.model_copy(update={"trigger_data": {}, "stored_trigger": StoredResult.of(small.result)})
