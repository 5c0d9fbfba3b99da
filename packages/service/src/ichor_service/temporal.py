"""The link to Temporal that a program holds."""

import logging
import re
from datetime import timedelta
from functools import cache

from ichor_executor.temporal import FindValues, data_converter
from prometheus_client import CollectorRegistry
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.runtime import LogForwardingConfig, LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

from ichor_service.encryption_keys import encryption_keys
from ichor_service.environment import environment
from ichor_service.errors import InvalidSetting, Refused, Unreachable
from ichor_service.link import Link
from ichor_service.reason import reason
from ichor_service.settings import Settings
from ichor_service.temporal_metrics import measured_runtime, payload_metrics
from ichor_service.temporal_profile import TemporalProfile
from ichor_service.trace_header import TraceHeader
from ichor_service.tracing import is_tracing

CREDENTIALS = "Correct TEMPORAL_API_KEY or the certificate of TEMPORAL_TLS_*, or give it the right to the namespace."
_UNUSABLE = re.compile("ParseError|InvalidUri|NoCertificatesPresented")
"""What the SDK says of TLS that it cannot use; it tells this like a server that is away."""
_REFUSALS = {
    "InvalidContentType": (
        "it speaks no TLS",
        "Set TEMPORAL_TLS=false; it is on by itself where there is an API key or any TEMPORAL_TLS_*.",
    ),
    "BrokenPipe": ("it closes the connection; it may want TLS", "Set TEMPORAL_TLS=true."),
    "InvalidCertificate": (
        "its certificate is not one that we trust",
        "Correct TEMPORAL_TLS_SERVER_CA_CERT_PATH or TEMPORAL_TLS_SERVER_NAME.",
    ),
    "code: Unauthenticated": ("it does not take our API key or certificate", CREDENTIALS),
    "code: PermissionDenied": ("it does not let us in", CREDENTIALS),
}
"""What the SDK says where Temporal answers, and does not take us in: what it means, and how to mend it."""
_PROBE_TIMEOUT = timedelta(seconds=2)


def temporal_link(
    settings: Settings, find_values: FindValues | None = None, registry: CollectorRegistry | None = None
) -> Link[Client]:
    """Return the link to Temporal: a client whose payloads are pydantic's JSON, and whose namespace answers.

    `find_values` gives the store of payloads that are too large for Temporal; without it these are refused.
    Where there is a `registry`, it gets the sizes of payloads and the metrics of the SDK.

    Raises:
        InvalidSetting: the Temporal profile, or the file of encryption keys, cannot be used.
    """
    profile = TemporalProfile.read(environment())
    observe = payload_metrics(registry) if registry else None
    converter = data_converter(find_values, encryption_keys(settings), observe)

    async def connect() -> Client:
        return await _open(settings, profile, converter, _runtime(registry))

    return Link(connect, _ask)


async def _open(settings: Settings, profile: TemporalProfile, converter: DataConverter, runtime: Runtime) -> Client:
    address = settings.temporal_address or ""
    try:
        return await Client.connect(
            address,
            namespace=settings.temporal_namespace,
            api_key=profile.api_key,
            tls=profile.tls,
            rpc_metadata=profile.metadata,
            data_converter=converter,
            interceptors=[TraceHeader()] if is_tracing() else [],
            runtime=runtime,
        )
    except ValueError as error:
        raise InvalidSetting(f"TEMPORAL_* is wrong: {reason(error)}.") from None
    except RuntimeError as error:
        if _UNUSABLE.search(str(error)):
            raise InvalidSetting("TEMPORAL_TLS_* is wrong: a key, a certificate or a name cannot be read.") from None
        for said, (meaning, mend) in _REFUSALS.items():
            if said in str(error):
                raise Refused(f"{address}: {meaning}", mend) from None
        raise Unreachable(f"{address}: {_in_short(error)}") from None


def _in_short(error: RuntimeError) -> str:
    """Return the innermost message of the Rust error inside, which is the one that says something."""
    messages = re.findall(r'(?:message|error): "([^"]+)"', str(error))
    return messages[-1] if messages else reason(error)


async def _ask(client: Client) -> None:
    request = DescribeNamespaceRequest(namespace=client.namespace)
    await client.workflow_service.describe_namespace(request, timeout=_PROBE_TIMEOUT)


@cache
def _runtime(registry: CollectorRegistry | None) -> Runtime:
    """Return the one runtime of this process, whose logs join ours, and whose metrics are in the registry."""
    forwarding = LogForwardingConfig(logging.getLogger("temporalio.core"))
    logs = LoggingConfig(TelemetryFilter(core_level="WARN", other_level="ERROR"), forwarding=forwarding)
    if registry is None:
        return Runtime(telemetry=TelemetryConfig(logging=logs))
    return measured_runtime(logs, registry)
