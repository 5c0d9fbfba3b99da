"""The connection to Temporal that a program holds."""

import logging
import re
from datetime import timedelta
from functools import cache

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.runtime import LogForwardingConfig, LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

from ichor_service.environment import environment
from ichor_service.errors import Unreachable
from ichor_service.reason import reason
from ichor_service.settings import Settings
from ichor_service.temporal_profile import TemporalProfile

_PROBE_TIMEOUT = timedelta(seconds=2)


class Temporal:
    """Connects once; after that the SDK comes back by itself whenever the server does."""

    def __init__(self, settings: Settings) -> None:
        self._address = settings.temporal_address or ""
        self._namespace = settings.temporal_namespace
        self._profile = TemporalProfile.read(environment())
        self._client: Client | None = None

    async def connect(self) -> Client:
        """Return a client whose payloads are pydantic's JSON, and whose namespace answers.

        Raises:
            Unreachable: nothing answers at the address.
        """
        client = await self._open()
        await _ask(client)
        self._client = client
        return client

    async def probe(self) -> None:
        """Raise where the namespace does not answer."""
        if self._client is None:
            raise Unreachable("not connected yet")
        await _ask(self._client)

    async def _open(self) -> Client:
        try:
            return await Client.connect(
                self._address,
                namespace=self._namespace,
                api_key=self._profile.api_key,
                tls=self._profile.tls,
                rpc_metadata=self._profile.metadata,
                data_converter=pydantic_data_converter,
                runtime=_runtime(),
            )
        except RuntimeError as error:
            raise Unreachable(f"{self._address}: {_in_short(error)}") from None


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
