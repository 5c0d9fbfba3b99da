"""Each thing that can be wrong is broken on a real server, and `ichor doctor` says so, and how to mend it."""

import json
import os
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from subprocess import CompletedProcess
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio
from ichor_activities import discover
from ichor_cli.doctor.finding import State
from ichor_edgestore import EdgeStore, connected, service_rights
from ichor_models import Rule
from ichor_testing import Database, Vhost, free_port, until
from ichor_testing.engine_program import start_program
from temporalio.service import OperatorService, RPCError, RPCStatusCode, WorkflowService

type Ichor = Callable[..., Awaitable[CompletedProcess[str]]]
type Examined = Callable[..., Awaitable[Any]]


@pytest_asyncio.fixture(loop_scope="session")
async def pool(database: Database) -> AsyncGenerator[asyncpg.Pool]:
    async with connected(database.url, max_size=1) as opened:
        yield opened


RULE = {
    "name": "Log orders",
    "trigger": {"entity": "orders", "event": "on_create"},
    "actions": [{"name": "log", "type": "log_audit_entry", "config": {"message": "{{ entity_id }} is there"}}],
    "edges": [{"source": None, "target": "log", "type": "start"}],
}


class TestDatabase:
    async def test_a_migrated_one_is_well(self, examined: Examined, database: Database):
        findings = await examined()
        for check in ("connection", "migrations", "rights", "backlog"):
            assert findings.only(f"database.{check}").state is State.OK
        assert findings.only("clock.database").state is State.OK
        assert findings.only("rabbitmq.connection").mend == "Set ICHOR_RABBITMQ_URL."
        assert findings.only("temporal.connection").mend == "Set ICHOR_TEMPORAL_ADDRESS."

    async def test_one_that_is_away(self, examined: Examined, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("ICHOR_DATABASE_URL", f"postgresql://user:hidden@127.0.0.1:{free_port()}/x")
        findings = await examined()
        finding = findings.only("database.connection")
        assert finding.state is State.FAILED
        assert finding.mend == "Start PostgreSQL, or correct ICHOR_DATABASE_URL."
        assert "hidden" not in str(finding)
        assert findings.only("database.rights").state is State.SKIPPED

    @pytest.mark.parametrize(
        ("change", "said"),
        [({"netloc": "nobody:hidden@"}, "nobody"), ({"path": "/nothing"}, '"nothing" does not exist')],
    )
    async def test_one_that_does_not_take_us_in(
        self, examined: Examined, database: Database, monkeypatch: pytest.MonkeyPatch, change: dict[str, str], said: str
    ):
        parts = urlsplit(database.url)
        if "netloc" in change:
            change = {"netloc": f"{change['netloc']}{parts.hostname}:{parts.port}"}
        monkeypatch.setenv("ICHOR_DATABASE_URL", parts._replace(**change).geturl())
        finding = (await examined()).only("database.connection")
        assert finding.message.startswith("The database does not take us in: ")
        assert said in finding.message
        mend = "Correct user, password and database in ICHOR_DATABASE_URL, or make them at the server."
        assert finding.mend == mend
        assert "hidden" not in str(finding)

    async def test_one_that_lacks_a_migration(self, examined: Examined, pool: asyncpg.Pool):
        await pool.execute("DELETE FROM workflow.ichor_migrations WHERE number = 15")
        finding = (await examined()).only("database.migrations")
        assert (finding.state, finding.mend) == (State.FAILED, "Run `ichor migrate`.")
        assert finding.message.startswith("The database lacks 0015_payloads")

    @pytest.mark.parametrize(
        ("ahead", "state", "said"),
        [
            (0, State.FAILED, "no release of ours"),
            (1, State.WARNING, "is one release ahead"),
            (2, State.FAILED, "newer"),
        ],
    )
    async def test_one_that_has_a_migration_of_another_release(
        self, examined: Examined, pool: asyncpg.Pool, ahead: int, state: State, said: str
    ):
        await pool.execute(
            "INSERT INTO workflow.ichor_migrations (number, name, release) "
            "SELECT 9000, '9000_theirs', max(release) + $1 FROM workflow.ichor_migrations",
            ahead,
        )
        finding = (await examined()).only("database.migrations")
        assert finding.state is state
        assert said in f"{finding.message} {finding.mend}"

    async def test_a_table_that_was_dropped(self, examined: Examined, pool: asyncpg.Pool):
        await pool.execute("DROP TABLE workflow.alert_recipients")
        finding = (await examined()).only("database.rights")
        assert finding.message == "The table workflow.alert_recipients is not there."

    async def test_tables_that_were_dropped_are_told_together(self, examined: Examined, pool: asyncpg.Pool):
        await pool.execute("DROP TABLE workflow.alert_recipients, workflow.audit_log")
        finding = (await examined()).only("database.rights")
        assert finding.message == "The tables workflow.audit_log, workflow.alert_recipients are not there."

    async def test_a_right_that_is_lacking_and_its_mend(
        self, examined: Examined, pool: asyncpg.Pool, database: Database, monkeypatch: pytest.MonkeyPatch
    ):
        async with role_of_services(pool, database) as url:
            monkeypatch.setenv("ICHOR_DATABASE_URL", url)
            role = urlsplit(url).username
            assert (await examined()).only("database.rights").state is State.OK
            await pool.execute(f"REVOKE INSERT, UPDATE ON workflow.questions FROM {role}")
            finding = (await examined()).only("database.rights")
            assert finding.message == f"The role {role} may not INSERT, UPDATE on workflow.questions."
            await pool.execute(finding.mend)
            assert (await examined()).only("database.rights").state is State.OK
            await pool.execute(f"REVOKE USAGE ON SCHEMA workflow FROM {role}")
            assert len((await examined()).troubles("database.rights")) == len(service_rights())

    async def test_the_outbox_of_an_existing_ichor(
        self, examined: Examined, database: Database, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("ICHOR_LEGACY_OUTBOX", "true")
        assert (await examined()).only("database.rights").message == "The table workflow.cascade_outbox is not there."

    async def test_a_query_of_roles_that_cannot_be_run(
        self, examined: Examined, database: Database, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("ICHOR_ROLES_SQL", "SELECT nothing FROM nowhere WHERE id = $1")
        finding = (await examined()).only("database.roles")
        assert (finding.state, finding.mend) == (State.FAILED, "Correct ICHOR_ROLES_SQL.")

    async def test_what_waits_for_long(self, examined: Examined, pool: asyncpg.Pool):
        await pool.execute("SELECT workflow.emit_event('on_create', 'orders', '1')")
        await pool.execute("UPDATE workflow.outbox SET created_at = now() - interval '7 minutes'")
        finding = (await examined()).only("database.backlog")
        assert (finding.state, finding.message) == (State.FAILED, "Events of the outbox wait since 7 minutes.")
        await pool.execute("UPDATE workflow.outbox SET state = 'failed', last_error = 'RabbitMQ: queue full'")
        finding = (await examined()).only("database.backlog")
        said = "1 events of the outbox were given up, the newest since: RabbitMQ: queue full"
        assert (finding.state, finding.message) == (State.WARNING, said)

    @pytest.mark.parametrize(
        ("seconds", "state", "said"), [(5, State.WARNING, "[45] s behind"), (-60, State.FAILED, "(59|60) s ahead of")]
    )
    async def test_a_clock_that_is_wrong(
        self, examined: Examined, database: Database, seconds: int, state: State, said: str
    ):
        finding = (await examined(now=lambda: datetime.now(UTC) + timedelta(seconds=seconds))).only("clock.database")
        assert finding.state is state
        assert re.search(said, finding.message)
        assert "NTP" in finding.mend


class TestTemporal:
    async def test_one_that_is_away(self, examined: Examined, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("ICHOR_TEMPORAL_ADDRESS", f"127.0.0.1:{free_port()}")
        findings = await examined()
        assert findings.only("temporal.connection").state is State.FAILED
        assert findings.only("temporal.namespace").state is State.SKIPPED

    async def test_one_that_speaks_no_tls(self, examined: Examined, temporal: str, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("TEMPORAL_TLS", "true")
        finding = (await examined()).only("temporal.connection")
        assert finding.message.endswith(": it speaks no TLS.")
        assert finding.mend.startswith("Set TEMPORAL_TLS=false")

    async def test_an_account_that_may_not_use_the_namespace(
        self, examined: Examined, temporal: str, monkeypatch: pytest.MonkeyPatch
    ):
        async def refused(*_: object, **__: object) -> object:
            raise RPCError("not for you", RPCStatusCode.PERMISSION_DENIED, b"")

        monkeypatch.setattr(WorkflowService, "describe_namespace", refused)
        finding = (await examined()).only("temporal.namespace")
        assert finding.message == "The namespace default is not described: not for you."
        assert finding.mend.startswith("Correct TEMPORAL_API_KEY or the certificate")

    async def test_a_namespace_that_is_not_there(
        self, examined: Examined, temporal: str, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("ICHOR_TEMPORAL_NAMESPACE", "nowhere")
        findings = await examined()
        assert findings.only("temporal.connection").state is State.OK
        finding = findings.only("temporal.namespace")
        assert (finding.state, finding.message) == (State.FAILED, "There is no namespace nowhere.")
        assert "temporal operator namespace create --namespace nowhere" in finding.mend
        assert findings.only("worker.pollers").state is State.SKIPPED

    async def test_the_runs_of_another_database_and_no_worker(
        self, examined: Examined, temporal: str, database: Database, pool: asyncpg.Pool
    ):
        await pool.execute("INSERT INTO workflow.temporal_namespace (id) VALUES ('theirs')")
        findings = await examined()
        assert findings.only("temporal.list").state is State.OK
        assert findings.only("temporal.search_attributes").state is State.OK
        assert "theirs is theirs" in findings.only("temporal.home").message
        assert [finding.state for finding in findings.of("worker.pollers")] == [State.FAILED] * 2

    async def test_a_key_of_encryption_that_is_not_here(
        self, examined: Examined, temporal: str, database: Database, pool: asyncpg.Pool
    ):
        assert (await examined()).only("temporal.encryption").message == "What is sent to Temporal is readable."
        await EdgeStore(pool).note_encryption_key("k1", ["k1"])
        finding = (await examined()).only("temporal.encryption")
        assert finding.state is State.FAILED
        assert "encrypted with the key 'k1', and ICHOR_ENCRYPTION_KEYS is not set" in finding.message

    async def test_who_may_not_ask_for_search_attributes_is_well(
        self, examined: Examined, temporal: str, monkeypatch: pytest.MonkeyPatch
    ):
        async def refused(*_: object, **__: object) -> object:
            raise RPCError("not for you", RPCStatusCode.PERMISSION_DENIED, b"")

        monkeypatch.setattr(OperatorService, "list_search_attributes", refused)
        finding = (await examined()).only("temporal.search_attributes")
        assert (finding.state, "may not ask" in finding.message) == (State.SKIPPED, True)


class TestMail:
    async def test_a_server_that_is_away(self, examined: Examined, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("ICHOR_SMTP_URL", f"smtp://user:hidden@127.0.0.1:{free_port()}")
        finding = (await examined()).only("mail.connection")
        assert finding.state is State.FAILED
        assert "hidden" not in str(finding)


class TestServicesAtWork:
    """The services work with the rights that are asked for and no others, and are found well; then one is gone."""

    async def test_all_is_well_until_the_trigger_ends(
        self,
        ichor: Ichor,
        pool: asyncpg.Pool,
        database: Database,
        broker: Vhost,
        temporal: str,
        monkeypatch: pytest.MonkeyPatch,
    ):
        monkeypatch.setenv("ICHOR_TOKEN_KEYS", "0123456789abcdef")
        saved = await EdgeStore(pool).save_rule(Rule.model_validate(RULE), catalogue=discover().catalogue)
        async with role_of_services(pool, database) as url:
            monkeypatch.setenv("ICHOR_DATABASE_URL", url)
            async with start_program("ichor_worker", os.environ) as worker:
                async with start_program("ichor_trigger", os.environ) as trigger:
                    await trigger.ready()
                    await worker.ready()
                    await pool.execute("SELECT workflow.emit_event('on_create', 'orders', '1', event_id => 'e1')")

                    async def has_ended() -> bool:
                        return [run.status.value for run in await EdgeStore(pool).list_runs()] == ["completed"]

                    await until(has_ended, f"the run of {saved.rule_id}")
                    well = await ichor("doctor", "--json", "--timeout", "60")
                    assert (well.returncode, json.loads(well.stdout)["healthy"]) == (0, True), well.stdout

                async def is_missed() -> bool:
                    """RabbitMQ hears a moment later that the trigger was killed."""
                    ill = await ichor("doctor", "--json", "--timeout", "60")
                    failed = {item["check"] for item in json.loads(ill.stdout)["findings"] if item["state"] == "failed"}
                    return (ill.returncode, failed) == (1, {"trigger.consumers"})

                await until(is_missed, "the word that the trigger is missing")


class TestCommand:
    async def test_wrong_settings_keep_only_what_needs_them_from_being_looked_at(
        self, ichor: Ichor, examined: Examined, database: Database, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("ICHOR_HTTP_PORT", "eighty")
        monkeypatch.setenv("ICHOR_RABBITMQ_URL", "http://mq")
        monkeypatch.setenv("ICHOR_SMTP_URL", "nonsense")
        monkeypatch.setenv("ICHOR_TOKEN_KEYS", "short")
        monkeypatch.setenv("TEMPORAL_TLS", "maybe")
        findings = await examined()
        names = [finding.message.split()[0].rstrip(":") for finding in findings.troubles("settings")]
        wrong = ["ICHOR_RABBITMQ_URL", "ICHOR_HTTP_PORT", "ICHOR_SMTP_URL", "ICHOR_TOKEN_KEYS"]
        assert names == ["TEMPORAL_TLS", *wrong]
        assert findings.only("database.connection").state is State.OK
        for check in ("rabbitmq.connection", "mail.connection", "temporal.connection"):
            assert findings.only(check).state is State.SKIPPED
            assert "cannot be used" in findings.only(check).message
        assert (await ichor("doctor")).returncode == 1

    async def test_settings_that_cannot_be_read_leave_nothing_to_look_at(
        self, examined: Examined, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("ICHOR_TOKEN_KEYS_FILE", "/nowhere")
        (finding,) = (await examined()).all
        assert (finding.check, finding.state) == ("settings", State.FAILED)

    async def test_keys_that_cannot_be_read_are_found(self, examined: Examined, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("ICHOR_ENCRYPTION_KEYS", "/nowhere")
        monkeypatch.setenv("ICHOR_TEMPORAL_ADDRESS", f"127.0.0.1:{free_port()}")
        findings = await examined()
        for check in ("settings", "temporal.connection"):
            finding = findings.only(check)
            assert finding.state is State.FAILED
            assert "ICHOR_ENCRYPTION_KEYS must be the path of a file of keys" in finding.message

    async def test_a_misspelt_variable_is_a_warning(self, examined: Examined, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("ICHOR_TASK_QUEU", "x")
        finding = (await examined()).only("settings")
        assert (finding.state, finding.mend) == (State.WARNING, "Did you mean ICHOR_TASK_QUEUE?")

    async def test_people_read_each_finding_with_its_mend(self, ichor: Ichor, monkeypatch: pytest.MonkeyPatch):
        for name in ("ICHOR_DATABASE_URL", "ICHOR_RABBITMQ_URL", "ICHOR_TEMPORAL_ADDRESS"):
            monkeypatch.delenv(name, raising=False)
        done = await ichor("doctor")
        assert done.returncode == 1
        assert "FAILED   database.connection" in done.stdout
        assert "→ Set ICHOR_DATABASE_URL." in done.stdout
        assert " FAILED, " in done.stdout.splitlines()[-1]


@asynccontextmanager
async def role_of_services(pool: asyncpg.Pool, database: Database) -> AsyncGenerator[str]:
    """Yield the address of a database for a role that may do what the services do, and nothing else."""
    parts = urlsplit(database.url)
    # Roles belong to the server, which other tests use at the same time.
    name = f"services_of_{parts.path[1:]}"
    await pool.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'hidden'; GRANT USAGE ON SCHEMA workflow TO {name}")
    for table, rights in service_rights().items():
        await pool.execute(f"GRANT {', '.join(rights)} ON workflow.{table} TO {name}")
    try:
        yield parts._replace(netloc=f"{name}:hidden@{parts.hostname}:{parts.port}").geturl()
    finally:
        await pool.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")
