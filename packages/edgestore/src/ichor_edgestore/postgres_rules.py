"""Rules and their graphs in PostgreSQL."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID, uuid4

import asyncpg
from ichor_models import Catalogue, Graph, Problem, Rule, RuleId, VersionHash
from ichor_models.circles import WRITERS, Link, circle_warnings

from ichor_edgestore import saving
from ichor_edgestore.candidate import Candidate
from ichor_edgestore.database import Database, Session
from ichor_edgestore.entity_name import bare, schema_of
from ichor_edgestore.errors import AmbiguousRule, RuleNotFound, SchemaMissing
from ichor_edgestore.identity import as_uuid
from ichor_edgestore.query_file import load_queries
from ichor_edgestore.rule_filter import ALL_RULES, RuleFilter
from ichor_edgestore.rule_loader import load_stored_rule
from ichor_edgestore.rule_summary import RuleSummary
from ichor_edgestore.saved_rule import SavedRule
from ichor_edgestore.saving import Analyze
from ichor_edgestore.scheduled_rule import ScheduledRule
from ichor_edgestore.stored_rule import read_json
from ichor_edgestore.writing_rule import as_link, stored_links

_QUERIES = load_queries("rules")


class PostgresRules:
    """Saves, loads and finds rules."""

    def __init__(self, database: Database, analyze: Analyze) -> None:
        self._database = database
        self._analyze = analyze

    async def save_rule(self, rule: Rule, *, catalogue: Catalogue, user_id: str | None = None) -> SavedRule:
        """Validate a rule and write it, all or nothing: over the rule of its id, else of its name, else as a new one.

        Raises:
            InvalidRule: the analyzer refuses it; all problems are listed.
            AmbiguousRule: several rules have its name.
            ConstraintViolated: the database wants a `user_id` for a new rule, or does not know this one.
        """
        report = saving.accepted(rule, self._analyze(rule, catalogue))
        async with self._database.transaction() as session:
            await session.execute(_QUERIES["hold_name"], rule.name)
            found = await _match(session, as_uuid(rule.id), rule.name)
            rule_id = found or as_uuid(rule.id) or uuid4()
            warnings = await self._write_rule(session, rule, rule_id, found is None, as_uuid(user_id))
            await _write_graph(session, rule, rule_id, as_uuid(user_id))
            stored = await load_stored_rule(session, RuleId(str(rule_id)))
            version = await _append_version(session, stored.graph)
            circles = await _circles(session, as_link(rule, stored.rule_id)) if rule.is_active else ()
        return SavedRule(stored.rule_id, version, found is None, (*report.warnings, *warnings, *circles))

    async def load_rule(self, rule_id: RuleId) -> Rule:
        """Return a rule with its graph as the tables hold it now.

        Raises:
            RuleNotFound: there is none.
            InvalidRule: what starts it, or its limits, cannot be read.
        """
        return (await load_stored_rule(self._database, rule_id)).rule()

    async def find_rule(self, id_or_name: str) -> RuleId:
        """Return the id of the rule that an id or a name means.

        Raises:
            RuleNotFound: there is none.
            AmbiguousRule: several rules have this name.
        """
        found = await _match(self._database, as_uuid(id_or_name), id_or_name)
        if found is None:
            raise RuleNotFound(f"There is no rule with the id or name {id_or_name!r}.")
        return RuleId(str(found))

    async def list_rules(self, wanted: RuleFilter = ALL_RULES) -> Sequence[RuleSummary]:
        """Return rules by name, those included whose graph or trigger cannot be read."""
        place = (wanted.after.name, wanted.after.rule_id) if wanted.after else (None, None)
        conditions = (wanted.bare_entity, wanted.event, wanted.is_active, *place)
        return [_summary(row) for row in await self._database.rows(_QUERIES["list"], *conditions, wanted.limit)]

    async def activate_rule(self, rule_id: RuleId, *, user_id: str | None = None) -> None:
        """Let events start a rule."""
        await self._set_active(rule_id, True, user_id)

    async def deactivate_rule(self, rule_id: RuleId, *, user_id: str | None = None) -> None:
        """Keep events from starting a rule; runs in flight go on."""
        await self._set_active(rule_id, False, user_id)

    async def candidates(self, entity_name: str, event_type: str) -> Sequence[Candidate]:
        """Return the active rules of an entity, by its name without a schema, and an event type."""
        rows = await self._database.rows(_QUERIES["candidates"], bare(entity_name), str(event_type))
        return [Candidate(RuleId(str(row["id"])), row["name"], read_json(row["conditions"])) for row in rows]

    async def rule_names(self, rule_ids: Iterable[RuleId]) -> Mapping[RuleId, str]:
        """Return the names of those rules that are there."""
        keys = [key for rule_id in rule_ids if (key := as_uuid(rule_id))]
        rows = await self._database.rows(_QUERIES["names"], keys) if keys else []
        return {RuleId(str(row["id"])): row["name"] for row in rows}

    async def scheduled_rules(self) -> Sequence[ScheduledRule]:
        """Return the active rules that a schedule starts."""
        rows = await self._database.rows(_QUERIES["scheduled"])
        return [
            ScheduledRule(RuleId(str(row["id"])), row["name"], row["entity"], read_json(row["schedule"]))
            for row in rows
        ]

    async def _set_active(self, rule_id: RuleId, active: bool, user_id: str | None) -> None:
        key = as_uuid(rule_id)
        if key is None or not await self._database.execute(_QUERIES["set_active"], key, active, as_uuid(user_id)):
            raise RuleNotFound(f"There is no rule with the id {rule_id}.")

    async def _write_rule(
        self, session: Session, rule: Rule, rule_id: UUID, is_new: bool, user_id: UUID | None
    ) -> tuple[Problem, ...]:
        if not is_new:
            await session.execute(_QUERIES["hold_rule"], rule_id)
        entity_id, entity_type_id, warnings = await _entity(session, rule.trigger.entity)
        await session.execute(
            _QUERIES["insert_rule" if is_new else "update_rule"],
            rule_id,
            rule.name,
            rule.description,
            entity_id,
            entity_type_id,
            str(rule.trigger.event),
            saving.stored_conditions(rule),
            saving.stored_schedule(rule),
            saving.stored_options(rule),
            rule.is_active,
            user_id,
        )
        return warnings


async def _match(source: Database | Session, rule_id: UUID | None, name: str) -> UUID | None:
    found: list[UUID] = [row["id"] for row in await source.rows(_QUERIES["matching"], rule_id, name)]
    if rule_id in found:
        return rule_id
    if len(found) > 1:
        raise AmbiguousRule(f"{len(found)} rules are named {name!r}; say which by id: {', '.join(map(str, found))}.")
    return found[0] if found else None


async def _entity(session: Session, name: str | None) -> tuple[UUID | None, UUID | None, tuple[Problem, ...]]:
    """Return the ids of an entity and its type, and what to warn of; one that is unknown is registered."""
    if name is None:
        return None, None, ()
    registered = None
    row = await session.row(_QUERIES["entity"], bare(name))
    if row is None:
        registered = await session.row(_QUERIES["register_entity"], bare(name), schema_of(name))
        row = await session.row(_QUERIES["entity"], bare(name))
    if row is None:
        raise SchemaMissing("The database has no entity type `table`; run `ichor migrate`.")
    warnings = saving.entity_warnings(name, is_new=registered is not None, is_active=row["is_active"])
    return row["id"], row["entity_type_id"], warnings


async def _circles(session: Session, link: Link) -> tuple[Problem, ...]:
    if not link.writes:
        return ()
    return circle_warnings(link, stored_links(await session.rows(_QUERIES["writers"], list(WRITERS))))


async def _write_graph(session: Session, rule: Rule, rule_id: UUID, user_id: UUID | None) -> None:
    known = [_known_action(row) for row in await session.rows(_QUERIES["known_actions"], rule_id)]
    wished = [id_ for action in rule.actions if (id_ := as_uuid(action.id))]
    foreign = [row["id"] for row in await session.rows(_QUERIES["foreign_actions"], rule_id, wished)]
    ids = saving.assign_ids(rule.actions, known, foreign)
    types = sorted({action.type for action in rule.actions})
    templates = {row["action_type"]: row["id"] for row in await session.rows(_QUERIES["templates"], types)}
    await session.execute(_QUERIES["remove_edges"], rule_id)
    await session.execute(_QUERIES["write_actions"], rule_id, saving.action_rows(rule, ids, known, templates))
    await session.execute(_QUERIES["remove_actions"], rule_id, list(ids.values()), user_id)
    await session.execute(_QUERIES["write_edges"], rule_id, saving.edge_rows(rule.edges, ids))


async def _append_version(session: Session, graph: Graph) -> VersionHash:
    await session.execute(_QUERIES["write_version"], graph.version, graph.model_dump(mode="json"))
    return graph.version


def _known_action(row: asyncpg.Record) -> saving.KnownAction:
    return saving.KnownAction(row["id"], row["name"], row["template_id"], row["action_type"], row["in_graph"])


def _summary(row: asyncpg.Record) -> RuleSummary:
    return RuleSummary(
        rule_id=RuleId(str(row["id"])),
        name=row["name"],
        description=row["description"],
        is_active=row["is_active"],
        entity=row["entity"],
        event=row["event"],
        updated=row["updated"],
    )
