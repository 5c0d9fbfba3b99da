"""What a handler's annotations say: its config model and its result model."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, cast, get_args, get_origin, get_type_hints

from ichor_models import Question
from pydantic import BaseModel

from ichor_activities.errors import InvalidHandler


@dataclass(frozen=True, slots=True)
class Signature:
    """The models of a handler; `result` is None for one that returns a plain dict, or only asks."""

    config: type[BaseModel]
    result: type[BaseModel] | None


def read_signature(name: str, function: Callable[..., Any]) -> Signature:
    """Read the annotations of an async function, or of an object with an async `__call__`.

    Raises:
        InvalidHandler: it is not async, or an annotation is missing or no model.
    """
    called = function if inspect.isroutine(function) else type(function).__call__
    if not inspect.iscoroutinefunction(called):
        raise InvalidHandler(f"The handler of {name} must be an async function; wrap_existing takes one that is not.")
    parameters = list(inspect.signature(function).parameters)
    if len(parameters) != 2:
        raise InvalidHandler(f"The handler of {name} must take two parameters: its config and an ActionContext.")
    hints = _hints(name, called)
    return Signature(_config(name, hints.get(parameters[0])), _result(name, hints.get("return")))


def _hints(name: str, function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(function)
    except NameError as error:
        raise InvalidHandler(
            f"The annotations of the handler of {name} cannot be read: {error}; "
            "import what they name outside of TYPE_CHECKING."
        ) from error


def _config(name: str, hint: object) -> type[BaseModel]:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return hint
    raise InvalidHandler(f"The first parameter of the handler of {name} must be annotated with a pydantic model.")


def _result(name: str, hint: Any) -> type[BaseModel] | None:
    if hint is Question:
        return None
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return hint
    arms = get_args(hint)
    if isinstance(hint, UnionType) and Question in arms:
        return _result(name, next((arm for arm in arms if arm is not Question), None))
    origin = cast(object, get_origin(hint) or hint)
    if inspect.isclass(origin) and issubclass(origin, Mapping):
        return None
    raise InvalidHandler(f"The handler of {name} must be annotated as returning a pydantic model or a dict.")
