"""Runs, for people to read."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ichor_models import ActionState, EdgeReason, RunStatus, StoredResult

from ichor_cli.approval_text import asked_text, standing
from ichor_cli.outcome_table import STATUS_STYLES, STYLES
from ichor_cli.picture import Remark, graph_picture
from ichor_cli.plain_text import plain

if TYPE_CHECKING:
    from ichor_edgestore import ActionView, ApprovalView, AwaitedReply, Cancellation, RunSummary, RunView
    from ichor_service import RunProgress
    from rich.console import RenderableType

_LONGEST_VALUE = 400


def run_table(runs: "Sequence[RunSummary]") -> "RenderableType":
    """Show runs, one line each."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for heading in ("run", "rule", "entity", "status", "started", "took", "error"):
        table.add_column(heading, overflow="fold")
    for run in runs:
        status = Text(run.status, STATUS_STYLES[run.status])
        cells = (run.rule_name or "", run.entity_name, status, _when(run.started), _took(run), plain(run.error or ""))
        table.add_row(run.execution_id, *(cell if isinstance(cell, Text) else Text(cell) for cell in cells))
    return table


def run_picture(progress: "RunProgress", approvals: "Sequence[ApprovalView]" = ()) -> "RenderableType":
    """Draw a run's graph with each action's state, result and duration, and why it was skipped or blocked.

    `approvals` are what it asks people.
    """
    from rich.console import Group
    from rich.text import Text

    run = progress.run
    head = Text.assemble((run.rule_name or run.workflow_id, "bold"), "  ", (run.status, STATUS_STYLES[run.status]))
    told = [f"run {run.execution_id}", f"workflow {run.workflow_id}", _event(run)]
    told += [f"started {_when(run.started)}" + (f", took {_took(run)}" if run.ended else "")] if run.started else []
    told += [f"error: {plain(run.error)}"] if run.error else []
    told += [_cancellation(run.cancellation)] if run.cancellation else []
    stands = {approval.approval_id: standing(approval) for approval in approvals}
    waits = {awaited.action: [waits_text(awaited), *stands.get(awaited.id, [])] for awaited in run.awaits}
    waits |= {name: [delay_text(name, end)] for name, end in progress.delays.items()}
    waits |= {name: ["may be tried again"] for name in progress.retries}
    remarks = {action.name: _remark(action, waits.get(action.name, [])) for action in run.actions}
    return Group(head, *(Text(f"  {line}") for line in told), graph_picture(run.graph, remarks))


def well_ended(runs: "Sequence[RunSummary]") -> bool:
    """Say whether every run completed."""
    return all(run.status is RunStatus.COMPLETED for run in runs)


def waits_text(awaited: "AwaitedReply") -> str:
    """Say whom an action waits for, and until when."""
    question = awaited.question
    until = f"until {_minute(awaited.expires)}"
    if question.approval is not None:
        return plain(
            f"waits for approval {awaited.id}: {asked_text(question.approval, escalated=awaited.escalated)}, {until}"
        )
    return plain(f"waits for a reply to {question.message.routing_key if question.message else awaited.id}, {until}")


def delay_text(name: str, end: datetime) -> str:
    """Say in which delay a run waits, and until when."""
    return plain(f"waits in {name} until {_minute(end)}, or shortly after")


def _remark(action: "ActionView", waits: Sequence[str]) -> Remark:
    took = _took_by(action.started, action.ended)
    attempts = f" in {action.attempts} attempts" if action.attempts > 1 else ""
    lines = [_short(_value(action))] if action.error or action.result else []
    lines += [*(_reason(reason) for reason in action.reason), *waits]
    style = STYLES[action.state] if isinstance(action.state, ActionState) else "cyan"
    return Remark(f"{action.state}{took}{attempts}", style, tuple(lines))


def _event(run: "RunView") -> str:
    """Say what happened to which row, and who did it."""
    type_, row, user = (run.trigger_data.get(key) for key in ("event_type", "entity_id", "user_id"))
    of = f" of {run.entity_name}" if run.entity_name else ""
    told = f"{type_ or 'event'}{of}{f' {row}' if row else ''}{f' by user {user}' if user else ''}"
    return plain(f"event {run.event_id}: {told}")


def _cancellation(asked: "Cancellation") -> str:
    by = f" by {plain(asked.by)}" if asked.by else ""
    return f"cancel asked {_when(asked.requested)}{by}" + (f": {plain(asked.reason)}" if asked.reason else "")


def _value(action: "ActionView") -> str:
    stored = StoredResult.of(action.result or {})
    if stored is not None:
        return f"stored, {stored.parts[''].size} bytes"
    return json.dumps(action.error or action.result, ensure_ascii=False)


def _reason(reason: EdgeReason) -> str:
    port = f" [{reason.source_output}]" if reason.source_output else ""
    return f"{reason.resolved}: {reason.type}{port} from {reason.source}, which {reason.because}"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _when(time: datetime | None) -> str:
    return "" if time is None else (time if time.tzinfo else time.replace(tzinfo=UTC)).strftime("%Y-%m-%d %H:%M:%S")


def _minute(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"


def _took(run: "RunSummary") -> str:
    return "" if run.duration_ms is None else _length(run.duration_ms)


def _took_by(started: datetime | None, ended: datetime | None) -> str:
    return f" {_length((ended - started).total_seconds() * 1000)}" if started and ended else ""


def _length(milliseconds: float) -> str:
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.2f} s"
