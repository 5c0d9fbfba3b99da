"""Which tables and columns actions may read and write: nothing that the file of entities does not open.

`workflow.*` is never written by an action that names its table, whatever the file says, and neither are the tables and
columns that an existing ERP keeps for its own code (actions.md, Protected), unless the file has a list of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ichor_models import InvalidDocument, load_text
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ichor_activities.errors import InvalidConfiguration, NotAllowed
from ichor_activities.identifier import normalise, quote_identifier
from ichor_activities.table import Table

_OWN_SCHEMA = "workflow"
_HOW = "the file that ICHOR_ENTITIES names"
type Columns = Literal["*"] | tuple[str, ...]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EntityRule(_Strict):
    """What the file says of one entity; `table` is `schema.table`, by default the entity's name in `public`."""

    table: str | None = None
    id: str = "id"
    readable: Columns = ()
    writable: Columns = ()


class Protected(_Strict):
    """Tables and columns (by table) that no action writes, by their names without schema."""

    tables: tuple[str, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = Field(default_factory=dict[str, tuple[str, ...]])


class EntityFile(_Strict):
    """The file of entities."""

    entities: Mapping[str, EntityRule]
    protected: Protected | None = None


PROTECTED = Protected(
    tables=(
        "inventory_transactions",
        "table_configs",
        "roles",
        "user_roles",
        "table_access",
        "warehouses",
        "zones",
        "inventory_locations",
        "order_fulfillment_statuses",
        "line_item_fulfillment_statuses",
        "purchase_order_statuses",
        "purchase_order_line_item_statuses",
        "user_approval_status",
    ),
    columns={
        "orders": ("order_fulfillment_status_id",),
        "order_line_items": (
            "quantity",
            "picked_quantity",
            "backordered_quantity",
            "line_item_fulfillment_statuses_id",
        ),
        "purchase_orders": ("purchase_order_status_id",),
        "purchase_order_line_items": ("quantity_received", "quantity_cancelled"),
        "transfer_orders": ("claimed_by", "completed_by", "quantity"),
        "users": ("approved_by", "date_approved", "user_approval_status_id"),
    },
)


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity that actions may use. `readable` and `writable` are None where every column is."""

    name: str
    table: Table
    id_column: str
    readable: Mapping[str, str] | None
    writable: Mapping[str, str] | None
    protected: frozenset[str] = frozenset()
    is_protected: bool = False

    def column_to_read(self, name: str) -> str:
        """Return the real name of a column that actions may read; the id and what they may write are among them.

        Raises:
            NotAllowed: it is not.
        """
        key = normalise(name)
        if key == normalise(self.id_column):
            return self.id_column
        for columns in (self.readable, self.writable):
            if columns is None or key in columns:
                return _real_name(columns, key)
        raise NotAllowed(f"Actions may not read {self.name}.{name}; add it to `readable` of {self.name} in {_HOW}.")

    def column_to_write(self, name: str) -> str:
        """Return the real name of a column that actions may write.

        Raises:
            NotAllowed: it is not, or it is protected.
        """
        key = normalise(name)
        self.check_writable()
        if key in self.protected:
            raise NotAllowed(f"{self.name}.{name} is protected: only the application's own code changes it.")
        if self.writable is None or key in self.writable:
            return _real_name(self.writable, key)
        raise NotAllowed(f"Actions may not write {self.name}.{name}; add it to `writable` of {self.name} in {_HOW}.")

    def check_writable(self) -> None:
        """Refuse a protected table.

        Raises:
            NotAllowed: it is one.
        """
        if self.is_protected:
            raise NotAllowed(f"{self.table.text} is protected: only the application's own code changes it.")


@dataclass(frozen=True, slots=True)
class EntityAccess:
    """The entities that actions may use, by name and by `schema.table`."""

    entities: Mapping[str, Entity] = field(default_factory=dict[str, Entity])

    def entity(self, name: str) -> Entity:
        """Return an entity by its name or its table.

        Raises:
            NotAllowed: the file of entities does not have it.
        """
        found = self.entities.get(normalise(name))
        if found is None:
            raise NotAllowed(
                f"Actions may not use {name!r}; add it to {_HOW}: "
                "`entities: {<name>: {table: <schema>.<table>, readable: […], writable: […]}}`."
            )
        return found

    @classmethod
    def of(cls, file: EntityFile) -> "EntityAccess":
        """Index what a file says.

        Raises:
            InvalidConfiguration: two entities share a name or a table, or a name cannot be one.
        """
        found: dict[str, Entity] = {}
        for name, rule in file.entities.items():
            entity = _entity(name, rule, PROTECTED if file.protected is None else file.protected)
            for key in {normalise(name), normalise(entity.table.text)}:
                if key in found:
                    raise InvalidConfiguration(f"Two entities in {_HOW} are called {key}; remove one.")
                found[key] = entity
        return cls(found)


def load_entity_access(path: str | Path) -> EntityAccess:
    """Read the file of entities, YAML or JSON.

    Raises:
        InvalidConfiguration: it cannot be read, or says something that it cannot mean.
    """
    try:
        content = load_text(Path(path).read_text(encoding="utf-8"))
        return EntityAccess.of(EntityFile.model_validate(content))
    except (OSError, UnicodeDecodeError, InvalidDocument) as error:
        raise InvalidConfiguration(f"ICHOR_ENTITIES: the file {path} cannot be read: {error}") from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise InvalidConfiguration(f"ICHOR_ENTITIES: the file {path} is wrong: {problems}") from error


def _entity(name: str, rule: EntityRule, protected: Protected) -> Entity:
    schema, _, table = (rule.table or name).rpartition(".")
    real = Table(schema or "public", table)
    try:
        _ = real.sql, quote_identifier(rule.id)
    except NotAllowed as error:
        raise InvalidConfiguration(f"ICHOR_ENTITIES: {name}: {error}") from error
    bare = normalise(real.name)
    return Entity(
        name=name,
        table=real,
        id_column=rule.id,
        readable=_by_key(rule.readable),
        writable=_by_key(rule.writable),
        protected=frozenset(
            normalise(column)
            for owner, columns in protected.columns.items()
            if normalise(owner) == bare
            for column in columns
        ),
        is_protected=normalise(real.schema) == _OWN_SCHEMA or bare in map(normalise, protected.tables),
    )


def _by_key(columns: Columns) -> Mapping[str, str] | None:
    return None if columns == "*" else {normalise(column): column for column in columns}


def _real_name(columns: Mapping[str, str] | None, key: str) -> str:
    return key if columns is None else columns[key]
