import logging

import pytest
from ichor_service import new_registry
from ichor_service.temporal_metrics import measured_runtime
from prometheus_client import generate_latest
from structlog.testing import capture_logs
from temporalio.runtime import LogForwardingConfig, LoggingConfig, TelemetryFilter


def test_the_metrics_of_the_sdk_are_asked_by_no_proxy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ichor_service.temporal_metrics._SECONDS", 60)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    registry = new_registry()
    forwarding = LogForwardingConfig(logging.getLogger("temporalio.core"))
    runtime = measured_runtime(LoggingConfig(TelemetryFilter("WARN", "ERROR"), forwarding=forwarding), registry)
    with capture_logs() as logs:
        generate_latest(registry)
    assert logs == []
    del runtime  # It serves them for as long as it is there.
