"""`update_field`: sets one column of the rows that match, or of the event's row."""

from datetime import UTC, datetime
from typing import Literal

from ichor_models import ConfigError
from pydantic import Field, JsonValue, model_validator

from ichor_activities.column_update import update_column
from ichor_activities.config import Config, Result
from ichor_activities.context import ActionContext
from ichor_activities.entity import Entity
from ichor_activities.filter import RowCondition, RowFilter
from ichor_activities.handler import action
from ichor_activities.reference import Reference, resolve_reference


class UpdateFieldConfig(Config):
    """Which column of which rows gets which value; without conditions the event's row is meant."""

    target_entity: str = Field(min_length=1, description="the entity, by its name in `ICHOR_ENTITIES`")
    target_field: str = Field(min_length=1, description="the column to set")
    new_value: JsonValue = Field(description="its value, any JSON that the column takes")
    field_type: Literal["", "foreign_key"] | str = Field(
        default="",
        description="`foreign_key` where the value stands for a row of another table; anything else means nothing",
    )
    foreign_key_config: Reference | None = Field(
        default=None, description="where that row is found, needed with `foreign_key`"
    )
    conditions: tuple[RowCondition, ...] = Field(
        default=(), description="which rows, by conditions that must all hold; empty means the event's row"
    )

    @model_validator(mode="after")
    def _foreign_key_is_described(self) -> "UpdateFieldConfig":
        if self.is_reference and self.foreign_key_config is None:
            raise ValueError("foreign_key_config is required when field_type is foreign_key")
        return self

    @property
    def is_reference(self) -> bool:
        """Say whether the value stands for a row of another table."""
        return self.field_type == "foreign_key"


class UpdateFieldResult(Result):
    """What was set on how many rows; times in UTC."""

    update_id: str
    status: str = "success"
    target_entity: str
    target_field: str
    new_value: JsonValue
    records_affected: int
    warnings: list[str]
    created_at: datetime
    completed_at: datetime
    execution_time_ms: int
    resolved_value: JsonValue = Field(default=None, exclude_if=lambda value: value is None)
    target_record_id: JsonValue = Field(default=None, exclude_if=lambda value: value is None)


@action("update_field", transactional=True)
async def update_field(config: UpdateFieldConfig, run: ActionContext) -> UpdateFieldResult:
    """Set a column of the rows that match; no row that matches is a success that affected none."""
    started = datetime.now(UTC)
    entity = run.services.entities.entity(config.target_entity)
    column = entity.column_to_write(config.target_field)
    rows = _rows(config, entity, run)
    value, warnings = await _value(config, run)
    affected = await update_column(run.transaction, rows, column, value)
    completed = datetime.now(UTC)
    return UpdateFieldResult(
        update_id=str(run.new_id("update")),
        target_entity=config.target_entity,
        target_field=config.target_field,
        new_value=config.new_value,
        records_affected=affected,
        warnings=warnings,
        created_at=started,
        completed_at=completed,
        execution_time_ms=round((completed - started).total_seconds() * 1000),
        resolved_value=value if value != config.new_value else None,
        target_record_id=rows.single_id,
    )


def _rows(config: UpdateFieldConfig, entity: Entity, run: ActionContext) -> RowFilter:
    if config.conditions:
        return RowFilter.of(entity, config.conditions)
    if run.event.entity_id is None:
        raise ConfigError("The event names no row and the config has no conditions; say which rows to update.")
    return RowFilter.by_id(entity, run.event.entity_id)


async def _value(config: UpdateFieldConfig, run: ActionContext) -> tuple[JsonValue, list[str]]:
    if config.is_reference and config.foreign_key_config is not None:
        return await resolve_reference(config.foreign_key_config, config.new_value, run)
    return config.new_value, []
