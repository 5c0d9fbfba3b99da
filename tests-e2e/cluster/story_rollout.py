"""Orders go on while programs scale, roll, are killed, and broken versions are stopped: none is lost."""

import pytest
from ichor_testing import until

from .kubectl import Kubectl
from .shop import Shop

BREAKAGES = [
    pytest.param("ICHOR_TEMPORAL_ADDRESS=nowhere:7233", id="never-ready"),
    pytest.param("ICHOR_SHUTDOWN_GRACE=soon", id="ends-at-once"),
]
DEADLINE = '{"spec": {"progressDeadlineSeconds": 30}}'
PROGRESS = 'jsonpath={.status.conditions[?(@.type=="Progressing")].reason}'
OTHER = {"trigger": "worker", "worker": "trigger"}


async def test_an_order_runs_through_to_its_end(shop: Shop) -> None:
    await shop.order()
    await shop.served()


async def test_the_worker_scales_alone(kubectl: Kubectl, shop: Shop) -> None:
    triggers, workers = await kubectl.pods("trigger"), await kubectl.pods("worker")
    async with shop.busy():
        await kubectl.run("scale", "deployment/ichor-worker", f"--replicas={len(workers) + 2}")
        await kubectl.rolled_out("worker")
        scaled = await kubectl.pods("worker")
        for pod in scaled:
            await _does_actions(kubectl, pod.name)
    assert len(scaled) == len(workers) + 2
    assert await kubectl.pods("trigger") == triggers
    await shop.served()


@pytest.mark.parametrize("program", ["trigger", "worker"])
async def test_a_program_rolls_alone_under_load(program: str, kubectl: Kubectl, shop: Shop) -> None:
    before, others = await kubectl.pods(program), await kubectl.pods(OTHER[program])
    async with shop.busy():
        await kubectl.run("rollout", "restart", f"deployment/ichor-{program}")
        await kubectl.rolled_out(program)
    assert not {pod.name for pod in before} & {pod.name for pod in await kubectl.pods(program)}
    assert await kubectl.pods(OTHER[program]) == others
    await shop.served()


async def test_killed_pods_lose_nothing(kubectl: Kubectl, shop: Shop) -> None:
    async with shop.busy():
        for program in ("worker", "trigger"):
            killed = (await kubectl.pods(program))[0].name
            await kubectl.run("delete", "pod", killed, "--grace-period=0", "--force")
            await kubectl.rolled_out(program)
            assert killed not in [pod.name for pod in await kubectl.pods(program)]
    await shop.served()


@pytest.mark.parametrize("breakage", BREAKAGES)
@pytest.mark.parametrize("program", ["trigger", "worker"])
async def test_a_broken_version_is_stopped_by_its_probes(
    program: str, breakage: str, kubectl: Kubectl, shop: Shop
) -> None:
    deployment = f"deployment/ichor-{program}"
    before = await kubectl.pods(program)
    async with shop.busy():
        await kubectl.run("patch", deployment, "--patch", DEADLINE)
        await kubectl.run("set", "env", deployment, breakage)
        said = await kubectl.run("rollout", "status", deployment, "--timeout=300s", fails=True)
        assert "exceeded its progress deadline" in said
        after = await kubectl.pods(program)
        assert [pod for pod in after if pod.ready] == before
        assert len(after) == len(before) + 1
    await shop.served()
    await kubectl.run("rollout", "undo", deployment)

    async def is_as_before() -> bool:
        progress = await kubectl.run("get", deployment, "-o", PROGRESS)
        return progress == "NewReplicaSetAvailable" and await kubectl.pods(program) == before

    # `rollout status` fails as long as the deadline that the broken version exceeded is still told.
    await until(is_as_before, f"the end of the broken {program}")


async def _does_actions(kubectl: Kubectl, pod: str) -> None:
    async def does() -> bool:
        return '"action done"' in await kubectl.run("logs", pod)

    await until(does, f"an action of {pod}")
