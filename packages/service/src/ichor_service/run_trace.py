"""Records a run that ended as a trace: the run, and those of its actions that did something.

A span begins and ends as the record says, and has an id of its own: where the end of a run is written down again, the
same spans are sent again.
"""

import structlog
from ichor_edgestore import ActionView, EdgeStore, RunView
from ichor_models import ActionState, ExecutionId, Traceparent

from ichor_service.reason import reason
from ichor_service.tracing import Facts, record_span

_log = structlog.stdlib.get_logger(__name__)


async def record_run(store: EdgeStore, run: ExecutionId, traced: Traceparent) -> None:
    """Record a run that ended; `traced` is what started it. Where it cannot be read, the log says so."""
    try:
        _record(await store.get_run(run), traced)
    except Exception as error:
        # The run has ended well, whoever watches it.
        _log.warning("the run is not in its trace", execution_id=run, reason=reason(error))


def _record(run: RunView, traced: Traceparent) -> None:
    if run.ended is None:
        return
    own = traced.at(run.execution_id)
    whose = {
        "ichor.run": run.execution_id,
        "ichor.rule": run.rule_name,
        "ichor.rule_id": run.rule_id,
        "ichor.event_id": run.event_id,
    }
    facts = {**whose, "ichor.status": run.status, "ichor.workflow_id": run.workflow_id}
    above = None if traced.is_new else traced.span_id
    record_span(f"run {run.rule_name}", facts, own, above, (run.started or run.created, run.ended), run.error)
    for action in run.actions:
        if action.started is not None:
            # One that was under way when the run was terminated has no end of its own.
            facts, times = {**whose, **_facts(action)}, (action.started, action.ended or run.ended)
            of_action = own.at(run.execution_id, action.name)
            record_span(f"action {action.name}", facts, of_action, own.span_id, times, _error(action))


def _facts(action: ActionView) -> Facts:
    return {
        "ichor.action": action.name,
        "ichor.action_type": action.type,
        "ichor.state": action.state,
        "ichor.attempts": action.attempts,
    }


def _error(action: ActionView) -> str | None:
    if action.state != ActionState.FAILED:
        return None
    return str((action.error or {}).get("message", action.state))
