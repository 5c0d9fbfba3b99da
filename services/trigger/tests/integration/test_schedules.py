"""The parts `schedules` of triggers, against a real Temporal."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import ichor_models
import pytest
import pytest_asyncio
from ichor_edgestore import EdgeStore, RunFilter, RunSummary, ScheduledRule
from ichor_models import RuleId, RunStatus
from ichor_service import ForeignNamespace
from ichor_testing import until
from ichor_testing.engine_program import EngineProgram, start_program
from ichor_trigger.links import Links
from ichor_trigger.reconciler import Reconciler, schedule_id
from structlog.testing import capture_logs
from temporalio.api.common.v1 import Payload
from temporalio.api.workflowservice.v1 import ListScheduleMatchingTimesRequest
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

type LinksTo = Callable[[dict[str, str]], AbstractAsyncContextManager[Links]]
type SaveRule = Callable[[object], Awaitable[RuleId]]


def rule(name: str = "Tick", *, actions: int = 1, **schedule: object) -> dict[str, Any]:
    config = {"entity_name": "ticks", "action": "tick", "message": "{{timestamp}} {{event_type}}"}
    names = [f"note {number}" for number in range(actions)]
    return {
        "name": name,
        "trigger": {"event": "scheduled", "schedule": schedule or {"every": "1s"}},
        "actions": [{"name": action, "type": "log_audit_entry", "config": config} for action in names],
        "edges": [{"source": None, "target": action, "type": "start"} for action in names],
    }


@pytest_asyncio.fixture(loop_scope="session")
async def trigger(environment: dict[str, str]) -> AsyncGenerator[EngineProgram]:
    async with start_program("ichor_trigger", environment, "--only", "schedules") as program:
        await program.ready()
        yield program


@pytest_asyncio.fixture(loop_scope="session")
async def worker(environment: dict[str, str]) -> AsyncGenerator[EngineProgram]:
    async with start_program("ichor_worker", environment) as program:
        await program.ready()
        yield program


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def tidy(pool: asyncpg.Pool, temporal_client: Client) -> AsyncGenerator[None]:
    """Leave no schedule behind in the session's Temporal."""
    yield
    for row in await pool.fetch("SELECT id FROM workflow.automation_rules"):
        with suppress(RPCError):
            await temporal_client.get_schedule_handle(schedule_id(RuleId(str(row["id"])))).delete()


async def found(client: Client, rule_id: RuleId) -> Schedule | None:
    """Return the schedule of a rule as Temporal describes it."""
    try:
        return (await client.get_schedule_handle(schedule_id(rule_id)).describe()).schedule
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return None


async def runs_of(pool: asyncpg.Pool, rule_id: RuleId) -> list[RunSummary]:
    runs = await EdgeStore(pool).list_runs(RunFilter(rule_id=rule_id, limit=1000))
    return sorted(runs, key=lambda run: run.event_id or "")


async def ended(pool: asyncpg.Pool, rule_id: RuleId, count: int) -> list[RunSummary]:
    """Wait until so many runs of a rule have ended, and return those."""

    async def have_ended() -> bool:
        return sum(run.status.ended for run in await runs_of(pool, rule_id)) >= count

    await until(have_ended, f"the end of {count} runs")
    return [run for run in await runs_of(pool, rule_id) if run.status.ended]


async def test_each_firing_is_one_run_with_its_record(
    trigger: EngineProgram, worker: EngineProgram, pool: asyncpg.Pool, save_rule: SaveRule, temporal_client: Client
):
    rule_id = await save_rule(rule())
    runs = await ended(pool, rule_id, 3)
    assert {run.status for run in runs} == {RunStatus.COMPLETED}
    assert {run.source for run in runs} == {"automation"}
    assert len({run.event_id for run in runs}) == len(runs)
    for run in runs:
        assert run.workflow_id == f"rule-{rule_id}-{run.event_id}"
        await temporal_client.get_workflow_handle(run.workflow_id or "").result()
    description = await temporal_client.get_workflow_handle(runs[0].workflow_id or "").describe()
    assert description.search_attributes["IchorRule"] == [rule_id]
    assert description.search_attributes["IchorStatus"] == ["completed"]
    messages = {row["message"] for row in await pool.fetch("SELECT message FROM workflow.audit_log")}
    assert {f"{run.event_id} scheduled" for run in runs} <= messages


