"""`ichor test`."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from ichor_models import Case, Outcome, Rule

from ichor_cli.action_types import catalogue
from ichor_cli.arguments import Address, EventsPerRun, Json
from ichor_cli.case_files import CaseFile, find_case_files
from ichor_cli.screen import Screen
from ichor_cli.verdict import Runner, Verdict, judge
from ichor_cli.verdict_table import verdict_table

_AT_ONCE = 20
_NAMED = 3
"""Skipped files that are named; a folder may hold many."""
_PATHS = typer.Argument(metavar="PATH", help="Case files, or folders of them.", show_default=False)


class Engine(StrEnum):
    """What runs the cases."""

    SIMULATOR = "simulator"
    TEMPORAL = "temporal"


def run_case_files(
    paths: Annotated[list[Path], _PATHS],
    on: Annotated[Engine, typer.Option("--on", help="What runs the cases.")] = Engine.SIMULATOR,
    events_per_run: EventsPerRun = None,
    address: Address = None,
    json: Json = False,
) -> int:
    """Run case files and say where an outcome is not the expected one.

    Exits 0 where all is as expected, 1 where something differs or a file is broken, 2 where there is no case file.
    """
    screen = Screen(json)
    skipped: list[str] = []
    files = find_case_files(paths, lambda path: skipped.append(str(path)))
    if skipped:
        screen.note(_skipped(skipped))
    with screen.busy(f"Running {len(files)} cases"):
        verdicts = asyncio.run(_judge(files, _runner(on, events_per_run, address, screen)))
    failed = sum(not verdict.passed for verdict in verdicts)
    screen.answer(
        {
            "passed": len(verdicts) - failed,
            "failed": failed,
            "skipped": list(skipped),
            "cases": [verdict.document() for verdict in verdicts],
        },
        lambda: verdict_table(verdicts),
    )
    return 1 if failed else 0


def _skipped(files: Sequence[str]) -> str:
    if len(files) == 1:
        return f"{files[0]} is skipped: it is no case file and no workflow file."
    more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
    told = ", ".join(files[:_NAMED])
    return f"{told}{more} are skipped: they are no case files and no workflow files. `--json` lists them all."


async def _judge(files: Sequence[CaseFile], running: AbstractAsyncContextManager[Runner]) -> list[Verdict]:
    places = asyncio.Semaphore(_AT_ONCE)
    types = catalogue()

    async def one(file: CaseFile, runner: Runner) -> Verdict:
        async with places:
            return await judge(file, types, runner)

    async with running as runner:
        return await asyncio.gather(*(one(file, runner) for file in files))


@asynccontextmanager
async def _runner(
    engine: Engine, events_per_run: int | None, address: str | None, screen: Screen
) -> AsyncGenerator[Runner]:
    if engine is Engine.SIMULATOR:
        yield _simulated
        return
    from ichor_cli.case_worker import case_worker
    from ichor_cli.temporal_server import temporal_client

    async with temporal_client(screen.note, address) as client, case_worker(client, catalogue()) as worker:

        async def run(rule: Rule, case: Case) -> Outcome:
            return await worker.run(rule, case, events_per_run)

        yield run


async def _simulated(rule: Rule, case: Case) -> Outcome:
    from ichor_executor import simulate

    return simulate(rule, case, catalogue())
