"""Names of entities: tables without their schema."""


def bare(entity: str) -> str:
    """Return the name without a schema: `orders` for `sales.orders`."""
    return entity.rpartition(".")[2] or entity


def schema_of(entity: str) -> str:
    """Return the schema that a name gives, else `public`."""
    return entity.rpartition(".")[0] or "public"
