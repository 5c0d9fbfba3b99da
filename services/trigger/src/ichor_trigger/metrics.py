"""What the trigger measures at the servers: what waits in its queues and in the database."""

from collections.abc import Iterable

from ichor_edgestore import Backlog
from ichor_service import EVENTS, Measure, Part, QueueLengths, Sampling
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from ichor_trigger.links import Links


def metrics(links: Links) -> Part:
    """Return the part; it works for `/metrics`, whichever others are wanted."""

    async def backlog() -> Iterable[Metric]:
        return backlog_gauges(await links.store.opened.backlog())

    measures: dict[str, Measure] = {"temporal": links.temporal.probe, "database": backlog}
    return Part(Sampling(measures, links.registry, QueueLengths(links.broker("metrics"), EVENTS)).run)


def backlog_gauges(waiting: Backlog) -> list[Metric]:
    """Return what waits as gauges; the age of the oldest is 0 where there is none."""
    counts = {
        "ichor_outbox_events": ("Events of the outbox that are not published yet", waiting.outbox_pending),
        "ichor_outbox_failed_events": ("Events of the outbox that were given up", waiting.outbox_failed),
        "ichor_open_questions": ("Questions without a reply", waiting.questions_open),
        "ichor_pending_runs": ("Runs that have not begun", waiting.runs_pending),
        "ichor_running_runs": ("Runs under way", waiting.runs_running),
    }
    ages = {
        "ichor_outbox_oldest_age_seconds": ("Age of the oldest event to be published", waiting.outbox_age),
        "ichor_open_questions_oldest_age_seconds": ("Age of the oldest question", waiting.question_age),
        "ichor_pending_runs_oldest_age_seconds": ("Age of the oldest run that has not begun", waiting.pending_age),
    }
    return [
        *(GaugeMetricFamily(name, what, count) for name, (what, count) in counts.items()),
        *(GaugeMetricFamily(name, what, age.total_seconds() if age else 0) for name, (what, age) in ages.items()),
    ]
