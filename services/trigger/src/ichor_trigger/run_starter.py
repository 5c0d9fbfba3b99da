"""Starts what an event asks for: one run per matching rule, each exactly once, however often the event comes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

import structlog
from ichor_edgestore import Candidate, PinnedRun, RuleNotFound
from ichor_executor.temporal import Started
from ichor_models import (
    ActionError,
    Decision,
    EntityEvent,
    EventType,
    ExecutionId,
    Match,
    RuleId,
    RunRecord,
    RunStatus,
    match_rules,
    rules_on_the_way,
)
from ichor_service import is_refusal, outages, reason, span
from structlog.contextvars import bound_contextvars
from temporalio.service import RPCError

from ichor_trigger.rounds import each

NOT_STARTED = "not_started"
_log = structlog.stdlib.get_logger(__name__)


class RunStore(Protocol):
    """What starting runs asks of the store."""

    async def candidates(self, entity_name: str, event_type: str) -> Sequence[Candidate]:
        """Return the active rules that listen to such events."""
        ...

    async def pin_run(self, rule_id: RuleId, event: EntityEvent, *, source: str = "automation") -> PinnedRun:
        """Return the one row of a rule and an event, made where there is none, with the version that it runs."""
        ...

    async def rule_names(self, rule_ids: Iterable[RuleId]) -> Mapping[RuleId, str]:
        """Return the names of those rules that are there."""
        ...

    async def stop_run(self, match: Match, event: EntityEvent) -> PinnedRun:
        """Write down that a cascade stops at a rule."""
        ...

    async def run_ended(self, execution_id: ExecutionId, record: RunRecord) -> bool:
        """Note how a run ended; the first end stays. Say whether this is it."""
        ...


class Launch(Protocol):
    """What starting runs asks of Temporal."""

    async def launch(self, pinned: PinnedRun) -> Started:
        """Start a run unless it was started before."""
        ...

    async def was_started(self, pinned: PinnedRun) -> bool:
        """Say whether Temporal knows the run."""
        ...


class RunStarter:
    """Matches, pins and starts; every step may be repeated, so an event that was interrupted is simply done again.

    `matching` is the block in which the rules of an event are found, for who measures it.
    """

    def __init__(
        self,
        store: RunStore,
        launcher: Launch,
        matching: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._store = store
        self._launcher = launcher
        self._matching = matching

    async def start(self, event: EntityEvent) -> int:
        """Return when the run of every matching rule is durable, or is known never to be; so are cascades' ends.

        Returns how many rules match.

        Raises:
            Unreachable: Temporal or the database is away; nothing is lost by trying again.
        """
        with self._matching():
            decided = await self._decide(event)

        async def settle(match: Match) -> None:
            await (self._start_one(match, event) if match.matches else self._stop_one(match, event))

        await each([match for match in decided if match.matches or match.stopped], settle)
        return sum(match.matches for match in decided)

    async def _decide(self, event: EntityEvent) -> Sequence[Match]:
        with outages():
            candidates = await self._store.candidates(event.entity_name, event.event_type)
            names = await self._store.rule_names(rules_on_the_way(event))
        decided = match_rules(event, candidates, datetime.now(UTC), names)
        for match in decided:
            _tell(match)
        return decided

    async def _start_one(self, match: Match, event: EntityEvent) -> None:
        with outages(), bound_contextvars(rule_id=match.rule_id, rule=match.rule_name):
            try:
                source = "manual" if event.event_type is EventType.MANUAL else "automation"
                pinned = await self._store.pin_run(match.rule_id, event, source=source)
            except RuleNotFound:
                _log.info("the rule was deleted meanwhile")
                return
            with bound_contextvars(execution_id=pinned.execution_id):
                await self.start_pinned(pinned)

    async def _stop_one(self, match: Match, event: EntityEvent) -> None:
        with outages(), suppress(RuleNotFound):
            await self._store.stop_run(match, event)

    async def start_pinned(self, pinned: PinnedRun) -> PinnedRun:
        """Start the run of a row, if that is pending, and return it as it is then; what can never start has failed.

        Raises:
            RPCError: Temporal is away.
            ActionError: the store of large values is away.
        """
        if pinned.status is not RunStatus.PENDING:
            _log.info("run not started, its row is past pending", status=pinned.status)
            return pinned
        try:
            with span("start run", _facts(pinned), kind="producer"):
                started = await self._launcher.launch(pinned)
        except (RPCError, ActionError) as error:
            if not _is_final(error):
                raise
            if await self._launcher.was_started(pinned):
                _log.info("run was started before")
                return pinned
            record = _not_started(error)
            await self._store.run_ended(pinned.execution_id, record)
            _log.error("run cannot be started", reason=reason(error))
            return replace(pinned, status=record.status, error=record.error, error_type=record.error_type)
        _log.info("run started" if started is Started.NOW else "run was started before")
        return pinned


def _tell(match: Match) -> None:
    """Log what somebody may wonder about: broken rules and cascades that were stopped."""
    if match.decision in (Decision.UNREADABLE, Decision.VISITED, Decision.TOO_DEEP):
        level = _log.error if match.decision is Decision.UNREADABLE else _log.warning
        level("rule not started", rule_id=match.rule_id, rule=match.rule_name, code=match.decision, why=match.because)


def _facts(pinned: PinnedRun) -> dict[str, str]:
    run = pinned.request.run
    return {
        "ichor.run": pinned.execution_id,
        "ichor.rule": run.rule_name,
        "ichor.rule_id": run.rule_id,
        "ichor.event_id": run.event.event_id,
    }


def _is_final(error: RPCError | ActionError) -> bool:
    return is_refusal(error) if isinstance(error, RPCError) else not error.retryable


def _not_started(error: RPCError | ActionError) -> RunRecord:
    who = "Temporal refused to start the run" if isinstance(error, RPCError) else "The trigger data cannot be kept"
    message = f"{who}: {reason(error)}"
    return RunRecord(status=RunStatus.FAILED, error=message, error_type=NOT_STARTED, actions=(), order=())
