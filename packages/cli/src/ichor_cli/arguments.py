"""Arguments and options that several commands share."""

from typing import Annotated
from uuid import UUID

import typer

from ichor_cli.errors import WrongUsage

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
FILE = typer.Argument(metavar="FILE", help="A workflow file, YAML or JSON; - is standard input.", show_default=False)
File = Annotated[str, FILE]
RULE = typer.Argument(metavar="RULE", help="The id or the name of a rule.", show_default=False)
CaseFile = Annotated[
    str | None,
    typer.Option("--case", metavar="FILE", help="A file with trigger_data and results."),
]
EventsPerRun = Annotated[
    int | None,
    typer.Option("--events-per-run", min=1, help="Continue the workflow as new after about so many events."),
]
User = Annotated[
    UUID | None,
    typer.Option("--as", metavar="USER_ID", help="Who makes the change, a UUID; existing databases ask for it."),
]
_TIMEOUT_HELP = "How long to wait, like 90s; a number alone means seconds."
Timeout = Annotated[str, typer.Option("--timeout", metavar="DURATION", help=_TIMEOUT_HELP)]
Address = Annotated[
    str | None,
    typer.Option(
        "--address", metavar="HOST:PORT", help="Temporal; else ICHOR_TEMPORAL_ADDRESS, else a development server."
    ),
]


def refuse_json_before(context: typer.Context, json: bool) -> None:
    """Refuse `ichor runs --json show`: the document is the inner command's.

    Raises:
        WrongUsage: --json was written before that command.
    """
    if json:
        mend = f"`{context.command_path} {context.invoked_subcommand} … --json`."
        raise WrongUsage("--json belongs behind the command.", code="usage", mend=mend)
