"""The two handlers that write the engine's own tables."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from ichor_models import ActionError

USER, ROLE, ENTITY = (str(UUID(int=number)) for number in (1, 2, 3))


async def test_audit(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    event = {"entity_id": ENTITY, "user_id": USER}
    call = make_call("log_audit_entry", {"message": "done", "metadata": {"n": [1]}}, event=event)
    result = await perform(call)
    assert await perform(call, attempt=2) == result
    rows = await pool.fetch("SELECT * FROM workflow.audit_log")
    assert len(rows) == 1
    row = {key: str(value) if isinstance(value, UUID) else value for key, value in rows[0].items()}
    assert row.pop("created_date")
    assert row == {
        "id": result["audit_id"],
        "entity_name": "orders",
        "entity_id": ENTITY,
        "row_id": ENTITY,
        "action": "Tell sales",
        "message": "done",
        "metadata": {"n": [1]},
        "rule_id": call.run.rule_id,
        "execution_id": call.run.execution_id,
        "user_id": USER,
        "person": USER,
    }
    assert (result["status"], result["output"]) == ("logged", "success")


async def test_audit_of_another_row(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    other = str(uuid4())
    config = {"message": "", "entity_name": "users", "entity_id": other, "action": "lock"}
    await perform(make_call("log_audit_entry", config, event={"user_id": "bob"}))
    row = await pool.fetchrow("SELECT * FROM workflow.audit_log")
    assert row is not None
    assert (row["entity_name"], str(row["entity_id"]), row["action"]) == ("users", other, "lock")
    assert (row["row_id"], row["user_id"], row["person"]) == (other, None, "bob")


@pytest.mark.parametrize(
    ("named", "of_event", "written"),
    [
        ("", "17", (None, "17")),
        ("18", ENTITY, (UUID(ENTITY), "18")),
        ("18", "17", (None, "18")),
        ("", None, (None, None)),
    ],
)
async def test_audit_of_a_row_without_uuid(
    pool: asyncpg.Pool, perform: Any, make_call: Any, named: str, of_event: str | None, written: tuple[object, ...]
) -> None:
    config = {"message": "nightly", "entity_id": named}
    await perform(make_call("log_audit_entry", config, event={"entity_id": of_event}))
    row = await pool.fetchrow("SELECT entity_id, row_id FROM workflow.audit_log")
    assert row is not None
    assert tuple(row) == written


async def test_an_existing_audit_log_takes_no_null(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    await pool.execute("ALTER TABLE workflow.audit_log ALTER entity_id SET NOT NULL")
    await perform(make_call("log_audit_entry", {"message": "done"}, event={"entity_id": "17", "user_id": "ada"}))
    row = await pool.fetchrow("SELECT entity_id, row_id, user_id, person FROM workflow.audit_log")
    assert row is not None
    assert tuple(row) == (UUID(int=0), "17", None, "ada")


def alert(**more: Any) -> dict[str, Any]:
    return {"message": "Check it", "recipients": {"users": [USER, USER], "roles": [ROLE]}, **more}


async def test_alert(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    config = alert(severity="high", alert_type="stock", title="T", action_url="/orders/1", context={"a": 1})
    call = make_call("create_alert", config, event={"entity_id": ENTITY})
    result = await perform(call)
    assert await perform(call, attempt=2) == result
    row = await pool.fetchrow("SELECT * FROM workflow.alerts")
    assert row is not None
    assert str(row["id"]) == result["alert_id"]
    assert (row["severity"], row["alert_type"], row["title"], row["message"]) == ("high", "stock", "T", "Check it")
    assert (row["context"], row["action_url"], row["status"]) == ({"a": 1}, "/orders/1", "active")
    assert (row["source_entity_name"], str(row["source_entity_id"])) == ("orders", ENTITY)
    assert row["source_rule_id"] is None, "the rule was deleted meanwhile"
    recipients = await pool.fetch("SELECT recipient_type, recipient_id::text FROM workflow.alert_recipients ORDER BY 1")
    assert [tuple(item) for item in recipients] == [("role", ROLE), ("user", USER)]
    assert (result["status"], result["resolved_count"], result["output"]) == ("created", 0, "success")


async def test_alert_closes_earlier_ones(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    event = {"entity_id": ENTITY}
    for more in ({"alert_type": "stock"}, {"alert_type": "stock"}, {"alert_type": "other"}):
        await perform(make_call("create_alert", alert(**more), event=event))
    await perform(make_call("create_alert", alert(alert_type="stock"), event={"entity_id": str(uuid4())}))
    await pool.execute(
        "UPDATE workflow.alerts SET status = 'acknowledged' WHERE ctid = (SELECT min(ctid) FROM workflow.alerts)"
    )
    config = alert(alert_type="stock", resolve_prior=True)
    assert (await perform(make_call("create_alert", config, event=event)))["resolved_count"] == 2
    counts = await pool.fetch("SELECT status, count(*) FROM workflow.alerts GROUP BY 1 ORDER BY 1")
    assert [tuple(item) for item in counts] == [("active", 3), ("resolved", 2)]
    assert (await perform(make_call("create_alert", alert(resolve_prior=True))))["resolved_count"] == 0


async def test_alerts_of_a_row_without_uuid_are_found(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    config = alert(alert_type="stock", resolve_prior=True)
    orders, customers = ({"entity_id": "17", "entity_name": name} for name in ("orders", "customers"))
    for event, resolved in ((orders, 0), (customers, 0), (orders, 1), ({**orders, "entity_id": "18"}, 0)):
        assert (await perform(make_call("create_alert", config, event=event)))["resolved_count"] == resolved
    rows = await pool.fetch("SELECT source_entity_id, source_row_id FROM workflow.alerts ORDER BY source_row_id")
    assert [tuple(row) for row in rows] == [(None, "17")] * 3 + [(None, "18")]


async def test_alerts_of_an_older_worker_are_found(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    config, event = alert(alert_type="stock", resolve_prior=True), {"entity_id": ENTITY.upper()}
    await perform(make_call("create_alert", config, event=event))
    await pool.execute("UPDATE workflow.alerts SET source_row_id = NULL")
    assert (await perform(make_call("create_alert", config, event=event)))["resolved_count"] == 1


async def test_notification_names_the_row(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    config = {"recipients": [USER], "message": "Look"}
    await perform(make_call("send_notification", config, event={"entity_id": "17"}))
    assert await pool.fetchval("SELECT source_row_id FROM workflow.alerts") == "17"


async def test_an_existing_database_has_other_types(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    await pool.execute(
        "ALTER TABLE workflow.alerts DROP CONSTRAINT alerts_severity_check, ALTER created_date TYPE timestamp,"
        " ALTER updated_date TYPE timestamp, ALTER alert_type TYPE varchar(100), DROP COLUMN action_url,"
        " ALTER source_entity_name TYPE varchar(100)"
    )
    await pool.execute("CREATE TYPE workflow.alert_severity AS ENUM ('low', 'medium', 'high', 'critical')")
    await pool.execute(
        "ALTER TABLE workflow.alerts ALTER severity TYPE workflow.alert_severity"
        " USING severity::workflow.alert_severity"
    )
    event = {"entity_id": ENTITY, "entity_name": "o" * 150}
    await perform(make_call("create_alert", alert(alert_type="stock"), event=event))
    again = await perform(make_call("create_alert", alert(alert_type="stock", resolve_prior=True), event=event))
    assert again["resolved_count"] == 1
    late = await pool.fetchval(
        "SELECT max(abs(extract(epoch FROM created_date - timezone('UTC', now())))) FROM workflow.alerts"
    )
    assert late < 60
    with pytest.raises(ActionError, match="too long"):
        await perform(make_call("create_alert", alert(alert_type="x" * 101), event=event))
