"""Finds the handlers of installed packages: the entry points of the group `ichor.actions`.

An entry point names a handler, a list or tuple of handlers, a module that holds some, or a function that returns them.
"""

from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any, cast

from ichor_activities.errors import BrokenEntryPoint, DuplicateType
from ichor_activities.handler import AnyHandler, Handler
from ichor_activities.registry import Registry

GROUP = "ichor.actions"


def discover(points: Iterable[EntryPoint] | None = None) -> Registry:
    """Return a registry of the handlers of every installed package.

    Raises:
        BrokenEntryPoint: one cannot be loaded, or holds something that is no handler.
        DuplicateType: two packages have handlers for one type.
    """
    owners: dict[str, str] = {}
    handlers: list[AnyHandler] = []
    for point in entry_points(group=GROUP) if points is None else points:
        for handler in load(point):
            first = owners.setdefault(handler.type.name, owner(point))
            if first != owner(point):
                raise DuplicateType(
                    f"The action type {handler.type.name} comes from two packages: {first} and {owner(point)}; "
                    "uninstall one or rename its type."
                )
            handlers.append(handler)
    return Registry(handlers)


def load(point: EntryPoint) -> list[AnyHandler]:
    """Return the handlers of one entry point."""
    try:
        found = list(_handlers(point.load()))
    except Exception as error:
        raise BrokenEntryPoint(f"The handlers of {owner(point)} cannot be loaded: {error!r}") from error
    if not found:
        raise BrokenEntryPoint(f"{owner(point)} holds no handler; write @action before a function in it, or remove it.")
    for item in found:
        if not isinstance(item, Handler):
            raise BrokenEntryPoint(f"{owner(point)} holds {item!r}, which is no handler; use @action.")
    return cast(list[AnyHandler], found)


def _handlers(value: object) -> Iterator[object]:
    if isinstance(value, Handler):
        yield value
    elif isinstance(value, ModuleType):
        yield from _held(value)
    elif callable(value):
        yield from cast(Callable[[], Iterable[Any]], value)()
    else:
        yield from cast(Iterable[Any], value)


def _held(module: ModuleType) -> list[AnyHandler]:
    held: list[AnyHandler] = []
    for item in vars(module).values():
        if isinstance(item, Handler) and not any(item is other for other in held):
            held.append(cast(AnyHandler, item))
    return held


def owner(point: EntryPoint) -> str:
    """Name an entry point with its package."""
    package = f"{point.dist.name} " if point.dist else ""
    return f"{package}({point.name} = {point.value})"
