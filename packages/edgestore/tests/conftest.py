"""What the tests of the store share: databases, both stores, and things to put into them."""

import hashlib
from collections.abc import AsyncGenerator, Callable
from typing import Any

import asyncpg
import pytest
from ichor_edgestore import EdgeStore, MemoryStore, connected, migrate, migrations
from ichor_models import (
    CONTROL_TYPES,
    ActionCall,
    ActionType,
    Catalogue,
    EntityEvent,
    EventHeader,
    ExecutionId,
    Rule,
    RuleId,
    RunHeader,
)
from ichor_testing.database import Database, isolated_database, template_database
from ichor_testing.postgres import PostgresServer
from pydantic import BaseModel, ConfigDict


class AnyConfig(BaseModel):
    """A config of any keys."""

    model_config = ConfigDict(extra="allow")


@pytest.fixture(scope="session")
async def postgres_template(shared_postgres: PostgresServer) -> str:
    """Every test's database is a copy of a migrated one."""
    key = hashlib.sha256("".join(step.sql for step in migrations()).encode()).hexdigest()[:16]
    return await template_database(shared_postgres, f"edgestore_{key}", _migrate)


@pytest.fixture
async def empty_database(shared_postgres: PostgresServer) -> AsyncGenerator[Database]:
    """A database without any table."""
    async with isolated_database(shared_postgres) as database:
        yield database


@pytest.fixture
async def empty_pool(empty_database: Database) -> AsyncGenerator[asyncpg.Pool]:
    """A pool on a database without any table."""
    async with connected(empty_database.url, max_size=5) as opened:
        yield opened


@pytest.fixture
async def pool(postgres_database: Database) -> AsyncGenerator[asyncpg.Pool]:
    """A pool on a migrated database of the test's own."""
    async with connected(postgres_database.url, max_size=5) as opened:
        yield opened


@pytest.fixture
def edge_store(pool: asyncpg.Pool) -> EdgeStore:
    """The store on that pool."""
    return EdgeStore(pool)


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> EdgeStore | MemoryStore:
    """Each of the two stores."""
    return MemoryStore() if request.param == "memory" else request.getfixturevalue("edge_store")


@pytest.fixture
async def rule_id(store: EdgeStore | MemoryStore, approval: Rule, catalogue: Catalogue) -> RuleId:
    """The id of a rule in the store."""
    return (await store.save_rule(approval, catalogue=catalogue)).rule_id


@pytest.fixture
async def run(store: EdgeStore | MemoryStore, rule_id: RuleId, event: EntityEvent) -> ExecutionId:
    """A run in the store."""
    return (await store.pin_run(rule_id, event)).execution_id


@pytest.fixture
def call(run: ExecutionId, new_call: Callable[..., ActionCall]) -> ActionCall:
    """A call of an action of that run."""
    return new_call(run)


@pytest.fixture
def catalogue() -> Catalogue:
    """The engine's own types, and one that takes anything."""
    return Catalogue([*CONTROL_TYPES, ActionType("send_email", AnyConfig)])


@pytest.fixture
def approval() -> Rule:
    """A rule that uses most of what a rule can hold."""
    return Rule.model_validate(
        {
            "name": "Order approval",
            "description": "Asks about large orders",
            "trigger": {
                "entity": "orders",
                "event": "on_create",
                "conditions": [
                    {"field_name": "total", "operator": "greater_than", "value": 1000.5},
                    {"field_name": "status", "operator": "changed_from", "value": None, "previous_value": "open"},
                ],
            },
            "options": {"max_in_flight": 7, "deadline": "30d"},
            "actions": [
                {
                    "name": "check amount",
                    "type": "evaluate_condition",
                    "config": {"conditions": [{"field_name": "total", "operator": "less_than", "value": 9}]},
                },
                {
                    "name": "tell",
                    "type": "send_email",
                    "config": {"body": "Ünïcode {{ total }}", "to": ["a", {"b": None}]},
                    "options": {"timeout": "1m30s", "max_attempts": 5},
                    "description": "Says so",
                },
                {"name": "wait", "type": "delay", "config": {"duration": "1h"}, "is_active": False},
            ],
            "edges": [
                {"source": None, "target": "check amount", "type": "start"},
                {"source": "check amount", "target": "wait", "type": "false_branch", "order": 3},
                {"source": "check amount", "target": "tell", "type": "sequence", "order": 1, "source_output": "true"},
                {"source": "tell", "target": "wait", "type": "always", "order": 1},
                {"source": "tell", "target": "wait", "type": "parallel", "order": 1},
            ],
        }
    )


@pytest.fixture
def event() -> EntityEvent:
    """An order was made."""
    return new_event("event-1")


@pytest.fixture
def another_event() -> EntityEvent:
    """Another order was made."""
    return new_event("event-2")


def new_event(event_id: str) -> EntityEvent:
    """Return the event of one order."""
    return EntityEvent.model_validate(
        {
            "event_id": event_id,
            "event_type": "on_create",
            "entity_name": "orders",
            "entity_id": "4711",
            "timestamp": "2026-11-23T20:00:00Z",
            "raw_data": {"total": 1500, "user_id": "the order's own column"},
            "lineage": {"root": "first", "depth": 2, "visited": ["r:1"]},
        }
    )


@pytest.fixture
def new_call() -> Callable[..., ActionCall]:
    """Makes calls of the action `tell` of a run."""

    def make(execution_id: str, key: str = "key", **changes: Any) -> ActionCall:
        header = RunHeader(
            execution_id=ExecutionId(execution_id),
            rule_id=RuleId("rule"),
            rule_name="Order approval",
            event=EventHeader.model_validate({"event_id": "event-1", "event_type": "on_create"}),
        )
        call: dict[str, object] = {"run": header, "key": key, "name": "tell", "type": "send_email", "config": {}}
        return ActionCall.model_validate(call | changes)

    return make


@pytest.fixture
async def asked(
    edge_store: EdgeStore, approval: Rule, catalogue: Catalogue, event: EntityEvent, new_call: Callable[..., ActionCall]
) -> ActionCall:
    """A call of a run in PostgreSQL."""
    saved = await edge_store.save_rule(approval, catalogue=catalogue)
    return new_call((await edge_store.pin_run(saved.rule_id, event)).execution_id)


async def _migrate(url: str) -> None:
    async with connected(url) as opened:
        await migrate(opened)
