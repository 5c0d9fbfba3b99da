import json
from pathlib import Path

import pytest
from ichor_activities import EntityAccess, InvalidConfiguration, NotAllowed, load_entity_access
from ichor_activities.entity_file import EntityFile
from ichor_activities.identifier import normalise, quote_identifier

FILE = """
entities:
  orders:
    table: sales.orders
    readable: [number, Total]
    writable: [status, order_fulfillment_status_id]
  users: {table: core.users, id: user_id, readable: "*", writable: "*"}
  zones: {table: inventory.zones, writable: "*"}
  alerts: {table: workflow.alerts, readable: [title], writable: "*"}
  odd: {table: 'we"ird.Na me', readable: ['a"; DROP TABLE x; --']}
"""


@pytest.fixture
def access(tmp_path: Path) -> EntityAccess:
    file = tmp_path / "entities.yaml"
    file.write_text(FILE)
    return load_entity_access(file)


@pytest.mark.parametrize("name", ["orders", "sales.orders", "SALES.Orders", '"sales"."orders"', " orders "])
def test_finds_an_entity_by_name_and_table(access: EntityAccess, name: str) -> None:
    assert access.entity(name).table.sql == '"sales"."orders"'


@pytest.mark.parametrize("name", ["order", "public.orders", "sales.orders; DROP TABLE x", "", "sales", "core.orders"])
def test_says_how_to_allow_an_entity(access: EntityAccess, name: str) -> None:
    with pytest.raises(NotAllowed, match="ICHOR_ENTITIES"):
        access.entity(name)


def test_nothing_is_allowed_without_a_file() -> None:
    with pytest.raises(NotAllowed, match="ICHOR_ENTITIES"):
        EntityAccess().entity("orders")


def test_reads_what_is_listed(access: EntityAccess) -> None:
    orders = access.entity("orders")
    assert orders.column_to_read("id") == "id"
    assert orders.column_to_read("total") == "Total"
    assert orders.column_to_read("status") == "status"
    with pytest.raises(NotAllowed, match="readable"):
        orders.column_to_read("secret")


def test_writes_what_is_listed(access: EntityAccess) -> None:
    orders = access.entity("orders")
    assert orders.column_to_write("STATUS") == "status"
    for column in ("number", "id", "status; --"):
        with pytest.raises(NotAllowed, match="writable"):
            orders.column_to_write(column)


@pytest.mark.parametrize(
    ("entity", "column"),
    [
        ("orders", "order_fulfillment_status_id"),
        ("orders", ' "Order_Fulfillment_Status_ID" '),
        ("users", "approved_by"),
        ("zones", "name"),
        ("alerts", "title"),
    ],
)
def test_what_is_protected_is_not_written(access: EntityAccess, entity: str, column: str) -> None:
    with pytest.raises(NotAllowed, match="protected"):
        access.entity(entity).column_to_write(column)


def test_a_list_of_its_own_replaces_what_is_protected() -> None:
    entities = {"zones": {"writable": "*"}, "alerts": {"table": "Workflow.alerts", "writable": "*"}}
    protected = {"columns": {"zones": ["Name"]}}
    access = EntityAccess.of(EntityFile.model_validate({"entities": entities, "protected": protected}))
    assert access.entity("zones").column_to_write("size") == "size"
    for entity, column in (("zones", "name"), ("alerts", "title")):
        with pytest.raises(NotAllowed, match="protected"):
            access.entity(entity).column_to_write(column)


def test_quotes_whatever_the_file_says(access: EntityAccess) -> None:
    odd = access.entity("odd")
    assert odd.table.sql == '"we""ird"."Na me"'
    assert quote_identifier(odd.column_to_read('a"; DROP TABLE x; --')) == '"a""; DROP TABLE x; --"'


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 64])
def test_refuses_what_is_no_name(name: str) -> None:
    with pytest.raises(NotAllowed):
        quote_identifier(name)


def test_normalises() -> None:
    assert normalise(' "Sales" . orders ') == "sales.orders"


@pytest.mark.parametrize(
    "content",
    [
        "entities: {a: {tables: x}}",
        "entities: []",
        "[1]",
        "entities: {a: {table: s.t}, b: {table: s.t}}",
        "entities: {a: {id: ''}}",
        ": :",
    ],
)
def test_refuses_a_wrong_file(tmp_path: Path, content: str) -> None:
    file = tmp_path / "entities.yaml"
    file.write_text(content)
    with pytest.raises(InvalidConfiguration, match="ICHOR_ENTITIES"):
        load_entity_access(file)


def test_reads_json_too(tmp_path: Path) -> None:
    file = tmp_path / "entities.json"
    file.write_text(json.dumps({"entities": {"orders": {"readable": ["id"]}}}))
    assert load_entity_access(file).entity("public.orders").table.text == "public.orders"
    with pytest.raises(InvalidConfiguration, match=r"missing\.yaml"):
        load_entity_access(tmp_path / "missing.yaml")
