"""Values that are too large to travel with a run: they lie in a store, and what the graph reads of them travels.

A value's size is the number of bytes of its JSON in UTF-8, written without spaces.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple, Protocol, Self

from pydantic import AfterValidator, Field, JsonValue
from pydantic_core import to_json

from ichor_models.errors import ValueStored
from ichor_models.model import Model

STORED = "ichor.stored"
"""The key under which a result, or trigger data, is known to lie in the store; no result may have it."""

LARGEST = 128 * 1024
"""How many bytes a value may have that travels, where a deployment says nothing else."""

PORTS = ("output", "branch_taken")
"""The keys of a result that name the port by which its action is left."""

_AT_ONCE = 4
"""How many times that all values of one object may have together that travel, where nothing else is said."""


def _no_reference(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if STORED in value:
        raise ValueError(f"it may not have the key {STORED}, which the engine keeps for itself")
    return value


type PlainObject = Annotated[dict[str, JsonValue], AfterValidator(_no_reference)]
"""An object from outside, which is never taken for a reference to a stored one."""


class StoredValue(Model):
    """Where a value lies: its key in the store, among those of its run, and its size in bytes."""

    key: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0)


class StoredPlace(Model):
    """Where a stored value belongs: the path of a null in the config, which it takes the place of."""

    path: tuple[str | int, ...]
    value: StoredValue


class StoredResult(Model):
    """What travels of an object that is too large: the `values` that are read of it, by their paths.

    `parts` says where those lie that are too large themselves; the empty path is the whole object. It is read with each
    path, so the values themselves are not looked through: they came from JSON.
    """

    values: dict[str, Any]
    parts: dict[str, StoredValue]

    def read(self, path: str, told: str) -> JsonValue:
        """Return the value at a path that was read of the object; null where nothing is. `told` is how people name it.

        Raises:
            ValueStored: it lies in the store.
        """
        if path in self.parts:
            raise ValueStored(self.parts[path], told)
        return self.values.get(path)

    def as_result(self) -> dict[str, JsonValue]:
        """Return what stands in the object's place."""
        return {STORED: self.model_dump(mode="json")}

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> Self | None:
        """Read what stands in an object's place; None where it is the object itself."""
        return cls.model_validate(result[STORED]) if STORED in result else None


class Shrunk(NamedTuple):
    """An object as it travels, and the bodies to be stored by their keys, each the JSON of a value."""

    result: dict[str, JsonValue]
    bodies: dict[str, bytes]


NO_BODIES: Mapping[str, bytes] = MappingProxyType({})
"""The bodies of an object that travels whole."""


class ValueStore(Protocol):
    """Keeps the large values of runs. A value that is put again changes nothing.

    All raise `ActionError` where the store is away, retryable, or has no such value.
    """

    async def put(self, run: str, bodies: Mapping[str, bytes]) -> None:
        """Keep values of a run, given by their keys; they are durable when it returns."""
        ...

    async def get(self, run: str, key: str) -> bytes:
        """Return a value of a run."""
        ...

    async def forget(self, run: str, keep: Collection[str] = ()) -> None:
        """Delete the values of a run that has ended, all but those of these keys."""
        ...


def size_of(value: JsonValue) -> int:
    """Return the size of a value in bytes."""
    return len(to_json(value))


def shrink(
    whole: dict[str, JsonValue],
    reads: Iterable[str],
    read: Callable[[str], JsonValue],
    largest: int = LARGEST,
    together: int | None = None,
) -> Shrunk:
    """Return an object as it travels: itself if it is not too large, else what `read` gives for the paths `reads`.

    Where these values `together` are too large, too, only the smallest of them travel.
    """
    body = to_json(whole)
    if len(body) <= largest:
        return Shrunk(whole, {})
    parts = {"": _stored(body)}
    bodies = {parts[""].key: body}
    values: dict[str, JsonValue] = {}
    room = largest * _AT_ONCE if together is None else together
    for path, value, part in _by_size((path, read(path)) for path in reads):
        if len(part) <= min(largest, room):
            values[path] = value
            room -= len(part)
        else:
            parts[path] = _stored(part)
            bodies[parts[path].key] = part
    return Shrunk(StoredResult(values=values, parts=parts).as_result(), bodies)


def _by_size(values: Iterable[tuple[str, JsonValue]]) -> Sequence[tuple[str, JsonValue, bytes]]:
    return sorted(((path, value, to_json(value)) for path, value in values), key=lambda item: len(item[2]))


def _stored(body: bytes) -> StoredValue:
    return StoredValue(key=sha256(body).hexdigest(), size=len(body))
