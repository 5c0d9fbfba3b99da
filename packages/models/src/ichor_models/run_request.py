"""What a run is started with: the input of `ExecuteGraphWorkflow`."""

from datetime import UTC, datetime

from pydantic import AwareDatetime, Field, JsonValue, field_serializer

from ichor_models.action_call import EventHeader, RunHeader
from ichor_models.event import EntityEvent
from ichor_models.graph import Graph
from ichor_models.ids import ExecutionId, RuleId
from ichor_models.model import Model
from ichor_models.rule import Rule, RunOptions
from ichor_models.stored_value import StoredResult


class RunRequest(Model):
    """One version of one rule's graph, for one event. `clock` fixes `$now`, for cases only."""

    run: RunHeader
    graph: Graph
    options: RunOptions = RunOptions()
    trigger_data: dict[str, JsonValue]
    stored_trigger: StoredResult | None = Field(default=None, exclude_if=lambda value: value is None)
    """What is read of trigger data that are too large to travel; `trigger_data` is then empty."""
    clock: AwareDatetime | None = None
    case: bool = False
    """Whether a case is tried: delays are then answered like any other action and take no time."""
    events_per_run: int | None = None
    """Continue as new after about so many events, where that is sooner than Temporal suggests it."""

    @field_serializer("graph")
    def _in_short(self, graph: Graph) -> dict[str, object]:
        """Write only what differs from the usual, since every history begins with the graph."""
        return graph.model_dump(mode="json", exclude_defaults=True)


def run_request(rule: Rule, rule_id: RuleId, execution_id: ExecutionId, event: EntityEvent) -> RunRequest:
    """Put together what a run of a rule for an event needs."""
    return RunRequest(
        run=RunHeader(execution_id=execution_id, rule_id=rule_id, rule_name=rule.name, event=event_header(event)),
        graph=rule.graph,
        options=rule.options,
        trigger_data=event.trigger_data(),
    )


def event_header(event: EntityEvent) -> EventHeader:
    """Return what of an event every action is told."""
    return EventHeader.model_validate({name: getattr(event, name) for name in EventHeader.model_fields})


def always_there(run: RunHeader, now: datetime) -> dict[str, JsonValue]:
    """Return the values that every template can read, whatever the trigger data holds (semantics.md, Templates).

    A field that the event leaves open hides no key of the row that has its name.
    """
    event = run.event.model_dump(mode="json")
    said = {key: event[key] for key in ("entity_id", "entity_name", "event_type", "user_id", "timestamp")}
    return {
        "$now": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "$me": run.event.user_id,
        "rule_id": run.rule_id,
        "rule_name": run.rule_name,
        "execution_id": run.execution_id,
        **{key: value for key, value in said.items() if value is not None},
    }
