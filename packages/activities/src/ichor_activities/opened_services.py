"""The services of one worker: those of the configuration, and those of installed packages, open while it works.

An entry point of the group `ichor.services` names a function that takes the environment's variables and returns an
async context manager; what it yields is handed to handlers by its class (`Services.get`).
"""

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points

from ichor_activities.discovery import owner
from ichor_activities.errors import BrokenEntryPoint, HandlerError
from ichor_activities.services import Services

SERVICE_GROUP = "ichor.services"


@asynccontextmanager
async def opened_services(
    environment: Mapping[str, str], points: Iterable[EntryPoint] | None = None
) -> AsyncGenerator[Services]:
    """Yield the services; those of packages are closed in the end, the last opened first.

    Raises:
        InvalidConfiguration: a setting cannot be used.
        BrokenEntryPoint: a package's service cannot be opened, or two packages have one of the same class.
    """
    configured = Services.from_environment(environment)
    others: dict[type, object] = {}
    async with AsyncExitStack() as stack:
        for point in entry_points(group=SERVICE_GROUP) if points is None else points:
            service = await _open(stack, point, environment)
            if others.setdefault(type(service), service) is not service:
                raise BrokenEntryPoint(f"{owner(point)} has a second {type(service).__name__}; uninstall one of them.")
        yield replace(configured, others=others)


async def _open(stack: AsyncExitStack, point: EntryPoint, environment: Mapping[str, str]) -> object:
    try:
        return await stack.enter_async_context(point.load()(environment))
    except HandlerError:
        raise
    except Exception as error:
        raise BrokenEntryPoint(f"The service of {owner(point)} cannot be opened: {error!r}") from error
