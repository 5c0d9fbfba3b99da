"""What happens when the journal fails in the middle: the one thing that a real one does not do on demand."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from ichor_activities import ActionContext, Config, SecretFiles, Services, action
from ichor_activities import performer as module
from ichor_activities.performer import Attempt, Performer
from ichor_models import ActionCall, ActionError, Transaction
from pydantic import JsonValue

done: list[int] = []


class Nothing(Config):
    fail: bool = False


@action("ring")
async def ring(config: Nothing, run: ActionContext) -> dict[str, Any]:
    done.append(run.attempt)
    if config.fail:
        raise ActionError("broken bell", type="bell")
    return {}


class Broken:
    """A journal that is away for so many calls of one method."""

    def __init__(self, method: str, times: int, error: Exception) -> None:
        self._method = method
        self._times = times
        self._error = error

    def _maybe(self, method: str) -> None:
        if method == self._method and self._times:
            self._times -= 1
            raise self._error

    async def started(self, call: ActionCall, attempt: int) -> dict[str, JsonValue] | None:
        self._maybe("started")

    async def completed(self, call: ActionCall, result: Mapping[str, JsonValue]) -> None:
        self._maybe("completed")

    async def failed(self, call: ActionCall, error: ActionError) -> None:
        self._maybe("failed")

    def transaction(self, call: ActionCall) -> AbstractAsyncContextManager[Transaction]:
        raise NotImplementedError


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    done.clear()
    monkeypatch.setattr(module, "_PAUSES", (0.0, 0.0))


def performer(method: str, times: int, error: Exception) -> Performer:
    return Performer(Broken(method, times, error), Services(), SecretFiles())


async def test_nothing_is_done_that_cannot_be_noted(make_call: Any) -> None:
    with pytest.raises(ActionError, match="OSError") as error:
        await performer("started", 1, OSError("at 10.0.0.1")).perform(ring, make_call("ring"), Attempt())
    assert (error.value.type, error.value.retryable) == ("journal", True)
    assert "10.0.0.1" not in error.value.message
    assert not done


async def test_insists_on_noting_what_was_done(make_call: Any) -> None:
    assert await performer("completed", 2, OSError()).perform(ring, make_call("ring"), Attempt()) == {
        "output": "success"
    }
    assert done == [1]


async def test_gives_up_to_be_tried_again(make_call: Any) -> None:
    with pytest.raises(ActionError) as error:
        await performer("completed", 9, OSError()).perform(ring, make_call("ring"), Attempt())
    assert (error.value.type, error.value.retryable) == ("journal", True)


async def test_the_journals_own_word_counts(make_call: Any) -> None:
    final = ActionError("the run is gone", type="ConstraintViolated")
    for method in ("started", "completed"):
        with pytest.raises(ActionError, match="the run is gone") as error:
            await performer(method, 1, final).perform(ring, make_call("ring"), Attempt())
        assert not error.value.retryable


async def test_a_failure_that_cannot_be_noted_is_told_all_the_same(
    make_call: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ActionError, match="broken bell"):
        await performer("failed", 1, OSError()).perform(ring, make_call("ring", {"fail": True}), Attempt())
    assert "journal" in caplog.text
