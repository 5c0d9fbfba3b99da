"""`ichor migrate`."""

import asyncio

from ichor_cli.arguments import Json
from ichor_cli.screen import Screen


def migrate(json: Json = False) -> int:
    """Bring the database of ICHOR_DATABASE_URL up to date."""
    applied, version = asyncio.run(_migrate())
    Screen(json).answer(
        {"applied": list(applied), "version": version},
        lambda: "\n".join([*(f"applied {name}" for name in applied), f"The database is at version {version}."]),
    )
    return 0


async def _migrate() -> tuple[tuple[str, ...], int]:
    from ichor_edgestore import connected, schema_version
    from ichor_edgestore import migrate as bring_up_to_date

    from ichor_cli.store import database_url

    async with connected(database_url(), max_size=1) as pool:
        return await bring_up_to_date(pool), await schema_version(pool)
