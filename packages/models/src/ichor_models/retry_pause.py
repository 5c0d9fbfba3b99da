"""How long to wait between two attempts of an action."""

from datetime import timedelta

LONGEST_PAUSE = timedelta(minutes=10)
"""Pauses grow no further, unless the first one is longer."""
_DOUBLINGS = 20


def retry_pause(first: timedelta, attempt: int) -> timedelta:
    """Return the pause after an attempt, counted from 1: `first`, then twice as long each time."""
    return min(first * 2 ** min(attempt - 1, _DOUBLINGS), max(first, LONGEST_PAUSE))
