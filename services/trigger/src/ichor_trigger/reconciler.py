"""Brings Temporal's schedules in step with the scheduled rules of the database."""

from collections.abc import Callable, Collection
from zlib import crc32

import structlog
from ichor_edgestore import EdgeStore, ScheduledRule
from ichor_executor.temporal import scheduled_start, search_attributes
from ichor_models import RuleId, Schedule
from ichor_models.wording import all_in_words
from ichor_service import is_refusal, reason, require_home
from pydantic import ValidationError
from pydantic_core import to_json
from temporalio.api.common.v1 import Payload
from temporalio.client import (
    Client,
    ScheduleAlreadyRunningError,
    ScheduleListDescription,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from ichor_trigger.links import Links
from ichor_trigger.rounds import each
from ichor_trigger.temporal_schedule import same, temporal_schedule

_PREFIX = "ichor-rule-"
_OWNER = "ichor"
"""The memo of our schedules: the task queue that they were made for."""
_ROUNDS_TO_REVIEW = 12
_log = structlog.stdlib.get_logger(__name__)


def schedule_id(rule_id: RuleId) -> str:
    """Return the id of a rule's schedule in Temporal."""
    return f"{_PREFIX}{rule_id}"


class Reconciler:
    """Any number may work side by side: each step may be done by several, in any order, and again.

    A round asks the database, and acts on what changed since. It reviews a part of the rules in Temporal, too, each in
    its turn, so that what somebody did there is undone and changes need not wait for a review of many.
    """

    def __init__(self, links: Links) -> None:
        self._links = links
        self._settled: dict[RuleId, ScheduledRule] = {}
        self._complaints: dict[RuleId, str] = {}
        self._attributes: Collection[str] = ()
        self._rounds = 0

    async def round(self) -> None:
        """Do one round; a rule that fails is tried in each, and keeps no other from its turn.

        Raises:
            ForeignNamespace: this Temporal does not carry the runs; where it fired, too, runs would be done twice.
        """
        await require_home(self._client, self._store)
        turn = self._rounds % _ROUNDS_TO_REVIEW
        listed = await self._look_around() if turn == 0 else ()
        self._rounds += 1
        await self._follow(listed, lambda rule_id: crc32(rule_id.encode()) % _ROUNDS_TO_REVIEW == turn)

    async def review(self) -> None:
        """Bring everything in step, whatever there is in Temporal; raises as `round` does."""
        await require_home(self._client, self._store)
        await self._follow(await self._look_around(), lambda _: True)

    async def _look_around(self) -> Collection[RuleId]:
        """Return the rules of our schedules; what is listed, and has no rule when those are read, has lost it."""
        listed = await self._listed()
        self._attributes = await search_attributes(self._client)
        return listed

    async def _follow(self, listed: Collection[RuleId], is_due: Callable[[RuleId], bool]) -> None:
        rules = {rule.rule_id: rule for rule in await self._store.scheduled_rules()}

        async def bring_in_step(rule_id: RuleId) -> None:
            rule = rules.get(rule_id)
            if rule is None:
                await self._remove(rule_id)
            elif is_due(rule_id) or self._settled.get(rule_id) != rule:
                await self._settle(rule)

        await each({*listed, *self._settled, *rules}, bring_in_step)
        self._complaints = {rule: why for rule, why in self._complaints.items() if rule in rules}

    async def _settle(self, rule: ScheduledRule) -> None:
        """Bring the schedule of one rule in step; what is wrong with it harms no other."""
        try:
            times = Schedule.model_validate(rule.schedule)
        except ValidationError as error:
            self._complain(rule, f"its schedule cannot be read: {all_in_words(error)}", "save it anew: `ichor apply`")
            await self._remove(rule.rule_id)
        else:
            await self._put(rule, times)
        self._settled[rule.rule_id] = rule

    async def _put(self, rule: ScheduledRule, times: Schedule) -> None:
        try:
            await self._update_or_create(rule, times)
        except RPCError as error:
            if not is_refusal(error):
                raise
            self._complain(rule, f"Temporal refuses its schedule: {reason(error)}", "change the rule's schedule")
        else:
            self._complaints.pop(rule.rule_id, None)

    async def _update_or_create(self, rule: ScheduledRule, times: Schedule) -> None:
        client, queue = self._client, self._links.settings.task_queue
        start = scheduled_start(rule.rule_id, rule.name, rule.entity, task_queue=queue, attributes=self._attributes)
        wanted = temporal_schedule(start, times)

        async def mend(found: ScheduleUpdateInput) -> ScheduleUpdate | None:
            if await same(wanted, found.description.schedule, client.data_converter):
                return None
            _log.info("schedule changed", rule_id=rule.rule_id, rule=rule.name)
            return ScheduleUpdate(schedule=wanted)

        try:
            await client.get_schedule_handle(schedule_id(rule.rule_id)).update(mend)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            try:
                await client.create_schedule(schedule_id(rule.rule_id), wanted, memo=_memo(queue))
            except ScheduleAlreadyRunningError:
                return
            _log.info("schedule made", rule_id=rule.rule_id, rule=rule.name)

    async def _remove(self, rule_id: RuleId) -> None:
        """Delete the schedule of a rule, if it has one."""
        try:
            await self._client.get_schedule_handle(schedule_id(rule_id)).delete()
            _log.info("schedule deleted", rule_id=rule_id)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
        self._settled.pop(rule_id, None)

    async def _listed(self) -> Collection[RuleId]:
        """Return the rules of those schedules that are ours: made for our task queue, or of a rule that we know."""
        ours: set[RuleId] = set()
        others: set[RuleId] = set()
        async for item in await self._client.list_schedules():
            if item.id.startswith(_PREFIX):
                rules = ours if self._made_for_us(item) else others
                rules.add(RuleId(item.id.removeprefix(_PREFIX)))
        if others:
            ours |= others & {rule.rule_id for rule in await self._store.list_rules()}
        return ours

    def _made_for_us(self, item: ScheduleListDescription) -> bool:
        # Not decoded: others may have written anything.
        said = item.raw_entry.memo.fields.get(_OWNER)
        return said is not None and said.data == _memo(self._links.settings.task_queue)[_OWNER].data

    def _complain(self, rule: ScheduledRule, why: str, mend: str) -> None:
        if self._complaints.get(rule.rule_id) != why:
            _log.error("rule not scheduled", rule_id=rule.rule_id, rule=rule.name, why=why, mend=mend)
        self._complaints[rule.rule_id] = why

    @property
    def _client(self) -> Client:
        return self._links.temporal.opened

    @property
    def _store(self) -> EdgeStore:
        return self._links.store.opened


def _memo(task_queue: str) -> dict[str, Payload]:
    """Return the memo of a schedule as a payload, which is not encrypted: it is read when its key is long gone."""
    return {_OWNER: Payload(metadata={"encoding": b"json/plain"}, data=to_json(task_queue))}
