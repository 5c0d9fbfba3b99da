"""`ichor runs`, `ichor runs show`, `ichor runs result`, `ichor runs rerun`, `ichor runs cancel`."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from ichor_models import LONGEST_REASON, RuleId, RunStatus, parse_duration
from pydantic import JsonValue

from ichor_cli.arguments import Json, Timeout, refuse_json_before
from ichor_cli.commands.fire import seconds
from ichor_cli.errors import Missing, WrongUsage
from ichor_cli.run_table import run_picture, run_table, well_ended
from ichor_cli.screen import Screen, write

if TYPE_CHECKING:
    from ichor_edgestore import ApprovalView, RunSummary, RunView

    from ichor_cli.repetition import Repetition

_MOST_APPROVALS = 1_000
_RUN = typer.Argument(metavar="RUN", help="The id of a run, or of its workflow.", show_default=False)
_RULE = typer.Option("--rule", metavar="RULE", help="Only runs of this rule, by id or name.")
_ACTION = typer.Argument(metavar="ACTION", help="The name of an action.", show_default=False)
_STATUS = typer.Option("--status", help="Only runs of this status; may come again.")
_SINCE = typer.Option("--since", metavar="AGO", help="Only runs as old as this or newer, like 1h, or since a time.")
_LIMIT = typer.Option("--limit", min=1, max=10_000, help="At most so many.")
_RUNS = typer.Argument(metavar="RUN…", help="The ids of runs, or of their workflows.", show_default=False)
_END = typer.Option("--wait", help="Wait for their end, and exit 1 unless they are cancelled.")
_REASON = typer.Option("--reason", metavar="TEXT", help="Why, for whoever asks later.")
_USER = typer.Option("--as", metavar="USER_ID", help="Who cancels it, for whoever asks later.")
_AT_ONCE = typer.Option("--no-cleanup", help="End them at once, also those that are cleaning up.")
_WAIT = typer.Option("--wait", help="Wait for its end, and exit 1 unless it completed.")


def runs(
    context: typer.Context,
    rule: Annotated[str | None, _RULE] = None,
    entity: Annotated[str | None, typer.Option("--entity", metavar="ENTITY", help="Only runs for this entity.")] = None,
    status: Annotated[list[RunStatus] | None, _STATUS] = None,
    since: Annotated[str | None, _SINCE] = None,
    limit: Annotated[int, _LIMIT] = 50,
    json: Json = False,
) -> int:
    """List runs, the newest first; `show` one of them or a `result` of it, `rerun` or `cancel` it."""
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
    from ichor_service import run_progress

    found, approvals = asyncio.run(_get(run))
    progress = run_progress(found, datetime.now(UTC))
    Screen(json).answer(
        {
            **progress.run.model_dump(mode="json"),
            "delays": {name: end.isoformat() for name, end in progress.delays.items()},
            "approvals": [approval.model_dump(mode="json") for approval in approvals],
        },
        lambda: run_picture(progress, approvals),
    )
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


def cancel(
    runs: Annotated[list[str], _RUNS],
    wait: Annotated[bool, _END] = False,
    timeout: Timeout = "60s",
    reason: Annotated[str | None, _REASON] = None,
    user: Annotated[str | None, _USER] = None,
    no_cleanup: Annotated[bool, _AT_ONCE] = False,
    json: Json = False,
) -> int:
    """Cancel runs: what is under way stops, then the cleanup that their graphs ask for runs."""
    from ichor_cli.run_cancellation import cancel_runs

    if reason is not None and len(reason) > LONGEST_REASON:
        raise typer.BadParameter(f"it may have {LONGEST_REASON} characters", param_hint="--reason")
    screen, limit = Screen(json), seconds(timeout) if wait else None
    with screen.busy("Cancelling"):
        asked = asyncio.run(cancel_runs(runs, by=user, reason=reason, cleanup=not no_cleanup, wait=limit))
    screen.answer(
        {"runs": [run.document() for run in asked]},
        lambda: "\n".join(run.sentence for run in asked),
    )
    return 1 if wait and any(run.status is not RunStatus.CANCELLED for run in asked) else 0


async def _list(
    rule: str | None, entity: str | None, statuses: tuple[RunStatus, ...], since: datetime | None, limit: int
) -> "Sequence[RunSummary]":
    from ichor_edgestore import RunFilter

    from ichor_cli.store import edge_store

    async with edge_store() as store:
        rule_id: RuleId | None = await store.find_rule(rule) if rule is not None else None
        wanted = RunFilter(rule_id=rule_id, entity_name=entity, statuses=statuses, since=since, limit=limit)
        return await store.list_runs(wanted)


async def _get(run: str) -> "tuple[RunView, Sequence[ApprovalView]]":
    """Return a run, and the approvals that it asked for."""
    from ichor_edgestore import ApprovalFilter

    from ichor_cli.store import edge_store

    async with edge_store() as store:
        found = await store.get_run(run)
        asked = ApprovalFilter(execution_id=UUID(found.execution_id), limit=_MOST_APPROVALS)
        return found, await store.list_approvals(asked)


async def _result(run: str, action: str) -> JsonValue:
    from ichor_edgestore import ValueGone, whole_result
    from ichor_models import ActionError

    from ichor_cli.store import edge_store

    async with edge_store() as store:
        try:
            return await whole_result(store, run, action)
        except ActionError as error:
            if error.type != ValueGone.action_type:
                raise
            mend = "`ichor runs show RUN --json` has what other actions read of it."
            raise Missing(str(error), code=error.type, mend=mend) from error


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
