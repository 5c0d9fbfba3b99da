"""Handlers made of functions that were written for something else."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, cast

from ichor_models import NORMAL, SUCCESS, ActionPolicy, ActionType
from pydantic import BaseModel

from ichor_activities.context import ActionContext
from ichor_activities.errors import InvalidHandler
from ichor_activities.handler import Handler, Returned, action


def wrap_existing[C: BaseModel](
    name: str,
    function: Callable[..., Returned | Awaitable[Returned]],
    *,
    config: type[C],
    ports: Iterable[str] = (SUCCESS,),
    policy: ActionPolicy = NORMAL,
) -> Handler[C]:
    """Make a handler of a function that takes the config, or the config and an ActionContext.

    A function that is not async runs in a thread. Transactions are for handlers written with `action`.

    Raises:
        InvalidHandler: the function takes neither one nor two arguments.
    """
    arguments = _arguments(name, function)

    async def existing(given: C, run: ActionContext) -> Returned:
        passed = (given, run)[:arguments]
        if _is_async(function):
            return await cast(Awaitable[Returned], function(*passed))
        return cast(Returned, await asyncio.to_thread(function, *passed))

    declared = ActionType(name, config, action(name, ports=ports).ports, policy)
    return Handler(declared, existing)


def _is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def _arguments(name: str, function: Callable[..., Any]) -> int:
    parameters = inspect.signature(function).parameters.values()
    required = [item for item in parameters if item.default is item.empty and item.kind is not item.VAR_KEYWORD]
    if len(required) not in (1, 2) or any(item.kind is item.KEYWORD_ONLY for item in required):
        raise InvalidHandler(f"The function for {name} must take its config, or its config and an ActionContext.")
    return len(required)
