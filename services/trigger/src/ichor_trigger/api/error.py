"""What a caller is told of an error: one shape for all of them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import structlog
from fastapi import HTTPException
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from ichor_edgestore import (
    EventTooLarge,
    InvalidRoleQuery,
    KeyReused,
    ResultNotFound,
    RuleInactive,
    RuleNotFound,
    RunEnded,
    RunNotFound,
    StoreError,
    UnreadableResult,
    Unstorable,
    ValueGone,
)
from ichor_models import ActionError, InvalidRule
from ichor_models.model import Model
from ichor_models.wording import in_words
from ichor_service import ForeignNamespace, LostRun, Unreachable, reason
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException as RoutingError
from starlette.requests import ClientDisconnect

RETRY = {"retry-after": "1"}
_MOST_ERRORS = 10
_log = structlog.stdlib.get_logger(__name__)


class ErrorDetail(Model):
    """`code` is stable; `message` says what is wrong, `mend` what to do about it."""

    code: str
    message: str
    mend: str


class ErrorBody(Model):
    """The body of every answer of 400 and above."""

    error: ErrorDetail


class ApiError(HTTPException):
    """An error as a caller is told it."""

    def __init__(
        self, status: int, code: str, message: str, mend: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, message, dict(headers) if headers else None)
        self.body = ErrorBody(error=ErrorDetail(code=code, message=message, mend=mend))

    def response(self) -> JSONResponse:
        """Return the answer."""
        return JSONResponse(self.body.model_dump(mode="json"), self.status_code, self.headers)


class _Kind(NamedTuple):
    status: int
    code: str
    mend: str


_KINDS: Mapping[type[Exception], _Kind] = {
    RuleNotFound: _Kind(404, "rule_not_found", "GET /v1/rules lists what there is."),
    RunNotFound: _Kind(404, "run_not_found", "GET /v1/runs lists what there is."),
    RunEnded: _Kind(409, "run_ended", "GET /v1/runs/{run} says how."),
    LostRun: _Kind(409, "run_lost", "Wait: within minutes its record says so."),
    ForeignNamespace: _Kind(503, "foreign_namespace", "Whoever runs ichor-trigger corrects the address of Temporal."),
    ResultNotFound: _Kind(404, "result_not_found", "GET /v1/runs/{run} lists its actions with their results."),
    UnreadableResult: _Kind(422, "unreadable_result", "GET /v1/runs/{run} shows what stands there."),
    RuleInactive: _Kind(409, "rule_inactive", "Activate the rule first."),
    InvalidRule: _Kind(422, "unreadable_rule", "Correct the stored rule; `ichor validate --rule` lists what is wrong."),
    KeyReused: _Kind(422, "idempotency_key_reused", "Give each new request a key of its own."),
    EventTooLarge: _Kind(413, "too_large", "Send less data."),
    InvalidRoleQuery: _Kind(503, "roles_unknown", "Whoever runs ichor-trigger corrects ICHOR_ROLES_SQL."),
    Unstorable: _Kind(422, "unstorable", "Correct the value that the message names."),
}
_ROUTING = {
    404: ("not_found", "There is nothing at this path.", "GET /openapi.json lists what there is."),
    405: ("method_not_allowed", "This path does not take this method.", "Use one that the header Allow names."),
}


def explain(error: Exception) -> ApiError:
    """Return what to tell of an error; of servers, and of what nobody foresaw, only the log has the details."""
    match error:
        case ApiError():
            return error
        case RequestValidationError():
            return _invalid(error.errors())
        case ClientDisconnect():
            return ApiError(400, "body_incomplete", "The connection ended before the body.", "Send it again.")
        case RoutingError(status_code=status) if status in _ROUTING:
            return ApiError(status, *_ROUTING[status], headers=error.headers)
        case _ if (kind := _KINDS.get(type(error))) is not None:
            return ApiError(kind.status, kind.code, str(error), kind.mend)
        case ActionError(type=ValueGone.action_type):
            return ApiError(404, "value_gone", str(error), "What of it other actions read is part of the run.")
        case StoreError(retryable=False) | ActionError(retryable=False):
            _log.error("request not answered, the database refuses it", reason=reason(error))
            mend = "Whoever runs ichor-trigger looks into its log."
            return ApiError(503, "database_refused", "The database refuses what this needs.", mend)
        case StoreError() | ActionError() | Unreachable():
            _log.warning("request not answered, a server is away", reason=reason(error))
            server = "The database" if isinstance(error, StoreError) else "The database, or Temporal,"
            return ApiError(503, "unavailable", f"{server} does not answer.", "Send it again.", RETRY)
        case _:
            return ApiError(500, "bug", "This is a mistake in Ichor.", "Report it; its log says more.")


def declared(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the errors of these statuses as OpenAPI declares them."""
    return {status: {"model": ErrorBody} for status in statuses}


def _invalid(errors: Sequence[ErrorDetails]) -> ApiError:
    told = [f"{'.'.join(map(str, item['loc']))} {in_words(item)}" for item in errors[:_MOST_ERRORS]]
    message = f"The request cannot be used: {'; '.join(told)}."
    return ApiError(422, "invalid_request", message, "Correct it; GET /openapi.json describes it.")
