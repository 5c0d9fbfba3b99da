"""What happens when the journal fails in the middle: the one thing that a real one does not do on demand."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from ichor_activities import ActionContext, Config, Result, SecretFiles, Services, action
from ichor_activities import performer as module
from ichor_activities.performer import Attempt, Performer
from ichor_models import (
    NO_BODIES,
    ActionCall,
    ActionError,
    Asked,
    Begun,
    Message,
    OpenedQuestion,
    Person,
    Question,
    RowChange,
    SecretPlace,
    Transaction,
    ValueStore,
    VoteResult,
    VoteVerdict,
)
from pydantic import JsonValue

done: list[int] = []
AWAY = ActionError("the store is away", type="journal", retryable=True)


class Nothing(Config):
    fail: bool = False


@action("ring")
async def ring(config: Nothing, run: ActionContext) -> dict[str, Any]:
    done.append(run.attempt)
    if config.fail:
        raise ActionError("broken bell", type="bell")
    return {}


@action("note", transactional=True)
async def note(config: Nothing, run: ActionContext) -> dict[str, Any]:
    done.append(run.attempt)
    await run.transaction.execute("SELECT 1")
    return {}


class Broken:
    """A journal, and its transactions, that are away for so many calls of one method."""

    recorded = None

    def __init__(self, method: str, times: int, error: Exception) -> None:
        self._method = method
        self._times = times
        self._error = error

    def _maybe(self, method: str) -> None:
        if method == self._method and self._times:
            self._times -= 1
            raise self._error

    async def started(self, call: ActionCall) -> Begun:
        self._maybe("started")
        return Begun(1, None)

    @property
    def values(self) -> ValueStore:
        raise NotImplementedError

    async def completed(
        self, call: ActionCall, result: Mapping[str, JsonValue], bodies: Mapping[str, bytes] = NO_BODIES
    ) -> None:
        self._maybe("completed")

    async def failed(self, call: ActionCall, error: ActionError) -> None:
        self._maybe("failed")

    async def withdraw(self, call: ActionCall) -> None:
        self._maybe("withdraw")

    def transaction(self, call: ActionCall) -> AbstractAsyncContextManager[Transaction]:
        return self._transaction()

    @asynccontextmanager
    async def _transaction(self) -> AsyncGenerator[Transaction]:
        yield self
        self._maybe("commit")

    async def execute(self, query: str, *arguments: Any) -> int:
        self._maybe("execute")
        return 0

    async def fetch(self, query: str, *arguments: Any) -> list[Mapping[str, Any]]:
        return []

    async def question(self) -> OpenedQuestion | None:
        return None

    async def vote(self, approval_id: UUID, person: Person, *, approves: bool, reason: str | None) -> VoteResult:
        return VoteResult(verdict=VoteVerdict.UNKNOWN)

    async def ask(self, question: Question) -> OpenedQuestion:
        self._maybe("ask")
        return OpenedQuestion(id=UUID(int=1), expires=datetime(2026, 1, 1, tzinfo=UTC), question=question)

    async def emit(self, *changes: RowChange) -> None:
        self._maybe("emit")

    async def record(self, result: Mapping[str, JsonValue], bodies: Mapping[str, bytes] = NO_BODIES) -> None:
        self._maybe("record")


class Ask(Config):
    secret: str = ""


@action("ask_around", asks=True)
async def ask_around(config: Ask, run: ActionContext) -> Question | Result:
    done.append(run.attempt)
    return Question(timeout=timedelta(seconds=5), message=Message(routing_key="a.b", body=config.secret))


class Post:
    """A sender that notes what it sends."""

    def __init__(self) -> None:
        self.sent: list[OpenedQuestion] = []

    async def send(self, opened: OpenedQuestion) -> None:
        self.sent.append(opened)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    done.clear()
    monkeypatch.setattr(module, "_FIRST_PAUSE", 0.001)


def performer(method: str, times: int, error: Exception) -> Performer:
    return Performer(Broken(method, times, error), Services(), SecretFiles())


@pytest.mark.parametrize("away", [OSError("at 10.0.0.1"), AWAY])
async def test_an_attempt_that_cannot_be_noted_does_not_begin(make_call: Any, away: Exception) -> None:
    with pytest.raises(ActionError) as error:
        await performer("started", 1, away).begin(make_call("ring"))
    assert (error.value.type, error.value.retryable) == ("journal", True)
    assert "10.0.0.1" not in error.value.message


async def test_insists_on_noting_what_was_done(make_call: Any) -> None:
    result = await performer("completed", 2, OSError()).perform(ring, make_call("ring"), Attempt())
    assert (result, done) == ({"output": "success"}, [1])


@pytest.mark.parametrize("method", ["execute", "record", "commit"])
async def test_a_transaction_is_done_again_while_the_store_is_away(make_call: Any, method: str) -> None:
    assert await performer(method, 2, AWAY).perform(note, make_call("note"), Attempt()) == {"output": "success"}
    assert done == [1, 1, 1]


async def test_a_question_is_opened_and_sent(make_call: Any) -> None:
    post = Post()
    asking = replace(performer("ask", 2, AWAY), sender=post)
    result = await asking.perform(ask_around, make_call("ask_around"), Attempt())
    asked = Asked.of(result)
    assert asked
    assert (asked.most, asked.on_timeout) == (3, None)
    assert [opened.question.message for opened in post.sent] == [Message(routing_key="a.b", body="")]
    assert done == [1, 1, 1]


@pytest.mark.parametrize(
    ("declared", "noted"),
    [
        ({"ports": ("good", "bad")}, ("good", "bad", "failure")),
        ({}, ("success", "failure")),
        ({"open_ports": True}, None),
    ],
)
async def test_a_question_notes_the_ports_of_its_type(
    make_call: Any, declared: dict[str, Any], noted: tuple[str, ...] | None
) -> None:
    post = Post()
    asking = action("ask_around", asks=True, **declared)(ask_around.function)
    await replace(performer("ask", 0, AWAY), sender=post).perform(asking, make_call("ask_around"), Attempt())
    assert [opened.question.ports for opened in post.sent] == [noted]


async def test_without_a_sender_no_question_is_opened(make_call: Any) -> None:
    with pytest.raises(ActionError, match="ICHOR_TOKEN_KEYS") as error:
        await performer("ask", 1, RuntimeError("opened")).perform(ask_around, make_call("ask_around"), Attempt())
    assert error.value.type == "service"


async def test_a_question_holds_no_secret(make_call: Any) -> None:
    place = SecretPlace(path=("secret",), start=0, name="token")
    call = make_call("ask_around", {"secret": "{{secret:token}}"}, secrets=[place])
    asking = replace(performer("ask", 0, AWAY), secrets=SecretFiles(environment={"ICHOR_SECRET_TOKEN": "hunter2"}))
    with pytest.raises(ActionError, match="may name no secret"):
        await asking.perform(ask_around, call, Attempt())
    assert not done


async def test_a_handler_that_asks_says_so(make_call: Any) -> None:
    silent = action("ask_around")(ask_around.function)
    with pytest.raises(ActionError, match="asks=True"):
        await performer("ask", 0, AWAY).perform(silent, make_call("ask_around"), Attempt())


async def test_gives_up_to_be_tried_again_when_its_time_is_over(make_call: Any) -> None:
    for handler, method in ((ring, "completed"), (note, "execute")):
        with pytest.raises(ActionError, match="away") as error:
            await performer(method, 9999, AWAY).perform(handler, make_call(handler.type.name), Attempt(1, 0.05))
        assert (error.value.type, error.value.retryable) == ("journal", True)


async def test_the_journals_own_word_counts(make_call: Any) -> None:
    final = ActionError("the run is gone", type="value")
    with pytest.raises(ActionError, match="the run is gone"):
        await performer("started", 1, final).begin(make_call("ring"))
    with pytest.raises(ActionError, match="the run is gone") as error:
        await performer("completed", 1, final).perform(ring, make_call("ring"), Attempt())
    assert not error.value.retryable


async def test_a_failure_that_cannot_be_noted_is_told_all_the_same(
    make_call: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ActionError, match="broken bell"):
        await performer("failed", 1, OSError()).perform(ring, make_call("ring", {"fail": True}), Attempt())
    assert "journal" in caplog.text
