"""`ichor export`."""

import asyncio
import sys
from typing import Annotated

from ichor_models import Rule, rule_document, rule_yaml

from ichor_cli.arguments import RULE, Json
from ichor_cli.screen import write


def export(rule: Annotated[str, RULE], json: Json = False) -> int:
    """Print a rule of the database as a workflow file."""
    loaded = asyncio.run(_load(rule))
    if json:
        write(rule_document(loaded))
    else:
        sys.stdout.write(rule_yaml(loaded))
    return 0


async def _load(rule: str) -> Rule:
    from ichor_cli.store import edge_store

    async with edge_store() as store:
        return await store.load_rule(await store.find_rule(rule))