async def test_an_edit_reaches_the_next_firing_and_a_deactivation_ends_them(
    trigger: EngineProgram, worker: EngineProgram, pool: asyncpg.Pool, save_rule: SaveRule, temporal_client: Client
):
    rule_id = await save_rule(rule())
    await ended(pool, rule_id, 1)
    assert await save_rule(rule(actions=2)) == rule_id
    store = EdgeStore(pool)

    async def has_both_versions() -> bool:
        views = [await store.get_run(run.execution_id) for run in await runs_of(pool, rule_id) if run.status.ended]
        return {len(view.actions) for view in views} == {1, 2}

    await until(has_both_versions, "runs of both versions")
    await store.deactivate_rule(rule_id)

    async def is_gone() -> bool:
        return await found(temporal_client, rule_id) is None

    await until(is_gone, "the end of the schedule")
    await trigger.said("schedule deleted", rule_id=rule_id)


async def test_two_reconcilers_at_once_make_one_schedule_of_each_rule(
    links: Links, save_rule: SaveRule, temporal_client: Client
):
    rules = [await save_rule(rule(f"Rule {number}", cron="0 6 * * *")) for number in range(8)]
    several = [Reconciler(links) for _ in range(4)]
    await asyncio.gather(*(reconciler.review() for reconciler in several))
    assert all([await found(temporal_client, rule_id) for rule_id in rules])
    for rule_id in rules[:4]:
        await links.store.opened.deactivate_rule(rule_id)
    await asyncio.gather(*(reconciler.review() for reconciler in several))
    assert [await found(temporal_client, rule_id) is not None for rule_id in rules] == [False] * 4 + [True] * 4


SCHEDULES: list[dict[str, Any]] = [
    {"cron": "@Daily"},
    {"cron": "@yearly", "timezone": "US/Pacific"},
    {"cron": "0 6 * * Mon-FRI", "timezone": "Europe/Berlin", "overlap": "buffer_all"},
    {"cron": "*/7 8-18/2 ? jan,Dec 7", "timezone": "Etc/GMT+12", "overlap": "buffer_one"},
    {"cron": "5/25 0 13,31 2 fri", "timezone": "EST5EDT", "overlap": "allow_all", "catchup_window": "1s"},
    {"cron": "0 0 30 2 *", "overlap": "cancel_other", "catchup_window": "36500d"},
    {"every": "1s", "overlap": "terminate_other"},
    {"every": "36500d", "timezone": "America/Argentina/ComodRivadavia"},
    {"every": "90m", "catchup_window": "2500ms"},
]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
async def test_what_is_accepted_at_save_is_accepted_by_temporal_and_not_seen_as_drift(
    links: Links, save_rule: SaveRule, temporal_client: Client, schedule: dict[str, Any]
):
    rule_id = await save_rule(rule(**schedule))
    await Reconciler(links).review()
    handle = temporal_client.get_schedule_handle(schedule_id(rule_id))
    before = await handle.describe()
    await Reconciler(links).review()
    after = await handle.describe()
    assert after.info.last_updated_at is before.info.last_updated_at is None
    assert after.schedule.policy.overlap.name.lower() == schedule.get("overlap", "skip")


async def test_a_cron_expression_fires_when_cron_does(links: Links, save_rule: SaveRule, temporal_client: Client):
    rule_id = await save_rule(rule(cron="30 6 13 * fri", timezone="Europe/Berlin"))
    await Reconciler(links).review()
    description = await temporal_client.get_schedule_handle(schedule_id(rule_id)).describe()
    times = [time.astimezone(ZoneInfo("Europe/Berlin")) for time in description.info.next_action_times]
    assert len(times) > 3
    assert all((time.hour, time.minute) == (6, 30) and (time.day == 13 or time.weekday() == 4) for time in times)


FOUR_HOURS = [f"{hour:02}:{minute:02}" for hour in range(4) for minute in (0, 20, 40)]


@pytest.mark.parametrize(
    ("cron", "day", "times"),
    [
        ("*/20 * * * *", "2027-03-28", FOUR_HOURS),
        ("*/20 * * * *", "2027-10-31", FOUR_HOURS),
        ("30 2 * * *", "2027-03-28", []),
        ("30 2 * * *", "2027-10-31", ["01:30"]),
    ],
)
async def test_clocks_are_changed(
    links: Links, save_rule: SaveRule, temporal_client: Client, cron: str, day: str, times: list[str]
):
    rule_id = await save_rule(rule(cron=cron, timezone="Europe/Berlin"))
    await Reconciler(links).review()
    request = ListScheduleMatchingTimesRequest(namespace=temporal_client.namespace, schedule_id=schedule_id(rule_id))
    request.start_time.FromDatetime(datetime.fromisoformat(f"{day}T00:00:00Z") - timedelta(seconds=1))
    request.end_time.FromDatetime(datetime.fromisoformat(f"{day}T03:59:59Z"))
    answer = await temporal_client.workflow_service.list_schedule_matching_times(request)
    assert [f"{time.ToDatetime():%H:%M}" for time in answer.start_time] == times


