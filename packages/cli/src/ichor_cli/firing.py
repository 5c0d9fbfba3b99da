"""An event on its way: which rules it starts, its publication, and the runs that come of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ichor_edgestore import RunView, StoreError
from ichor_models import EntityEvent, Match, match_rules, rules_on_the_way, workflow_id
from ichor_service import Settings, load_settings
from pydantic import JsonValue

from ichor_cli.awaited_runs import known_runs, wait_for_runs
from ichor_cli.listeners import Listeners, find_listeners
from ichor_cli.publication import publish
from ichor_cli.store import edge_store


@dataclass(frozen=True, slots=True)
class Firing:
    """What is to be done with an event; `wait` is for how many seconds to wait for its runs."""

    event: EntityEvent
    document: Mapping[str, JsonValue]
    explain: bool
    publish: bool
    wait: float | None


@dataclass(frozen=True, slots=True)
class Fired:
    """What came of it; `repeated` are the runs that an earlier event of the same id had started.

    `note` says that no rule listens, where that was not to be explained.
    """

    event: Mapping[str, JsonValue]
    published: bool
    matches: Sequence[Match] | None = None
    runs: Sequence[RunView] | None = None
    repeated: Sequence[RunView] = ()
    listeners: Listeners | None = None
    note: str | None = None

    def result(self) -> dict[str, JsonValue]:
        """Return it as `ichor fire --json` prints it."""
        result: dict[str, JsonValue] = {"event": dict(self.event), "published": self.published}
        if self.matches is not None:
            result["rules"] = [_match(match) for match in self.matches]
        if self.listeners is not None:
            result["not_listening"] = [
                {"rule_id": one.rule.rule_id, "rule": one.rule.name, "because": one.because}
                for one in self.listeners.deaf
            ]
        if self.runs is not None:
            result["runs"] = [run.model_dump(mode="json", exclude={"graph", "trigger_data"}) for run in self.runs]
            result["repeated"] = [run.execution_id for run in self.repeated]
        return result


async def fire(firing: Firing) -> Fired:
    """Do what is to be done, in this order: explain, publish, wait."""
    needs = [*(["rabbitmq_url"] if firing.publish else []), *(["database_url"] if _reads(firing) else [])]
    settings = load_settings(needs)
    if not _reads(firing):
        await publish(settings, firing.event, firing.document)
        return Fired(firing.document, published=True, note=await _silence(settings, firing.event))
    async with edge_store(settings) as store:
        listeners = await find_listeners(store, firing.event)
        names = await store.rule_names(rules_on_the_way(firing.event))
        matches = match_rules(firing.event, listeners.candidates, datetime.now(UTC), names)
        ids = [workflow_id(match.rule_id, firing.event.event_id) for match in matches if match.matches]
        before = await known_runs(store, ids)
        if firing.publish:
            await publish(settings, firing.event, firing.document)
        runs = None
        if firing.wait is not None:
            runs = await wait_for_runs(store, ids, firing.wait, event_id=firing.event.event_id)
        if firing.explain:
            return Fired(firing.document, firing.publish, matches, runs, before, listeners)
        return Fired(firing.document, firing.publish, None, runs, before, note=listeners.silence)


async def _silence(settings: Settings, event: EntityEvent) -> str | None:
    """Say that no rule listens to a published event, where there is a database to ask."""
    if settings.database_url is None:
        return None
    try:
        async with edge_store(settings) as store:
            return (await find_listeners(store, event)).silence
    except StoreError as error:
        return f"Whether a rule listens to it was not looked up: {error}"


def _reads(firing: Firing) -> bool:
    return firing.explain or firing.wait is not None


def _match(match: Match) -> dict[str, JsonValue]:
    return {
        "rule_id": match.rule_id,
        "rule": match.rule_name,
        "matches": match.matches,
        "decision": match.decision.value,
        "because": match.because,
    }
