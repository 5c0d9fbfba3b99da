"""What the parts of the worker share: its settings, its links, how it sends questions, its metrics."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ichor_activities import InvalidConfiguration, TokenKeys
from ichor_edgestore import EdgeStore
from ichor_service import (
    REPLIES,
    REQUESTS,
    Broker,
    InvalidSetting,
    Link,
    Publisher,
    Settings,
    new_registry,
    store_link,
    temporal_link,
)
from prometheus_client import CollectorRegistry
from temporalio.client import Client

from ichor_worker.question_sender import QuestionSender

_CONNECTIONS = 20


@dataclass(frozen=True, slots=True)
class Links:
    """`keys` and `sender` are there where RabbitMQ and the keys of reply tokens are configured."""

    settings: Settings
    name: str
    temporal: Link[Client]
    store: Link[EdgeStore]
    keys: TokenKeys | None
    sender: QuestionSender | None
    registry: CollectorRegistry

    @classmethod
    def of(cls, settings: Settings, name: str) -> "Links":
        """Return the links of a program.

        Raises:
            InvalidSetting: a setting is wrong.
        """
        registry, keys = new_registry(), _keys(settings)
        store = store_link(settings, name, registry=registry, connections=_CONNECTIONS)
        sender = None
        if keys is not None:
            publisher = Publisher(_broker(settings, f"{name} questions"), REQUESTS, answers=REPLIES)
            sender = QuestionSender(publisher, keys, store)
        temporal = temporal_link(settings, lambda: store.opened.values, registry)
        return cls(settings, name, temporal, store, keys, sender, registry)

    @asynccontextmanager
    async def closing(self) -> AsyncGenerator[None]:
        """Close what was opened when the block ends; each part closes its own connections to the broker."""
        async with self.store:
            try:
                yield
            finally:
                if self.sender is not None:
                    await self.sender.close()

    def broker(self, part: str) -> Broker:
        """Return a connection to RabbitMQ that shows there under the name of the part."""
        return _broker(self.settings, f"{self.name} {part}")


def _broker(settings: Settings, name: str) -> Broker:
    assert settings.rabbitmq_url is not None
    return Broker(settings.rabbitmq_url, name)


def _keys(settings: Settings) -> TokenKeys | None:
    if settings.token_keys is None or settings.rabbitmq_url is None:
        return None
    try:
        return TokenKeys.parse(settings.token_keys.get_secret_value())
    except InvalidConfiguration as error:
        raise InvalidSetting(str(error)) from None
