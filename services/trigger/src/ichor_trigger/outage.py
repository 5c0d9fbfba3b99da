"""Which failures end by waiting, and which belong to the event or the rule at hand."""

from collections.abc import Generator
from contextlib import contextmanager

from ichor_edgestore import AccessDenied, SchemaError, StoreContended, StoreError
from ichor_service import Busy, Unreachable, reason
from temporalio.service import RPCError, RPCStatusCode

_REFUSALS = (RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.OUT_OF_RANGE)
_TOO_LARGE = "larger than max"


def is_refusal(error: RPCError) -> bool:
    """Say whether Temporal will never take this request, however often it is asked."""
    return error.status in _REFUSALS or _TOO_LARGE in error.message


@contextmanager
def outages() -> Generator[None]:
    """Tell apart what a person or time mends at the servers from what is wrong with one event.

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
    except RPCError as error:
        if is_refusal(error):
            raise
        raise Unreachable(f"Temporal: {reason(error)}") from error
