"""What happens when the journal fails in the middle: the one thing that a real one does not do on demand."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from ichor_activities import ActionContext, Config, SecretFiles, Services, action
from ichor_activities import performer as module
from ichor_activities.performer import Attempt, Performer
from ichor_models import ActionCall, ActionError, Begun, RowChange, Transaction
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

    async def completed(self, call: ActionCall, result: Mapping[str, JsonValue]) -> None:
        self._maybe("completed")

    async def failed(self, call: ActionCall, error: ActionError) -> None:
        self._maybe("failed")

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

    async def emit(self, *changes: RowChange) -> None:
        self._maybe("emit")

    async def record(self, result: Mapping[str, JsonValue]) -> None:
        self._maybe("record")


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
