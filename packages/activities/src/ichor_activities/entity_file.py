"""The file of entities, as it is written: what actions may read and write."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from ichor_models import InvalidDocument, load_text
from ichor_models.wording import all_in_words
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ichor_activities.errors import InvalidConfiguration

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


def load_entity_file(path: str | Path) -> EntityFile:
    """Read the file of entities, YAML or JSON.

    Raises:
        InvalidConfiguration: it cannot be read, or says something that it cannot mean.
    """
    try:
        content = load_text(Path(path).read_text(encoding="utf-8"))
        return EntityFile.model_validate(content)
    except (OSError, UnicodeDecodeError, InvalidDocument) as error:
        raise InvalidConfiguration(f"ICHOR_ENTITIES: the file {path} cannot be read: {error}") from error
    except ValidationError as error:
        raise InvalidConfiguration(f"ICHOR_ENTITIES: the file {path} is wrong: {all_in_words(error)}") from error
