"""Approvals: what people are asked to decide, and who is asked."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from ichor_models.model import Model
from ichor_models.strict_json import storable

APPROVALS = "approval_requests"
"""The entity whose events tell of approvals."""

MOST_APPROVERS = 1000
SHORTEST_REMINDER = timedelta(seconds=1)


def person_id(text: str) -> str:
    """Return the one spelling of a person's id: a UUID has several."""
    try:
        return str(UUID(text))
    except ValueError:
        return storable(text)


type PersonId = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(person_id)]


type RoleName = Annotated[str, Field(min_length=1, max_length=200)]


def _distinct[T](names: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(names))


class Person(Model):
    """Who votes."""

    id: PersonId
    name: Annotated[str | None, AfterValidator(storable)] = None
    roles: tuple[str, ...] = ()


class ApprovalType(StrEnum):
    """How many of those who are asked must say yes."""

    ANY = "any"
    ALL = "all"
    MAJORITY = "majority"


class Approvers(Model):
    """Users by their ids, and roles by whatever names the deployment gives them."""

    users: Annotated[tuple[UUID, ...], AfterValidator(_distinct)] = Field(
        default=(), max_length=MOST_APPROVERS, description="ids of users"
    )
    roles: Annotated[tuple[RoleName, ...], AfterValidator(_distinct)] = Field(
        default=(), max_length=MOST_APPROVERS, description="roles, as `ICHOR_ROLES_SQL` or a token names them"
    )

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not self.users and not self.roles:
            raise ValueError("name at least one user or role")
        return self

    def include(self, person: Person) -> bool:
        """Say whether a person is asked, by id or by role."""
        return person.id in map(str, self.users) or not set(person.roles).isdisjoint(self.roles)


class Escalation(Model):
    """Who may decide, too, when so much time has passed without a decision."""

    after: timedelta = Field(gt=timedelta(0))
    approvers: Approvers


class Approval(Model):
    """What people are asked: to approve or to reject. `required` is n of n of m, for `any` only."""

    approvers: Approvers
    type: ApprovalType = ApprovalType.ANY
    required: int | None = Field(default=None, ge=1)
    message: str = ""
    remind_every: timedelta | None = Field(default=None, ge=SHORTEST_REMINDER)
    escalation: Escalation | None = None

    @model_validator(mode="after")
    def _countable(self) -> Self:
        if self.type is not ApprovalType.ANY and self.approvers.roles:
            raise ValueError(f"nobody knows how many people have a role, so {self.type} needs users only; or use any")
        if self.type is not ApprovalType.ANY and self.required is not None:
            raise ValueError(f"required belongs to any, not to {self.type}; leave out one of both")
        if self.required is not None and not self.approvers.roles and self.required > len(self.approvers.users):
            raise ValueError(f"required is {self.required}, but only {len(self.approvers.users)} are asked")
        return self

    @property
    def needed(self) -> int:
        """Return how many votes for it approve."""
        asked = len(self.approvers.users)
        return self.required or {ApprovalType.ANY: 1, ApprovalType.ALL: asked}.get(self.type, asked // 2 + 1)

    @property
    def bearable(self) -> int:
        """Return how many votes against it leave the decision open."""
        if self.type is ApprovalType.ANY and (self.required is None or self.approvers.roles):
            return self.needed - 1
        return len(self.approvers.users) - self.needed
