"""What a caller is told of an error."""

import pytest
from ichor_edgestore import AccessDenied, StoreUnavailable
from ichor_models import ActionError
from ichor_trigger.api.error import explain


@pytest.mark.parametrize("error", [AccessDenied("no right"), ActionError("no right", type="not_allowed")])
def test_what_no_retry_mends_is_not_to_be_sent_again(error: Exception):
    told = explain(error)
    assert (told.status_code, told.body.error.code, told.headers) == (503, "database_refused", None)
    assert "no right" not in told.body.model_dump_json()


@pytest.mark.parametrize("error", [StoreUnavailable("away"), ActionError("away", type="journal", retryable=True)])
def test_what_a_retry_may_mend_is_to_be_sent_again(error: Exception):
    told = explain(error)
    assert (told.status_code, told.body.error.code, told.headers) == (503, "unavailable", {"retry-after": "1"})
