"""How a run ended, for people to read."""

import json
from typing import TYPE_CHECKING

from ichor_models import ActionOutcome, ActionState, Outcome, RunStatus

if TYPE_CHECKING:
    from rich.console import RenderableType

STYLES = {
    ActionState.COMPLETED: "green",
    ActionState.FAILED: "bold red",
    ActionState.PASSED: "cyan",
    ActionState.SKIPPED: "dim",
    ActionState.BLOCKED: "yellow",
    ActionState.CANCELLED: "magenta",
}
STATUS_STYLES = {
    RunStatus.PENDING: "dim",
    RunStatus.RUNNING: "cyan",
    RunStatus.COMPLETED: "green",
    RunStatus.PARTIAL: "yellow",
    RunStatus.FAILED: "bold red",
    RunStatus.CANCELLED: "magenta",
}


def outcome_table(outcome: Outcome) -> "RenderableType":
    """Show each action with its state and result, those that ran first, in the order in which they finished."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for heading in ("action", "state", "result"):
        table.add_column(heading, overflow="fold")
    for name in dict.fromkeys((*outcome.order, *outcome.actions)):
        action = outcome.actions[name]
        table.add_row(Text(name), Text(action.state, STYLES[action.state]), Text(_result(action)))
    return Group(table, Text(f"The run ended {outcome.status}.", STATUS_STYLES[outcome.status]))


def _result(action: ActionOutcome) -> str:
    return "" if action.result is None else json.dumps(action.result, ensure_ascii=False)
