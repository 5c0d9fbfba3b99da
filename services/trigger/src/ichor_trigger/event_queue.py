"""The queue of entity events, and how a message of it is read (events.md)."""

from ichor_models import EntityEvent, InvalidEvent, parse_event
from ichor_models.strict_json import exponents
from ichor_service import Letter, Unusable

TOO_LARGE = "too_large"


def read_event(letter: Letter, max_bytes: int) -> EntityEvent:
    """Return the event that a message holds.

    Raises:
        Unusable: it holds none, or one that is larger than allowed.
    """
    size = len(letter.body)
    _require_size(size, max_bytes)
    try:
        event = parse_event(letter.body, message_id=letter.message_id)
    except InvalidEvent as error:
        raise Unusable(error.code, str(error)) from error
    _require_size(size + exponents(event.trigger_data()), max_bytes, " with its numbers written out")
    return event


def _require_size(size: int, max_bytes: int, how: str = "") -> None:
    if size > max_bytes:
        raise Unusable(TOO_LARGE, f"The event has {size} bytes{how}; ICHOR_MAX_EVENT_BYTES allows {max_bytes}.")
