"""`ichor show`."""

from ichor_cli.action_types import catalogue
from ichor_cli.arguments import File, Json
from ichor_cli.commands.refusal import refuse
from ichor_cli.picture import rule_picture
from ichor_cli.screen import Screen
from ichor_cli.trial import read_trial


def show(file: File, json: Json = False) -> int:
    """Draw a workflow's graph as text; with --json print the workflow as it is read."""
    from ichor_models import rule_document

    screen = Screen(json)
    trial = read_trial(file, catalogue())
    if trial.rule is None:
        return refuse(screen, trial)
    rule = trial.rule
    screen.answer(rule_document(rule), lambda: rule_picture(rule))
    return 0
