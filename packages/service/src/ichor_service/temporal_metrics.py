"""What is measured of Temporal: how large payloads are, and the SDK's own metrics, joined to those of the program.

The SDK counts in Rust and serves what it counted on a port of the loopback interface, from where it is read.
"""

import socket
from collections.abc import Iterable
from urllib.request import ProxyHandler, build_opener

import structlog
from ichor_executor.temporal import ObservePayload
from prometheus_client import CollectorRegistry, Histogram, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from temporalio.runtime import LoggingConfig, PrometheusConfig, Runtime, TelemetryConfig

from ichor_service.reason import reason

_LOOPBACK = "127.0.0.1"
_SECONDS = 1.0
_TRIES = 5
_BYTES = (256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304)
_DIRECTLY = build_opener(ProxyHandler({}))
"""By no proxy, whatever the environment says: the port is one of this machine's."""
_log = structlog.stdlib.get_logger(__name__)


def payload_metrics(registry: CollectorRegistry) -> ObservePayload:
    """Return what measures payloads."""
    sizes = Histogram(
        "ichor_payload_bytes",
        "Payloads that were sent to Temporal, before they were made smaller, by how they travel",
        ["form"],
        registry=registry,
        buckets=_BYTES,
    )
    return lambda form, size: sizes.labels(form).observe(size)


def measured_runtime(logs: LoggingConfig, registry: CollectorRegistry) -> Runtime:
    """Return a runtime whose metrics are in `registry`, too."""
    for left in reversed(range(_TRIES)):
        address = f"{_LOOPBACK}:{_free_port()}"
        served = PrometheusConfig(address, counters_total_suffix=True, unit_suffix=True, durations_as_seconds=True)
        try:
            made = Runtime(telemetry=TelemetryConfig(logging=logs, metrics=served, attach_service_name=False))
        except ValueError:
            # Somebody took the port meanwhile.
            if not left:
                raise
        else:
            registry.register(_SdkMetrics(f"http://{address}/metrics"))
            return made
    raise AssertionError("the last try raises")


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind((_LOOPBACK, 0))
        return listening.getsockname()[1]


class _SdkMetrics(Collector):
    def __init__(self, url: str) -> None:
        self._url = url

    def describe(self) -> Iterable[Metric]:
        """Promise no names: they are the SDK's, and all begin with `temporal_`."""
        return ()

    def collect(self) -> Iterable[Metric]:
        try:
            with _DIRECTLY.open(self._url, timeout=_SECONDS) as answer:
                text = answer.read().decode()
        except OSError as error:
            _log.warning("the metrics of the Temporal SDK are not there", reason=reason(error))
            return ()
        return text_string_to_metric_families(text)
