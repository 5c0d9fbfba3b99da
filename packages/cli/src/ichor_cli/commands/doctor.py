"""`ichor doctor`."""

import asyncio
from typing import Annotated

import typer

from ichor_cli.arguments import Json
from ichor_cli.screen import Screen

_SECONDS = typer.Option("--timeout", min=0.1, max=60, metavar="SECONDS", help="How long each question may take.")


def doctor(timeout: Annotated[float, _SECONDS] = 5.0, json: Json = False) -> int:
    """Look at settings, servers, rights, migrations, queues, clocks and services, and say how to mend what is wrong."""
    from ichor_cli.doctor.examination import examine, is_healthy
    from ichor_cli.doctor.text import doctor_text

    found = asyncio.run(examine(timeout))
    healthy = is_healthy(found)
    Screen(json).answer(
        {"healthy": healthy, "findings": [finding.document() for finding in found]}, lambda: doctor_text(found)
    )
    return 0 if healthy else 1
