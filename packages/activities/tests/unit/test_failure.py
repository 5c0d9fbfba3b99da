import pytest
from ichor_activities.failure import as_failure
from ichor_activities.redaction import NOTHING_SECRET, Redaction
from ichor_activities.sql_failure import as_action_error, refusals
from ichor_models import TRUNCATED, ActionError, ConfigError, size_of


class PostgresError(Exception):
    def __init__(self, state: str, detail: str | None = None) -> None:
        super().__init__("said PostgreSQL\nDETAIL: more")
        self.sqlstate = state
        self.detail = detail


@pytest.mark.parametrize(
    ("state", "type", "retryable"),
    [
        ("22P02", "value", False),
        ("23505", "value", False),
        ("P0001", "value", False),
        ("42703", "database", False),
        ("42501", "not_allowed", False),
        ("40001", "unavailable", True),
        ("40P01", "unavailable", True),
        ("08006", "unavailable", True),
        ("57P01", "unavailable", True),
        ("53300", "unavailable", True),
    ],
)
def test_knows_whether_a_retry_helps(state: str, type: str, retryable: bool) -> None:
    store_error = RuntimeError("of the store")
    store_error.__cause__ = PostgresError(state)
    for error in (PostgresError(state), store_error):
        known = as_action_error(error)
        assert known is not None
        assert (known.type, known.retryable) == (type, retryable)
        assert "said PostgreSQL." in known.message


def test_other_errors_are_none_of_postgresql() -> None:
    assert as_action_error(ValueError("x")) is None
    with pytest.raises(ValueError, match="x"), refusals():
        raise ValueError("x")


def test_names_the_column() -> None:
    sentence = r"^orders.total: said PostgreSQL. Key \(a\)=\(1\) exists\.$"
    with pytest.raises(ActionError, match=sentence), refusals("orders.total"):
        raise PostgresError("23505", "Key (a)=(1) exists")


def test_tells_no_row() -> None:
    with pytest.raises(ActionError, match=r"^orders: said PostgreSQL\.$"), refusals("orders"):
        raise PostgresError("23514", "Failing row contains (1, hash)")


def test_a_store_that_is_away_stays_what_it_is() -> None:
    away = ActionError("away", type="journal", retryable=True)
    away.__cause__ = PostgresError("57P01")
    with pytest.raises(ActionError, match=r"^away$"), refusals():
        raise away


def test_an_action_error_keeps_its_word() -> None:
    failure = as_failure(ActionError("no hunter2", type="declined"), Redaction.of({"pw": "hunter2"}))
    assert failure.as_json() == {"message": "no {{secret:pw}}", "type": "declined", "retryable": False}
    assert as_failure(ConfigError("x"), NOTHING_SECRET).type == "config"


def test_an_unforeseen_error_may_be_tried_again() -> None:
    failure = as_failure(KeyError("hunter2"), Redaction.of({"pw": "hunter2"}))
    assert failure.as_json() == {"message": "'{{secret:pw}}'", "type": "KeyError", "retryable": True}


def test_a_message_has_an_end() -> None:
    failure = as_failure(ActionError("é" * 9999, type="x" * 9999), NOTHING_SECRET)
    assert 1995 < size_of(failure.message) <= 2000
    assert failure.message.endswith("é" + TRUNCATED)
    assert size_of(failure.type) == 2000


def test_a_message_can_be_stored() -> None:
    assert as_failure(ValueError("half \ud800 and \x00"), NOTHING_SECRET).message == "half \ufffd and \ufffd"


def test_a_secret_is_not_cut_in_two() -> None:
    message = "x" * 1980 + "hunter2hunter2"
    assert "hunter" not in as_failure(ValueError(message), Redaction.of({"pw": "hunter2hunter2"})).message
