"""Run the SQL of the standard input; a query with parameters is only prepared."""

import asyncio
import os
import sys

import asyncpg


async def main(text: str) -> None:
    connection = await asyncpg.connect(os.environ["ICHOR_DATABASE_URL"])
    await (connection.prepare(text) if "$1" in text else connection.execute(text))
    await connection.close()


asyncio.run(main(sys.stdin.read()))
