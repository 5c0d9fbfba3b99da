"""`create_entity`: inserts one row into a table that actions may write."""

from pydantic import Field, JsonValue

from ichor_activities.config import Config, Result
from ichor_activities.context import ActionContext
from ichor_activities.entity import Entity
from ichor_activities.handler import action
from ichor_activities.identifier import normalise
from ichor_activities.row import takes_uuid
from ichor_activities.row_creation import create_row


class CreateEntityConfig(Config):
    """The table and the row's values by column; the id is made where it is not given."""

    target_entity: str = Field(min_length=1, description="the entity, by its name in `ICHOR_ENTITIES`")
    fields: dict[str, JsonValue] = Field(
        min_length=1, description="the row's values by column; a UUID as its id is made where none is given"
    )


class CreateEntityResult(Result):
    """The id of the new row."""

    created_id: JsonValue
    target_entity: str
    status: str = "success"


@action("create_entity", transactional=True)
async def create_entity(config: CreateEntityConfig, run: ActionContext) -> CreateEntityResult:
    """Insert a row; its id comes from the run and the action, so that no attempt makes a second one."""
    entity = run.services.entities.entity(config.target_entity)
    entity.check_writable()
    row = {_column(entity, name): value for name, value in config.fields.items()}
    if entity.id_column not in row and await takes_uuid(run.transaction, entity.table, entity.id_column):
        row[entity.id_column] = str(run.new_id("row"))
    created = await create_row(run.transaction, entity, row)
    return CreateEntityResult(created_id=created, target_entity=config.target_entity)


def _column(entity: Entity, name: str) -> str:
    if normalise(name) == normalise(entity.id_column):
        return entity.id_column
    return entity.column_to_write(name)
