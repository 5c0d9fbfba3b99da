"""The link to Temporal that a program holds."""

import logging
import re
from datetime import timedelta
from functools import cache

from ichor_executor.temporal import FindValues, data_converter
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.runtime import LogForwardingConfig, LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

from ichor_service.encryption_keys import encryption_keys
from ichor_service.environment import environment
from ichor_service.errors import Unreachable
from ichor_service.link import Link
from ichor_service.reason import reason
from ichor_service.settings import Settings
from ichor_service.temporal_profile import TemporalProfile

_PROBE_TIMEOUT = timedelta(seconds=2)


def temporal_link(settings: Settings, find_values: FindValues | None = None) -> Link[Client]:
    """Return the link to Temporal: a client whose payloads are pydantic's JSON, and whose namespace answers.

    `find_values` gives the store of payloads that are too large for Temporal; without it these are refused.

    Raises:
        InvalidSetting: the Temporal profile, or the file of encryption keys, cannot be used.
    """
    profile = TemporalProfile.read(environment())

    converter = data_converter(find_values, encryption_keys(settings))

    async def connect() -> Client:
        return await _open(settings, profile, converter)

    return Link(connect, _ask)


async def _open(settings: Settings, profile: TemporalProfile, converter: DataConverter) -> Client:
    address = settings.temporal_address or ""
    try:
        return await Client.connect(
            address,
            namespace=settings.temporal_namespace,
            api_key=profile.api_key,
            tls=profile.tls,
            rpc_metadata=profile.metadata,
            data_converter=converter,
            runtime=_runtime(),
        )
    except RuntimeError as error:
        raise Unreachable(f"{address}: {_in_short(error)}") from None


def _in_short(error: RuntimeError) -> str:
    """Return the innermost message of the Rust error inside, which is the one that says something."""
    messages = re.findall(r'message: "([^"]+)"', str(error))
    return messages[-1] if messages else reason(error)


async def _ask(client: Client) -> None:
    request = DescribeNamespaceRequest(namespace=client.namespace)
    await client.workflow_service.describe_namespace(request, timeout=_PROBE_TIMEOUT)


@cache
def _runtime() -> Runtime:
    """Return the one runtime of this process, whose logs join ours."""
    forwarding = LogForwardingConfig(logging.getLogger("temporalio.core"))
    logs = LoggingConfig(TelemetryFilter(core_level="WARN", other_level="ERROR"), forwarding=forwarding)
    return Runtime(telemetry=TelemetryConfig(logging=logs))
