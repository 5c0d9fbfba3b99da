"""The Temporal worker that runs graphs and their actions."""

from ichor_worker.graph_worker import GraphWorker
from ichor_worker.run_logs import RunLogs

__all__ = ["GraphWorker", "RunLogs"]
