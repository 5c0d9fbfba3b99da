"""Starts runs, now or by a schedule: exactly one workflow per workflow id, ever."""

import logging
from collections.abc import Collection
from enum import Enum

from ichor_models import DEFAULT_LIMIT, RuleId, RunRequest, RunStatus, ValueLimit, ValueStore
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client, ScheduleActionStartWorkflow
from temporalio.common import (
    Priority,
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from ichor_executor.temporal.large_trigger import without_large_trigger
from ichor_executor.temporal.run_input import RunInput, Scheduled
from ichor_executor.temporal.summary import summary_of
from ichor_executor.temporal.workflow import STATUS, WORKFLOW_TYPE

_log = logging.getLogger(__name__)
_MAY_NOT_ASK = (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED, RPCStatusCode.UNIMPLEMENTED)

_DEFAULT_PRIORITY = 3
"""Temporal's own; 5 is the last. Its sticky queues, where runs under way wait, know priorities but no fairness."""
RULE = SearchAttributeKey.for_keyword("IchorRule")
ENTITY = SearchAttributeKey.for_keyword("IchorEntity")


class Started(Enum):
    """Whether this call started the run, or it had been started before."""

    NOW = "now"
    BEFORE = "before"


def may_not_ask(error: RPCError) -> bool:
    """Say whether Temporal answers what was asked, but not to us, or not this server; what needs no answer goes on."""
    return error.status in _MAY_NOT_ASK


async def search_attributes(client: Client) -> frozenset[str]:
    """Return the names of our search attributes that the namespace has; none for an account that may not ask.

    Raises:
        temporalio.service.RPCError: Temporal could not be asked.
    """
    request = ListSearchAttributesRequest(namespace=client.namespace)
    try:
        answer = await client.operator_service.list_search_attributes(request)
    except RPCError as error:
        if not may_not_ask(error):
            raise
        _log.info("runs are started without search attributes: %s", error.message)
        return frozenset()
    return frozenset({RULE.name, ENTITY.name, STATUS.name}.intersection(answer.custom_attributes))


async def start_run(
    client: Client,
    request: RunRequest,
    *,
    workflow_id: str,
    task_queue: str,
    attributes: Collection[str] = (),
    behind: int = 0,
    store: ValueStore | None = None,
    limit: ValueLimit = DEFAULT_LIMIT,
) -> Started:
    """Start a run; `attributes` are those that the namespace has for searching.

    It lets others pass that are less far `behind`, which is 0 to 2.

    Trigger data above the `limit` go to the `store`, if there is one.

    Raises:
        temporalio.service.RPCError: Temporal did not accept it; try again, the id makes that safe.
        ActionError: the store is away.
    """
    if store is not None:
        request = await without_large_trigger(request, store, limit)
    try:
        await client.start_workflow(
            WORKFLOW_TYPE,
            RunInput(request=request),
            id=workflow_id,
            task_queue=task_queue,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            search_attributes=_attributes(request.run.rule_id, request.run.event.entity_name, attributes),
            static_summary=summary_of(request.run.rule_name),
            priority=_priority(request.run.rule_id, behind),
        )
    except WorkflowAlreadyStartedError:
        return Started.BEFORE
    return Started.NOW


def scheduled_start(
    rule_id: RuleId, rule_name: str, entity_name: str | None, *, task_queue: str, attributes: Collection[str] = ()
) -> ScheduleActionStartWorkflow:
    """Return what a schedule starts at each firing; Temporal appends the time to the id, which is then the event's."""
    return ScheduleActionStartWorkflow(
        WORKFLOW_TYPE,
        RunInput(scheduled=Scheduled(rule_id=rule_id)),
        id=f"rule-{rule_id}",
        task_queue=task_queue,
        typed_search_attributes=_attributes(rule_id, entity_name, attributes),
        static_summary=summary_of(rule_name),
        priority=_priority(rule_id),
    )


def _priority(rule_id: RuleId, behind: int = 0) -> Priority:
    """Return that the runs of all rules, and their actions, are served in turn, those behind after the others."""
    return Priority(priority_key=_DEFAULT_PRIORITY + behind if behind else None, fairness_key=rule_id)


def _attributes(rule_id: RuleId, entity_name: str | None, known: Collection[str]) -> TypedSearchAttributes:
    values = {RULE: rule_id, ENTITY: entity_name or "", STATUS: RunStatus.RUNNING.value}
    return TypedSearchAttributes(
        [SearchAttributePair(key, value) for key, value in values.items() if key.name in known]
    )
