"""A run as it is started: its row, and the version of the graph that it keeps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ichor_models import (
    EventHeader,
    EventId,
    ExecutionId,
    Graph,
    Problem,
    RuleId,
    RunHeader,
    RunOptions,
    RunRequest,
    RunStatus,
    VersionHash,
)
from pydantic import AwareDatetime, JsonValue, TypeAdapter, ValidationError

type CheckStructure = Callable[[Graph], Sequence[Problem]]
"""What a graph must keep to be run at all; returns what is broken."""

type Ended = Callable[[str | None, RunStatus], None]
"""Hears of each run that this process writes down as ended, once: the name of its rule, None where that is gone."""

INVALID_GRAPH = "invalid_graph"
"""The error type of a run whose graph, or rule, is broken."""

LOOP = "loop"
"""The error type of a run that a cascade would have started once more."""

_TIMESTAMP: TypeAdapter[AwareDatetime] = TypeAdapter(AwareDatetime)


class KnownStructures:
    """Checks the structure of each version once: what a version holds never changes."""

    def __init__(self, check: CheckStructure) -> None:
        self._check = check
        self._problems: dict[VersionHash, Sequence[Problem]] = {}

    def __call__(self, graph: Graph) -> Sequence[Problem]:
        """Return what is broken."""
        if graph.version not in self._problems:
            self._problems[graph.version] = self._check(graph)
        return self._problems[graph.version]


@dataclass(frozen=True, slots=True)
class PinnedRun:
    """A run to be started as `workflow_id` with `request`, if its `status` is pending; `created` says if it is new."""

    request: RunRequest
    status: RunStatus
    created: bool
    workflow_id: str
    error: str | None = None
    error_type: str | None = None

    @property
    def execution_id(self) -> ExecutionId:
        """Return the id of the run's row."""
        return self.request.run.execution_id


@dataclass(frozen=True, slots=True)
class RunRow:
    """What of a run's row a start needs."""

    execution_id: ExecutionId
    rule_id: RuleId
    rule_name: str
    event: EventHeader
    workflow_id: str
    status: RunStatus
    trigger_data: dict[str, JsonValue]
    graph: Graph
    options: RunOptions
    error: str | None = None
    error_type: str | None = None
    problems: tuple[Problem, ...] = ()
    """What is wrong with the stored rule besides its graph, so that no run of it can start."""

    def checked(self, check_structure: CheckStructure) -> "RunRow":
        """Return the row as failed where its rule cannot be run, else as it is."""
        error = structure_error([*self.problems, *check_structure(self.graph)])
        return replace(self, status=RunStatus.FAILED, error=error, error_type=INVALID_GRAPH) if error else self

    def stopped(self, why: str) -> "RunRow":
        """Return the row as one that a cascade stops at: it ended before it began."""
        return replace(self, status=RunStatus.CANCELLED, error=f"Not started: {why}.", error_type=LOOP)

    def pinned(self, *, created: bool) -> PinnedRun:
        """Return the run that the row holds, as it was or is to be started."""
        header = RunHeader(
            execution_id=self.execution_id, rule_id=self.rule_id, rule_name=self.rule_name, event=self.event
        )
        request = RunRequest(run=header, graph=self.graph, options=self.options, trigger_data=self.trigger_data)
        return PinnedRun(request, self.status, created, self.workflow_id, self.error, self.error_type)


def stored_header(
    header: JsonValue, event_id: str, entity_name: str, trigger_data: Mapping[str, JsonValue]
) -> EventHeader:
    """Return the event behind a stored run: its header, or for a run of the existing application its trigger data."""
    if header is not None:
        return EventHeader.model_validate(header)
    return EventHeader(
        event_id=EventId(event_id),
        event_type=_text(trigger_data.get("event_type")) or "manual",
        entity_name=_text(trigger_data.get("entity_name")) or entity_name,
        entity_id=_text(trigger_data.get("entity_id")),
        user_id=_text(trigger_data.get("user_id")),
        timestamp=_timestamp(trigger_data.get("timestamp")),
    )


def structure_error(problems: Sequence[Problem]) -> str | None:
    """Return what a run that cannot start is marked with, None where nothing is wrong."""
    if not problems:
        return None
    return "The rule cannot be run: " + "; ".join(f"{item.where}: {item.message}" for item in problems)


def _text(value: JsonValue) -> str | None:
    """Return an id or a name as text; a whole number is an id, too."""
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None


def _timestamp(value: JsonValue) -> AwareDatetime | None:
    try:
        return _TIMESTAMP.validate_python(value)
    except ValidationError:
        return None
