"""The law of edges: how each outgoing edge resolves when an action reaches its final state (semantics.md, The law).

source ended       | sequence, parallel                             | branches                  | always
-------------------+------------------------------------------------+---------------------------+--------
completed          | taken if it has no port or the result's,       | taken if it is the branch | taken
passed             |   else skipped (passed: as port `success`)     |   taken, else skipped     | taken
failed, handled    | taken on the port `failure`, else skipped      | skipped                   | taken
failed, unhandled  | broken                                         | broken                    | taken
skipped            | skipped                                        | skipped                   | skipped
blocked            | broken                                         | broken                    | broken
stopped            | broken                                         | broken                    | taken
cancelled          | broken                                         | broken                    | skipped

Stopped is an action that was under way when its run was, however it ended; cancelled is one that had not begun.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from ichor_models import FAILURE, SUCCESS, ActionState, Edge, EdgeType, StoredResult
from pydantic import JsonValue


class Resolution(StrEnum):
    """What becomes of an edge; every edge of a run is resolved exactly once."""

    TAKEN = "taken"
    SKIPPED = "skipped"
    BROKEN = "broken"


class Ending(NamedTuple):
    """How an action ended, as far as its edges ask.

    `handled` says whether a failure has an edge of its own, `stopped` whether it was under way as its run was stopped.
    """

    state: ActionState
    port: str = SUCCESS
    branch: str | None = None
    handled: bool = False
    stopped: bool = False

    @property
    def unhandled(self) -> bool:
        """Say whether it is a failure that nothing handles."""
        return self.state is ActionState.FAILED and not self.handled


COMPLETED = Ending(ActionState.COMPLETED)
PASSED = Ending(ActionState.PASSED)
SKIPPED = Ending(ActionState.SKIPPED)
BLOCKED = Ending(ActionState.BLOCKED)
CANCELLED = Ending(ActionState.CANCELLED)
STOPPED = Ending(ActionState.CANCELLED, stopped=True)


def completed(result: Mapping[str, JsonValue]) -> Ending:
    """Return the ending of an action with a result; a port that is no text is the default port."""
    if (stored := StoredResult.of(result)) is not None:
        result = stored.values
    port, branch = result.get("output", SUCCESS), result.get("branch_taken")
    if port == SUCCESS and branch is None:
        return COMPLETED
    return Ending(
        ActionState.COMPLETED,
        port if isinstance(port, str) else SUCCESS,
        branch if isinstance(branch, str) else None,
    )


def failed(*, handled: bool) -> Ending:
    """Return the ending of an action that failed."""
    return Ending(ActionState.FAILED, FAILURE, None, handled)


def resolve(ending: Ending, edge: Edge) -> Resolution:
    """Resolve one outgoing edge by the table at the head of this page."""
    state = ending.state
    if ending.stopped:
        return Resolution.TAKEN if edge.type is EdgeType.ALWAYS else Resolution.BROKEN
    if state is ActionState.CANCELLED:
        return Resolution.SKIPPED if edge.type is EdgeType.ALWAYS else Resolution.BROKEN
    if state is ActionState.SKIPPED:
        return Resolution.SKIPPED
    if state is ActionState.BLOCKED:
        return Resolution.BROKEN
    if edge.type is EdgeType.ALWAYS:
        return Resolution.TAKEN
    if ending.unhandled:
        return Resolution.BROKEN
    if edge.type.is_branch:
        return Resolution.TAKEN if ending.branch == edge.type.value else Resolution.SKIPPED
    port = edge.source_output
    if port is None and state is not ActionState.FAILED:
        return Resolution.TAKEN
    return Resolution.TAKEN if port == ending.port else Resolution.SKIPPED
