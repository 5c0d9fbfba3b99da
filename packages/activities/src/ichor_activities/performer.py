"""One attempt of one action, from the journal's first line to its last.

1. The journal notes the attempt and counts it (`begin`); a result that an earlier attempt recorded is the action's.
2. Secrets are put into the config, only where the rule's author wrote them, and large values from the store.
3. The config is checked against the type's schema.
4. The handler acts. A transactional one commits its effects together with its result, so it acts at most once; for
   another one the result is noted right after, so it may act again if the worker dies in between.
5. The result or the error, without secrets, goes to the journal and back to the caller. Of a large result the whole
   goes to the store; what travels is what other actions read of it, or it is cut.

While the store is away nothing is counted and nothing is lost: what can be done again is tried until the attempt's time
is over, and an attempt that cannot even be noted is no attempt.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ichor_models import (
    DEFAULT_LIMIT,
    ActionCall,
    ActionError,
    ActionJournal,
    Asked,
    Begun,
    ConfigError,
    Question,
    Shrunk,
    Transaction,
    ValueLimit,
)
from pydantic import JsonValue

from ichor_activities.action_transaction import ActionTransaction
from ichor_activities.context import ActionContext
from ichor_activities.errors import JOURNAL, JournalUnavailable, MissingService
from ichor_activities.failure import as_failure
from ichor_activities.filled_config import FilledConfig, fill_secrets
from ichor_activities.handler import AnyHandler
from ichor_activities.run_logger import RunLogger
from ichor_activities.secret_source import SecretSource
from ichor_activities.sender import Sender
from ichor_activities.services import Services
from ichor_activities.stored_places import with_stored

type JsonObject = dict[str, JsonValue]
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """Which try of an action this is, counted from 1, and how many seconds it may take."""

    number: int = 1
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Performer:
    """Performs actions with the journal, the services and the secrets of one worker."""

    journal: ActionJournal
    services: Services
    secrets: SecretSource
    sender: Sender | None = None
    limit: ValueLimit = DEFAULT_LIMIT

    async def begin(self, call: ActionCall) -> Begun:
        """Note that an attempt begins.

        Raises:
            ActionError: it cannot be noted, so nothing may be done; of the type `journal` where the store is away.
        """
        try:
            return await self.journal.started(call)
        except Exception as error:
            raise _of_the_journal(error) from None

    async def perform(self, handler: AnyHandler, call: ActionCall, attempt: Attempt) -> JsonObject:
        """Do an action whose attempt was noted, and return its result.

        Raises:
            ActionError: it failed; the message holds no secret.
        """
        filled = FilledConfig(call.config)
        try:
            filled = await fill_secrets(call, self.secrets)
            return await self._act_in_time(handler, call, attempt, filled)
        except (Exception, SystemExit) as error:
            failure = as_failure(error, filled.redaction)
            await self.fail(call, failure, RunLogger(call, filled.redaction))
            raise failure from None

    async def fail(self, call: ActionCall, failure: ActionError, logger: RunLogger | None = None) -> None:
        """Note that an attempt failed; where the journal does not take it, only the log says so."""
        try:
            await self.journal.failed(call, failure)
        except Exception as error:
            warned = logger or RunLogger(call)
            warned.warning("The journal did not take the failure of this attempt: %s", type(error).__name__)

    async def _act_in_time(
        self, handler: AnyHandler, call: ActionCall, attempt: Attempt, filled: FilledConfig
    ) -> JsonObject:
        limit = asyncio.timeout(attempt.timeout)
        patience = _Patience()
        try:
            async with limit:
                return await self._act(handler, call, attempt, filled, patience)
        except TimeoutError:
            if not limit.expired():
                raise
            if patience.last is not None:
                raise patience.last from None
            message = f"{call.type} took longer than {attempt.timeout:g} seconds."
            raise ActionError(message, type="timeout", retryable=True) from None

    async def _act(
        self, handler: AnyHandler, call: ActionCall, attempt: Attempt, filled: FilledConfig, patience: "_Patience"
    ) -> JsonObject:
        config = filled.config
        if call.stored:
            config = await patience.insist(lambda: with_stored(filled.config, call, self.journal.values))

        def context_of(transaction: Transaction | None) -> ActionContext:
            logger = RunLogger(call, filled.redaction)
            given = None if transaction is None else ActionTransaction(transaction)
            return ActionContext(call, self.services, attempt.number, given, logger)

        async def act(transaction: Transaction | None) -> Shrunk:
            result = filled.redaction.result(await handler.perform(config, context_of(transaction)))
            return self._fit(result, call)

        async def ask(transaction: Transaction) -> JsonObject | Question:
            return await handler.ask(config, context_of(transaction))

        if handler.asks and call.secrets:
            raise ConfigError(f"{call.type} keeps what it asks in the database, so its config may name no secret.")
        if handler.asks:
            return await patience.insist(lambda: self._ask(handler, call, ask))
        if handler.transactional:
            return await patience.insist(lambda: self._act_in_transaction(call, act))
        done = await act(None)
        await patience.insist(lambda: self._complete(call, done))
        return done.result

    async def _act_in_transaction(
        self, call: ActionCall, act: Callable[[Transaction], Awaitable[Shrunk]]
    ) -> JsonObject:
        async with self.journal.transaction(call) as transaction:
            if transaction.recorded is not None:
                return transaction.recorded
            done = await act(transaction)
            await transaction.record(done.result, done.bodies)
        return done.result

    async def _ask(
        self, handler: AnyHandler, call: ActionCall, ask: Callable[[Transaction], Awaitable[JsonObject | Question]]
    ) -> JsonObject:
        """Open the question with the handler's effects, then send it; a later attempt only sends it again.

        Raises:
            ActionError: what an earlier attempt asked was answered with an error.
        """
        async with self.journal.transaction(call) as transaction:
            if transaction.recorded is not None:
                return transaction.recorded
            opened = await transaction.question()
            if opened is None:
                asked = await ask(transaction)
                if not isinstance(asked, Question):
                    done = self._fit(asked, call)
                    await transaction.record(done.result, done.bodies)
                    return done.result
                if asked.message is not None:
                    self._sender()
                opened = await transaction.ask(asked)
        if (refusal := opened.refusal) is not None:
            raise ActionError(refusal.message, type=refusal.type)
        if opened.waits and opened.question.message is not None:
            await self._sender().send(opened)
        policy = handler.type.policy
        return Asked(
            until=opened.expires.timestamp(),
            on_timeout=opened.question.on_timeout,
            most=call.max_attempts or policy.max_attempts,
            pause=(call.backoff or policy.backoff).total_seconds(),
        ).as_result()

    def _fit(self, result: JsonObject, call: ActionCall) -> Shrunk:
        return self.limit.at_most(call.largest).fit(result, call.reads)

    def _sender(self) -> Sender:
        """Return what sends questions. None is opened without it: another worker would send that, in vain."""
        if self.sender is None:
            raise MissingService("This worker cannot ask; set ICHOR_RABBITMQ_URL and ICHOR_TOKEN_KEYS for it.")
        return self.sender

    async def _complete(self, call: ActionCall, done: Shrunk) -> None:
        try:
            await self.journal.completed(call, done.result, done.bodies)
        except Exception as error:
            raise _of_the_journal(error) from None


class _Patience:
    """Does again, with growing pauses, what the store was away for; `last` is what it said last."""

    def __init__(self) -> None:
        self.last: ActionError | None = None

    async def insist[T](self, step: Callable[[], Awaitable[T]]) -> T:
        pause = _FIRST_PAUSE
        while True:
            try:
                done = await step()
            except ActionError as error:
                if error.type != JOURNAL or not error.retryable:
                    raise
                self.last = error
            else:
                self.last = None
                return done
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)


def _of_the_journal(error: Exception) -> ActionError:
    """Return the journal's own word; whatever it did not foresee may be tried again."""
    if isinstance(error, ActionError):
        return error
    return JournalUnavailable(f"The store does not answer ({type(error).__name__}).")
