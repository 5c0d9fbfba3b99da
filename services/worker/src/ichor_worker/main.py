"""The program `ichor-worker`: runs graphs and their actions, and brings replies to the runs that wait for them."""

from collections.abc import Sequence
from typing import NoReturn

from ichor_service import REPLIES as REPLY_QUEUE
from ichor_service import (
    Health,
    Part,
    Probe,
    Program,
    QueueLengths,
    Reader,
    Sampling,
    Settings,
    Stop,
    environment,
    is_tracing,
    reach,
    serving,
    side_by_side,
)
from temporalio.common import WorkerDeploymentVersion

from ichor_worker.actions import Actions, opened_actions
from ichor_worker.graph_worker import GraphWorker
from ichor_worker.links import Links
from ichor_worker.replies import replies
from ichor_worker.run_traces import RunTraces
from ichor_worker.version_standing import VersionStanding

WORKFLOWS, ACTIONS, REPLIES = "workflows", "actions", "replies"
PROGRAM = Program(
    reader=Reader.WORKER,
    summary="Runs the graphs of rules as Temporal workflows, their actions as activities, and takes replies.",
    http_port=8081,
    parts=(WORKFLOWS, ACTIONS, REPLIES),
)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the program."""
    PROGRAM.start(run, arguments)


async def run(settings: Settings, stop: Stop, wanted: Sequence[str]) -> None:
    """Put the wanted parts together and let them work until told to stop."""
    links = Links.of(settings, PROGRAM.name)
    async with opened_actions(environment(), settings, links.sender) as actions:
        parts = [_runs(links, actions, wanted)] if {WORKFLOWS, ACTIONS} & set(wanted) else []
        parts += [replies(links)] if REPLIES in wanted else []
        parts += [_metrics(links)]
        probes: dict[str, Probe] = {"temporal": links.temporal.probe, "database": links.store.probe}
        for part in parts:
            probes |= part.probes
        async with links.closing(), serving(settings, Health(probes, stop), links.registry):
            await side_by_side(parts, stop)


def _runs(links: Links, actions: Actions, wanted: Sequence[str]) -> Part:
    """Return the part that works for Temporal, on workflows or actions or both."""
    settings = links.settings
    worker = GraphWorker(
        settings.task_queue,
        links.registry,
        workflows=WORKFLOWS in wanted,
        actions=ACTIONS in wanted,
        traces=RunTraces(links.store) if is_tracing() else None,
        version=_version(settings),
    )

    async def work(stop: Stop) -> None:
        client = await reach("Temporal", links.temporal.connect, stop)
        store = await reach("PostgreSQL", links.store.connect, stop)
        await worker.run(client, actions.activities(store), stop)

    return Part(work, {"worker": worker.probe})


def _metrics(links: Links) -> Part:
    """Return the part that measures, for `/metrics`, which servers are there and how many replies wait."""
    version = _version(links.settings)
    temporal = VersionStanding(links.temporal, version).measure if version else links.temporal.probe
    measures = {"temporal": temporal, "database": links.store.probe}
    queues = QueueLengths(links.broker("metrics"), REPLY_QUEUE) if links.settings.rabbitmq_url else None
    return Part(Sampling(measures, links.registry, queues).run)


def _version(settings: Settings) -> WorkerDeploymentVersion | None:
    return WorkerDeploymentVersion(settings.deployment_name, settings.build_id) if settings.build_id else None
