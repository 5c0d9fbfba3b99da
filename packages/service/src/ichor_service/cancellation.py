"""Cancels runs: the request is noted in the run's row, then Temporal is told."""

from collections.abc import Awaitable, Callable

from ichor_edgestore import EdgeStore, OpenRun, PinnedRun
from ichor_executor.temporal import STOP
from ichor_models import RunStatus
from temporalio.client import Client
from temporalio.service import RPCError

from ichor_service.errors import LostRun
from ichor_service.home import require_home
from ichor_service.outage import is_unknown, outages

type Start = Callable[[PinnedRun], Awaitable[object]]
"""Starts a pinned run in Temporal, unless it was started before."""


async def cancel_run(
    client: Client,
    store: EdgeStore,
    run: str,
    start: Start,
    *,
    by: str | None = None,
    reason: str | None = None,
    cleanup: bool = True,
) -> OpenRun:
    """Ask a run to stop, by the id of its row or workflow, and return it as it stood; asking again changes nothing.

    Without `cleanup` it ends at once, also where it is cleaning up. A run that was not started yet is started first:
    only so nobody else can start it afterwards.

    Raises:
        RunNotFound: there is no such run.
        RunEnded: it has ended.
        LostRun: Temporal does not know it any more.
        ForeignNamespace: this Temporal does not carry the runs of the database.
        Unreachable: Temporal or the database is away.
    """
    with outages():
        await require_home(client, store)
        asked = await store.request_cancel(run, by, reason)
        if await _told(client, asked.workflow_id, cleanup=cleanup):
            return asked
        pinned = await store.pinned_run(asked.execution_id)
        if pinned.status is RunStatus.PENDING:
            await start(pinned)
            if await _told(client, asked.workflow_id, cleanup=cleanup):
                return asked
        # It ended meanwhile, or Temporal refused to start it.
        await store.request_cancel(run, by, reason)
        raise LostRun(f"Temporal does not know the run {asked.execution_id} any more.")


async def _told(client: Client, workflow_id: str, *, cleanup: bool) -> bool:
    """Tell a workflow; say whether Temporal knows it. One that has closed takes the cancel, and no signal.

    The first cancel says by its reason whether cleanup begins; only a signal ends it where it began before.
    """
    handle = client.get_workflow_handle(workflow_id)
    try:
        await handle.cancel(reason="" if cleanup else STOP)
    except RPCError as error:
        if not is_unknown(error):
            raise
        return False
    if not cleanup:
        try:
            await handle.signal(STOP)
        except RPCError as error:
            if not is_unknown(error):
                raise
    return True
