from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ichor_models import (
    Approval,
    ApprovalType,
    Approvers,
    Escalation,
    Person,
    Resolution,
    Vote,
    VoteVerdict,
    approval_result,
    decide,
    tally,
)

USERS = tuple(UUID(int=number) for number in range(1, 7))
YES, NO, OPEN = Resolution.APPROVED, Resolution.REJECTED, None


def asked(users: int, **more: Any) -> Approval:
    return Approval(approvers=Approvers(users=USERS[:users], roles=more.pop("roles", ())), **more)


def vote(number: int, *, approves: bool, decides: bool = False) -> Vote:
    return Vote(person=Person(id=str(USERS[number])), approves=approves, decides=decides)


def voted(word: str) -> list[Vote]:
    """Return votes from letters: y and n of those asked, Y and N of who decides alone."""
    return [vote(place, approves=letter in "yY", decides=letter.isupper()) for place, letter in enumerate(word)]


@pytest.mark.parametrize(
    ("approval", "word", "resolution"),
    [
        (asked(3), "", OPEN),
        (asked(3), "y", YES),
        (asked(3), "n", NO),
        (asked(3, required=2), "y", OPEN),
        (asked(3, required=2), "n", OPEN),
        (asked(3, required=2), "yn", OPEN),
        (asked(3, required=2), "nyy", YES),
        (asked(3, required=2), "nn", NO),
        (asked(0, roles=("boss",), required=2), "nyy", YES),
        (asked(0, roles=("boss",), required=2), "nyn", NO),
        (asked(3, type="all"), "yy", OPEN),
        (asked(3, type="all"), "yyy", YES),
        (asked(3, type="all"), "yn", NO),
        (asked(3, type="majority"), "y", OPEN),
        (asked(3, type="majority"), "yny", YES),
        (asked(3, type="majority"), "ynn", NO),
        (asked(4, type="majority"), "yy", OPEN),
        (asked(4, type="majority"), "nn", NO),
        (asked(3, type="all"), "yY", YES),
        (asked(3, type="majority"), "yN", NO),
    ],
)
def test_what_votes_decide(approval: Approval, word: str, resolution: Resolution | None) -> None:
    assert decide(approval, voted(word)) is resolution


def of_type(users: int, type: ApprovalType) -> Approval:
    return asked(users, type=type)


def of_required(users: int, required: int) -> Approval:
    return asked(users, required=min(users, required))


approvals = st.one_of(
    st.builds(of_type, st.integers(1, 5), st.sampled_from(ApprovalType)),
    st.builds(of_required, st.integers(1, 5), st.integers(1, 5)),
)


@given(approvals, st.lists(st.booleans(), min_size=5, max_size=5))
def test_everybody_together_decides_and_the_decision_stands(approval: Approval, said: list[bool]) -> None:
    votes = [vote(place, approves=yes) for place, yes in enumerate(said[: len(approval.approvers.users)])]
    decisions = [decide(approval, votes[:count]) for count in range(len(votes) + 1)]
    assert decisions[-1] is not None
    first = next(decision for decision in decisions if decision is not None)
    if approval.type is not ApprovalType.ANY or approval.required is not None:
        assert decisions[-1] is first, "no later vote could have changed it"
        assert {decide(approval, order) for order in permutations(votes)} == {first}, "nor another order"


def judge(approval: Approval, votes: Sequence[Vote], person: Person, *, escalated: bool = False) -> VoteVerdict:
    return tally(approval, votes, person, approves=True, reason="so", escalated=escalated).verdict


def test_a_person_votes_once() -> None:
    approval, one = asked(3, type="all"), Person(id=str(USERS[0]))
    first = tally(approval, [], one, approves=True, reason="so", escalated=False)
    assert (first.verdict, first.resolution) == (VoteVerdict.COUNTED, None)
    assert first.vote == Vote(person=one, approves=True, reason="so")
    assert judge(approval, [vote(0, approves=True)], one) is VoteVerdict.COUNTED
    assert judge(approval, [vote(0, approves=False)], one) is VoteVerdict.OTHER
    assert tally(approval, [vote(0, approves=True)], one, approves=True, reason=None, escalated=False).vote is None


def test_only_who_is_asked_votes() -> None:
    assert judge(asked(2), [], Person(id=str(USERS[2]))) is VoteVerdict.NOT_ASKED
    assert judge(asked(2, roles=("boss",)), [], Person(id="x", roles=("boss",))) is VoteVerdict.DECIDED


def test_who_is_added_by_the_escalation_decides_alone_once_it_came() -> None:
    later = Escalation(after=timedelta(hours=1), approvers=Approvers(users=USERS[4:5], roles=("boss",)))
    approval = asked(3, type="all", escalation=later)
    for person in (Person(id=str(USERS[4])), Person(id="x", roles=("boss",))):
        assert judge(approval, [], person) is VoteVerdict.NOT_ASKED
        assert judge(approval, voted("y"), person, escalated=True) is VoteVerdict.DECIDED
    assert judge(approval, [], Person(id=str(USERS[0])), escalated=True) is VoteVerdict.COUNTED


def test_the_result_names_who_decided() -> None:
    by = Vote(person=Person(id="ada", name="Ada"), approves=True, reason="fine")
    assert approval_result(USERS[0], "approved", by) == {
        "approval_id": str(USERS[0]),
        "resolved_by": "ada",
        "resolved_by_name": "Ada",
        "reason": "fine",
        "output": "approved",
    }
    nameless = by.model_copy(update={"person": Person(id="ada")})
    assert approval_result(USERS[0], "approved", nameless)["resolved_by_name"] == "ada"
    assert approval_result(USERS[0], "timed_out")["resolved_by"] is None
