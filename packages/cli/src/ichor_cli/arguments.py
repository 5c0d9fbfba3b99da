"""Arguments and options that several commands share."""

from typing import Annotated

import typer

from ichor_cli.errors import WrongUsage

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
File = Annotated[str, typer.Argument(help="A workflow file, YAML or JSON; - is standard input.")]
CaseFile = Annotated[
    str | None,
    typer.Option("--case", metavar="CASE", help="A file with trigger_data and results."),
]
EventsPerRun = Annotated[
    int | None,
    typer.Option("--events-per-run", min=1, help="Continue the workflow as new after about so many events."),
]
USER = typer.Option("--as", metavar="USER_ID", help="Who makes the change; existing databases ask for it.")
Timeout = Annotated[str, typer.Option("--timeout", help="How long to wait, like 90s; a number alone means seconds.")]
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
