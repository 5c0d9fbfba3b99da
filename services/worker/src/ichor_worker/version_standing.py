"""Whether new runs begin on the version of this worker: until somebody makes it the current one, none do."""

import time
from collections.abc import Iterable

import structlog
from ichor_executor.temporal import may_not_ask
from ichor_service import Link, reason
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from temporalio.api.deployment.v1 import WorkerDeploymentVersion as VersionMessage
from temporalio.api.enums.v1 import WorkerDeploymentVersionStatus
from temporalio.api.workflowservice.v1 import DescribeWorkerDeploymentVersionRequest
from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion
from temporalio.service import RPCError, RPCStatusCode

_INACTIVE = "inactive"
_WITH_NEW_RUNS = ("current", "ramping")
_PREFIX = "WORKER_DEPLOYMENT_VERSION_STATUS_"
_log = structlog.stdlib.get_logger(__name__)


class VersionStanding:
    """Measures Temporal and, every `period` seconds, how the version stands there; the log says when that changes."""

    def __init__(self, temporal: Link[Client], version: WorkerDeploymentVersion, *, period: float = 60.0) -> None:
        self._temporal = temporal
        self._version = version
        self._period = period
        self._due = 0.0
        self._state: str | None = None

    async def measure(self) -> Iterable[Metric]:
        """Return how the version stands, or stood when that could be asked; an error means that Temporal is away."""
        await self._temporal.probe()
        if time.monotonic() >= self._due:
            self._note(await self._ask(self._temporal.opened))
            self._due = time.monotonic() + self._period
        if self._state is None:
            return ()
        standing = GaugeMetricFamily(
            "ichor_worker_version", "1 for how Temporal takes this worker's version", labels=["build_id", "state"]
        )
        standing.add_metric([self._version.build_id, self._state], 1)
        return (standing,)

    async def _ask(self, client: Client) -> str | None:
        name, build = self._version.deployment_name, self._version.build_id
        request = DescribeWorkerDeploymentVersionRequest(
            namespace=client.namespace,
            deployment_version=VersionMessage(deployment_name=name, build_id=build),
        )
        try:
            answer = await client.workflow_service.describe_worker_deployment_version(request)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return _INACTIVE
            if may_not_ask(error):
                return None
            _log.warning("Temporal does not say how this version stands", reason=reason(error))
            return self._state
        status = WorkerDeploymentVersionStatus.Name(answer.worker_deployment_version_info.status)
        return status.removeprefix(_PREFIX).lower()

    def _note(self, state: str | None) -> None:
        if state is not None and state != self._state:
            told = {"build_id": self._version.build_id, "state": state}
            if state in _WITH_NEW_RUNS:
                _log.info("new runs begin on this version", **told)
            else:
                _log.warning("no new run begins on this version", **told, mend="docs/upgrades.md: make it current")
        self._state = state
