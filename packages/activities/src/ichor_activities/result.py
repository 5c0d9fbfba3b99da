"""What a handler returned, as the JSON object that templates and edges see."""

import math
from typing import Any, cast

from ichor_models import SUCCESS, ActionType
from pydantic import BaseModel, JsonValue
from pydantic_core import PydanticSerializationError, to_jsonable_python

from ichor_activities.errors import InvalidResult

_UNKNOWN = "\N{REPLACEMENT CHARACTER}"


def as_result(declared: ActionType, returned: object) -> dict[str, JsonValue]:
    """Return a result with its `output` port, `success` where it names none.

    Raises:
        InvalidResult: it is no JSON object, or its port is not declared.
    """
    result = _object(declared.name, returned)
    port = result.setdefault("output", SUCCESS)
    if port not in declared.all_ports:
        raise InvalidResult(
            f"The handler of {declared.name} returned the port {port!r}; it declares {', '.join(declared.all_ports)}."
        )
    return result


def _object(name: str, returned: object) -> dict[str, JsonValue]:
    try:
        value = _checked(to_jsonable_python(returned))
    except (PydanticSerializationError, ValueError, RecursionError) as error:
        raise InvalidResult(f"The handler of {name} returned something that is no JSON: {error}") from error
    if not isinstance(value, dict) or not isinstance(returned, (BaseModel, dict)):
        raise InvalidResult(f"The handler of {name} returned {type(returned).__name__}; return a model or a dict.")
    return value


def _checked(value: Any) -> JsonValue:
    """Return a value that PostgreSQL can keep: NUL, which its text does not know, becomes the replacement character."""
    match value:
        case str():
            return value.replace("\0", _UNKNOWN)
        case float() if not math.isfinite(value):
            raise ValueError("JSON knows no infinite number and no NaN")
        case list():
            return [_checked(item) for item in cast(list[Any], value)]
        case dict():
            items = cast(dict[str, Any], value)
            return {key.replace("\0", _UNKNOWN): _checked(item) for key, item in items.items()}
        case _:
            return value
