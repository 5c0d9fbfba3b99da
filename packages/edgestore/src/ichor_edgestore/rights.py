"""What the role of the services must be allowed to do in the database, and what of it a role lacks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from ichor_edgestore.database import Database
from ichor_edgestore.query_file import load_queries

_QUERIES = load_queries("rights")
_READ, _ADD, _CHANGE, _REMOVE = "SELECT", "INSERT", "UPDATE", "DELETE"

_RIGHTS: Mapping[str, Sequence[str]] = {
    "ichor_migrations": (_READ,),
    "trigger_types": (_READ,),
    "entities": (_READ,),
    # A run's start locks the rule for a moment.
    "automation_rules": (_READ, _CHANGE),
    "action_templates": (_READ,),
    "rule_actions": (_READ,),
    "action_edges": (_READ,),
    "graph_versions": (_READ, _ADD),
    "automation_executions": (_READ, _ADD, _CHANGE),
    "run_actions": (_READ, _ADD, _CHANGE),
    "questions": (_READ, _ADD, _CHANGE),
    "approval_requests": (_READ, _ADD, _CHANGE),
    "approval_votes": (_READ, _ADD),
    "outbox": (_READ, _ADD, _CHANGE, _REMOVE),
    "payloads": (_READ, _ADD, _CHANGE, _REMOVE),
    "idempotency_keys": (_READ, _ADD, _CHANGE, _REMOVE),
    "temporal_namespace": (_READ, _ADD),
    "temporal_encryption": (_READ, _ADD, _CHANGE, _REMOVE),
    "audit_log": (_READ, _ADD),
    "alerts": (_READ, _ADD, _CHANGE),
    "alert_recipients": (_READ, _ADD),
    "alert_acknowledgments": (_READ, _REMOVE),
}
_LEGACY_RIGHTS: Mapping[str, Sequence[str]] = {"cascade_outbox": (_READ, _CHANGE, _REMOVE)}


def service_rights(*, legacy: bool = False) -> Mapping[str, Sequence[str]]:
    """Return what the services do, by the table, in the schema `workflow`; whoever saves rules needs more.

    `legacy` adds the outbox of an existing Ichor.
    """
    return {**_RIGHTS, **(_LEGACY_RIGHTS if legacy else {})}


@dataclass(frozen=True, slots=True)
class LackingRights:
    """What a role may not do with a table, or all of it where the table is not there."""

    table: str
    privileges: tuple[str, ...]
    is_there: bool


async def lacking_rights(pool: asyncpg.Pool, rights: Mapping[str, Sequence[str]]) -> Sequence[LackingRights]:
    """Return what the role of these connections lacks, by table.

    Raises:
        StoreError: the database does not say.
    """
    wanted = [(table, privilege) for table, privileges in rights.items() for privilege in privileges]
    tables, privileges = [table for table, _ in wanted], [privilege for _, privilege in wanted]
    rows = await Database(pool).rows(_QUERIES["lacking"], tables, privileges)
    return [
        LackingRights(table, tuple(row["privilege"] for row in found), found[0]["is_there"])
        for table in rights
        if (found := [row for row in rows if row["table"] == table])
    ]
