"""What the parts of the trigger share: its settings, the links to Temporal and the database, its metrics."""

from dataclasses import dataclass, field

from ichor_edgestore import EdgeStore
from ichor_service import Broker, Link, Settings, new_registry
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from temporalio.client import Client


@dataclass(frozen=True, slots=True)
class Links:
    """Each part that needs RabbitMQ has a connection of its own (`broker`)."""

    settings: Settings
    temporal: Link[Client]
    store: Link[EdgeStore]
    registry: CollectorRegistry = field(default_factory=new_registry)

    def broker(self, part: str) -> Broker:
        """Return a connection to RabbitMQ that shows there under the name of the part."""
        return Broker(self.settings.rabbitmq_url or SecretStr(""), f"ichor-trigger {part}")
