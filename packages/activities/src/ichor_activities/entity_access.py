"""Which tables and columns actions may read and write: nothing that the file of entities does not open.

`workflow.*` is never written by an action that names its table, whatever the file says, and neither are the tables and
columns that an existing ERP keeps for its own code, unless the file has a list of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ichor_activities.entity import HOW, Entity
from ichor_activities.entity_file import Columns, EntityFile, EntityRule, Protected, load_entity_file
from ichor_activities.errors import InvalidConfiguration, NotAllowed
from ichor_activities.identifier import normalise, quote_identifier
from ichor_activities.protected import PROTECTED
from ichor_activities.table import Table

_OWN_SCHEMA = "workflow"


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
                f"Actions may not use {name!r}; add it to {HOW}: "
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
                    raise InvalidConfiguration(f"Two entities in {HOW} are called {key}; remove one.")
                found[key] = entity
        return cls(found)


def load_entity_access(path: str | Path) -> EntityAccess:
    """Read the file of entities, YAML or JSON.

    Raises:
        InvalidConfiguration: it cannot be read, or says something that it cannot mean.
    """
    return EntityAccess.of(load_entity_file(path))


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
