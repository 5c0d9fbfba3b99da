"""Approvals as lists show them."""

from datetime import datetime
from uuid import UUID

from ichor_models import Approval, Person
from ichor_models.model import Model
from pydantic import Field


class VoteView(Model):
    """One vote that was counted."""

    person: str
    name: str | None
    approves: bool
    reason: str | None
    decides: bool
    voted: datetime


class ApprovalView(Model):
    """One approval: what is asked, by which run, and how it stands.

    `status` is pending, approved, rejected, timed_out, or expired where its run ended first.
    """

    approval_id: UUID
    execution_id: UUID
    rule_id: UUID | None
    rule_name: str | None
    action_name: str
    status: str
    message: str | None
    approval: Approval
    reminders: int
    escalated: bool
    created: datetime
    expires: datetime
    resolved: datetime | None
    resolved_by: UUID | None
    resolved_by_name: str | None
    reason: str | None
    votes: tuple[VoteView, ...]


class ApprovalPlace(Model):
    """Where an approval stands in the list: by its creation, the newest first, then its id."""

    created: datetime
    approval_id: UUID


class ApprovalFilter(Model):
    """Approvals with a status, of a run, that a person is asked; the newest first, at most `limit`.

    Those behind `after`, where it is given.
    """

    status: str | None = None
    execution_id: UUID | None = None
    asked: Person | None = None
    after: ApprovalPlace | None = None
    limit: int = Field(default=50, ge=1, le=10_000)


ALL_APPROVALS = ApprovalFilter()
"""The newest approvals."""
