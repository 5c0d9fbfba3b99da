"""Two builds of the worker side by side: the commands of docs/upgrades.md on a real Temporal."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from ichor_executor.temporal import REPLY, start_run
from ichor_models import Asked, Case, ExecutionId, Reply, ReplyNotice, Rule, RunStatus
from ichor_service import Link, Stop
from ichor_testing import TemporalServer, until
from ichor_testing.dev_server import obtain_dev_server
from ichor_testing.fake_handlers import FakeHandlers
from ichor_testing.graph_builder import GraphBuilder
from ichor_worker.graph_worker import GraphWorker
from ichor_worker.version_standing import VersionStanding
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs
from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkerDeploymentVersion

type Temporal = Callable[..., Awaitable[str]]
UPGRADES = Path(__file__).parents[4] / "docs" / "upgrades.md"


@pytest.fixture
async def deployment(temporal_task_queue: str) -> str:
    """The name of a deployment of the test's own."""
    return f"ichor-{uuid4()}"


@pytest.fixture
async def documented(shared_temporal: TemporalServer, deployment: str) -> Temporal:
    """Runs the command of docs/upgrades.md that follows a heading, with the test's own names in place of the page's."""
    program = await obtain_dev_server()
    assert program is not None

    async def run(heading: str, **names: str) -> str:
        page = UPGRADES.read_text()
        found = re.search(rf"^#+ {re.escape(heading)}\n.*?^```sh\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
        assert found, heading
        told = ""
        for line in found[1].splitlines():
            words = [names.get(word, word) for word in line.replace("ichor", deployment, 1).split()]
            assert words[0] == "temporal"
            where = ("--address", shared_temporal.url, "--namespace", shared_temporal.namespace)
            process = await asyncio.create_subprocess_exec(
                program, *words[1:], *where, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
            )
            output, _ = await process.communicate()
            assert process.returncode == 0, output.decode()
            told += output.decode()
        return told

    return run


class Builds:
    """Workers of one deployment, by build."""

    def __init__(self, client: Client, task_queue: str, deployment: str) -> None:
        self._client = client
        self._task_queue = task_queue
        self._deployment = deployment

    @asynccontextmanager
    async def build(self, build_id: str | None) -> AsyncGenerator[FakeHandlers]:
        """Run the worker of a build, or one without; what it is asked tells which build did an action."""
        handlers, stop = FakeHandlers(), Stop(timedelta(seconds=10))
        version = WorkerDeploymentVersion(self._deployment, build_id) if build_id else None
        worker = GraphWorker(self._task_queue, CollectorRegistry(), version=version)
        running = asyncio.create_task(worker.run(self._client, handlers.activities(), stop))
        try:
            yield handlers
        finally:
            stop.ask()
            await running

    async def start(self, rule: Rule, **changes: object) -> WorkflowHandle[object, object]:
        """Start a run."""
        execution_id = ExecutionId(str(uuid4()))
        asked = Case().request(rule)
        run = asked.run.model_copy(update={"execution_id": execution_id})
        request = asked.model_copy(update={"run": run, "case": False, **changes})
        await start_run(self._client, request, workflow_id=f"run-{execution_id}", task_queue=self._task_queue)
        return self._client.get_workflow_handle(f"run-{execution_id}")


@pytest.fixture
def builds(temporal_client: Client, temporal_task_queue: str, deployment: str) -> Builds:
    """The workers of the test's deployment."""
    return Builds(temporal_client, temporal_task_queue, deployment)


def chain(length: int) -> Rule:
    builder = GraphBuilder().action("a0").start("a0")
    for index in range(1, length):
        builder.action(f"a{index}").then(f"a{index - 1}", f"a{index}")
    return builder.rule()


async def called(handlers: FakeHandlers, count: int) -> None:
    async def reached() -> bool:
        return len(handlers.calls) >= count

    await until(reached, f"{count} actions of this build")


async def test_a_run_ends_on_the_build_that_it_began_on_and_new_ones_follow_the_current(
    builds: Builds, documented: Temporal
) -> None:
    async with builds.build("1") as old:
        await _known(documented, "1")
        await _first_version(documented)
        old.gates["a1"] = asyncio.Event()
        first = await builds.start(chain(3))
        await called(old, 2)
        async with builds.build("2") as new:
            await _known(documented, "2")
            await documented("Ramp", BUILD="2")
            await documented("Roll out", BUILD="2")
            await (await builds.start(chain(2))).result()
            assert len(new.calls) == 2
            assert "draining" in await documented("Drain", BUILD="1")
            old.gates["a1"].set()
            assert await first.result() == {"status": RunStatus.COMPLETED}
            assert (len(old.calls), len(new.calls)) == (3, 2)
            await documented("Roll back", BUILD="1")
            await (await builds.start(chain(2))).result()
            assert (len(old.calls), len(new.calls)) == (5, 2)


async def test_a_run_that_continues_as_new_stays_on_its_build(builds: Builds, documented: Temporal) -> None:
    async with builds.build("1") as old:
        await _known(documented, "1")
        await _first_version(documented)
        old.gates["a1"] = asyncio.Event()
        first = await builds.start(chain(6), events_per_run=3)
        await called(old, 2)
        async with builds.build("2") as new:
            await _known(documented, "2")
            await documented("Roll out", BUILD="2")
            old.gates["a1"].set()
            assert await first.result() == {"status": RunStatus.COMPLETED}
        assert (len(old.calls), len(new.calls)) == (6, 0)
        info = (await first.describe()).raw_info
        assert info.first_run_id != info.execution.run_id


async def test_a_run_that_began_without_versions_goes_on_with_the_current_one(
    builds: Builds, documented: Temporal
) -> None:
    async with builds.build(None) as old:
        old.asks["a0"] = Asked(until=time.time() + 600)
        first = await builds.start(chain(2))
        await called(old, 1)
    async with builds.build("1") as new:
        await _known(documented, "1")
        await _first_version(documented)
        await first.signal(REPLY, ReplyNotice(action_key="a0", ask=1, reply=Reply(result={})))
        assert await first.result() == {"status": RunStatus.COMPLETED}
        assert (len(old.calls), len(new.calls)) == (1, 1)


async def test_a_run_is_moved_to_another_build(builds: Builds, documented: Temporal) -> None:
    first, old = await _asked_on_the_first_build(builds, documented)
    async with builds.build("2") as new:
        await _known(documented, "2")
        await documented("Move a run", BUILD="2", RUN=first.id)
        await first.signal(REPLY, ReplyNotice(action_key="a0", ask=1, reply=Reply(result={})))
        assert await first.result() == {"status": RunStatus.COMPLETED}
        assert (len(old.calls), len(new.calls)) == (1, 1)


async def test_workers_without_a_build_take_over(builds: Builds, documented: Temporal) -> None:
    first, old = await _asked_on_the_first_build(builds, documented)
    async with builds.build(None) as new:
        await documented("Back to no versions", RUN=first.id)
        await first.signal(REPLY, ReplyNotice(action_key="a0", ask=1, reply=Reply(result={})))
        assert await first.result() == {"status": RunStatus.COMPLETED}
        await (await builds.start(chain(2))).result()
        assert (len(old.calls), len(new.calls)) == (1, 3)


async def test_a_worker_says_whether_new_runs_begin_on_its_version(
    builds: Builds, documented: Temporal, temporal_client: Client, deployment: str
) -> None:
    async def connected() -> Client:
        return temporal_client

    async def answers(_: Client) -> None:
        pass

    link = Link(connected, answers)
    await link.connect()
    standing = VersionStanding(link, WorkerDeploymentVersion(deployment, "1"), period=0)

    async def is_current() -> bool:
        return [sample.labels for metric in await standing.measure() for sample in metric.samples] == [
            {"build_id": "1", "state": "current"}
        ]

    with capture_logs() as logs:
        assert not await is_current()
        async with builds.build("1"):
            await _known(documented, "1")
            assert not await is_current()
            await _first_version(documented)
            await until(is_current, "the version is current")
    told = [entry["event"] for entry in logs if entry.get("build_id") == "1"]
    assert (told[0], told[-1]) == ("no new run begins on this version", "new runs begin on this version")


async def _asked_on_the_first_build(
    builds: Builds, documented: Temporal
) -> tuple[WorkflowHandle[object, object], FakeHandlers]:
    """Start a run that waits for a reply on the first version, whose workers then end."""
    async with builds.build("1") as old:
        await _known(documented, "1")
        await _first_version(documented)
        old.asks["a0"] = Asked(until=time.time() + 600)
        first = await builds.start(chain(2))
        await called(old, 1)
    return first, old


async def _first_version(documented: Temporal) -> None:
    """Make it current; Temporal may know its workers a moment before it knows what they belong to."""

    async def accepted() -> bool:
        try:
            await documented("The first version", BUILD="1")
        except AssertionError as error:
            if "Worker Deployment not found" not in str(error):
                raise
            return False
        return True

    await until(accepted, "the first version is current")


async def _known(documented: Temporal, build_id: str) -> None:
    """Wait until Temporal knows that the workers of a build take both workflows and actions."""

    async def there() -> bool:
        try:
            told = await documented("What there is", BUILD=build_id)
        except AssertionError:
            return False
        return "workflow" in told and "activity" in told

    await until(there, f"Temporal knows build {build_id}")
