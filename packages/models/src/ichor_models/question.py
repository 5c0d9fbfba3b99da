"""What an action asks of another system or of people, and what it is told: the action ends with the reply."""

from datetime import timedelta
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, JsonValue, StrictBool, ValidationError, model_validator

from ichor_models.action_call import ActionCall
from ichor_models.approval import Approval
from ichor_models.errors import InvalidReply
from ichor_models.model import Model
from ichor_models.stored_value import STORED
from ichor_models.strict_json import parse_json
from ichor_models.wording import all_in_words

ASKED = "ichor.asked"
"""The key under which an activity answers that its action waits for a reply; no result may have it."""


_LONGEST_ROUTING_KEY = 255


def _sendable(text: str) -> str:
    if len(text.encode()) > _LONGEST_ROUTING_KEY:
        raise ValueError(f"it has more than {_LONGEST_ROUTING_KEY} bytes, which is all that AMQP takes; shorten it")
    return text


type RoutingKey = Annotated[str, Field(min_length=1, max_length=_LONGEST_ROUTING_KEY), AfterValidator(_sendable)]
"""Where a message goes; AMQP counts bytes, not characters."""


class Message(Model):
    """What is sent to whoever may answer: a routing key of the exchange of requests, and the body."""

    routing_key: RoutingKey
    body: JsonValue = None


class Question(Model):
    """A question with the time there is for its reply: sent as a `message`, or else put to people as an `approval`.

    `on_timeout` is the action's result where no reply comes in time; without it the action then fails as `timeout`.
    `ports` are those that the reply may name, which the engine notes: those of the action's type; None means any.
    """

    timeout: timedelta = Field(gt=timedelta(0))
    message: Message | None = None
    approval: Approval | None = None
    on_timeout: dict[str, JsonValue] | None = None
    ports: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _asks_one_way(self) -> Self:
        if self.message is not None and self.approval is not None:
            raise ValueError("a question that people decide is not sent, too: a reply would decide past them")
        return self


class Asked(Model):
    """That an action waits: until when, in seconds since the Unix epoch, and how it is tried again.

    `most` is how often it may ask in all; `pause` is the first pause between two questions, in seconds.
    """

    until: float
    on_timeout: dict[str, JsonValue] | None = None
    most: int = 1
    pause: float = 1.0

    def as_result(self) -> dict[str, JsonValue]:
        """Return what the activity answers in place of the action's result."""
        return {ASKED: self.model_dump(mode="json")}

    @classmethod
    def of(cls, result: dict[str, Any]) -> Self | None:
        """Read an activity's answer; None where it is the action's result."""
        return cls.model_validate(result[ASKED]) if ASKED in result else None


class ReplyError(Model):
    """Why there is no result; `retryable` says that the same question may be asked again."""

    message: str = Field(min_length=1, max_length=2000)
    retryable: StrictBool = False
    type: str = Field(default="reply", min_length=1, max_length=100)


class Reply(Model):
    """The answer to a question: the action's result, or an error."""

    result: dict[str, JsonValue] | None = None
    error: ReplyError | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.result is None) == (self.error is None):
            raise ValueError('write either {"result": {…}} or {"error": {"message": "…", "retryable": false}}')
        if self.result is not None and ASKED in self.result:
            raise ValueError(f"a result may not have the key {ASKED}")
        port = (self.result or {}).get("output", "success")
        if not isinstance(port, str) or not port:
            raise ValueError("output is the name of a port, so it must be text; leave it out for success")
        return self

    @property
    def refusal(self) -> ReplyError | None:
        """Return its error where nothing is asked again after it."""
        return self.error if self.error and not self.error.retryable else None


class ReplyNotice(Model):
    """A reply on its way to the run: `ask` counts the questions of the action from 1."""

    action_key: str
    ask: int = Field(ge=1)
    reply: Reply


def parse_reply(body: bytes) -> Reply:
    """Read a reply from a message's body.

    Raises:
        InvalidReply: it is no JSON, or neither a result nor an error.
    """
    try:
        document = parse_json(body)
    except ValueError as error:
        raise InvalidReply("not_json", f"The body is no JSON: {error}.") from error
    try:
        reply = Reply.model_validate(document)
    except ValidationError as error:
        raise InvalidReply("invalid_reply", f"The reply cannot be used: {all_in_words(error)}.") from error
    if STORED in (reply.result or {}):
        raise InvalidReply("invalid_reply", f"The reply cannot be used: a result may not have the key {STORED}.")
    return reply


def question_id(call: ActionCall) -> UUID:
    """Return the id of the question that a call asks, the same in every attempt at it."""
    return call.new_id(f"question:{call.ask}")


class OpenedQuestion(Model):
    """A question that was opened: its id, when its time is over, whether it still waits for its reply, its trace.

    `refusal` is the error that is its reply for good.
    """

    id: UUID
    expires: AwareDatetime
    question: Question
    waits: bool = True
    traceparent: str | None = None
    refusal: ReplyError | None = None
