"""One run to draw: the nodes of its graph with how they stand, and the edges with what became of them.

Edges follow from how their sources ended, by the law that ran them; those of an action that has not ended are open.
So are `always` edges of one that was cancelled: the record does not say whether it was under way and asked for cleanup.
While a run goes on, what failed may be tried again, and counts as not ended.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from ichor_edgestore import ActionView, RunSummary, RunView
from ichor_executor import Ending, Resolution, resolve
from ichor_executor.resolution import CANCELLED, completed, failed
from ichor_models import FAILURE, Action, ActionState, Edge, EdgeReason, EdgeType
from ichor_models.model import Model
from pydantic import JsonValue, ValidationError


class RunNode(Model):
    """An action: `state` is `open` where nothing is known of it yet; `reason` says why it was skipped or blocked."""

    name: str
    type: str
    description: str | None = None
    is_active: bool
    state: ActionState | Literal["running", "open"]
    reason: tuple[EdgeReason, ...] = ()
    started: datetime | None = None
    ended: datetime | None = None
    duration_ms: int | None = None
    attempts: int = 0
    error: dict[str, JsonValue] | None = None


class RunEdge(Edge):
    """An edge, and what became of it; null while that is open."""

    resolution: Resolution | None


class RunGraph(Model):
    """A run with its graph."""

    run: RunSummary
    nodes: tuple[RunNode, ...]
    edges: tuple[RunEdge, ...]


def run_graph(view: RunView) -> RunGraph:
    """Return a run's graph with how far the run came."""
    actions = {action.name: action for action in view.actions}
    handled = {edge.source for edge in view.graph.edges if edge.type.takes_port and edge.source_output == FAILURE}
    endings = {
        action.name: ending
        for action in view.actions
        if (ending := _ending(action, view.status.ended, handled=action.name in handled))
    }
    return RunGraph(
        run=RunSummary.model_validate(view.model_dump(include=set(RunSummary.model_fields))),
        nodes=tuple(_node(action, actions.get(action.name)) for action in view.graph.actions),
        edges=tuple(_edge(edge, endings, view.started is not None) for edge in view.graph.edges),
    )


def _ending(action: ActionView, has_run_ended: bool, *, handled: bool) -> Ending | None:
    match action.state:
        case ActionState.COMPLETED:
            return _completed(action.result or {})
        case ActionState.PASSED | ActionState.SKIPPED | ActionState.BLOCKED | ActionState.CANCELLED:
            return Ending(action.state)
        case ActionState.FAILED if has_run_ended:
            return failed(handled=handled)
        case _:
            return None


def _completed(result: Mapping[str, JsonValue]) -> Ending | None:
    try:
        return completed(result)
    except ValidationError:  # A row that was changed by hand: its port is not known, and the rest can be drawn.
        return None


def _node(action: Action, view: ActionView | None) -> RunNode:
    node = RunNode(
        name=action.name, type=action.type, description=action.description, is_active=action.is_active, state="open"
    )
    if view is None:
        return node
    took = view.ended - view.started if view.ended and view.started else None
    return node.model_copy(
        update={
            "state": view.state,
            "reason": view.reason,
            "started": view.started,
            "ended": view.ended,
            "duration_ms": None if took is None else took // timedelta(milliseconds=1),
            "attempts": view.attempts,
            "error": view.error,
        }
    )


def _edge(edge: Edge, endings: dict[str, Ending], has_started: bool) -> RunEdge:
    resolution: Resolution | None = None
    if edge.source is None:
        resolution = Resolution.TAKEN if has_started else None
    elif (ending := endings.get(edge.source)) is not None:
        may_clean_up = ending == CANCELLED and edge.type is EdgeType.ALWAYS
        resolution = None if may_clean_up else resolve(ending, edge)
    return RunEdge(**edge.model_dump(), resolution=resolution)
