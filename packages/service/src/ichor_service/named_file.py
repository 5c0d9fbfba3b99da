"""The text of a file that a variable names."""

from pathlib import Path

from ichor_service.errors import InvalidSetting


def read_named_file(variable: str, path: str | Path, what: str) -> str:
    """Return the text of the file; `what` it is, is for the message.

    Raises:
        InvalidSetting: it cannot be read; the path is not shown, since the secret itself may stand in its place.
    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise InvalidSetting(f"{variable} must be the path of {what}; that file cannot be read: {why}.") from None
