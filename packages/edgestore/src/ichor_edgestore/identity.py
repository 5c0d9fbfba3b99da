"""Ids as the database holds them: UUIDs."""

from uuid import UUID

from ichor_models import ActionId, ExecutionId, RuleId


def as_uuid(text: str | RuleId | ExecutionId | ActionId | None) -> UUID | None:
    """Return the UUID that a text writes, None where it writes none."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
