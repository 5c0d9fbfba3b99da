"""`ichor run`."""

import asyncio
from collections.abc import Callable

from ichor_models import Case, Outcome, Rule

from ichor_cli.action_types import catalogue
from ichor_cli.arguments import Address, CaseFile, EventsPerRun, File, Json
from ichor_cli.commands.refusal import refuse
from ichor_cli.doubts import doubts
from ichor_cli.outcome_table import outcome_table
from ichor_cli.screen import Screen
from ichor_cli.trial import chosen_case, read_trial


def run(
    file: File,
    case: CaseFile = None,
    events_per_run: EventsPerRun = None,
    address: Address = None,
    json: Json = False,
) -> int:
    """Try a workflow on a case on a real Temporal server; the case answers for the actions.

    Exits 0 however the run ended, 1 where the file is not valid.
    """
    screen = Screen(json)
    trial = read_trial(file, catalogue())
    if trial.rule is None:
        return refuse(screen, trial)
    chosen = chosen_case(trial, trial.rule, case)
    with screen.busy("Running on Temporal"):
        outcome = asyncio.run(_run(trial.rule, chosen, events_per_run, address, screen.note))
    screen.answer(outcome.document(), lambda: outcome_table(outcome))
    for sentence in doubts(trial.rule, chosen, outcome):
        screen.note(sentence)
    return 0


async def _run(
    rule: Rule, case: Case, events_per_run: int | None, address: str | None, say: Callable[[str], None]
) -> Outcome:
    from ichor_cli.case_worker import case_worker
    from ichor_cli.temporal_server import temporal_client

    async with temporal_client(say, address) as client, case_worker(client, catalogue()) as worker:
        return await worker.run(rule, case, events_per_run)
