"""Values that are cut because they are too large, and say so.

A size is the number of bytes of JSON in UTF-8, written without spaces, the mark included.
"""

from bisect import bisect_right
from collections.abc import Mapping

from pydantic import JsonValue
from pydantic_core import to_json

from ichor_models.errors import ActionError
from ichor_models.stored_value import PORTS, size_of

TRUNCATED = "…[TRUNCATED]"
"""What stands at the end of a text that was cut."""
_SUFFIX = "_truncated"
_QUOTES = 2


def truncate_text(text: str, largest: int) -> str:
    """Return a text whose size is at most `largest` bytes: itself, or as much of its beginning as the mark allows."""
    if size_of(text[: largest + 1]) <= largest:
        return text
    return _beginning(text, largest - size_of(TRUNCATED)) + TRUNCATED


def told_cut(value: object) -> str:
    """Return what follows the words about a value that does not fit: that it was cut, if it was."""
    return "; it was too large and was cut" if isinstance(value, str) and value.endswith(TRUNCATED) else ""


def truncate_result(result: Mapping[str, JsonValue], largest: int) -> dict[str, JsonValue]:
    """Return a result whose size is at most `largest` bytes: itself, or with its largest values cut.

    As few as possible are cut, and share the room that is left. Each becomes the beginning of its text, or of its JSON
    where it is no text, and `<key>_truncated` beside it is true.

    Raises:
        ActionError: [too_large] its keys and its small values alone are larger.
    """
    sizes = {key: size_of(value) for key, value in result.items()}
    total = size_of(dict(result))
    fitted, cut = dict(result), list[str]()
    for key in sorted(sizes.keys() - set(PORTS), key=lambda key: (-sizes[key], key)):
        if total <= largest:
            break
        flag = f"{key}{_SUFFIX}"
        change = size_of(TRUNCATED) - sizes[key] + _growth(fitted, flag)
        if fitted[key] is True or change >= 0:
            continue
        total += change
        fitted |= {key: TRUNCATED, flag: True}
        cut = [*(other for other in cut if other != flag), key]
    if total > largest:
        raise ActionError(
            f"The result has {size_of(dict(result))} bytes, and cutting its values does not make it fit into {largest};"
            " it has too many keys, or they are too long.",
            type="too_large",
        )
    for key in cut:
        fitted[key] = _beginning(_text(result[key]), (largest - total) // len(cut)) + TRUNCATED
    return fitted


def _growth(members: Mapping[str, JsonValue], flag: str) -> int:
    """Return by how many bytes an object grows where a flag in it becomes true."""
    if flag in members:
        return size_of(True) - size_of(members[flag])
    return size_of({flag: True}) - size_of({}) + len(",")


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else to_json(value).decode()


def _beginning(text: str, room: int) -> str:
    """Return as many characters as have `room` bytes in JSON, its quotes not counted."""
    most = range(min(len(text), max(room, 0)) + 1)
    return text[: bisect_right(most, room, key=lambda count: size_of(text[:count]) - _QUOTES) - 1]
