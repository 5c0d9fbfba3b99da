"""The values of a config that lie in the store, put back where they belong."""

from collections.abc import Mapping
from typing import Any

from ichor_models import MOST, ActionCall, ActionError, ValueStore
from pydantic import JsonValue
from pydantic_core import from_json


async def with_stored(config: Mapping[str, JsonValue], call: ActionCall, values: ValueStore) -> Mapping[str, JsonValue]:
    """Return a config with its stored values, each in the place of a null.

    Raises:
        ActionError: the store is away, or has no such value; [too_large] they have more bytes than a config may.
    """
    if (size := sum(place.value.size for place in call.stored)) > MOST:
        message = f"The config has large values of {size} bytes; {MOST} are the most. Read less of them."
        raise ActionError(message, type="too_large")
    keys = dict.fromkeys(place.value.key for place in call.stored)
    bodies = {key: await values.get(call.run.execution_id, key) for key in keys}
    filled: Any = dict(config)
    for place in call.stored:
        filled = _put(filled, place.path, from_json(bodies[place.value.key]))
    return filled


def _put(container: Any, path: tuple[str | int, ...], value: JsonValue) -> Any:
    """Return a copy of a container with a value at a path; what does not lead there is not copied."""
    if not path:
        return value
    copied = container.copy()
    copied[path[0]] = _put(container[path[0]], path[1:], value)
    return copied
