"""The program `ichor-worker`: runs graphs and their actions."""

from collections.abc import Sequence
from typing import NoReturn

from ichor_service import Health, Program, Settings, Stop, environment, reach, serving, store_link, temporal_link

from ichor_worker.actions import opened_actions
from ichor_worker.graph_worker import GraphWorker

_CONNECTIONS = 20

PROGRAM = Program(
    name="ichor-worker",
    summary="Runs the graphs of rules as Temporal workflows, and their actions as activities.",
    http_port=8081,
    needs=("database_url", "temporal_address"),
    uses=(
        "temporal_namespace",
        "task_queue",
        "http_host",
        "http_port",
        "entities",
        "smtp_url",
        "smtp_from",
        "webhook_allow",
        "secrets_dir",
        "unknown_type_grace",
        "shutdown_grace",
    ),
)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the program."""
    PROGRAM.start(run, arguments)


async def run(settings: Settings, stop: Stop, wanted: Sequence[str]) -> None:
    """Put the parts together and work until told to stop."""
    temporal, store = temporal_link(settings), store_link(settings, PROGRAM.name, connections=_CONNECTIONS)
    worker = GraphWorker(settings.task_queue)
    probes = {"temporal": temporal.probe, "database": store.probe, "worker": worker.probe}
    async with opened_actions(environment(), settings) as actions, store, serving(settings, Health(probes, stop)):
        client = await reach("Temporal", temporal.connect, stop)
        opened = await reach("PostgreSQL", store.connect, stop)
        await worker.run(client, actions.activities(opened), stop)
