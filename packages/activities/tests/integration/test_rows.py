"""The four handlers that read and write an application's tables."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from ichor_activities import InvalidValue, NotAllowed
from ichor_models import ActionError, ConfigError

ORDER = UUID("11111111-2222-3333-4444-555555555555")
OTHER = UUID("99999999-2222-3333-4444-555555555555")
NOBODY = "00000000-2222-3333-4444-555555555555"


@pytest.fixture(autouse=True)
async def orders(pool: asyncpg.Pool) -> None:
    await pool.execute("INSERT INTO sales.orders (id, number, total, quantity) VALUES ($1, 'A-1', 5, 1)", ORDER)
    await pool.execute("INSERT INTO sales.orders (id, number, total, quantity) VALUES ($1, 'A-2', 7.5, 2)", OTHER)
    await pool.execute("INSERT INTO sales.statuses (name) VALUES ('shipped'), ('held')")


async def column(pool: asyncpg.Pool, name: str, id: UUID = ORDER) -> Any:
    return await pool.fetchval(f'SELECT "{name}" FROM sales.orders WHERE id = $1', id)


def update(field: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"target_entity": "sales.orders", "target_field": field, "new_value": value, **more}


EVENT = {"entity_id": str(ORDER)}


@pytest.mark.parametrize(
    ("field", "given", "kept"),
    [
        ("quantity", 5, 5),
        ("quantity", "5", 5),
        ("quantity", 5.0, 5),
        ("quantity", None, None),
        ("total", "1500.5", Decimal("1500.50")),
        ("total", 12.345, Decimal("12.35")),
        ("total", 7, Decimal("7.00")),
        ("ratio", "0.25", 0.25),
        ("paid", True, True),
        ("paid", "false", False),
        ("paid", 1, True),
        ("ordered_at", "2026-11-23T20:00:00Z", datetime(2026, 11, 23, 20, tzinfo=UTC)),
        ("ordered_at", "2026-11-23T20:00:00+02:00", datetime(2026, 11, 23, 18, tzinfo=UTC)),
        ("day", "2026-11-23", date(2026, 11, 23)),
        ("notes", 'it\'s "quoted"; DROP TABLE x; -- $1', 'it\'s "quoted"; DROP TABLE x; -- $1'),
        ("notes", 5, "5"),
        ("notes", True, "true"),
        ("notes", "", ""),
        ("code", "ab", "ab  "),
        ("tags", ["a", "b"], ["a", "b"]),
        ("tags", "{a,b}", ["a", "b"]),
        ("details", {"a": [1, None]}, {"a": [1, None]}),
        ("details", ["x"], ["x"]),
        ("details", "text", "text"),
        ("details", 5, 5),
        ("customer", str(OTHER), OTHER),
        ("kind", "whole sale", "whole sale"),
    ],
)
async def test_update_takes_every_value(
    pool: asyncpg.Pool, perform: Any, make_call: Any, field: str, given: Any, kept: Any
) -> None:
    result = await perform(make_call("update_field", update(field, given), event=EVENT))
    assert await column(pool, field) == kept
    assert await column(pool, field, OTHER) != kept or kept in (None, 5, False)
    assert result["records_affected"] == 1
    assert result["status"] == "success"
    assert result["target_record_id"] == str(ORDER)
    assert result["new_value"] == given
    assert {"update_id", "created_at", "completed_at", "execution_time_ms", "warnings", "output"} < set(result)
    assert "resolved_value" not in result


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("quantity", "five"),
        ("quantity", 5.5),
        ("quantity", 10**12),
        ("total", "1e99"),
        ("paid", "perhaps"),
        ("ordered_at", "tomorrowish"),
        ("customer", "bob"),
        ("kind", "other"),
        ("number", "longer than ten"),
        ("code", "12345"),
        ("tags", "no array"),
        ("notes", "nul \0"),
    ],
)
async def test_update_names_the_column_that_refuses(perform: Any, make_call: Any, field: str, given: Any) -> None:
    with pytest.raises(ActionError, match=f"sales.orders.{field} does not take this value") as error:
        await perform(make_call("update_field", update(field, given), event=EVENT))
    assert (error.value.type, error.value.retryable) == ("value", False)


@pytest.mark.parametrize(
    ("field", "given", "sentence"),
    [
        ("number", "A-2", "already exists"),
        ("status_id", NOBODY, "is not present"),
        ("status", None, "not-null"),
        ("total", -1, "check constraint"),
        ("missing", 1, "missing"),
    ],
)
async def test_constraints_are_not_retried(perform: Any, make_call: Any, field: str, given: Any, sentence: str) -> None:
    with pytest.raises(ActionError, match=sentence) as error:
        await perform(make_call("update_field", update(field, given), event=EVENT))
    assert not error.value.retryable


CONDITIONS: list[tuple[list[tuple[str, str, Any]], int]] = [
    ([("number", "equals", "A-1")], 1),
    ([("number", "not_equals", "A-1")], 1),
    ([("total", "greater_than", 5)], 1),
    ([("total", "less_than", "7.50")], 1),
    ([("number", "contains", "A-")], 2),
    ([("number", "contains", "%")], 0),
    ([("total", "contains", 7)], 1),
    ([("quantity", "in", [1, "2"])], 2),
    ([("quantity", "not_in", [1])], 1),
    ([("quantity", "not_in", [])], 2),
    ([("quantity", "in", [])], 0),
    ([("notes", "is_null", None)], 2),
    ([("notes", "is_not_null", None)], 0),
    ([("number", "equals", None)], 0),
    ([("id", "equals", str(ORDER))], 1),
    ([("id", "equals", NOBODY)], 0),
    ([("number", "equals", "A-1"), ("quantity", "equals", 2)], 0),
    ([("number", "equals", "A-1"), ("notes", "is_null", None), ("quantity", "equals", 1)], 1),
]


@pytest.mark.parametrize(("conditions", "affected"), CONDITIONS)
async def test_conditions(perform: Any, make_call: Any, conditions: list[Any], affected: int) -> None:
    written = [{"field_name": name, "operator": operator, "value": value} for name, operator, value in conditions]
    result = await perform(make_call("update_field", update("ratio", 1, conditions=written), event=EVENT))
    assert result["records_affected"] == affected
    assert ("target_record_id" in result) == (conditions[0][0] == "id")


async def test_update_needs_a_row(perform: Any, make_call: Any) -> None:
    with pytest.raises(ActionError, match="no row"):
        await perform(make_call("update_field", update("ratio", 1)))
    condition = {"field_name": "id", "operator": "in", "value": "x"}
    with pytest.raises(ActionError, match="list"):
        await perform(make_call("update_field", update("ratio", 1, conditions=[condition])))


@pytest.mark.parametrize(
    "config",
    [
        update("secret", 1),
        update("id", NOBODY),
        update("notes\" = 'x', \"secret", 1),
        update("notes", 1, conditions=[{"field_name": "secret", "operator": "is_null"}]),
        {**update("notes", 1), "target_entity": "customers"},
        {**update("title", 1), "target_entity": "workflow.alerts"},
    ],
)
async def test_only_what_is_allowed(perform: Any, make_call: Any, config: dict[str, Any]) -> None:
    with pytest.raises(ActionError) as error:
        await perform(make_call("update_field", config, event=EVENT))
    assert (error.value.type, error.value.retryable) == ("not_allowed", False)


def foreign(value: Any, **more: Any) -> dict[str, Any]:
    reference = {"reference_table": "sales.statuses", "lookup_field": "name", **more}
    return update("status_id", value, field_type="foreign_key", foreign_key_config=reference)


async def test_a_foreign_key_is_found_by_its_name(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    result = await perform(make_call("update_field", foreign("shipped"), event=EVENT))
    status = await pool.fetchval("SELECT id FROM sales.statuses WHERE name = 'shipped'")
    assert await column(pool, "status_id") == status
    assert result["resolved_value"] == str(status)
    again = await perform(make_call("update_field", foreign(str(status)), event=EVENT))
    assert "resolved_value" not in again
    assert again["records_affected"] == 1


async def test_a_foreign_key_is_made_in_the_same_transaction(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    made = foreign("lost", allow_create=True, create_config={"rank": "9"})
    await perform(make_call("update_field", made, event=EVENT))
    status = await pool.fetchrow("SELECT id, rank FROM sales.statuses WHERE name = 'lost'")
    assert status is not None
    assert (await column(pool, "status_id"), 9) == (status["id"], status["rank"])
    broken = foreign("torn", allow_create=True, create_config={}) | {"target_field": "quantity"}
    with pytest.raises(ActionError, match="quantity"):
        await perform(make_call("update_field", broken, event=EVENT))
    assert not await pool.fetchval("SELECT count(*) FROM sales.statuses WHERE name = 'torn'")


async def test_a_foreign_key_that_is_not_there(perform: Any, make_call: Any) -> None:
    for config in (foreign("nowhere"), foreign("", allow_create=True, create_config={}), foreign(NOBODY)):
        with pytest.raises(ActionError, match="No row of statuses") as error:
            await perform(make_call("update_field", config, event=EVENT))
        assert error.value.type == "value"


async def test_runs_that_need_the_same_new_row_share_it(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    config = foreign("brand new", allow_create=True, create_config={})
    await asyncio.gather(*(perform(make_call("update_field", config, event=EVENT)) for _ in range(5)))
    assert await pool.fetchval("SELECT count(*) FROM sales.statuses WHERE name = 'brand new'") == 1


async def test_create(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    fields = {"number": "N-1", "total": "3.50", "details": {"a": 1}, "tags": ["x"], "day": "2026-01-02"}
    call = make_call("create_entity", {"target_entity": "orders", "fields": fields})
    result = await perform(call)
    row = await pool.fetchrow("SELECT * FROM sales.orders WHERE number = 'N-1'")
    assert row is not None
    assert str(row["id"]) == result["created_id"] == str(call.new_id("row"))
    assert (row["total"], row["details"], row["tags"]) == (Decimal("3.50"), {"a": 1}, ["x"])
    assert result == {**result, "target_entity": "orders", "status": "success", "output": "success"}


async def test_create_with_an_id_of_its_own_or_the_tables(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    id = str(uuid4())
    config = {"target_entity": "orders", "fields": {"ID": id, "number": "N-2"}}
    assert (await perform(make_call("create_entity", config)))["created_id"] == id
    counter = {"target_entity": "counters", "fields": {'Odd "Name': "x"}}
    assert (await perform(make_call("create_entity", counter)))["created_id"] == 1


async def test_create_names_the_column_that_refuses(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    fields = {"number": "N-3", "quantity": "many", "notes": "fine"}
    with pytest.raises(ActionError, match=r"sales\.orders\.quantity") as error:
        await perform(make_call("create_entity", {"target_entity": "orders", "fields": fields}))
    assert error.value.type == "value"
    for entity, fields in (("orders", {"secret": 1}), ("alerts", {"title": "x"}), ("alerts", {"id": NOBODY})):
        with pytest.raises(ActionError) as refused:
            await perform(make_call("create_entity", {"target_entity": entity, "fields": fields}))
        assert refused.value.type == "not_allowed"


async def test_a_repeated_attempt_creates_nothing_more(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    call = make_call("create_entity", {"target_entity": "orders", "fields": {"notes": "once"}})
    first = await perform(call)
    assert await perform(call, attempt=2) == first
    assert await pool.fetchval("SELECT count(*) FROM sales.orders WHERE notes = 'once'") == 1


async def test_attempts_side_by_side_create_once(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    call = make_call("create_entity", {"target_entity": "orders", "fields": {"notes": "once"}})
    results = await asyncio.gather(*(perform(call, attempt=n) for n in range(1, 5)))
    assert all(result == results[0] for result in results)
    assert await pool.fetchval("SELECT count(*) FROM sales.orders WHERE notes = 'once'") == 1


def lookup(filter: dict[str, Any], *fields: str, key: str = "order") -> dict[str, Any]:
    return {"entity": "orders", "filter": filter, "fields": fields or ("number", "total"), "output_key": key}


async def test_lookup(perform: Any, make_call: Any) -> None:
    one = await perform(make_call("lookup_entity", lookup({"id": str(ORDER)})))
    assert one == {"order": {"number": "A-1", "total": 5.0}, "order_count": 1, "found": True, "output": "found"}
    none = await perform(make_call("lookup_entity", lookup({"number": "Z", "quantity": 1})))
    assert none == {"order": None, "order_count": 0, "found": False, "output": "not_found"}


async def test_lookup_of_several(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    await pool.execute("UPDATE sales.orders SET quantity = 3")
    several = await perform(make_call("lookup_entity", lookup({"quantity": "3"}, "ID", key="rows")))
    assert several["rows"] == [{"ID": str(ORDER)}, {"ID": str(OTHER)}]
    assert (several["rows_count"], several["found"]) == (2, True)


@pytest.mark.parametrize(
    ("config", "error"),
    [
        (lookup({"number": "A-1"}, "secret"), NotAllowed),
        (lookup({"secret": "x"}), NotAllowed),
        (lookup({"number": "A-1"}, "total, secret"), NotAllowed),
        (lookup({"quantity": "many"}), InvalidValue),
        (lookup({"number": "A-1"}, key="output"), ConfigError),
    ],
)
async def test_lookup_refuses(perform: Any, make_call: Any, config: dict[str, Any], error: type[ActionError]) -> None:
    with pytest.raises(ActionError) as raised:
        await perform(make_call("lookup_entity", config))
    assert raised.value.type == error("x").type
    assert not raised.value.retryable


def transition(to: str, *valid: str, **more: Any) -> dict[str, Any]:
    entity = {"target_entity": "orders", "status_field": "status"}
    return {**entity, "to_status": to, "valid_from_statuses": valid, **more}


async def test_transition(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    call = make_call("transition_status", transition("paid", "open", "held"), event=EVENT)
    result = await perform(call)
    assert result == {"transitioned": True, "from_status": "open", "to_status": "paid", "output": "success"}
    assert await column(pool, "status") == "paid"
    assert await perform(call, attempt=2) == result, "a retry says what the first attempt did"
    refused = await perform(make_call("transition_status", transition("open", "held"), event=EVENT))
    assert refused["output"] == "invalid_transition"
    assert (refused["transitioned"], refused["from_status"]) == (False, "paid")
    assert await column(pool, "status") == "paid"
    assert await column(pool, "status", OTHER) == "open"


async def test_one_of_two_transitions_wins(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    config = transition("paid", "open", target_id=str(OTHER))
    results = await asyncio.gather(*(perform(make_call("transition_status", config)) for _ in range(4)))
    assert sorted(result["output"] for result in results) == ["invalid_transition"] * 3 + ["success"]


@pytest.mark.parametrize(
    ("config", "type"),
    [
        (transition("paid", "open", target_id=NOBODY), "not_found"),
        (transition("paid", "open", target_id="bob"), "value"),
        (transition("paid", "open"), "config"),
        (transition("paid", "open", target_id=str(ORDER), status_field="secret"), "not_allowed"),
    ],
)
async def test_transition_refuses(perform: Any, make_call: Any, config: dict[str, Any], type: str) -> None:
    with pytest.raises(ActionError) as error:
        await perform(make_call("transition_status", config))
    assert (error.value.type, error.value.retryable) == (type, False)


async def test_a_deadlock_is_tried_again(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    await pool.execute(
        "CREATE FUNCTION sales.busy() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN RAISE EXCEPTION 'busy' USING ERRCODE = 'deadlock_detected'; END$$"
    )
    await pool.execute("CREATE TRIGGER busy BEFORE UPDATE ON sales.orders EXECUTE FUNCTION sales.busy()")
    with pytest.raises(ActionError, match="busy") as error:
        await perform(make_call("update_field", update("ratio", 1), event=EVENT))
    assert error.value.retryable


async def told(pool: asyncpg.Pool) -> list[dict[str, Any]]:
    """Return the events that wait, without what differs from run to run."""
    rows = await pool.fetch("SELECT payload FROM workflow.outbox ORDER BY seq")
    return [
        {key: row["payload"][key] for key in row["payload"] if key not in ("event_id", "timestamp")} for row in rows
    ]


CASCADE = {"lineage": {"root": "e-0", "depth": 1, "visited": ["r:1"]}, "user_id": "u-1"}


async def test_an_update_tells_each_row_that_changed(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    await pool.execute("UPDATE sales.orders SET secret = 'x', notes = 'old' WHERE id = $1", ORDER)
    conditions = [{"field_name": "number", "operator": "contains", "value": "A-"}]
    call = make_call("update_field", update("notes", "new", conditions=conditions), event={**EVENT, **CASCADE})
    await perform(call)
    first, second = await told(pool)
    lineage = {"root": "e-0", "depth": 2, "visited": ["r:1", f"{call.run.rule_id}:{ORDER}"]}
    assert first == {
        "event_type": "on_update",
        "entity_name": "orders",
        "entity_id": str(ORDER),
        "user_id": "u-1",
        "raw_data": first["raw_data"],
        "field_changes": {"notes": {"old_value": "old", "new_value": "new"}},
        "lineage": lineage,
    }
    assert first["raw_data"].items() >= {"id": str(ORDER), "number": "A-1", "total": 5.0, "notes": "new"}.items()
    assert "secret" not in first["raw_data"]
    assert "missing" not in first["raw_data"]
    assert (second["entity_id"], second["field_changes"]["notes"]["old_value"]) == (str(OTHER), None)
    assert await perform(call, attempt=2)
    assert len(await told(pool)) == 2


async def test_an_update_that_changes_nothing_tells_nothing(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    same = await perform(make_call("update_field", update("number", "A-1"), event=EVENT))
    none = await perform(make_call("update_field", update("number", "A-1"), event={"entity_id": NOBODY}))
    assert (same["records_affected"], none["records_affected"]) == (1, 0)
    with pytest.raises(ActionError):
        await perform(make_call("update_field", update("total", -1), event=EVENT))
    assert not await told(pool)


async def test_a_new_row_is_told(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    call = make_call("create_entity", {"target_entity": "orders", "fields": {"number": "N-9"}}, event=EVENT)
    created = await perform(call)
    await perform(make_call("create_entity", {"target_entity": "counters", "fields": {'Odd "Name': "x"}}))
    order, counter = await told(pool)
    assert (order["event_type"], order["entity_name"], order["entity_id"]) == (
        "on_create",
        "orders",
        created["created_id"],
    )
    assert order["raw_data"].items() >= {"number": "N-9", "status": "open", "quantity": None}.items()
    assert "field_changes" not in order
    assert order["lineage"] == {"root": "e-1", "depth": 1, "visited": [f"{call.run.rule_id}:{ORDER}"]}
    assert (counter["entity_name"], counter["entity_id"]) == ("counters", "1")
    assert counter["raw_data"] == {"id": 1, 'Odd "Name': "x"}


async def test_a_row_that_is_made_for_a_reference_is_told_before_the_one_that_refers_to_it(
    pool: asyncpg.Pool, perform: Any, make_call: Any
) -> None:
    await perform(make_call("update_field", foreign("lost", allow_create=True, create_config={}), event=EVENT))
    made, updated = await told(pool)
    assert (made["entity_name"], made["raw_data"]["name"]) == ("statuses", "lost")
    assert updated["field_changes"]["status_id"] == {"old_value": None, "new_value": made["entity_id"]}


async def test_a_transition_is_told(pool: asyncpg.Pool, perform: Any, make_call: Any) -> None:
    await perform(make_call("transition_status", transition("paid", "open"), event=EVENT))
    await perform(make_call("transition_status", transition("paid", "paid"), event=EVENT))
    await perform(make_call("transition_status", transition("open", "held"), event=EVENT))
    (event,) = await told(pool)
    assert event["field_changes"] == {"status": {"old_value": "open", "new_value": "paid"}}
    assert event["raw_data"]["status"] == "paid"
