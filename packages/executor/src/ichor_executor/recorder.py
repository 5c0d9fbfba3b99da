"""Writes down how each action of a run ended, and explains why others did not run."""

from dataclasses import dataclass, field

from ichor_models import (
    ActionRecord,
    ActionState,
    EdgeReason,
    EdgeType,
    RunRecord,
    RunStatus,
    size_of,
)
from pydantic import AwareDatetime, JsonValue

from ichor_executor.command import Ended
from ichor_executor.plan import Plan
from ichor_executor.resolution import CANCELLED, Ending, resolve
from ichor_executor.stop import Stop

_RAN = {ActionState.COMPLETED, ActionState.FAILED, ActionState.PASSED}
_MOST_ERRORS = 5


@dataclass(slots=True)
class Note:
    """How one action ended."""

    ending: Ending
    config: dict[str, JsonValue] | None = None
    result: dict[str, JsonValue] | None = None
    started: AwareDatetime | None = None
    ended: AwareDatetime | None = None


@dataclass(slots=True)
class Notes:
    """What a recorder knows, in the order in which the actions ended; it travels with the run.

    `room` is how many bytes of configs are still kept: those of all conditions together may have any size.
    """

    by_index: dict[int, Note] = field(default_factory=dict[int, Note])
    room: int = 2**20

    def fit(self, config: dict[str, JsonValue] | None) -> dict[str, JsonValue] | None:
        """Return a config if it is kept."""
        if config is None or (size := size_of(config)) > self.room:
            return None
        self.room -= size
        return config


class Recorder:
    """Collects the endings of one run."""

    def __init__(self, plan: Plan, notes: Notes | None = None) -> None:
        self._plan = plan
        self.notes = notes or Notes()

    def note(self, ended: Ended, now: AwareDatetime, started: AwareDatetime | None = None) -> None:
        """Write down an ending. Results are kept where the machine made them, and of failures."""
        own = ended.config is not None or started is not None
        result = ended.result if own or ended.ending.state is ActionState.FAILED else None
        times = (started or now, now) if own else (None, None)
        self.notes.by_index[ended.at] = Note(ended.ending, self.notes.fit(ended.config), result, *times)

    def record(self, status: RunStatus, stopped: Stop | None = None) -> RunRecord:
        """Return the record of a run that ended; what has no ending was cancelled."""
        order = [index for index, note in self.notes.by_index.items() if note.ending.state in _RAN]
        error = self._error()
        error_type, message = (stopped, stopped.message) if stopped else ("run_failed" if error else None, error)
        return RunRecord(
            status=status,
            error=message,
            error_type=error_type,
            actions=tuple(self._action(index) for index in range(len(self._plan.nodes))),
            order=tuple(self._plan.nodes[index].action.name for index in order),
        )

    def _action(self, index: int) -> ActionRecord:
        action = self._plan.nodes[index].action
        note = self.notes.by_index.get(index) or Note(CANCELLED)
        return ActionRecord(
            key=action.key,
            name=action.name,
            type=action.type,
            state=note.ending.state,
            reason=self._reasons(index, note.ending.state),
            config=note.config,
            result=note.result,
            started=note.started,
            ended=note.ended,
        )

    def _reasons(self, index: int, state: ActionState) -> tuple[EdgeReason, ...]:
        if state not in (ActionState.SKIPPED, ActionState.BLOCKED):
            return ()
        return tuple(
            EdgeReason(
                source=edge.source,
                type=edge.type,
                source_output=edge.source_output,
                resolved=resolve(ending, edge),
                because=_because(ending),
            )
            for edge in self._plan.incoming[index]
            if edge.source is not None and edge.type is not EdgeType.START
            for ending in [self.notes.by_index[self._plan.position(edge.source)].ending]
        )

    def _error(self) -> str | None:
        failures = [
            f"{self._plan.nodes[index].action.name}: {_message(note.result)}"
            for index, note in sorted(self.notes.by_index.items())
            if note.ending.unhandled
        ]
        more = len(failures) - _MOST_ERRORS
        told = "; ".join(failures[:_MOST_ERRORS]).replace(".; ", "; ")
        return told + (f"; and {more} more" if more > 0 else "") or None


def _because(ending: Ending) -> str:
    if ending.state is ActionState.COMPLETED:
        return f"completed with {ending.branch or ending.port}"
    if ending.state is ActionState.FAILED:
        return "failed, handled by its failure edge" if ending.handled else "failed"
    return ending.state.value


def _message(result: dict[str, JsonValue] | None) -> str:
    error = (result or {}).get("error")
    return str(error.get("message")) if isinstance(error, dict) else "failed"
