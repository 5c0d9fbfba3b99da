"""The images at work, as production runs them, on real servers."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from ichor_testing import until

from .container import Container, docker, ichor, started

GRACE = 10
"""Seconds, as `environment` has it."""
RULE = {
    "name": "Slow note",
    "trigger": {"entity": "orders", "event": "on_create"},
    "actions": [
        {"name": "note", "type": "log_audit_entry", "config": {"message": "{{ entity_id }}"}},
    ],
    "edges": [{"source": None, "target": "note", "type": "start"}],
}


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A folder with the rule, that a container may read."""
    (tmp_path / "rule.json").write_text(json.dumps(RULE))
    tmp_path.chmod(0o755)
    return tmp_path


async def prepare(environment: Mapping[str, str], rules: Path) -> None:
    """Migrate the database and apply the rule, by the image `cli`."""
    await ichor(environment, "migrate")
    await ichor(environment, "apply", "/rules/rule.json", mounts={str(rules): "/rules"})


async def fire(environment: Mapping[str, str], order: str, *options: str) -> None:
    """Publish an event by the image `cli`."""
    await ichor(environment, "fire", "--entity=orders", f"--id={order}", *options)


async def statuses(environment: Mapping[str, str]) -> list[str]:
    """Return the status of each run."""
    return [run["status"] for run in json.loads(await ichor(environment, "runs", "--json"))["runs"]]


async def test_a_run_goes_through_trigger_and_worker_and_both_stop_in_order(
    environment: dict[str, str], rules: Path
) -> None:
    await prepare(environment, rules)
    async with started("worker", environment) as worker, started("trigger", environment) as trigger:
        await asyncio.gather(worker.ready(), trigger.ready())
        await fire(environment, "1", "--wait", "--timeout=60s")
        for container in (trigger, worker):
            await container.signal("TERM")
            assert await container.ended(GRACE) == 0, await container.log()


async def test_what_is_fired_while_both_are_killed_runs_when_they_are_back(
    environment: dict[str, str], rules: Path
) -> None:
    await prepare(environment, rules)
    async with started("worker", environment) as worker, started("trigger", environment) as trigger:
        await asyncio.gather(worker.ready(), trigger.ready())
        await asyncio.gather(kill(worker), kill(trigger))
        await fire(environment, "1")
        await docker("start", trigger.name)
        await trigger.ready()

        async def is_begun() -> bool:
            return bool(await statuses(environment))

        await until(is_begun, "a run", seconds=60)
        assert await statuses(environment) != ["completed"]
        await docker("start", worker.name)

        async def is_done() -> bool:
            return await statuses(environment) == ["completed"]

        await until(is_done, "the run's end", seconds=60)


async def kill(container: Container) -> None:
    """SIGKILL it, and see that it is gone."""
    await container.signal("KILL")
    assert await container.ended(GRACE) == 137


@pytest.mark.parametrize("name", ["worker", "trigger"])
async def test_told_to_stop_while_it_starts_it_stops_in_order(name: str, environment: dict[str, str]) -> None:
    await ichor(environment, "migrate")
    async with started(name, environment) as container:
        assert await told_until_it_ends(container) == 0, await container.log()


async def test_a_command_that_is_cut_short_says_so(environment: dict[str, str], rules: Path) -> None:
    await prepare(environment, rules)
    async with started("cli", environment, "fire", "--entity=orders", "--id=1", "--wait", "--timeout=5m") as command:
        assert await told_until_it_ends(command) == 143, await command.log()


async def told_until_it_ends(container: Container) -> int:
    """Send SIGTERM until it has ended, since it may come before Python itself has begun; return the exit code."""

    async def has_ended() -> bool:
        try:
            await container.signal("TERM")
        except AssertionError as error:
            if "is not running" in str(error):
                return True
            raise
        return False

    await until(has_ended, f"the end of {container.name}", seconds=GRACE, pause=0.01)
    return await container.ended(GRACE)


@pytest.mark.parametrize("name", ["worker", "trigger"])
async def test_a_missing_setting_ends_it_with_one_sentence(name: str) -> None:
    async with started(name, {}) as container:
        assert await container.ended(60) == 2
        assert (await container.log()).startswith(f"ichor-{name}: ICHOR_DATABASE_URL is not set")
