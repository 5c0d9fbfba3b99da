"""`ichor fire`."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer
from ichor_models import EventType, InvalidDuration, parse_duration

from ichor_cli.arguments import Json, Timeout
from ichor_cli.errors import WrongUsage
from ichor_cli.event_draft import EventDraft, as_event
from ichor_cli.plain_text import plain
from ichor_cli.screen import Screen

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ichor_cli.firing import Fired

_FILE = typer.Argument(metavar="FILE", help="A file with the event, JSON or YAML; options win.", show_default=False)
_TYPE = typer.Option("--type", help="What happened; without a file on_create, with --change on_update.")
_EVENT_ID = typer.Option("--event-id", metavar="EVENT_ID", help="Its own id; a new one by default.")
_DATA = typer.Option("--data", metavar="JSON", help="raw_data, a JSON object.")
_SET = typer.Option("--set", metavar="KEY=VALUE", help="One value of raw_data, JSON or text; may come again.")
_CHANGE = typer.Option("--change", metavar="FIELD=OLD->NEW", help="One of field_changes; may come again.")
_EXPLAIN = typer.Option("--explain", help="Say for each rule whether and why it matches; publish nothing.")
_PUBLISH = typer.Option("--publish", help="Publish, with --explain too.")
_WAIT = typer.Option("--wait", help="Publish, wait for the runs, and exit 1 unless all completed.")


def fire(
    file: Annotated[str | None, _FILE] = None,
    entity: Annotated[str | None, typer.Option("--entity", metavar="ENTITY", help="The entity's name.")] = None,
    type: Annotated[EventType | None, _TYPE] = None,
    id: Annotated[str | None, typer.Option("--id", metavar="ENTITY_ID", help="The entity's id.")] = None,
    user: Annotated[str | None, typer.Option("--user", metavar="USER_ID", help="The id of the user behind it.")] = None,
    event_id: Annotated[str | None, _EVENT_ID] = None,
    data: Annotated[str | None, _DATA] = None,
    values: Annotated[list[str] | None, _SET] = None,
    changes: Annotated[list[str] | None, _CHANGE] = None,
    explain: Annotated[bool, _EXPLAIN] = False,
    publish: Annotated[bool, _PUBLISH] = False,
    wait: Annotated[bool, _WAIT] = False,
    timeout: Timeout = "60s",
    json: Json = False,
) -> int:
    """Publish an entity event to RabbitMQ, as an application would; or say which rules it would start."""
    fields = {"entity_name": entity, "event_type": type, "entity_id": id, "user_id": user, "event_id": event_id}
    draft = EventDraft(file, fields, data, tuple(values or ()), tuple(changes or ()))
    document = draft.document()
    screen = Screen(json)

    from ichor_cli.firing import Firing, fire
    from ichor_cli.run_table import well_ended

    firing = Firing(
        event=as_event(document),
        document=document,
        explain=explain,
        publish=publish or wait or not explain,
        wait=seconds(timeout) if wait else None,
    )
    with screen.busy("Waiting for the runs" if wait else "Publishing"):
        fired = asyncio.run(fire(firing))
    if fired.note is not None:
        screen.note(fired.note)
    screen.answer(fired.result(), lambda: _told(fired))
    return 0 if well_ended(fired.runs or ()) else 1


def seconds(text: str) -> float:
    """Read how long to wait.

    Raises:
        WrongUsage: it is no duration.
    """
    try:
        return parse_duration(f"{text.strip()}s" if text.strip().isdigit() else text).total_seconds()
    except InvalidDuration as error:
        raise WrongUsage(f"--timeout: {error}.", code="usage", mend="Write it like 90s or 5m.") from None


def _told(fired: "Fired") -> "RenderableType":
    from rich.console import Group
    from rich.text import Text

    from ichor_cli.run_table import run_table

    parts: list[RenderableType] = []
    for match in fired.matches or ():
        mark = ("matches", "green") if match.matches else (match.decision.value.replace("_", " "), "yellow")
        parts.append(Text.assemble((match.rule_name, "bold"), "  ", mark, f"  {match.because}"))
    if fired.listeners is not None:
        if not fired.matches:
            parts.append(Text(fired.listeners.nobody, "yellow"))
        parts += [
            Text.assemble((plain(one.rule.name), "bold"), "  ", ("not asked", "dim"), f"  it {one.because}")
            for one in fired.listeners.deaf
        ]
    if fired.published:
        event = fired.event
        parts.append(Text(f"Published {event['entity_name']}.{event['event_type']} as {event['event_id']}."))
    if fired.published and fired.repeated:
        new = len(fired.runs or fired.repeated) - len(fired.repeated)
        told = f"{new} more were started" if new else "nothing new was started"
        ids = ", ".join(run.execution_id for run in fired.repeated)
        parts.append(Text(f"An event of this id came before, and its runs are {ids}; {told}.", "yellow"))
    if fired.runs is not None:
        parts.append(run_table(fired.runs) if fired.runs else Text("No rule matches it.", "yellow"))
    return Group(*parts)
