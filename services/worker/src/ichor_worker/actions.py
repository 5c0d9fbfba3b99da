"""The actions that this worker can do, from the installed packages and the configuration."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ichor_activities import (
    HandlerError,
    InvalidConfiguration,
    Registry,
    SecretFiles,
    Services,
    discover,
)
from ichor_activities.temporal import activities
from ichor_edgestore import EdgeStore
from ichor_executor.temporal import declare_policies, engine_activities
from ichor_service import InvalidSetting, Settings, Unavailable

from ichor_worker.records import Records


class Actions:
    """The handlers and what they are handed, checked before the worker begins.

    Raises:
        InvalidSetting: a setting of the handlers' services is wrong.
        Unavailable: an installed package's handlers cannot be used.
    """

    def __init__(self, environment: Mapping[str, str], settings: Settings) -> None:
        self._registry, self._services = _prepared(environment)
        self._secrets = SecretFiles.from_environment(environment)
        self._grace = settings.unknown_type_grace
        declare_policies(self._registry.catalogue)

    def activities(self, store: EdgeStore) -> Sequence[Callable[..., Any]]:
        """Return every activity of the worker: one per action type, and the engine's own."""
        own = activities(self._registry, store.journal, self._services, self._secrets, self._grace)
        return [*own, *engine_activities(Records(store))]


def _prepared(environment: Mapping[str, str]) -> tuple[Registry, Services]:
    try:
        return discover(), Services.from_environment(environment)
    except InvalidConfiguration as error:
        raise InvalidSetting(str(error)) from None
    except HandlerError as error:
        raise Unavailable(str(error)) from None
