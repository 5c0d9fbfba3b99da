"""`ichor validate`."""

import asyncio
from typing import Annotated

import typer
from ichor_models import InvalidRule, Report, analyze_rule

from ichor_cli.action_types import catalogue
from ichor_cli.arguments import FILE, Json
from ichor_cli.errors import WrongUsage
from ichor_cli.report_text import report_text
from ichor_cli.screen import Screen
from ichor_cli.source_file import called
from ichor_cli.trial import read_trial

_RULE = typer.Option("--rule", metavar="RULE", help="Check a rule of the database instead.")


def validate(
    file: Annotated[str | None, FILE] = None,
    rule: Annotated[str | None, _RULE] = None,
    json: Json = False,
) -> int:
    """Say everything that is wrong with a workflow file, or with a rule of the database.

    Exits 0 where nothing is, else 1; warnings refuse nothing.
    """
    if (file is None) == (rule is None):
        raise WrongUsage("Name either a file or a rule.", code="usage", mend="`ichor validate FILE` or `--rule RULE`.")
    report = read_trial(file, catalogue()).report if file is not None else asyncio.run(_stored(rule or ""))
    Screen(json).answer(
        report.document(), lambda: report_text(report, called(file) if file is not None else rule or "")
    )
    return 0 if report.valid else 1


async def _stored(rule: str) -> Report:
    from ichor_cli.store import edge_store

    async with edge_store() as store:
        rule_id = await store.find_rule(rule)
        try:
            return analyze_rule(await store.load_rule(rule_id), catalogue())
        except InvalidRule as error:
            return Report(problems=error.problems)
