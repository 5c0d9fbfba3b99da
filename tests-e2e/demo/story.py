"""The demo's story: events in a small shop, the runs that come of them, and what is there in the end."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from uuid import uuid4

from ichor_models import EntityEvent, RunStatus, load_text
from pydantic import BaseModel, ConfigDict, Field, JsonValue

HERE = Path(__file__).parent


class Part(BaseModel):
    """A part of the story's file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(Part):
    """One event. `after` is an entity whose runs must have ended before, `again` the number of an earlier step."""

    says: str
    event: Mapping[str, JsonValue] = Field(default_factory=dict[str, JsonValue])
    again: int | None = None
    after: str | None = None
    runs: Mapping[str, RunStatus]
    event_id: str = Field(default_factory=lambda: str(uuid4()))

    def document(self) -> dict[str, JsonValue]:
        """Return the event as an application publishes it."""
        return {**self.event, "event_id": self.event_id}

    def entity_event(self) -> EntityEvent:
        """Return the event as the trigger reads it."""
        return EntityEvent.model_validate(self.document())


class Results(Part):
    """What the runs made: the status of each order, subjects of mails, titles of alerts, lines of the audit log."""

    orders: Mapping[str, str]
    mails: tuple[str, ...]
    alerts: tuple[str, ...]
    audit: tuple[str, ...]

    def lines(self) -> Iterator[tuple[str, Iterable[str]]]:
        """Yield each kind with what is there of it."""
        yield "orders", (f"{number} is {status}" for number, status in self.orders.items())
        yield from (("mails", self.mails), ("alerts", self.alerts), ("audit", self.audit))


class Story(Part):
    """The whole story."""

    steps: tuple[Step, ...]
    results: Results


def read_story() -> Story:
    """Read the story."""
    story = Story.model_validate(load_text((HERE / "story.yaml").read_text()))
    steps = tuple(step if step.again is None else _repeated(step, story.steps[step.again]) for step in story.steps)
    return story.model_copy(update={"steps": steps})


def _repeated(step: Step, first: Step) -> Step:
    return step.model_copy(update={"event": first.event, "event_id": first.event_id})
