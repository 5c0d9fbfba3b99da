import io
import json
import logging
from collections.abc import Generator

import pytest
import structlog
from ichor_models import CURRENT_TRACE, Traceparent
from ichor_service import configure_logs
from structlog.contextvars import bound_contextvars


@pytest.fixture
def stream() -> Generator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logs(stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_the_bound_ids(stream: io.StringIO):
    with bound_contextvars(execution_id="x1"):
        structlog.stdlib.get_logger("ichor.test").info("run started", rule="Ümlaut")
    (line,) = lines(stream)
    assert list(line)[:3] == ["timestamp", "level", "message"]
    assert line["message"] == "run started"
    assert (line["execution_id"], line["rule"], line["level"]) == ("x1", "Ümlaut", "info")
    assert str(line["timestamp"]).endswith("Z")


def test_a_line_says_to_which_trace_it_belongs(stream: io.StringIO):
    token = CURRENT_TRACE.set(Traceparent("a" * 32, "b" * 16))
    structlog.stdlib.get_logger("ichor.test").info("ours")
    logging.getLogger("library").info("theirs")
    CURRENT_TRACE.reset(token)
    structlog.stdlib.get_logger("ichor.test").info("without")
    *traced, without = lines(stream)
    assert [(line["trace_id"], line["span_id"]) for line in traced] == [("a" * 32, "b" * 16)] * 2
    assert not {"trace_id", "span_id"} & without.keys()


def test_a_library_speaks_in_the_same_shape_with_the_same_ids(stream: io.StringIO):
    with bound_contextvars(action="approve"):
        logging.getLogger("somebody.else").warning("lost %s", "it")
    (line,) = lines(stream)
    assert (line["message"], line["logger"], line["action"]) == ("lost it", "somebody.else", "approve")


def test_an_error_keeps_its_traceback_on_its_one_line(stream: io.StringIO):
    try:
        raise RuntimeError("oops")
    except RuntimeError:
        structlog.stdlib.get_logger("ichor.test").exception("failed")
    (line,) = lines(stream)
    assert "RuntimeError: oops" in str(line["exception"])


def test_what_the_temporal_sdk_knows_of_a_workflow_is_lifted(stream: io.StringIO):
    extra = {"temporal_workflow": {"workflow_id": "rule-1-e1", "run_id": "r1"}}
    logging.getLogger("temporalio.workflow").info("hello", extra=extra)
    (line,) = lines(stream)
    assert (line["workflow_id"], line["temporal_run_id"]) == ("rule-1-e1", "r1")


def test_people_get_no_json(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO):
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    configure_logs(terminal)
    logging.getLogger("ichor.test").info("for you")
    assert "for you" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")


def test_a_request_of_ours_is_not_worth_a_line(stream: io.StringIO):
    logging.getLogger("httpx").info("HTTP Request: GET https://issuer.example/jwks")
    logging.getLogger("httpx").warning("odd")
    assert [line["message"] for line in lines(stream)] == ["odd"]


def test_a_pool_without_its_server_tells_nothing_that_we_tell(stream: io.StringIO):
    logging.getLogger("asyncpg.pool").warning("Failed to restore the pool connection floor; retrying")
    assert not lines(stream)


def test_a_sampler_that_is_not_used_is_told(stream: io.StringIO):
    logging.getLogger("opentelemetry.sdk.trace.sampling").warning("Couldn't recognize sampler x.")
    logging.getLogger("opentelemetry.exporter").warning("odd")
    assert [line["message"] for line in lines(stream)] == ["Couldn't recognize sampler x."]
