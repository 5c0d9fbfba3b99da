"""All handlers that a program knows, by action type."""

from collections.abc import Iterable, Iterator, Mapping

from ichor_models import CONTROL_TYPES, Catalogue

from ichor_activities.errors import DuplicateType
from ichor_activities.handler import AnyHandler

_ENGINE = "ichor."
"""What the types of the engine's own activities begin with."""


class Registry(Mapping[str, AnyHandler]):
    """Handlers by type.

    Raises:
        DuplicateType: two handlers, or a handler and the engine, claim one type.
    """

    def __init__(self, handlers: Iterable[AnyHandler]) -> None:
        self._handlers: dict[str, AnyHandler] = {}
        self._catalogue = Catalogue(CONTROL_TYPES)
        for handler in handlers:
            self._add(handler)
        self._catalogue = Catalogue([*CONTROL_TYPES, *(item.type for item in self._handlers.values())])

    def _add(self, handler: AnyHandler) -> None:
        name = handler.type.name
        if name in self._catalogue or name.startswith(_ENGINE):
            raise DuplicateType(f"The type {name} belongs to the engine; give the handler another name.")
        if name in self._handlers:
            raise DuplicateType(f"Two handlers are named {name}; give one of them another name.")
        self._handlers[name] = handler

    def __getitem__(self, name: str) -> AnyHandler:
        return self._handlers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._handlers)

    def __len__(self) -> int:
        return len(self._handlers)

    @property
    def catalogue(self) -> Catalogue:
        """Return what rules are checked against: all types, those of the interpreter included."""
        return self._catalogue
