"""A run as people look at it."""

from datetime import datetime

from ichor_models import EventId, ExecutionId, Graph, RuleId, RunStatus, VersionHash
from ichor_models.model import Model
from pydantic import JsonValue

from ichor_edgestore.action_view import ActionView
from ichor_edgestore.awaited_reply import AwaitedReply
from ichor_edgestore.errors import RunEnded


class RunSummary(Model):
    """A run in a list of runs. `rerun` counts deliberate repeats from 1; times are in UTC."""

    execution_id: ExecutionId
    workflow_id: str
    rule_id: RuleId | None = None
    rule_name: str | None = None
    event_id: EventId
    entity_name: str
    rerun: int = 0
    source: str
    status: RunStatus
    error: str | None = None
    error_type: str | None = None
    created: datetime
    started: datetime | None = None
    ended: datetime | None = None
    duration_ms: int | None = None


class Cancellation(Model):
    """That somebody asked that a run be cancelled: when, who (a user's id), and why, where they said so."""

    requested: datetime
    by: str | None = None
    reason: str | None = None


class RunView(RunSummary):
    """A run with its graph and how each action stands; while it goes on, only actions that started are there.

    `awaits` is what it has asked and nobody answered so far, the oldest question first.
    """

    trigger_data: dict[str, JsonValue]
    graph_version: VersionHash
    graph: Graph
    actions: tuple[ActionView, ...] = ()
    awaits: tuple[AwaitedReply, ...] = ()
    cancellation: Cancellation | None = None


def ended(run: RunSummary) -> RunEnded:
    """Return the error of a run that has ended."""
    return RunEnded(f"The run {run.execution_id} has ended: it is {run.status}.")
