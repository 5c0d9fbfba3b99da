"""The actions that this worker can do, from the installed packages and the configuration."""

from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from ichor_activities import (
    HandlerError,
    InvalidConfiguration,
    SecretFiles,
    Sender,
    Services,
    discover,
    opened_services,
)
from ichor_activities.temporal import activities
from ichor_edgestore import EdgeStore
from ichor_executor.temporal import declare_policies, engine_activities
from ichor_service import InvalidSetting, Settings, Unavailable


class Actions:
    """The handlers, what they are handed, and where their secrets come from."""

    def __init__(
        self, environment: Mapping[str, str], settings: Settings, services: Services, sender: Sender | None
    ) -> None:
        self._registry = discover()
        self._services = services
        self._sender = sender
        self._secrets = SecretFiles.from_environment(environment)
        self._grace = settings.unknown_type_grace
        self._limit = settings.value_limit
        declare_policies(self._registry.catalogue)

    def activities(self, store: EdgeStore) -> Sequence[Callable[..., Any]]:
        """Return every activity of the worker: one per action type, and the engine's own."""
        own = activities(
            self._registry, store.journal, self._services, self._secrets, self._grace, self._sender, self._limit
        )
        return [*own, *engine_activities(store)]


@asynccontextmanager
async def opened_actions(
    environment: Mapping[str, str], settings: Settings, sender: Sender | None
) -> AsyncGenerator[Actions]:
    """Yield the actions; the services of their handlers are open until the block ends.

    Raises:
        InvalidSetting: a setting of the handlers' services is wrong.
        Unavailable: the handlers or the services of an installed package cannot be used.
    """
    with _as_service_errors():
        async with opened_services(environment) as services:
            yield Actions(environment, settings, services, sender)


@contextmanager
def _as_service_errors() -> Generator[None]:
    try:
        yield
    except InvalidConfiguration as error:
        raise InvalidSetting(str(error)) from None
    except HandlerError as error:
        raise Unavailable(str(error)) from None
