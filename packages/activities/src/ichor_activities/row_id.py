"""Ids of rows: UUIDs in the engine's own tables, whatever an event's entity uses."""

from uuid import UUID


def as_uuid(text: str | None) -> str | None:
    """Return the UUID that a text is, in its usual form; None where it is none."""
    try:
        return str(UUID(text)) if text else None
    except ValueError:
        return None
