"""Delivering replies and sending questions again: at once, each by itself."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import pytest
from ichor_edgestore import AccessDenied, EdgeStore, Signal, UndeliveredReply
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
    decided: bool = True
    looked: asyncio.Event = field(default_factory=asyncio.Event)
    signalled: Signal = field(default_factory=Signal)

    async def remind_approvers(self) -> int:
        raise AccessDenied("no right to alerts")

    @asynccontextmanager
    async def listening_for_replies(self) -> AsyncGenerator[Signal]:
        yield self.signalled

    async def take_undelivered(self, lease: timedelta) -> Sequence[UndeliveredReply]:
        self.looked.set()
        if not self.decided:
            return []
        notice = ReplyNotice(action_key="a", ask=1, reply=Reply(result={}))
        return [UndeliveredReply(ONE, notice, "refused"), UndeliveredReply(OTHER, notice, "taken")]

    async def unsent_questions(self, older_than: timedelta) -> Sequence[OpenedQuestion]:
        question = Question(timeout=timedelta(hours=1), message=Message(routing_key="a"))
        later = datetime(2100, 1, 1, tzinfo=UTC)
        return [OpenedQuestion(id=id, expires=later, question=question) for id in (ONE, OTHER)]

    async def reply_delivered(self, id: UUID) -> None:
        self.delivered.append(id)
        self.leave()

    def get_workflow_handle(self, workflow_id: str) -> "Servers":
        if workflow_id == "refused":
            raise ValueError("never")
        return self

    async def signal(self, name: str, notice: ReplyNotice) -> None: ...

    async def send_again(self, opened: OpenedQuestion) -> None:
        if opened.id == ONE:
            raise ValueError("never")
        self.sent.append(opened.id)
        self.leave()

    def leave(self) -> None:
        if self.sent and self.delivered:
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
    works = (completer.deliver(servers.stop), completer.resend(servers, servers.stop), completer.remind(servers.stop))
    await asyncio.wait_for(asyncio.gather(*works), 20)
    assert servers.delivered == servers.sent == [OTHER]


async def test_what_is_decided_elsewhere_is_delivered_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ichor_worker.completer._PAUSE", 3600)
    servers = Servers(Stop(timedelta(seconds=1)), sent=[OTHER], decided=False)
    link = await opened(servers)
    completer = Completer(cast("Link[Client]", link), cast("Link[EdgeStore]", link))
    delivering = asyncio.create_task(completer.deliver(servers.stop))
    await servers.looked.wait()
    servers.decided = True
    servers.signalled.hear()
    await asyncio.wait_for(delivering, 20)
    assert servers.delivered == [OTHER]
