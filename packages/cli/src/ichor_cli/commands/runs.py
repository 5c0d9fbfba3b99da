"""`ichor runs`, `ichor runs show`, `ichor runs result`, `ichor runs rerun`."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from ichor_models import RuleId, RunStatus, parse_duration
from pydantic import JsonValue

from ichor_cli.arguments import Json, Timeout, refuse_json_before
from ichor_cli.commands.fire import seconds
from ichor_cli.errors import WrongUsage
from ichor_cli.run_table import run_picture, run_table, well_ended
from ichor_cli.screen import Screen, write

if TYPE_CHECKING:
    from ichor_edgestore import RunSummary, RunView

    from ichor_cli.repetition import Repetition

_RUN = typer.Argument(metavar="RUN", help="The id of a run, or of its workflow.", show_default=False)
_ACTION = typer.Argument(metavar="ACTION", help="The name of an action.", show_default=False)
_STATUS = typer.Option("--status", help="Only runs of this status; may come again.")
_SINCE = typer.Option("--since", metavar="AGO", help="Only runs as old as this or newer, like 1h, or since a time.")
_LIMIT = typer.Option("--limit", min=1, max=10_000, help="At most so many.")
_WAIT = typer.Option("--wait", help="Wait for its end, and exit 1 unless it completed.")


def runs(
    context: typer.Context,
    rule: Annotated[str | None, typer.Option("--rule", help="Only runs of this rule, by id or name.")] = None,
    entity: Annotated[str | None, typer.Option("--entity", help="Only runs for this entity.")] = None,
    status: Annotated[list[RunStatus] | None, _STATUS] = None,
    since: Annotated[str | None, _SINCE] = None,
    limit: Annotated[int, _LIMIT] = 50,
    json: Json = False,
) -> int:
    """List runs, the newest first; `show` one of them, or `rerun` it."""
    if context.invoked_subcommand is not None:
        refuse_json_before(context, json)
        return 0
    found = asyncio.run(_list(rule, entity, tuple(status or ()), _time(since), limit))
    Screen(json).answer(
        {"runs": [run.model_dump(mode="json") for run in found]},
        lambda: run_table(found) if found else "There are no such runs.",
    )
    return 0


def show(run: Annotated[str, _RUN], json: Json = False) -> int:
    """Show one run: its graph with each action's state, result and duration, and why others did not run."""
    found = asyncio.run(_get(run))
    Screen(json).answer(found.model_dump(mode="json"), lambda: run_picture(found))
    return 0


def result(run: Annotated[str, _RUN], action: Annotated[str, _ACTION], json: Json = False) -> int:
    """Print the whole result of an action as JSON, however large it is; `--json` changes nothing."""
    write(asyncio.run(_result(run, action)))
    return 0


def rerun(
    run: Annotated[str, _RUN],
    wait: Annotated[bool, _WAIT] = False,
    timeout: Timeout = "60s",
    json: Json = False,
) -> int:
    """Run it again: the same event and trigger data, the rule's graph as it is now."""
    from ichor_cli.repetition import repeat

    screen = Screen(json)
    with screen.busy("Running it again"):
        repetition: Repetition = asyncio.run(repeat(run, seconds(timeout) if wait else None))
    screen.answer(repetition.document(), lambda: repetition.sentence)
    return 0 if repetition.run is None or well_ended([repetition.run]) else 1


async def _list(
    rule: str | None, entity: str | None, statuses: tuple[RunStatus, ...], since: datetime | None, limit: int
) -> "Sequence[RunSummary]":
    from ichor_edgestore import RunFilter

    from ichor_cli.store import edge_store

    async with edge_store() as store:
        rule_id: RuleId | None = await store.find_rule(rule) if rule is not None else None
        wanted = RunFilter(rule_id=rule_id, entity_name=entity, statuses=statuses, since=since, limit=limit)
        return await store.list_runs(wanted)


async def _get(run: str) -> "RunView":
    from ichor_cli.store import edge_store

    async with edge_store() as store:
        return await store.get_run(run)


async def _result(run: str, action: str) -> JsonValue:
    from ichor_edgestore import whole_result

    from ichor_cli.store import edge_store

    async with edge_store() as store:
        return await whole_result(store, run, action)


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        if text[:1].isdigit() and "-" in text:
            time = datetime.fromisoformat(text)
            return time if time.tzinfo else time.replace(tzinfo=UTC)
        return datetime.now(UTC) - parse_duration(text)
    except ValueError:
        mend = "Write it like 90m, or 2026-11-23T20:00:00Z."
        raise WrongUsage(f"--since {text!r} is no time.", code="usage", mend=mend) from None
