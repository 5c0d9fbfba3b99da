"""Trigger data that are too large to travel: what the graph reads of them does."""

from ichor_models import LARGEST, RunRequest, StoredResult, ValueStore, shrink
from ichor_models.path import Path, look_up

from ichor_executor.plan import Plan


async def without_large_trigger(request: RunRequest, store: ValueStore, largest: int = LARGEST) -> RunRequest:
    """Return a request with the trigger data that its graph reads, where all of them are too large; those are kept.

    Raises:
        ActionError: the store is away.
        CyclicGraph: the graph cannot be run.
    """
    data = request.trigger_data
    small = shrink(data, (), lambda path: None, largest)
    if not small.bodies:
        return request
    paths = Plan(request.graph).read_of_trigger
    small = shrink(data, paths, lambda path: look_up(data, {}, Path.of(path)), largest)
    await store.put(request.run.execution_id, small.bodies)
    return request.model_copy(update={"trigger_data": {}, "stored_trigger": StoredResult.of(small.result)})
