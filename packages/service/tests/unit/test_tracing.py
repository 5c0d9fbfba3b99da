import subprocess
import sys

import pytest
from ichor_service import InvalidSetting, is_tracing, span, start_tracing

OFF = (
    "import sys, ichor_worker.main, ichor_service as s; s.start_tracing('x');"
    "print([name for name in sys.modules if name.startswith('opentelemetry')])"
)


def test_switched_off_nothing_of_it_is_imported():
    done = subprocess.run([sys.executable, "-c", OFF], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("value", ["", "localhost:4318"])
def test_an_endpoint_is_a_url_or_not_there(monkeypatch: pytest.MonkeyPatch, value: str):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", value)
    if value:
        with pytest.raises(InvalidSetting, match="OTEL_EXPORTER_OTLP_ENDPOINT must be a URL"):
            start_tracing("ichor-test")
    else:
        start_tracing("ichor-test")
    assert not is_tracing()
    with span("nothing", {}):
        pass
