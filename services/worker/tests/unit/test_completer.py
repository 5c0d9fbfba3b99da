"""The sweep: what cannot be delivered keeps nothing else from arriving."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

from ichor_edgestore import AccessDenied, EdgeStore, UndeliveredReply
from ichor_models import Message, OpenedQuestion, Question, Reply, ReplyNotice
from ichor_service import Link, Stop
from ichor_worker.completer import Completer
from temporalio.client import Client

ONE, OTHER = UUID(int=1), UUID(int=2)


@dataclass
class Servers:
    """A store with two replies and two questions that wait, and the Temporal and the broker that take the second."""

    stop: Stop
    delivered: list[UUID] = field(default_factory=list[UUID])
    sent: list[UUID] = field(default_factory=list[UUID])

    async def remind_approvers(self) -> int:
        raise AccessDenied("no right to alerts")

    async def undelivered_replies(self, older_than: timedelta) -> Sequence[UndeliveredReply]:
        notice = ReplyNotice(action_key="a", ask=1, reply=Reply(result={}))
        return [UndeliveredReply(ONE, notice, "refused"), UndeliveredReply(OTHER, notice, "taken")]

    async def unsent_questions(self, older_than: timedelta) -> Sequence[OpenedQuestion]:
        question = Question(timeout=timedelta(hours=1), message=Message(routing_key="a"))
        later = datetime(2100, 1, 1, tzinfo=UTC)
        return [OpenedQuestion(id=id, expires=later, question=question) for id in (ONE, OTHER)]

    async def reply_delivered(self, id: UUID) -> None:
        self.delivered.append(id)

    def get_workflow_handle(self, workflow_id: str) -> "Servers":
        if workflow_id == "refused":
            raise ValueError("never")
        return self

    async def signal(self, name: str, notice: ReplyNotice) -> None: ...

    async def send_again(self, opened: OpenedQuestion) -> None:
        if opened.id == ONE:
            raise ValueError("never")
        self.sent.append(opened.id)
        self.stop.ask()


async def opened(server: Servers) -> Link[Any]:
    async def connect() -> Servers:
        return server

    async def ask(_: Servers) -> None: ...

    link = Link(connect, ask)
    await link.connect()
    return link


async def test_what_cannot_be_delivered_keeps_nothing_else_from_arriving():
    servers = Servers(Stop(timedelta(seconds=1)))
    link = await opened(servers)
    completer = Completer(cast("Link[Client]", link), cast("Link[EdgeStore]", link))
    await asyncio.wait_for(asyncio.gather(completer.sweep(servers, servers.stop), completer.remind(servers.stop)), 20)
    assert servers.delivered == servers.sent == [OTHER]