def _paused(schedule: Schedule) -> None:
    schedule.state.paused = True


def _other_times(schedule: Schedule) -> None:
    schedule.spec = ScheduleSpec(cron_expressions=["0 7 * * *"])


def _other_zone(schedule: Schedule) -> None:
    schedule.spec.time_zone_name = "Asia/Tokyo"


def _other_policy(schedule: Schedule) -> None:
    schedule.policy = SchedulePolicy(overlap=ScheduleOverlapPolicy.ALLOW_ALL, catchup_window=timedelta(hours=1))


def _other_window(schedule: Schedule) -> None:
    schedule.policy.catchup_window = timedelta(hours=2)


def _other_queue(schedule: Schedule) -> None:
    assert isinstance(schedule.action, ScheduleActionStartWorkflow)
    schedule.action.task_queue = "elsewhere"


def _other_workflow(schedule: Schedule) -> None:
    schedule.action = ScheduleActionStartWorkflow("Another", {"a": 1}, id="another", task_queue="q")


def _other_arguments(schedule: Schedule) -> None:
    assert isinstance(schedule.action, ScheduleActionStartWorkflow)
    schedule.action.args = [{"scheduled": {"rule_id": "another"}}]


DRIFTS = [_paused, _other_times, _other_zone, _other_policy, _other_window, _other_queue, _other_workflow]


@pytest.mark.parametrize("drift", [*DRIFTS, _other_arguments])
async def test_what_somebody_changed_in_temporal_is_undone(
    links: Links, save_rule: SaveRule, temporal_client: Client, drift: Callable[[Schedule], None]
):
    rule_id = await save_rule(rule(cron="0 6 * * *", timezone="Europe/Berlin"))
    reconciler = Reconciler(links)
    await reconciler.review()
    handle = temporal_client.get_schedule_handle(schedule_id(rule_id))
    before = (await handle.describe()).schedule

    def change(found: ScheduleUpdateInput) -> ScheduleUpdate:
        drift(found.description.schedule)
        return ScheduleUpdate(schedule=found.description.schedule)

    await handle.update(change)
    assert (await handle.describe()).schedule != before
    await reconciler.review()
    assert (await handle.describe()).schedule == before


async def test_a_round_reviews_a_part_of_the_rules(links: Links, save_rule: SaveRule, temporal_client: Client):
    rules = [await save_rule(rule(f"Rule {number}", cron="0 6 * * *")) for number in range(12)]
    reconciler = Reconciler(links)
    await reconciler.round()
    for rule_id in rules:
        await temporal_client.get_schedule_handle(schedule_id(rule_id)).delete()
    missing: list[list[RuleId]] = [rules]
    for _ in range(12):
        await reconciler.round()
        missing.append([rule_id for rule_id in missing[-1] if await found(temporal_client, rule_id) is None])
    assert len({len(some) for some in missing}) > 3
    assert missing[-1] == []


async def test_a_rule_that_fails_keeps_no_other_from_its_turn(
    links: Links, save_rule: SaveRule, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
):
    bad, *others = [await save_rule(rule(f"Rule {number}", cron="0 6 * * *")) for number in range(6)]
    put = Reconciler._put  # pyright: ignore[reportPrivateUsage] (no real Temporal fails for one schedule on demand)

    async def put_others(self: Reconciler, found: ScheduledRule, times: ichor_models.Schedule) -> None:
        if found.rule_id == bad:
            raise RPCError("not now", RPCStatusCode.UNAVAILABLE, b"")
        await put(self, found, times)

    monkeypatch.setattr(Reconciler, "_put", put_others)
    reconciler = Reconciler(links)
    for round_ in range(13):
        with pytest.raises(RPCError, match="not now"):
            await reconciler.round()
        if round_ == 0:
            for rule_id in others:
                await temporal_client.get_schedule_handle(schedule_id(rule_id)).delete()
    assert all([await found(temporal_client, rule_id) for rule_id in others])


async def test_a_schedule_deleted_in_temporal_comes_back(links: Links, save_rule: SaveRule, temporal_client: Client):
    rule_id = await save_rule(rule(cron="0 6 * * *"))
    reconciler = Reconciler(links)
    await reconciler.review()
    await temporal_client.get_schedule_handle(schedule_id(rule_id)).delete()
    await reconciler.review()
    assert await found(temporal_client, rule_id) is not None


