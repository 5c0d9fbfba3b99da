"""What a handler is told about the action beside its config."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from logging import LoggerAdapter
from typing import Any
from uuid import UUID

from ichor_models import ActionCall, EventHeader, ExecutionId, RuleId, RunHeader, Transaction

from ichor_activities.errors import NotTransactional
from ichor_activities.run_logger import RunLogger
from ichor_activities.services import Services


@dataclass(frozen=True, slots=True)
class ActionContext:
    """One attempt of one action; `attempt` counts from 1."""

    call: ActionCall
    services: Services = field(default_factory=Services)
    attempt: int = 1
    open_transaction: Transaction | None = None
    bound_logger: "LoggerAdapter[Any] | None" = None

    @classmethod
    def sample(
        cls,
        type: str,
        *,
        event: Mapping[str, Any] | None = None,
        services: Services | None = None,
        transaction: Transaction | None = None,
    ) -> "ActionContext":
        """Return the context of an action of no run at all, to try a handler or to test it; `event` sets its header."""
        header = EventHeader.model_validate({"event_id": "sample", "event_type": "manual", **(event or {})})
        nothing = str(UUID(int=0))
        run = RunHeader(execution_id=ExecutionId(nothing), rule_id=RuleId(nothing), rule_name="sample", event=header)
        call = ActionCall(run=run, key=type, name=type, type=type, config={})
        return cls(call, services or Services(), open_transaction=transaction)

    @property
    def run(self) -> RunHeader:
        """Return the run: its execution, its rule, its event."""
        return self.call.run

    @property
    def event(self) -> EventHeader:
        """Return the event behind the run: entity, row, user, time."""
        return self.call.run.event

    @property
    def action(self) -> str:
        """Return the action's name in its graph."""
        return self.call.name

    @property
    def idempotency_key(self) -> str:
        """Return what stays the same over all attempts; give it to servers that know such keys."""
        return self.call.idempotency_key

    def new_id(self, purpose: str = "") -> UUID:
        """Return an id for something that the action makes, the same in every attempt."""
        return self.call.new_id(purpose)

    @property
    def transaction(self) -> Transaction:
        """Return the transaction in which effects and result are committed together.

        Raises:
            NotTransactional: the handler did not declare itself transactional.
        """
        if self.open_transaction is None:
            raise NotTransactional(
                f"The handler of {self.call.type} uses run.transaction; declare it with @action(…, transactional=True)."
            )
        return self.open_transaction

    @property
    def logger(self) -> "LoggerAdapter[Any]":
        """Return a logger that names run and action and hides secrets."""
        return self.bound_logger or RunLogger(self.call)
