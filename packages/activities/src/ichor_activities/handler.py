"""A handler: a small async function that knows how to do one type of action, and what it declares about itself."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, overload

from ichor_models import FAILURE, NORMAL, SUCCESS, ActionPolicy, ActionType, Question
from pydantic import BaseModel, JsonValue

from ichor_activities.context import ActionContext
from ichor_activities.errors import InvalidHandler
from ichor_activities.result import as_question, as_result
from ichor_activities.signature import read_signature

type Returned = BaseModel | Mapping[str, Any]
type ResultModel = type[BaseModel]
type HandlerFunction[C: BaseModel] = Callable[[C, ActionContext], Awaitable[Returned]]


@dataclass(frozen=True, slots=True)
class Handler[C: BaseModel]:
    """A type of action with the function that does it; `transactional` ones act in our database only.

    One that `asks` may return a Question in place of a result: the action then ends with the reply.
    """

    type: ActionType
    function: HandlerFunction[C]
    result: ResultModel | None = None
    transactional: bool = False
    asks: bool = False

    async def __call__(self, config: C, run: ActionContext) -> Returned:
        """Call the function as it is."""
        return await self.function(config, run)

    async def perform(self, config: Mapping[str, JsonValue], run: ActionContext) -> dict[str, JsonValue]:
        """Check a resolved config, do the action, and return its result as JSON with its port.

        Raises:
            ConfigError: the config does not fit.
            ActionError: the handler said so, or its result is none.
        """
        return as_result(self.type, await self._call(config, run))

    async def ask(self, config: Mapping[str, JsonValue], run: ActionContext) -> dict[str, JsonValue] | Question:
        """Do the same for a handler that asks: what it returns may be its question."""
        returned = await self._call(config, run)
        return as_question(self.type, returned) if isinstance(returned, Question) else as_result(self.type, returned)

    async def _call(self, config: Mapping[str, JsonValue], run: ActionContext) -> Returned:
        fitted: Any = self.type.config.model_validate(self.type.fit(config))
        return await self.function(fitted, run)


type AnyHandler = Handler[Any]


@dataclass(frozen=True, slots=True)
class _Declaration:
    name: str
    ports: tuple[str, ...]
    policy: ActionPolicy
    transactional: bool
    asks: bool
    open_ports: bool

    @overload
    def __call__(self, function: type[Any]) -> "AnyHandler": ...
    @overload
    def __call__[C: BaseModel](self, function: HandlerFunction[C]) -> Handler[C]: ...
    def __call__(self, function: type[Any] | HandlerFunction[Any]) -> "AnyHandler":
        if not self.name or not self.ports:
            raise InvalidHandler(f"The handler of {self.name!r} needs a type and a port that its result may name.")
        made: HandlerFunction[Any] = function() if isinstance(function, type) else function
        signature = read_signature(self.name, made)
        declared = ActionType(self.name, signature.config, self.ports, self.policy, self.open_ports)
        return Handler(declared, made, signature.result, self.transactional or self.asks, self.asks)


def action(
    name: str,
    *,
    ports: Iterable[str] = (SUCCESS,),
    policy: ActionPolicy = NORMAL,
    transactional: bool = False,
    asks: bool = False,
    open_ports: bool = False,
) -> _Declaration:
    """Declare an async function, or a class with an async `__call__`, as the handler of an action type.

    `ports` are the outputs a result may name, the default first; every type has `failure` besides. With `open_ports` it
    may name any other, too. One that `asks` is transactional, too.

    Raises:
        InvalidHandler: when it declares no type or port, or the function does not fit.
    """
    return _Declaration(name, tuple(port for port in ports if port != FAILURE), policy, transactional, asks, open_ports)
