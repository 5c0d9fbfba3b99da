from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from ichor_edgestore import AccessDenied, Candidate, ConstraintViolated, PinnedRun, RuleNotFound, StoreUnavailable
from ichor_executor.temporal import Started
from ichor_models import (
    ActionError,
    EntityEvent,
    EventType,
    ExecutionId,
    Graph,
    Lineage,
    Match,
    RuleId,
    RunHeader,
    RunRecord,
    RunRequest,
    RunStatus,
    event_header,
    workflow_id,
)
from ichor_models.ids import EventId
from ichor_service import Unreachable
from ichor_trigger import RunStarter
from temporalio.service import RPCError, RPCStatusCode

EVENT = EntityEvent(event_id=EventId("e1"), event_type=EventType.ON_CREATE, entity_name="orders")


@dataclass
class Store:
    """Rules by id, with the status of their row or the error of pinning it."""

    rules: dict[str, RunStatus | Exception]
    ended: dict[str, RunRecord] = field(default_factory=dict[str, RunRecord])
    stopped: dict[str, str] = field(default_factory=dict[str, str])

    async def candidates(self, entity_name: str, event_type: str) -> Sequence[Candidate]:
        return [Candidate(RuleId(rule), rule, None) for rule in self.rules]

    async def pin_run(self, rule_id: RuleId, event: EntityEvent, *, source: str = "automation") -> PinnedRun:
        status = self.rules[rule_id]
        if isinstance(status, Exception):
            raise status
        header = RunHeader(
            execution_id=ExecutionId(f"x-{rule_id}"), rule_id=rule_id, rule_name=rule_id, event=event_header(event)
        )
        request = RunRequest(run=header, graph=Graph(actions=(), edges=()), trigger_data={})
        return PinnedRun(request, status, True, workflow_id(rule_id, event.event_id))

    async def rule_names(self, rule_ids: Iterable[RuleId]) -> Mapping[RuleId, str]:
        return {rule_id: "Hold" for rule_id in rule_ids}

    async def stop_run(self, match: Match, event: EntityEvent) -> PinnedRun:
        status = self.rules[match.rule_id]
        if isinstance(status, Exception):
            raise status
        self.stopped[match.rule_id] = match.because
        return await self.pin_run(match.rule_id, event)

    async def run_ended(self, execution_id: ExecutionId, record: RunRecord) -> bool:
        self.ended[execution_id] = record
        return True


@dataclass
class Launcher:
    """Fails for the rules that have an error; notes the others."""

    errors: dict[str, Exception] = field(default_factory=dict[str, Exception])
    launched: list[str] = field(default_factory=list[str])
    before: set[str] = field(default_factory=set[str])

    async def launch(self, pinned: PinnedRun) -> Started:
        rule = pinned.request.run.rule_id
        if rule in self.errors:
            raise self.errors[rule]
        self.launched.append(rule)
        return Started.NOW

    async def was_started(self, pinned: PinnedRun) -> bool:
        return pinned.request.run.rule_id in self.before


def rpc(status: RPCStatusCode, message: str = "no") -> RPCError:
    return RPCError(message, status, b"")


async def test_every_pending_row_is_started_and_no_other():
    store = Store({status.value: status for status in RunStatus})
    launcher = Launcher()
    await RunStarter(store, launcher).start(EVENT)
    assert launcher.launched == ["pending"]


@pytest.mark.parametrize("error", [StoreUnavailable("down"), AccessDenied("no right")])
async def test_a_store_that_is_away_is_waited_for_when_the_others_were_started(error: Exception):
    launcher = Launcher()
    with pytest.raises(Unreachable, match=str(error)):
        await RunStarter(Store({"bad": error, "good": RunStatus.PENDING}), launcher).start(EVENT)
    assert launcher.launched == ["good"]


@pytest.mark.parametrize(
    "status", [RPCStatusCode.UNAVAILABLE, RPCStatusCode.RESOURCE_EXHAUSTED, RPCStatusCode.PERMISSION_DENIED]
)
async def test_a_temporal_that_is_away_is_waited_for(status: RPCStatusCode):
    store = Store({"good": RunStatus.PENDING})
    with pytest.raises(Unreachable, match="Temporal: busy"):
        await RunStarter(store, Launcher({"good": rpc(status, "busy")})).start(EVENT)
    assert not store.ended


REFUSALS = [
    rpc(RPCStatusCode.INVALID_ARGUMENT, "too big"),
    rpc(RPCStatusCode.RESOURCE_EXHAUSTED, "grpc: received message larger than max"),
    ActionError("it has too many keys", type="too_large"),
]


@pytest.mark.parametrize("error", REFUSALS)
async def test_a_run_that_can_never_start_has_failed_and_the_others_go_on(error: RPCError | ActionError):
    store = Store({"bad": RunStatus.PENDING, "good": RunStatus.PENDING})
    launcher = Launcher({"bad": error})
    await RunStarter(store, launcher).start(EVENT)
    assert launcher.launched == ["good"]
    record = store.ended["x-bad"]
    assert (record.status, record.error_type) == (RunStatus.FAILED, "not_started")
    assert error.message in str(record.error)


@pytest.mark.parametrize("error", REFUSALS)
async def test_a_run_that_was_started_before_has_not_failed(error: RPCError | ActionError):
    store = Store({"begun": RunStatus.PENDING})
    await RunStarter(store, Launcher({"begun": error}, before={"begun"})).start(EVENT)
    assert not store.ended


async def test_a_store_of_large_values_that_is_away_is_waited_for():
    store, error = Store({"good": RunStatus.PENDING}), ActionError("down", type="journal", retryable=True)
    with pytest.raises(Unreachable, match="down"):
        await RunStarter(store, Launcher({"good": error})).start(EVENT)
    assert not store.ended


async def test_an_error_of_one_rule_is_raised_after_the_others_were_started():
    launcher = Launcher()
    error = ConstraintViolated("refused")
    with pytest.raises(ConstraintViolated):
        await RunStarter(Store({"bad": error, "good": RunStatus.PENDING}), launcher).start(EVENT)
    assert launcher.launched == ["good"]


async def test_an_outage_is_told_before_any_other_error():
    store = Store({"bad": ConstraintViolated("refused"), "away": StoreUnavailable("down")})
    with pytest.raises(Unreachable):
        await RunStarter(store, Launcher()).start(EVENT)


async def test_a_rule_that_was_deleted_meanwhile_starts_nothing():
    launcher = Launcher()
    await RunStarter(Store({"gone": RuleNotFound("gone"), "good": RunStatus.PENDING}), launcher).start(EVENT)
    assert launcher.launched == ["good"]


CASCADE = EVENT.model_copy(update={"lineage": Lineage(root="e0", depth=2, visited=("again:", "other:"))})


async def test_where_a_cascade_stops_is_written_down_and_the_others_start():
    store, launcher = Store({"again": RunStatus.PENDING, "good": RunStatus.PENDING}), Launcher()
    await RunStarter(store, launcher).start(CASCADE)
    assert launcher.launched == ["good"]
    assert list(store.stopped) == ["again"]
    assert "event e0 -> 'Hold' (again) for no entity -> 'Hold' (other) for no entity" in store.stopped["again"]


async def test_a_stop_that_cannot_be_written_down_is_tried_again():
    store = Store({"again": StoreUnavailable("down")})
    with pytest.raises(Unreachable):
        await RunStarter(store, Launcher()).start(CASCADE)


async def test_a_rule_that_was_deleted_before_its_stop_is_written_down_needs_none():
    await RunStarter(Store({"again": RuleNotFound("gone")}), Launcher()).start(CASCADE)
