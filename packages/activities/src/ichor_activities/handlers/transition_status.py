"""`transition_status`: moves a row from one of some statuses to another."""

from ichor_models import SUCCESS, ActionError, ConfigError, Transaction
from pydantic import Field, JsonValue

from ichor_activities.column_update import update_column
from ichor_activities.config import Config, Result
from ichor_activities.context import ActionContext
from ichor_activities.filter import RowFilter
from ichor_activities.handler import action
from ichor_activities.identifier import quote_identifier
from ichor_activities.row import naming_refusals

INVALID_TRANSITION = "invalid_transition"


class TransitionStatusConfig(Config):
    """The row, its status column, and which statuses may become which; the row is the event's where none is named."""

    target_entity: str = Field(min_length=1, description="the entity, by its name in `ICHOR_ENTITIES`")
    target_id: str = Field(default="", description="the row's id; empty means the event's")
    status_field: str = Field(min_length=1, description="the column with the status")
    to_status: str = Field(min_length=1, description="the status to move to")
    valid_from_statuses: tuple[str, ...] = Field(
        min_length=1,
        description="the statuses to move from; a row in any other stays, and `invalid_transition` is taken",
    )


class TransitionStatusResult(Result):
    """Whether it was moved, and from where."""

    transitioned: bool
    from_status: JsonValue
    to_status: str


@action("transition_status", ports=(SUCCESS, INVALID_TRANSITION), transactional=True)
async def transition_status(config: TransitionStatusConfig, run: ActionContext) -> TransitionStatusResult:
    """Move a row from one of some statuses to another, under a lock."""
    id = config.target_id or run.event.entity_id
    if not id:
        raise ConfigError("The event names no row and target_id is empty; say which row to change.")
    entity = run.services.entities.entity(config.target_entity)
    column, row = entity.column_to_write(config.status_field), RowFilter.by_id(entity, id)
    current = await _locked_status(run.transaction, row, column)
    allowed = current in config.valid_from_statuses
    if allowed:
        await update_column(run.transaction, row, column, config.to_status)
    return TransitionStatusResult(
        transitioned=allowed,
        from_status=current,
        to_status=config.to_status,
        output=SUCCESS if allowed else INVALID_TRANSITION,
    )


async def _locked_status(transaction: Transaction, row: RowFilter, column: str) -> str | None:
    table = row.entity.table
    query = f"SELECT {quote_identifier(column)}::text AS status FROM {table.sql} WHERE {row.sql(1)} FOR UPDATE"
    found = await naming_refusals(transaction, table, row.values(), lambda: transaction.fetch(query, *row.parameters()))
    if not found:
        raise ActionError(f"{row.entity.name} has no row {row.single_id}.", type="not_found")
    return found[0]["status"]
