"""`seek_approval`: asks people to decide, and ends with their decision."""

from datetime import timedelta
from typing import Annotated, Self, cast
from uuid import UUID

from ichor_models import (
    SHORTEST_REMINDER,
    Approval,
    ApprovalType,
    Approvers,
    Duration,
    Escalation,
    Question,
    approval_result,
    question_id,
)
from pydantic import BeforeValidator, Field, model_validator

from ichor_activities.config import Config
from ichor_activities.context import ActionContext
from ichor_activities.handler import action

_TIMED_OUT = "timed_out"


def _users(value: object) -> object:
    return {"users": cast("object", value)} if isinstance(value, (list, tuple)) else value


type AskedPeople = Annotated[Approvers, BeforeValidator(_users, json_schema_input_type=tuple[UUID, ...] | Approvers)]
"""Users and roles, or only users, as a list."""


class EscalationConfig(Config):
    """Who may decide, too, when so much time has passed: `approvers` as of the approval itself."""

    after: Duration = Field(
        description="how long after the question, as 90s, 1h30m, 2d; shorter than the time there is"
    )
    approvers: AskedPeople = Field(description="users and roles who may decide then, too; a list means users")


class SeekApprovalConfig(Config):
    """Who is asked, how many must agree (`approval_type`, or `required` of them), and how long there is.

    `timeout` is for times that are no whole hours; `reminder` is how often people are reminded.
    """

    approvers: AskedPeople = Field(description="users and roles who may decide; a list means users")
    approval_type: ApprovalType = Field(
        default=ApprovalType.ANY, description="how many must agree: any one, all, or the majority"
    )
    required: int | None = Field(
        default=None, ge=1, description="so many must agree, in place of what `approval_type` says; null means that"
    )
    timeout_hours: int = Field(default=72, ge=1, le=24 * 366, description="hours until it leaves by `timed_out`")
    timeout: Duration | None = Field(
        default=None, description="that time where it is no whole hours, as 90s, 1h30m, 2d, in place of `timeout_hours`"
    )
    approval_message: str = Field(default="", description="what people are asked")
    reminder: Duration | None = Field(
        default=None, description="how often people are reminded, as 90s, 1h30m, 2d; null means never"
    )
    escalation: EscalationConfig | None = Field(
        default=None, description="who may decide, too, when some time has passed; null means nobody"
    )

    @model_validator(mode="after")
    def _askable(self) -> Self:
        if self.timeout is not None and "timeout_hours" in self.model_fields_set:
            raise ValueError("there are two times, timeout and timeout_hours; leave out one of them")
        if self.reminder is not None and self.reminder < SHORTEST_REMINDER:
            raise ValueError("reminder must be 1 second or more")
        if self.reminder is not None and self.reminder >= self.time_limit:
            raise ValueError("the reminder comes after the timeout, so it never would; make it shorter")
        if self.escalation is not None and self.escalation.after >= self.time_limit:
            raise ValueError("the escalation comes after the timeout, so it never would; make `after` shorter")
        self.approval()
        return self

    @property
    def time_limit(self) -> timedelta:
        """Return how long people have."""
        return self.timeout or timedelta(hours=self.timeout_hours)

    def approval(self) -> Approval:
        """Return what people are asked."""
        later = self.escalation
        return Approval(
            approvers=self.approvers,
            type=self.approval_type,
            required=self.required,
            message=self.approval_message,
            remind_every=self.reminder,
            escalation=later and Escalation(after=later.after, approvers=later.approvers),
        )


@action("seek_approval", ports=("approved", "rejected", _TIMED_OUT), asks=True)
async def seek_approval(config: SeekApprovalConfig, run: ActionContext) -> Question:
    """Ask people to decide; the approval's id is that of the question."""
    on_timeout = approval_result(question_id(run.call), _TIMED_OUT)
    return Question(timeout=config.time_limit, approval=config.approval(), on_timeout=on_timeout)
