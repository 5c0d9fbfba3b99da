"""Reading what anybody may have written into the properties of a message.

RabbitMQ checks them little. Over a text that is no UTF-8, or a time beyond the calendar, the client library closes the
connection, and the broker delivers the same message to the next one, without end: one message would stop a queue for
all, and RabbitMQ 4 would in the end drop those that were delivered with it. So what cannot be read, or not be sent on
to the dead letters, costs that message its properties, and the header `UNREADABLE` says why. Properties that fill their
frame leave no room for the headers of a dead letter.
"""

from pamqp import decode
from pamqp.commands import Basic
from pamqp.common import FieldValue
from pamqp.header import ContentHeader

UNREADABLE = "x-ichor-unreadable"
_MOST_BYTES = 120_000
"""Of the 131,072 that a frame has, less what a dead letter's headers may take."""
_DEEPEST = 100
_read_header = ContentHeader.unmarshal
_read_text = decode.short_str


class _Garbled(str):
    """A text that was no UTF-8; a routing key may be one, too."""


def tolerate_any_properties() -> None:
    """Let the client library of this process read every message."""
    decode.METHODS["shortstr"] = _text
    ContentHeader.unmarshal = _unmarshal


def _text(value: bytes) -> tuple[int, FieldValue]:
    try:
        return _read_text(value)
    except UnicodeDecodeError:
        end = value[0] + 1
        return end, _Garbled(value[1:end].decode(errors="backslashreplace"))


def _unmarshal(self: ContentHeader, data: bytes) -> None:
    try:
        _read_header(self, data)
        _check(self.properties)
    except Exception as error:  # whatever it is, it is the sender's
        self.properties = Basic.Properties(headers={UNREADABLE: str(error) or type(error).__name__})


def _check(properties: Basic.Properties) -> None:
    """Refuse what the client library reads and then stumbles over."""
    for name in properties.__slots__:
        if isinstance(getattr(properties, name), _Garbled):
            raise ValueError(f"{name} is no UTF-8")
    _check_depth(properties.headers)
    if (size := len(properties.marshal())) > _MOST_BYTES:
        raise ValueError(f"they have {size} bytes, and {_MOST_BYTES} are the most")


def _check_depth(headers: FieldValue) -> None:
    """Refuse what can just be read and, from deeper within a program, not be written."""
    level: list[FieldValue] = [headers]
    for _ in range(_DEEPEST):
        inner = [item.values() if isinstance(item, dict) else item for item in level if isinstance(item, (dict, list))]
        level = [value for values in inner for value in values]
        if not level:
            return
    raise ValueError(f"headers are nested more than {_DEEPEST} deep")
