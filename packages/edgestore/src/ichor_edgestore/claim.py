"""What becomes of a reply to a question: a pure decision on how the question stands."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ichor_models import (
    NO_BODIES,
    SUCCESS,
    ActionError,
    InvalidReply,
    Question,
    Reply,
    ReplyError,
    ReplyNotice,
    RunStatus,
    ValueLimit,
)
from ichor_models.strict_json import json_hash
from ichor_models.text import shown
from pydantic import JsonValue


class Verdict(StrEnum):
    """What a reply is to its question."""

    TAKEN = "taken"
    """It is the answer, now or since an earlier delivery that did not reach the run."""
    REPEATED = "repeated"
    """It is the answer, and the run has it."""
    OTHER = "already_answered"
    """The question has another answer."""
    LATE = "too_late"
    """The time for it was over."""
    RUN_ENDED = "run_ended"
    """Its run has ended, or its action has failed."""
    UNKNOWN = "unknown_question"
    """There is no such question."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A reply that was judged; one that is taken has the notice that the workflow of this id must get.

    `traceparent` is the trace of the question.
    """

    verdict: Verdict
    notice: ReplyNotice | None = None
    workflow_id: str = ""
    traceparent: str | None = None


def judge(state: str, run: RunStatus, answer: str | None, reply: Reply, *, delivered: bool) -> Verdict:
    """Decide about a reply by the question's state, its run's status, and the hash of the answer that it has."""
    if state == "open":
        return Verdict.RUN_ENDED if run.ended else Verdict.TAKEN
    if state == "answered":
        if answer != reply_hash(reply):
            return Verdict.OTHER
        return Verdict.REPEATED if delivered else Verdict.TAKEN
    return Verdict.LATE if state == "expired" else Verdict.RUN_ENDED


def require_port(question: Question, reply: Reply) -> None:
    """Refuse a reply whose result leaves by a port that its question does not note.

    Raises:
        InvalidReply: it does; the question stays open.
    """
    if reply.result is None or question.ports is None:
        return
    port = str(reply.result.get("output", SUCCESS))
    if port not in question.ports:
        told = f"leaves by the port {shown(port)} (`output`, {SUCCESS} where that is missing)"
        known = ", ".join(question.ports)
        raise InvalidReply("invalid_reply", f"The reply cannot be used: its result {told}; it may leave by {known}.")


def reply_hash(reply: Reply) -> str:
    """Return what says that two replies are the same, as they came: each worker fits them to limits of its own."""
    return json_hash(reply_document(reply))


def fit_reply(reply: Reply, reads: Iterable[str], limit: ValueLimit) -> tuple[Reply, Mapping[str, bytes]]:
    """Return a reply as it travels, with the bodies of its large values; one that cannot be made to fit is an error."""
    if reply.result is None:
        return reply, NO_BODIES
    try:
        result, bodies = limit.fit(reply.result, reads)
    except ActionError as error:
        return Reply(error=ReplyError(message=error.message, type=error.type)), NO_BODIES
    return Reply(result=result), bodies


def reply_document(reply: Reply) -> dict[str, JsonValue]:
    """Return a reply as it is stored."""
    return reply.model_dump(mode="json", exclude_none=True)
