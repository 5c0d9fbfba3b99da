"""A run that a person starts again."""

from dataclasses import dataclass

from ichor_edgestore import EdgeStore, PinnedRun, RunView
from ichor_executor.temporal import search_attributes, start_run
from ichor_models import ActionError, RunStatus
from ichor_service import Settings, load_settings, outages, require_home
from pydantic import JsonValue
from temporalio.client import Client
from temporalio.service import RPCError

from ichor_cli.awaited_runs import wait_for_runs
from ichor_cli.errors import CliError, Missing
from ichor_cli.store import edge_store
from ichor_cli.temporal_server import connect

_WAIT = "Wait: it stays pending, and a trigger starts it when that is mended."


@dataclass(frozen=True, slots=True)
class Repetition:
    """The new run; `run` is how it ended, where somebody waited for that."""

    pinned: PinnedRun
    run: RunView | None

    def document(self) -> dict[str, JsonValue]:
        """Return it as `ichor runs rerun --json` prints it."""
        status = self.run.status if self.run else self.pinned.status
        return {
            "execution_id": self.pinned.execution_id,
            "workflow_id": self.pinned.workflow_id,
            "status": status.value,
            "error": self.run.error if self.run else None,
        }

    @property
    def sentence(self) -> str:
        """Say what became of it."""
        what = f"run {self.pinned.execution_id}, workflow {self.pinned.workflow_id}"
        return f"Started {what}." if self.run is None else f"Ended {self.run.status}: {what}."


async def repeat(run: str, wait: float | None) -> Repetition:
    """Pin and start a repeat of a run, and wait for its end for so many seconds.

    Raises:
        RunNotFound: there is no such run.
        NotRerunnable: it lacks what a repeat needs.
        ForeignNamespace: this Temporal does not carry the runs of the database.
        Missing: Temporal does not answer, or the run does not end in time.
    """
    settings = load_settings(["database_url", "temporal_address"])
    async with edge_store(settings) as store:
        original = await store.get_run(run)
        client = await connect(settings, store=store)
        with outages():
            await require_home(client, store)
        pinned = await store.rerun(original.execution_id)
        if pinned.status is RunStatus.PENDING:
            await start_pinned(settings, store, pinned, client)
        ended = (await wait_for_runs(store, [pinned.workflow_id], wait))[0] if wait is not None else None
        return Repetition(pinned, ended)


async def start_pinned(settings: Settings, store: EdgeStore, pinned: PinnedRun, client: Client) -> None:
    """Start a pinned run.

    Raises:
        Missing: Temporal, or the store of its trigger data, did not take it.
        CliError: its trigger data are too large to be kept or cut.
    """
    try:
        await start_run(
            client,
            pinned.request,
            workflow_id=pinned.workflow_id,
            task_queue=settings.task_queue,
            attributes=await search_attributes(client),
            store=store.values,
            limit=settings.value_limit,
        )
    except RPCError as error:
        raise Missing(f"Temporal did not start the run: {error}.", code="temporal_unreachable", mend=_WAIT) from None
    except ActionError as error:
        message = f"The trigger data of the run {pinned.execution_id} cannot be kept: {error}"
        if error.retryable:
            raise Missing(message, code="database_unreachable", mend=_WAIT) from None
        raise CliError(message, code=error.type, mend="Raise ICHOR_PAYLOAD_LIMIT; a trigger ends this run.") from None
