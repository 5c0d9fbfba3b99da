from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from ichor_models import Approval, ApprovalType, Approvers, Escalation, Person
from ichor_models.approval import MOST_APPROVERS, person_id
from pydantic import ValidationError

USERS = tuple(UUID(int=number) for number in range(1, 6))


def approval(users: int = 0, *, roles: tuple[str, ...] = (), **more: Any) -> Approval:
    return Approval(approvers=Approvers(users=USERS[:users], roles=roles), **more)


@pytest.mark.parametrize(
    ("asked", "needed", "bearable"),
    [
        (approval(1), 1, 0),
        (approval(5), 1, 0),
        (approval(roles=("boss",)), 1, 0),
        (approval(5, required=1), 1, 4),
        (approval(5, required=2), 2, 3),
        (approval(3, required=3), 3, 0),
        (approval(1, roles=("boss",), required=3), 3, 2),
        (approval(1, type="all"), 1, 0),
        (approval(4, type="all"), 4, 0),
        (approval(1, type="majority"), 1, 0),
        (approval(2, type="majority"), 2, 0),
        (approval(3, type="majority"), 2, 1),
        (approval(4, type="majority"), 3, 1),
        (approval(5, type="majority"), 3, 2),
    ],
)
def test_how_many_must_agree(asked: Approval, needed: int, bearable: int) -> None:
    assert (asked.needed, asked.bearable) == (needed, bearable)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"users": 0}, "name at least one user or role"),
        ({"users": 2, "required": 3}, "only 2 are asked"),
        ({"users": 2, "required": 0}, "greater than or equal to 1"),
        ({"users": 2, "required": 2, "type": "all"}, "belongs to any"),
        ({"users": 2, "roles": ("boss",), "type": "majority"}, "users only"),
        ({"roles": ("",)}, "at least 1 character"),
        ({"users": 1, "remind_every": timedelta(milliseconds=1)}, "greater than or equal to 1 second"),
    ],
)
def test_what_nobody_can_decide_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        approval(**wrong)


def test_too_many_are_refused() -> None:
    with pytest.raises(ValidationError, match="at most 1000"):
        Approvers(users=tuple(UUID(int=number) for number in range(MOST_APPROVERS + 1)))


def test_who_is_named_twice_is_asked_once() -> None:
    asked = Approvers(users=(USERS[0], USERS[1], USERS[0]), roles=("a", "a"))
    assert asked == Approvers(users=USERS[:2], roles=("a",))
    assert Approval(approvers=Approvers(users=(USERS[0], USERS[0])), type=ApprovalType.ALL).needed == 1


def test_who_is_asked() -> None:
    asked = Approvers(users=USERS[:1], roles=("boss",))
    assert asked.include(Person(id=str(USERS[0]).upper()))
    assert asked.include(Person(id="somebody", roles=("clerk", "boss")))
    assert not asked.include(Person(id=str(USERS[1]), roles=("clerk",)))
    assert not asked.include(Person(id="boss"))


def test_an_escalation_comes_later() -> None:
    with pytest.raises(ValidationError, match="greater than 0"):
        Escalation(after=timedelta(0), approvers=Approvers(roles=("boss",)))


def test_ids_have_one_spelling() -> None:
    id = "6F1C8C1E-5B0E-4B57-9A53-0D6A4F1B7F0A"
    assert person_id(id) == person_id(id.replace("-", "")) == id.lower()
    assert person_id("auth0|\x00x") == "auth0|\ufffdx"
