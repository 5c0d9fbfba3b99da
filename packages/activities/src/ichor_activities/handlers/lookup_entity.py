"""`lookup_entity`: reads the rows that match, for the actions that follow."""

from ichor_models import ConfigError
from pydantic import Field, JsonValue

from ichor_activities.config import Config
from ichor_activities.context import ActionContext
from ichor_activities.errors import InvalidValue
from ichor_activities.filter import RowFilter
from ichor_activities.handler import action
from ichor_activities.identifier import quote_identifier
from ichor_activities.row import naming_refusals
from ichor_activities.rows_as_json import fetch_json

MOST_ROWS = 1000
_TAKEN = ("output", "found")


class LookupEntityConfig(Config):
    """Which columns of which rows, and the key that holds them in the result."""

    entity: str = Field(min_length=1, description="the entity, by its name in `ICHOR_ENTITIES`")
    filter: dict[str, JsonValue] = Field(min_length=1, description="values by column, all of which a row must have")
    fields: tuple[str, ...] = Field(min_length=1, description="the columns to read")
    output_key: str = Field(
        min_length=1,
        description="the key of the result that holds what is found; `<output_key>_count` is how many rows",
    )


@action("lookup_entity", ports=("found", "not_found"), transactional=True)
async def lookup_entity(config: LookupEntityConfig, run: ActionContext) -> dict[str, JsonValue]:
    """Read the row that matches: under the output key, a list where there are several, null where there is none."""
    if config.output_key in _TAKEN:
        raise ConfigError(f"output_key may not be {config.output_key}: every result has a key of that name.")
    rows = await _matching(config, run)
    value: JsonValue = list(rows) if len(rows) > 1 else (rows[0] if rows else None)
    return {
        config.output_key: value,
        f"{config.output_key}_count": len(rows),
        "found": bool(rows),
        "output": "found" if rows else "not_found",
    }


async def _matching(config: LookupEntityConfig, run: ActionContext) -> list[dict[str, JsonValue]]:
    entity = run.services.entities.entity(config.entity)
    columns = [(entity.column_to_read(name), name) for name in dict.fromkeys(config.fields)]
    selected = ", ".join(f"{quote_identifier(column)} AS {quote_identifier(name)}" for column, name in columns)
    matching = RowFilter.equal(entity, config.filter)
    query = (
        f"SELECT {selected} FROM {entity.table.sql} WHERE {matching.sql(1)}"
        f" ORDER BY {quote_identifier(entity.id_column)} LIMIT {MOST_ROWS + 1}"
    )
    rows = await naming_refusals(
        run.transaction,
        entity.table,
        matching.values(),
        lambda: fetch_json(run.transaction, query, *matching.parameters()),
    )
    if len(rows) > MOST_ROWS:
        raise InvalidValue(f"More than {MOST_ROWS} rows of {entity.name} match; narrow the filter.")
    return rows
