"""`ichor migrate`, `apply`, `rules`, `export` and `validate --rule`, on a real database."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import asyncpg
import pytest
from ichor_testing import Database, PostgresServer, isolated_database

type Ichor = Callable[..., Awaitable[CompletedProcess[str]]]
type Write = Callable[..., Path]
type Document = dict[str, Any]


@pytest.fixture
async def empty_database(shared_postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Database]:
    """A database without any table, which the commands find."""
    async with isolated_database(shared_postgres) as database:
        monkeypatch.setenv("ICHOR_DATABASE_URL", database.url)
        yield database


async def result(ichor: Ichor, *arguments: str | Path) -> Document:
    told = await ichor(*arguments, "--json")
    return json.loads(told.stdout) | {"exit": told.returncode}


@pytest.mark.usefixtures("empty_database")
async def test_migrate_twice(ichor: Ichor) -> None:
    early = await result(ichor, "rules")
    assert (early["exit"], early["error"]["code"]) == (3, "schema_too_old")
    assert "ichor migrate" not in early["error"]["message"]
    assert early["error"]["mend"] == "Run `ichor migrate`."
    first, second = await result(ichor, "migrate"), await result(ichor, "migrate")
    assert first["applied"]
    assert (second["applied"], second["version"], second["exit"]) == ([], first["version"], 0)
    assert await result(ichor, "rules") == {"rules": [], "exit": 0}


async def test_a_database_that_asks_for_the_user_of_a_new_rule(
    ichor: Ichor, write: Write, rule: Document, database: Database
) -> None:
    connection = await asyncpg.connect(database.url)
    await connection.execute("ALTER TABLE workflow.automation_rules ALTER created_by SET NOT NULL")
    await connection.close()
    file = write("rule.json", rule)
    (refused,) = (await result(ichor, "apply", file))["rules"]
    assert [problem["code"] for problem in refused["problems"]] == ["not_stored"]
    assert "created_by" in refused["problems"][0]["message"]
    assert "`--as USER_ID`" in refused["problems"][0]["message"]
    nobody = await result(ichor, "apply", file, "--as", "ada")
    assert (nobody["exit"], nobody["error"]["code"]) == (2, "usage")
    (saved,) = (await result(ichor, "apply", file, "--as", "10000000-0000-4000-8000-000000000001"))["rules"]
    assert saved["result"] == "created"


@pytest.mark.usefixtures("database")
async def test_apply_says_what_it_did(ichor: Ichor, write: Write, rule: Document) -> None:
    file = write("rule.json", rule)
    created = (await result(ichor, "apply", file))["rules"][0]
    assert (created["result"], created["name"]) == ("created", "Order approval")
    assert [warning["code"] for warning in created["warnings"]] == ["unknown_entity"]
    unchanged = (await result(ichor, "apply", file))["rules"][0]
    assert (unchanged["result"], unchanged["version"]) == ("unchanged", created["version"])
    rule["actions"][1]["config"]["message"] = "other"
    updated = (await result(ichor, "apply", write("rule.json", rule)))["rules"][0]
    assert (updated["result"], updated["rule_id"]) == ("updated", created["rule_id"])
    rule |= {"id": created["rule_id"], "name": "Renamed"}
    renamed = (await result(ichor, "apply", write("rule.json", rule)))["rules"][0]
    assert (renamed["result"], renamed["rule_id"]) == ("updated", created["rule_id"])
    assert [found["name"] for found in (await result(ichor, "rules"))["rules"]] == ["Renamed"]


@pytest.mark.usefixtures("database")
async def test_nothing_is_saved_where_one_file_is_refused(ichor: Ichor, write: Write, rule: Document) -> None:
    good = write("good.json", rule)
    bad = write("bad.json", {**rule, "name": "Bad", "edges": []})
    told = await result(ichor, "apply", good, bad)
    assert told["exit"] == 1
    assert [item["result"] for item in told["rules"]] == ["not_saved", "refused"]
    assert "no_start" in [problem["code"] for problem in told["rules"][1]["problems"]]
    assert (await result(ichor, "rules"))["rules"] == []
    people = await ichor("apply", bad)
    assert "problem no_start at edges" in people.stdout


@pytest.mark.usefixtures("database")
async def test_export_is_what_was_applied(ichor: Ichor, write: Write, rule: Document) -> None:
    rule["trigger"]["conditions"] = [{"field_name": "total", "operator": "greater_than", "value": 1000}]
    await ichor("apply", write("rule.json", rule))
    exported = await ichor("export", "Order approval")
    assert exported.returncode == 0
    again = (await result(ichor, "apply", write("again.yaml", exported.stdout)))["rules"][0]
    assert again["result"] == "unchanged"
    as_json = await result(ichor, "export", again["rule_id"])
    assert [action["name"] for action in as_json["actions"]] == ["check", "hold", "pass"]
    assert (await result(ichor, "export", "nobody"))["error"]["code"] == "rule_not_found"


async def test_ambiguous_name(ichor: Ichor, write: Write, rule: Document, database: Database) -> None:
    await ichor("apply", write("rule.json", rule))
    connection = await asyncpg.connect(database.url)
    try:
        await connection.execute(
            "INSERT INTO workflow.automation_rules (id, name, entity_id, entity_type_id, trigger_type_id, is_active) "
            "SELECT gen_random_uuid(), name, entity_id, entity_type_id, trigger_type_id, is_active "
            "FROM workflow.automation_rules"
        )
    finally:
        await connection.close()
    told = await result(ichor, "export", rule["name"])
    assert (told["exit"], told["error"]["code"]) == (2, "ambiguous_rule")
    fine = write("fine.json", {**rule, "name": "Another"})
    told = await result(ichor, "apply", fine, write("rule.json", rule))
    assert told["exit"] == 1
    assert [item["result"] for item in told["rules"]] == ["created", "refused"]
    assert told["rules"][1]["problems"][0]["code"] == "ambiguous_rule"


async def test_stored_rule_is_validated(ichor: Ichor, write: Write, rule: Document, database: Database) -> None:
    saved = (await result(ichor, "apply", write("rule.json", rule)))["rules"][0]
    assert await result(ichor, "validate", "--rule", saved["rule_id"]) == {
        "valid": True,
        "problems": [],
        "warnings": [],
        "exit": 0,
    }
    connection = await asyncpg.connect(database.url)
    try:
        await connection.execute(
            'UPDATE workflow.rule_actions SET action_config = action_config || \'{"colour": "red"}\''
            " WHERE name = 'hold'"
        )
    finally:
        await connection.close()
    told = await result(ichor, "validate", "--rule", "Order approval")
    assert (told["exit"], told["valid"]) == (1, False)
    assert [problem["where"] for problem in told["problems"]] == ["actions.hold.config.colour"]
    missing = await result(ichor, "validate", "--rule", "nobody")
    assert (missing["exit"], missing["error"]["code"]) == (3, "rule_not_found")


@pytest.mark.parametrize(
    ("url", "code", "exit_code"),
    [
        (None, "invalid_setting", 2),
        ("nonsense", "invalid_setting", 2),
        ("postgresql://nobody:secret@127.0.0.1:1/nothing", "database_unreachable", 3),
    ],
)
@pytest.mark.parametrize("command", [["migrate"], ["rules"], ["runs"], ["export", "x"], ["validate", "--rule", "x"]])
async def test_database_that_is_not_there(
    ichor: Ichor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
    url: str | None,
    code: str,
    exit_code: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ICHOR_DATABASE_URL", raising=False)
    if url is not None:
        monkeypatch.setenv("ICHOR_DATABASE_URL", url)
    told = await ichor(*command, "--json")
    error = json.loads(told.stdout)["error"]
    assert (told.returncode, error["code"]) == (exit_code, code)
    assert "secret" not in told.stdout + told.stderr


@pytest.mark.usefixtures("database")
async def test_rules_are_switched_off_and_on(ichor: Ichor, write: Write, rule: Document) -> None:
    saved = (await result(ichor, "apply", write("rule.json", rule)))["rules"][0]
    for command, active in (("deactivate", False), ("activate", True)):
        told = await result(ichor, "rules", command, "Order approval")
        assert told == {"rule_id": saved["rule_id"], "is_active": active, "exit": 0}
        assert [found["is_active"] for found in (await result(ichor, "rules"))["rules"]] == [active]
    people = await ichor("rules", "deactivate", saved["rule_id"])
    assert "inactive: no event starts it" in people.stdout
    assert (await result(ichor, "rules", "deactivate", "nobody"))["error"]["code"] == "rule_not_found"
