"""Failures of the database driver, told as errors of this package. No message shows an address or a row's values."""

from collections.abc import Generator
from contextlib import contextmanager

import asyncpg
from ichor_models import ActionError

from ichor_edgestore.errors import (
    AccessDenied,
    ConstraintViolated,
    LoginRefused,
    SchemaMissing,
    StoreContended,
    StoreError,
    StoreUnavailable,
    Unstorable,
)

_DOWN = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    # The driver lost its place on a connection that broke in the middle of something.
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
)
_REFUSED = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)
_CONTENDED = (
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.OutdatedSchemaCacheError,
)
_MISSING = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.InvalidSchemaNameError)
_UNSTORABLE = (asyncpg.DataError, UnicodeEncodeError)
_DRIVER = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, UnicodeEncodeError)


@contextmanager
def store_errors() -> Generator[None]:
    """Turn what the driver raises in this block into this package's errors.

    Raises:
        StoreError: one of its classes, by what the driver said.
    """
    try:
        yield
    except _DRIVER as error:
        raise translated(error) from error


@contextmanager
def action_errors() -> Generator[None]:
    """Turn errors of the store into the `ActionError` that an action ends with."""
    try:
        yield
    except StoreError as error:
        raise ActionError(str(error), type=error.action_type, retryable=error.retryable) from error


def translated(error: Exception) -> StoreError:
    """Return what a failure of the driver means to a caller."""
    if isinstance(error, _UNSTORABLE) or _is_misfit(error):
        return Unstorable(f"The database cannot hold a value: {_said(error)}")
    if isinstance(error, _REFUSED):
        return LoginRefused(f"The database does not take us in: {_said(error)}")
    if isinstance(error, _DOWN):
        return StoreUnavailable(f"The database cannot be reached or does not answer: {_said(error)}")
    if isinstance(error, _CONTENDED):
        return StoreContended(f"The database gave up a transaction that stood in another's way: {_said(error)}")
    if isinstance(error, asyncpg.IntegrityConstraintViolationError):
        constraint: str | None = getattr(error, "constraint_name", None)
        return ConstraintViolated(f"The database refuses the row: {_said(error)}", constraint)
    if isinstance(error, _MISSING):
        return SchemaMissing(f"The database lacks what a statement names: {_said(error)}; run `ichor migrate`.")
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        return AccessDenied(f"The database's user lacks a right: {_said(error)}")
    return StoreError(f"The database refuses a statement: {_said(error)}")


def _is_misfit(error: Exception) -> bool:
    """Say whether the driver itself could not turn a value into what a statement's parameter takes."""
    return isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError)


def _said(error: Exception) -> str:
    """Return the first line of what went wrong, without the rest, which shows values."""
    if _is_misfit(error):
        return str(error).split(":")[0]
    message = getattr(error, "message", None) or str(error) or type(error).__name__
    return str(message).splitlines()[0]
