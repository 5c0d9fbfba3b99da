import socket
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


SILENT = (
    "import asyncio, time, ichor_service as s; s.configure_logs(); s.start_tracing('x')\n"
    "with s.span('something', {}): pass\n"
    "began = time.monotonic(); asyncio.run(s.stop_tracing())\n"
    "print(time.monotonic() - began); s.leave(0)"
)


def test_a_collector_that_does_not_answer_holds_up_no_stop():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        done = subprocess.run(
            [sys.executable, "-c", SILENT], env=environment, capture_output=True, text=True, timeout=120, check=True
        )
    assert 1.5 < float(done.stdout) < 30
    assert "the last spans were not sent" in done.stderr


MANY = (
    "import ichor_service as s; s.configure_logs(); s.start_tracing('x')\n"
    "for _ in range(5_000):\n"
    "    with s.span('something', {}): pass\n"
    "s.leave(0)"
)


@pytest.mark.parametrize(("places", "told"), [("2048", 1), ("", 0)])
def test_spans_that_find_no_place_are_told(places: str, told: int):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environment = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "OTEL_BSP_MAX_QUEUE_SIZE": places,
        }
        done = subprocess.run(
            [sys.executable, "-c", MANY], env=environment, capture_output=True, text=True, timeout=120, check=True
        )
    assert min(done.stderr.count("Queue full, dropping Span"), 1) == told


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318", "must be a URL"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "4318", "must be a URL"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "is grpc"),
    ],
)
def test_what_cannot_be_used_is_said(monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318")
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSetting, match=f"{name} {told}"):
        start_tracing("ichor-test")
    assert not is_tracing()


def test_variables_that_do_not_fit_each_other_are_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318")
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "100")
    # What is written into the environment is taken back.
    monkeypatch.setenv("OTEL_SERVICE_NAME", "")
    with pytest.raises(InvalidSetting, match="OTEL_ variables cannot be used: max_export_batch_size must be"):
        start_tracing("ichor-test")
    assert not is_tracing()


@pytest.mark.parametrize("name", ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SDK_DISABLED"])
def test_it_is_off_without_an_endpoint_or_when_disabled(monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318")
    monkeypatch.setenv(name, "" if name == "OTEL_EXPORTER_OTLP_ENDPOINT" else "true")
    start_tracing("ichor-test")
    assert not is_tracing()
    with span("nothing", {}):
        pass
