"""The conformance cases say what a graph means; the simulator and a run on Temporal must both do it."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import pytest
from ichor_cli.action_types import catalogue
from ichor_cli.case_files import CaseFile, find_case_files
from ichor_cli.case_worker import CaseWorker, case_worker
from ichor_cli.trial import read_case, read_trial
from ichor_cli.verdict import judge
from ichor_executor import simulate
from ichor_models import Case, Outcome, Rule
from temporalio.client import Client
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

CASES = find_case_files([Path(__file__).parent / "conformance"])
NAMES = [file.path.stem for file in CASES]
CONTINUED = ("nested_fork", "failure_beside", "partial_join", "skip_runs_deep", "templates", "g7_004", "g7_017")


async def simulated(rule: Rule, case: Case) -> Outcome:
    return simulate(rule, case, catalogue())


def case_named(name: str) -> CaseFile:
    return CASES[NAMES.index(name)]


@pytest.fixture
async def worker(temporal_client: Client) -> AsyncGenerator[CaseWorker]:
    async with case_worker(temporal_client, catalogue()) as running:
        yield running


@pytest.mark.parametrize("file", CASES, ids=NAMES)
async def test_simulated(file: CaseFile) -> None:
    verdict = await judge(file, catalogue(), simulated)
    assert verdict.sentences() == []


async def wrong_ones(files: Sequence[CaseFile], worker: CaseWorker, events_per_run: int | None = None) -> list[str]:
    async def run(rule: Rule, case: Case) -> Outcome:
        return await worker.run(rule, case, events_per_run)

    verdicts = await asyncio.gather(*(judge(file, catalogue(), run) for file in files))
    return [f"{verdict.name}: {sentence}" for verdict in verdicts for sentence in verdict.sentences()]


async def test_run_on_temporal(worker: CaseWorker) -> None:
    assert await wrong_ones(CASES, worker) == []


@pytest.mark.parametrize("events", [1, 10])
async def test_continued_as_new(worker: CaseWorker, events: int) -> None:
    assert await wrong_ones([case_named(name) for name in CONTINUED], worker, events) == []


async def test_run_in_the_sandbox(temporal_client: Client) -> None:
    async with case_worker(temporal_client, catalogue(), SandboxedWorkflowRunner()) as sandboxed:
        assert await wrong_ones([case_named("nested_fork"), case_named("expressions")], sandboxed) == []


async def test_a_run_prints_what_the_simulator_prints(worker: CaseWorker) -> None:
    async def both(file: CaseFile) -> tuple[Outcome, Outcome]:
        trial = read_trial(file.path, catalogue())
        assert trial.rule is not None
        case = read_case(trial.case)
        return await worker.run(trial.rule, case), await simulated(trial.rule, case)

    for ran, told in await asyncio.gather(*map(both, CASES)):
        assert ran.model_copy(update={"order": ()}) == told.model_copy(update={"order": ()})
        assert sorted(ran.order) == sorted(told.order)
