"""The summary that Temporal's UI shows beside an id."""

_LONGEST = 200
"""Bytes. Temporal takes a payload of 400, which an encrypted text of so many has."""


def summary_of(name: str) -> str:
    """Return a name as a summary."""
    return cut(name, _LONGEST)


def cut(text: str, size: int) -> str:
    """Return the beginning of a text that has so many bytes as UTF-8."""
    return text.encode()[:size].decode(errors="ignore")
