"""What a handler returned, as the JSON object that templates and edges see."""

from collections.abc import Mapping

from ichor_models import ASKED, LARGEST, STORED, SUCCESS, ActionType, Question, size_of
from ichor_models.strict_json import storable
from pydantic import BaseModel, JsonValue
from pydantic_core import PydanticSerializationError, to_jsonable_python

from ichor_activities.errors import InvalidResult


def as_result(declared: ActionType, returned: object) -> dict[str, JsonValue]:
    """Return a result with its `output` port, `success` where it names none.

    Raises:
        InvalidResult: it is no JSON object, or its port is not declared.
    """
    result = _object(declared.name, returned)
    port = result.setdefault("output", SUCCESS)
    if not declared.may_leave_by(port):
        raise InvalidResult(
            f"The handler of {declared.name} returned the port {port!r}; it declares {', '.join(declared.all_ports)}."
        )
    return result


def as_question(declared: ActionType, asked: Question) -> Question:
    """Return a question that notes which ports its reply may name.

    People leave by the ports of approvals, whatever is declared.

    Raises:
        InvalidResult: its result for the case that no reply comes has a key of the engine, or is too large.
    """
    _refuse_reserved(declared.name, asked.on_timeout or {})
    if (size := size_of(asked.on_timeout)) > LARGEST:
        raise InvalidResult(
            f"The handler of {declared.name} asks with an on_timeout of {size} bytes; {LARGEST} are the most."
        )
    if declared.open_ports or asked.approval is not None:
        return asked
    return asked.model_copy(update={"ports": declared.all_ports})


def _refuse_reserved(name: str, result: Mapping[str, JsonValue]) -> None:
    for key in (ASKED, STORED):
        if key in result:
            raise InvalidResult(f"The handler of {name} returned the key {key!r}, which is the engine's; rename it.")


def _object(name: str, returned: object) -> dict[str, JsonValue]:
    try:
        plain: JsonValue = to_jsonable_python(returned)
        value = storable(plain)
    except (PydanticSerializationError, ValueError, RecursionError) as error:
        raise InvalidResult(f"The handler of {name} returned something that is no JSON: {error}") from error
    if isinstance(returned, Question):
        raise InvalidResult(f"The handler of {name} returned a question; declare it with @action(…, asks=True).")
    if not isinstance(value, dict) or not isinstance(returned, (BaseModel, dict)):
        raise InvalidResult(f"The handler of {name} returned {type(returned).__name__}; return a model or a dict.")
    _refuse_reserved(name, value)
    return value
