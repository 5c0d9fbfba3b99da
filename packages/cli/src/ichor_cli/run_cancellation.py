"""Runs that a person cancels."""

from collections.abc import Sequence
from dataclasses import dataclass

from ichor_edgestore import EdgeStore, RunEnded, RunNotFound
from ichor_models import ExecutionId, IchorError, RunStatus
from ichor_service import LostRun, cancel_run, load_settings
from pydantic import JsonValue

from ichor_cli.awaited_runs import wait_for_runs
from ichor_cli.errors import CliError, Missing
from ichor_cli.failure import explain
from ichor_cli.repetition import start_pinned
from ichor_cli.store import edge_store
from ichor_cli.temporal_server import connect


@dataclass(frozen=True, slots=True)
class CancelledRun:
    """A run that was asked to stop: its status then, or at its end where somebody waited for that."""

    execution_id: ExecutionId
    workflow_id: str
    status: RunStatus

    @property
    def sentence(self) -> str:
        """Return it in words."""
        return f"{self.execution_id} is {self.status}{'' if self.status.ended else ', and asked to stop'}."

    def document(self) -> dict[str, JsonValue]:
        """Return it as `ichor runs cancel --json` prints it."""
        return {"execution_id": self.execution_id, "workflow_id": self.workflow_id, "status": self.status.value}


async def cancel_runs(
    runs: Sequence[str], *, by: str | None, reason: str | None, cleanup: bool, wait: float | None
) -> list[CancelledRun]:
    """Ask runs to stop, and wait for their end for so many seconds; one that cannot be asked keeps no other.

    Raises:
        CliError: some have ended.
        Missing: some are not there, or do not end in time; or Temporal does not answer.
    """
    settings = load_settings(["database_url", "temporal_address"])
    asked: list[CancelledRun] = []
    refused: list[IchorError] = []
    async with edge_store(settings) as store:
        client = await connect(settings, store=store)
        for run in dict.fromkeys(runs):
            try:
                found = await cancel_run(
                    client,
                    store,
                    run,
                    lambda pinned: start_pinned(settings, store, pinned, client),
                    by=by,
                    reason=reason,
                    cleanup=cleanup,
                )
            except (RunEnded, RunNotFound, LostRun) as error:
                refused.append(error)
            else:
                asked.append(CancelledRun(found.execution_id, found.workflow_id, found.status))
        try:
            asked = asked if wait is None else await _ended(store, asked, wait)
        except Missing as late:
            if not refused:
                raise
            refused.append(late)
    if refused:
        raise _refusal(refused, asked)
    return asked


async def _ended(store: EdgeStore, asked: Sequence[CancelledRun], seconds: float) -> list[CancelledRun]:
    runs = await wait_for_runs(store, [run.workflow_id for run in asked], seconds)
    return [CancelledRun(run.execution_id, run.workflow_id, run.status) for run in runs]


def _refusal(errors: Sequence[IchorError], asked: Sequence[CancelledRun]) -> CliError:
    """Return one error for all, told by the worst of them; it names the runs that were asked, too."""
    told = [explain(error) for error in errors]
    worst = max(told, key=lambda failure: failure.exit_code)
    documents: list[JsonValue] = [run.document() for run in asked]
    kind = CliError if worst.exit_code == CliError.exit_code else Missing
    message = " ".join((*(failure.message for failure in told), *(run.sentence for run in asked)))
    return kind(message, code=worst.code, mend=worst.mend, details={"runs": documents})
