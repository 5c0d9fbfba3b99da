"""Arguments and options that several commands share."""

from typing import Annotated

import typer

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
Address = Annotated[
    str | None,
    typer.Option(
        "--address", metavar="HOST:PORT", help="Temporal; else ICHOR_TEMPORAL_ADDRESS, else a development server."
    ),
]
