"""How a command refuses what `ichor validate` refuses."""

from ichor_cli.report_text import report_text
from ichor_cli.screen import Screen
from ichor_cli.trial import Trial


def refuse(screen: Screen, trial: Trial) -> int:
    """Answer with the document of `ichor validate` and return the exit code."""
    screen.answer(trial.report.document(), lambda: report_text(trial.report, trial.name))
    return 1
