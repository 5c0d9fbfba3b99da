"""`ichor simulate`."""

from ichor_cli.action_types import catalogue
from ichor_cli.arguments import CaseFile, File, Json
from ichor_cli.commands.refusal import refuse
from ichor_cli.doubts import doubts
from ichor_cli.outcome_table import outcome_table
from ichor_cli.screen import Screen
from ichor_cli.trial import chosen_case, read_trial


def simulate(file: File, case: CaseFile = None, json: Json = False) -> int:
    """Try a workflow on a case by the engine's interpreter, with no server at all.

    Exits 0 however the run ended, 1 where the file is not valid. A case file can stand for FILE, too.
    """
    from ichor_executor import simulate as simulated

    screen = Screen(json)
    trial = read_trial(file, catalogue())
    if trial.rule is None:
        return refuse(screen, trial)
    chosen = chosen_case(trial, trial.rule, case)
    outcome = simulated(trial.rule, chosen, catalogue())
    screen.answer(outcome.document(), lambda: outcome_table(outcome))
    for sentence in doubts(trial.rule, chosen, outcome):
        screen.note(sentence)
    return 0
