import asyncio
from datetime import timedelta
from itertools import islice

import pytest
from ichor_service import Stop, Stopped, Unavailable, Unreachable, growing_pauses, reach
from structlog.testing import capture_logs


class Door:
    """Opens at the last of so many tries; says what the errors given say before."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)

    async def open(self) -> str:
        if self._errors:
            raise self._errors.pop(0)
        return "open"


def stop() -> Stop:
    return Stop(timedelta(seconds=1))


def test_pauses_grow_up_to_the_longest():
    pauses = list(islice(growing_pauses(1, 8), 6))
    for pause, most in zip(pauses, [1, 2, 4, 8, 8, 8], strict=True):
        assert 0.8 * most <= pause <= most


async def test_it_tries_until_it_succeeds_and_says_each_reason_once():
    door = Door(Unreachable("refused"), OSError("refused"), Unreachable("starting"))
    with capture_logs() as logs:
        assert await reach("the server", door.open, stop()) == "open"
    told = [(line["event"], line.get("reason")) for line in logs]
    assert told == [
        ("not reachable, trying again", "refused"),
        ("not reachable, trying again", "starting"),
        ("reachable", None),
    ]


async def test_what_waiting_cannot_mend_is_raised():
    with pytest.raises(Unavailable, match="too old"):
        await reach("the server", Door(Unavailable("too old")).open, stop())


async def test_a_stop_ends_the_trying_at_once():
    asked = stop()
    task = asyncio.create_task(reach("the server", Door(*[OSError("refused")] * 1000).open, asked))
    asked.ask()
    with pytest.raises(Stopped):
        await task


async def test_a_stop_ends_an_attempt_that_hangs():
    asked = stop()
    task = asyncio.create_task(reach("the server", asyncio.Event().wait, asked))
    asyncio.get_running_loop().call_soon(asked.ask)
    with pytest.raises(Stopped):
        await task
