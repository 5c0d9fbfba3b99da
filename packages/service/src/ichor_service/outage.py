"""Which failures end by waiting, and which belong to the message, the event or the run at hand."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

from ichor_edgestore import AccessDenied, SchemaError, StoreContended, StoreError
from ichor_models import ActionError
from temporalio.api.errordetails.v1 import NotFoundFailure
from temporalio.service import RPCError, RPCStatusCode

from ichor_service.errors import Busy, Unreachable
from ichor_service.reason import reason

_REFUSALS = (RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.OUT_OF_RANGE)
_TOO_LARGE = "larger than max"


def is_refusal(error: RPCError) -> bool:
    """Say whether Temporal will never take this request, however often it is asked.

    A right that we lack is none: a person mends that, and then everything goes on.
    """
    return error.status in _REFUSALS or _TOO_LARGE in error.message


def is_unknown(error: RPCError) -> bool:
    """Say whether no such workflow is open; a namespace that is not there says nothing about it."""
    details: list[Any] = [*cast("Any", error.grpc_status).details]
    return error.status is RPCStatusCode.NOT_FOUND and any(item.Is(NotFoundFailure.DESCRIPTOR) for item in details)


@contextmanager
def outages() -> Generator[None]:
    """Tell apart what a person or time mends at the servers from what is wrong with one message.

    Raises:
        Busy: somebody else has locked what is needed.
        Unreachable: a server is away, or does not let us do our work for now.
    """
    try:
        yield
    except StoreContended as error:
        raise Busy(reason(error)) from error
    except StoreError as error:
        if error.retryable or isinstance(error, (AccessDenied, SchemaError)):
            raise Unreachable(reason(error)) from error
        raise
    except ActionError as error:
        if error.retryable:
            raise Unreachable(reason(error)) from error
        raise
    except RPCError as error:
        if is_refusal(error):
            raise
        raise Unreachable(f"Temporal: {reason(error)}") from error
