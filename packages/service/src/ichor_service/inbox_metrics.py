"""What an inbox counts, by the name of its queue."""

import time
from collections.abc import Generator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from ichor_service.letter import Letter

DEAD, MOVED, RETRIED = "dead", "moved", "retried"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600)


class InboxMetrics:
    """The metrics of all inboxes of a program."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.messages = Counter(
            "ichor_messages", "Messages by what became of them", ["queue", "outcome"], registry=registry
        )
        self.dead = Counter(
            "ichor_dead_letters",
            "Messages that nobody could use, by code",
            ["queue", "reason"],
            registry=registry,
        )
        self.seconds = Histogram(
            "ichor_message_seconds",
            "From the arrival of a message to the moment when all that it asks for is durable",
            ["queue"],
            registry=registry,
            buckets=_SECONDS,
        )
        self.in_flight = Gauge(
            "ichor_messages_in_flight", "Messages taken and not settled", ["queue"], registry=registry
        )
        self.oldest = Gauge(
            "ichor_oldest_message_age_seconds",
            "Age of the oldest message in flight, or handed back, since it was sent or, where it does not say, taken",
            ["queue"],
            registry=registry,
        )

    def of(self, queue: str) -> "QueueMetrics":
        """Return those of one queue."""
        return QueueMetrics(self, queue)


class QueueMetrics:
    """Counts a queue's messages by what became of them: what the handler said, or `dead`, `moved` or `retried`."""

    def __init__(self, metrics: InboxMetrics, queue: str) -> None:
        self._metrics = metrics
        self._queue = queue
        self._since: dict[object, float] = {}
        self._handed_back: list[float] = []
        metrics.in_flight.labels(queue).set_function(lambda: len(self._since))
        metrics.oldest.labels(queue).set_function(self._oldest_age)

    def begin(self) -> None:
        """Forget what was handed back: whoever consumes has it in flight."""
        self._handed_back = []

    @contextmanager
    def in_flight(self, letter: Letter) -> Generator[None]:
        """Count a message as taken during the block; where that raises, it waits until something is consumed again."""
        now, key = time.time(), object()
        since = self._since[key] = min(now, letter.sent.timestamp()) if letter.sent else now
        try:
            yield
        except BaseException:
            self._handed_back = [min([since, *self._handed_back])]
            raise
        finally:
            del self._since[key]

    def done(self, outcome: str, seconds: float) -> None:
        """Count a message that was worked on for so long."""
        self._count(outcome)
        self._metrics.seconds.labels(self._queue).observe(seconds)

    def retried(self) -> None:
        """Count a message that was put back to be tried later."""
        self._count(RETRIED)

    def moved(self) -> None:
        """Count a message that was moved to another queue."""
        self._count(MOVED)

    def died(self, code: str) -> None:
        """Count a dead letter."""
        self._count(DEAD)
        self._metrics.dead.labels(self._queue, code).inc()

    def _count(self, outcome: str) -> None:
        self._metrics.messages.labels(self._queue, outcome).inc()

    def _oldest_age(self) -> float:
        return max(time.time() - min([*self._since.values(), *self._handed_back], default=time.time()), 0)
