"""Failures of the driver, as callers see them."""

import asyncpg
import pytest
from ichor_edgestore import (
    AccessDenied,
    ConstraintViolated,
    LoginRefused,
    SchemaMissing,
    StoreContended,
    StoreError,
    StoreUnavailable,
    Unstorable,
)
from ichor_edgestore.failure import store_errors


@pytest.mark.parametrize(
    ("error", "expected", "retryable"),
    [
        (ConnectionRefusedError("refused"), StoreUnavailable, True),
        (TimeoutError(), StoreUnavailable, True),
        (asyncpg.ConnectionDoesNotExistError("gone"), StoreUnavailable, True),
        (asyncpg.CannotConnectNowError("starting up"), StoreUnavailable, True),
        (asyncpg.AdminShutdownError("shutdown"), StoreUnavailable, True),
        (asyncpg.TooManyConnectionsError("full"), StoreUnavailable, True),
        (asyncpg.InvalidPasswordError("wrong"), LoginRefused, True),
        (asyncpg.InvalidCatalogNameError("no database"), LoginRefused, True),
        (asyncpg.InterfaceError("pool is closing"), StoreUnavailable, True),
        (asyncpg.InternalClientError("cannot switch to state 12"), StoreUnavailable, True),
        (asyncpg.DeadlockDetectedError("deadlock"), StoreContended, True),
        (asyncpg.LockNotAvailableError("locked"), StoreContended, True),
        (asyncpg.SerializationError("again"), StoreContended, True),
        (asyncpg.UniqueViolationError("twice"), ConstraintViolated, False),
        (asyncpg.NotNullViolationError("null"), ConstraintViolated, False),
        (asyncpg.UndefinedTableError("no table"), SchemaMissing, False),
        (asyncpg.InsufficientPrivilegeError("denied"), AccessDenied, False),
        (asyncpg.StringDataRightTruncationError("long"), Unstorable, False),
        (asyncpg.exceptions.UntranslatableCharacterError("U+0000"), Unstorable, False),
        (asyncpg.PostgresSyntaxError("syntax"), StoreError, False),
    ],
)
def test_each_failure_has_its_class(error: Exception, expected: type[StoreError], retryable: bool) -> None:
    with pytest.raises(StoreError) as told, store_errors():
        raise error
    assert type(told.value) is expected
    assert told.value.retryable is retryable
    assert told.value.__cause__ is error


def test_other_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), store_errors():
        raise ZeroDivisionError