async def test_an_edit_is_seen_by_the_next_round(links: Links, save_rule: SaveRule, temporal_client: Client):
    rule_id = await save_rule(rule(cron="0 6 * * *"))
    reconciler = Reconciler(links)
    await reconciler.round()
    assert await save_rule(rule(cron="30 18 * * *", timezone="Asia/Tokyo", overlap="buffer_one")) == rule_id
    await reconciler.round()
    schedule = await found(temporal_client, rule_id)
    assert schedule is not None
    assert schedule.spec.time_zone_name == "Asia/Tokyo"
    assert [item.start for item in (*schedule.spec.calendars[0].hour, *schedule.spec.calendars[0].minute)] == [18, 30]
    assert schedule.policy.overlap is ScheduleOverlapPolicy.BUFFER_ONE


async def test_schedules_of_others_are_left_alone_and_those_of_our_lost_rules_are_not(
    links: Links, save_rule: SaveRule, temporal_client: Client, pool: asyncpg.Pool, temporal_task_queue: str
):
    rule_id = await save_rule(rule(cron="0 6 * * *"))
    await Reconciler(links).review()
    schedule = await found(temporal_client, rule_id)
    assert schedule is not None
    unreadable = Payload(metadata={"encoding": b"binary/encrypted"}, data=b"?")
    memos = {"lost": temporal_task_queue, "foreign": "another installation", "odd": unreadable}
    lost, *others = ids = [RuleId(f"{name}-{temporal_task_queue}") for name in memos]
    for id_, queue in zip(ids, memos.values(), strict=True):
        await temporal_client.create_schedule(schedule_id(id_), schedule, memo={"ichor": queue})

    async def are_listed() -> bool:
        listed = {item.id async for item in await temporal_client.list_schedules()}
        return set(map(schedule_id, ids)) <= listed

    await until(are_listed, "all schedules in the list")
    await Reconciler(links).review()
    assert await found(temporal_client, lost) is None
    for other in others:
        assert await found(temporal_client, other) is not None
        await temporal_client.get_schedule_handle(schedule_id(other)).delete()


async def test_a_schedule_is_encrypted_with_the_key_that_encrypts_now(
    links_to: LinksTo, environment: dict[str, str], save_rule: SaveRule, temporal_client: Client, tmp_path: Path
):
    rule_id, file = await save_rule(rule(cron="0 6 * * *")), tmp_path / "keys"
    old, new = (f"{name}:{b64encode(name.encode().ljust(32)).decode()}" for name in ("old", "new"))
    for keys, encrypting in ((old, b"old"), (f"{new},{old}", b"new"), (new, b"new"), (f"none,{new}", None)):
        file.write_text(keys)
        async with links_to({**environment, "ICHOR_ENCRYPTION_KEYS": str(file)}) as links:
            await Reconciler(links).review()
            schedule = await found(temporal_client, rule_id)
            assert schedule is not None
            assert isinstance(schedule.action, ScheduleActionStartWorkflow)
            argument = schedule.action.args[0]
            assert isinstance(argument, Payload)
            assert argument.metadata.get("encryption-key-id") == encrypting
            with capture_logs() as logs:
                await Reconciler(links).review()
            assert logs == []


async def test_an_unreadable_schedule_harms_no_other_and_is_said_once(
    links: Links, save_rule: SaveRule, temporal_client: Client, pool: asyncpg.Pool
):
    bad, good = [await save_rule(rule(name, cron="0 6 * * *")) for name in ("Bad", "Good")]
    reconciler = Reconciler(links)
    await reconciler.review()
    await pool.execute("UPDATE workflow.automation_rules SET schedule = '{\"cron\": 7}' WHERE id = $1", bad)
    with capture_logs() as logs:
        for _ in range(3):
            await reconciler.review()
    (said,) = [line for line in logs if line["event"] == "rule not scheduled"]
    assert (said["rule"], said["log_level"]) == ("Bad", "error")
    assert "cron" in said["why"]
    assert await found(temporal_client, bad) is None
    assert await found(temporal_client, good) is not None


async def test_a_temporal_that_does_not_carry_the_runs_gets_no_schedule(
    links: Links, pool: asyncpg.Pool, save_rule: SaveRule, temporal_client: Client
):
    rule_id = await save_rule(rule(every="1h"))
    await EdgeStore(pool).home_namespace("another")
    with pytest.raises(ForeignNamespace):
        await Reconciler(links).round()
    assert await found(temporal_client, rule_id) is None


async def test_a_temporal_that_took_the_place_of_ours_gets_no_schedule(
    links: Links, pool: asyncpg.Pool, save_rule: SaveRule, temporal_client: Client
):
    reconciler = Reconciler(links)
    await reconciler.round()
    await pool.execute("UPDATE workflow.temporal_namespace SET id = 'another'")
    rule_id = await save_rule(rule(every="1h"))
    with pytest.raises(ForeignNamespace):
        await reconciler.round()
    with pytest.raises(ForeignNamespace):
        await reconciler.review()
    assert await found(temporal_client, rule_id) is None
