"""`log_audit_entry`: writes a line into the audit log."""

from datetime import UTC, datetime
from uuid import UUID

from pydantic import Field, JsonValue

from ichor_activities.config import Config, Result
from ichor_activities.context import ActionContext
from ichor_activities.handler import action
from ichor_activities.row import insert_row, takes_null
from ichor_activities.row_id import as_uuid
from ichor_activities.table import Table

_LOG = Table("workflow", "audit_log")
_NO_ENTITY = str(UUID(int=0))
"""What an existing database has where there is no UUID, since its column takes no null."""


class LogAuditEntryConfig(Config):
    """What happened to which row; row and entity are the event's where none is named, `action` is the action's name."""

    message: str = Field(description="what happened")
    entity_name: str = Field(default="", description="the entity of the row; empty means the event's")
    entity_id: str = Field(default="", description="the row's id; empty means the event's")
    action: str = Field(default="", description="what was done, in a word; empty means the action's name")
    metadata: dict[str, JsonValue] | None = Field(
        default=None, description="more data for whoever reads the log; null means none"
    )


class LogAuditEntryResult(Result):
    """The id of the line."""

    audit_id: UUID
    status: str = "logged"


@action("log_audit_entry", transactional=True)
async def log_audit_entry(config: LogAuditEntryConfig, run: ActionContext) -> LogAuditEntryResult:
    """Write a line into `workflow.audit_log`; its id comes from the run and the action."""
    audit_id = run.new_id("audit")
    entity_id = as_uuid(config.entity_id) or as_uuid(run.event.entity_id)
    if entity_id is None and not await takes_null(run.transaction, _LOG, "entity_id"):
        entity_id = _NO_ENTITY
    values: dict[str, JsonValue] = {
        "id": str(audit_id),
        "entity_name": config.entity_name or run.event.entity_name or "",
        "entity_id": entity_id,
        "row_id": config.entity_id or run.event.entity_id,
        "action": config.action or run.action,
        "message": config.message,
        "metadata": config.metadata,
        "rule_id": as_uuid(run.run.rule_id),
        "execution_id": as_uuid(run.run.execution_id),
        "user_id": as_uuid(run.event.user_id),
        "person": run.event.user_id,
        "created_date": datetime.now(UTC).isoformat(),
    }
    await insert_row(run.transaction, _LOG, values)
    return LogAuditEntryResult(audit_id=audit_id)
