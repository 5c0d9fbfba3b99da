"""One entity that actions may use, and the columns of it that they may read and write."""

from collections.abc import Mapping
from dataclasses import dataclass

from ichor_activities.errors import NotAllowed
from ichor_activities.identifier import normalise
from ichor_activities.table import Table

HOW = "the file that ICHOR_ENTITIES names"


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
        raise NotAllowed(f"Actions may not read {self.name}.{name}; add it to `readable` of {self.name} in {HOW}.")

    def shows(self, column: str) -> bool:
        """Say whether actions, and hence events, may show a column, by its real name."""
        opened = (self.readable, self.writable)
        return column == self.id_column or any(names is None or column in names.values() for names in opened)

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
        raise NotAllowed(f"Actions may not write {self.name}.{name}; add it to `writable` of {self.name} in {HOW}.")

    def check_writable(self) -> None:
        """Refuse a table of which nothing may be written.

        Raises:
            NotAllowed: it is protected, or only opened for reading.
        """
        if self.is_protected:
            raise NotAllowed(f"{self.table.text} is protected: only the application's own code changes it.")
        if self.writable is not None and not self.writable:
            raise NotAllowed(f"Actions may not write {self.name}; add `writable` to {self.name} in {HOW}.")


def _real_name(columns: Mapping[str, str] | None, key: str) -> str:
    return key if columns is None else columns[key]
