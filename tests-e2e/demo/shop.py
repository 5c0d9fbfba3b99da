"""The shop's side of the demo: its tables, and what the engine's actions left in them."""

import asyncpg
from ichor_edgestore import connected
from ichor_testing import SmtpSink
from story import HERE, Results


async def open_shop(database_url: str) -> None:
    """Make the shop's tables."""
    async with connected(database_url, max_size=1) as pool:
        await pool.execute((HERE / "shop.sql").read_text())


async def look_around(database_url: str, mails: SmtpSink) -> Results:
    """Return what is there now, in the order in which the story lists it."""
    async with connected(database_url, max_size=1) as pool:
        orders = await pool.fetch("SELECT number, status FROM orders ORDER BY number")
        return Results(
            orders={row["number"]: row["status"] for row in orders},
            mails=tuple(sorted(str(mail.message["Subject"]) for mail in mails.received)),
            alerts=await _texts(pool, "SELECT title FROM workflow.alerts ORDER BY title"),
            audit=await _texts(pool, "SELECT message FROM workflow.audit_log ORDER BY message"),
        )


async def _texts(pool: asyncpg.Pool, query: str) -> tuple[str, ...]:
    return tuple(row[0] for row in await pool.fetch(query))
