"""A rule: what starts a run, and the graph that it runs."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StrictBool, StrictInt, model_validator

from ichor_models.condition import Condition
from ichor_models.cron import check_cron
from ichor_models.duration import Duration, format_duration
from ichor_models.event import EventType
from ichor_models.graph import Action, Edge, Graph
from ichor_models.model import Model
from ichor_models.zone import check_zone

_SECOND = timedelta(seconds=1)
_ZONE = r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$"


def _in_seconds(interval: timedelta) -> timedelta:
    if interval < _SECOND:
        raise ValueError(f"an interval has {format_duration(_SECOND)} or more; write a longer one")
    if interval % _SECOND:
        raise ValueError(f"an interval is of whole seconds; {format_duration(interval)} is not")
    return interval


class Schedule(Model):
    """When a `scheduled` rule fires: a cron expression or an interval, in a time zone."""

    cron: Annotated[str, AfterValidator(check_cron)] | None = None
    every: Annotated[Duration, AfterValidator(_in_seconds)] | None = None
    timezone: Annotated[str, AfterValidator(check_zone)] = Field(default="UTC", pattern=_ZONE)
    catchup_window: Duration = timedelta(hours=1)
    overlap: Literal["skip", "buffer_one", "buffer_all", "allow_all", "cancel_other", "terminate_other"] = "skip"

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.cron is None) == (self.every is None):
            raise ValueError("a schedule has either cron or every; write one of them")
        return self


class Trigger(Model):
    """What starts a run. `entity` may be missing for `scheduled` and `manual` rules."""

    entity: str | None = Field(default=None, min_length=1)
    event: EventType
    conditions: tuple[Condition, ...] = ()
    schedule: Schedule | None = None

    @model_validator(mode="after")
    def _fits_its_event(self) -> Self:
        if self.entity is None and self.event not in (EventType.SCHEDULED, EventType.MANUAL):
            raise ValueError(f"an {self.event} trigger needs an entity; name its table")
        if (self.schedule is not None) != (self.event is EventType.SCHEDULED):
            mend = "remove it" if self.schedule else "add one, like {every: 15m}"
            raise ValueError(f"a schedule belongs to each scheduled trigger, and to no other; {mend}")
        return self


class RunOptions(Model):
    """Limits of each run: actions in flight at once, and the time after which it fails as `deadline`."""

    max_in_flight: StrictInt = Field(default=100, ge=1, le=1500)
    deadline: Duration | None = None


class Rule(Model):
    """A rule as a workflow file holds it."""

    id: str | None = None
    name: str
    description: str | None = None
    is_active: StrictBool = True
    trigger: Trigger
    options: RunOptions = RunOptions()
    actions: tuple[Action, ...]
    edges: tuple[Edge, ...]

    @property
    def graph(self) -> Graph:
        """Return what of the rule a run executes."""
        return Graph(actions=self.actions, edges=self.edges)
