"""Approvals in PostgreSQL: opened with their question, voted on by people, resolved once."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
from ichor_models import (
    DEFAULT_LIMIT,
    Approval,
    Lineage,
    Person,
    Reply,
    Resolution,
    Vote,
    VoteResult,
    VoteVerdict,
    approval_result,
    judge_late,
    tally,
)
from ichor_models.strict_json import storable

from ichor_edgestore.approval_rows import EXPIRED, PENDING, remind_in, resolve_in
from ichor_edgestore.approval_view import ALL_APPROVALS, ApprovalFilter, ApprovalView
from ichor_edgestore.claim import Verdict
from ichor_edgestore.database import Database, Session
from ichor_edgestore.errors import StoreError
from ichor_edgestore.identity import as_uuid
from ichor_edgestore.postgres_questions import claim_in, storable_reply
from ichor_edgestore.query_file import load_queries
from ichor_edgestore.role_query import RoleQuery

_QUERIES = load_queries("approvals")


class PostgresApprovals:
    """Counts votes, reminds, escalates, and shows approvals."""

    def __init__(self, database: Database, roles: RoleQuery) -> None:
        self._database = database
        self._roles = roles

    async def vote(self, approval_id: UUID, person: Person, *, approves: bool, reason: str | None = None) -> VoteResult:
        """Count a person's vote. What decides is the reply to the run's question, and is brought to it soon."""
        async with self._database.transaction() as session:
            return await vote_in(session, self._roles, approval_id, person, approves=approves, reason=reason)

    async def roles_of(self, person: Person) -> Sequence[str]:
        """Return the roles of a person that count."""
        async with self._database.transaction() as session:
            return (await self._roles.resolve(session, person)).roles

    async def remind_approvers(self, *, limit: int = 100) -> int:
        """Remind of approvals, and escalate them, where it is time; return how many there were.

        One that fails, or whose alert somebody has locked, keeps no other from being dealt with; its error is raised in
        the end.
        """
        failures: list[StoreError] = []
        async with self._database.transaction() as session:
            await session.execute(_QUERIES["bound"])
            due = await session.rows(_QUERIES["due"], limit)
            for row in due:
                try:
                    async with session.savepoint():
                        await remind_in(session, row)
                except StoreError as error:
                    failures.append(error)
        if failures:
            raise failures[0]
        return len(due)

    async def list_approvals(self, wanted: ApprovalFilter = ALL_APPROVALS) -> Sequence[ApprovalView]:
        """Return approvals, the newest first."""
        async with self._database.transaction() as session:
            person = wanted.asked and await self._roles.resolve(session, wanted.asked)
            asked = (person is not None, as_uuid(person.id) if person else None, list(person.roles) if person else [])
            place = (wanted.after.created, wanted.after.approval_id) if wanted.after else (None, None)
            return await _listed(session, None, wanted.status, wanted.execution_id, *place, *asked, wanted.limit)

    async def find_approval(self, approval_id: UUID) -> ApprovalView | None:
        """Return one approval."""
        async with self._database.transaction() as session:
            found = await _listed(session, approval_id, None, None, None, None, False, None, [], 1)
        return found[0] if found else None


async def vote_in(
    session: Session,
    roles: RoleQuery,
    approval_id: UUID,
    person: Person,
    *,
    approves: bool,
    reason: str | None,
    lineage: Lineage | None = None,
) -> VoteResult:
    """Count a vote within a transaction that does more; `lineage` is that of a run that votes."""
    # Before the lock, so that a slow query of roles keeps nobody else's vote waiting.
    person = await roles.resolve(session, person)
    row = await session.row(_QUERIES["hold"], approval_id)
    if row is None:
        return VoteResult(verdict=VoteVerdict.UNKNOWN)
    votes = [_vote(item) for item in await session.rows(_QUERIES["votes"], approval_id)]
    if row["status"] != PENDING:
        return judge_late(votes, person, row["status"], approves=approves)
    approval = Approval.model_validate(row["approval"])
    judged = tally(approval, votes, person, approves=approves, reason=storable(reason), escalated=row["escalated"])
    if (vote := judged.vote) is not None:
        await session.execute(
            _QUERIES["vote"], approval_id, person.id, person.name, vote.approves, vote.reason, vote.decides
        )
        if judged.resolution is not None:
            return await _decided(session, approval_id, judged.resolution, vote, lineage)
    repeated = judged.verdict is VoteVerdict.COUNTED and vote is None
    return VoteResult(verdict=judged.verdict, status=PENDING, repeated=repeated)


async def _decided(
    session: Session, approval_id: UUID, resolution: Resolution, vote: Vote, lineage: Lineage | None
) -> VoteResult:
    result = approval_result(approval_id, resolution, vote)
    claim = await claim_in(session, approval_id, storable_reply(Reply(result=result)), DEFAULT_LIMIT)
    if claim.verdict is not Verdict.TAKEN:
        await resolve_in(session, approval_id, EXPIRED)
        return VoteResult(verdict=VoteVerdict.RESOLVED, status=EXPIRED)
    await resolve_in(session, approval_id, resolution, vote, lineage)
    return VoteResult(verdict=VoteVerdict.DECIDED, status=resolution)


async def _listed(session: Session, *wanted: object) -> Sequence[ApprovalView]:
    await session.execute(_QUERIES["plan_anew"])
    return [ApprovalView.model_validate(dict(row)) for row in await session.rows(_QUERIES["list"], *wanted)]


def _vote(row: asyncpg.Record) -> Vote:
    person = Person(id=row["person"], name=row["name"])
    return Vote(person=person, approves=row["approves"], reason=row["reason"], decides=row["decides"])
