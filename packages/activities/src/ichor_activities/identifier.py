"""Names of tables and columns inside SQL."""

from ichor_activities.errors import NotAllowed


def quote_identifier(name: str) -> str:
    """Quote a name for PostgreSQL, so that nothing in it is read as SQL.

    Raises:
        NotAllowed: the name is empty, too long, or holds a NUL.
    """
    if not name or "\0" in name or len(name.encode()) > 63:
        raise NotAllowed(f"{name[:80]!r} cannot be the name of a table or column.")
    return '"' + name.replace('"', '""') + '"'


def normalise(name: str) -> str:
    """Return a name as the allow-list compares it: without quotes and spaces, in lower case."""
    return ".".join(part.strip().strip('"').strip().casefold() for part in name.split("."))
