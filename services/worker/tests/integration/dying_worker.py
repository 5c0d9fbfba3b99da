"""`ichor-worker`, killed at one exact point: DIES_AT is `before` or `after`, and a method of what it works with."""

import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from ichor_edgestore import EdgeStore
from ichor_worker.main import main
from ichor_worker.question_sender import QuestionSender

_OWNERS: dict[str, type[Any]] = {"store": EdgeStore, "sender": QuestionSender}


def kill_at(moment: str, method: str) -> None:
    """Let this process be killed right before or after a method does its work."""
    owner, _, name = method.partition(".")
    work: Callable[..., Awaitable[Any]] = getattr(_OWNERS[owner], name)

    async def fatal(*arguments: Any, **named: Any) -> None:
        if moment == "after":
            await work(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(_OWNERS[owner], name, fatal)


if __name__ == "__main__":
    kill_at(*os.environ["DIES_AT"].split())
    main()
