"""Finds everything that is wrong with a rule, all at once (semantics.md: What is refused when a graph is saved)."""

from collections.abc import Iterator

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from ichor_models.action_type import Catalogue
from ichor_models.condition_doubt import condition_doubts
from ichor_models.config_template import written
from ichor_models.control import CONDITION, DELAY
from ichor_models.cron import parse_cron
from ichor_models.errors import TemplateError
from ichor_models.event import EventType
from ichor_models.graph import FAILURE, Action, EdgeType
from ichor_models.names import Names
from ichor_models.path import Path
from ichor_models.problem import Problem, Report
from ichor_models.references import OF_CHANGES, condition_reads, parts, reads
from ichor_models.rule import Rule
from ichor_models.spelling import ended, meant, unknown_key
from ichor_models.structure import edge_place, failure_joins, structure_problems
from ichor_models.template import Placeholder, Secret, scan
from ichor_models.text import shown
from ichor_models.topology import Topology
from ichor_models.wording import sentence

_NEVER_TEXT = {
    "list_type",
    "dict_type",
    "model_type",
    "tuple_type",
    "set_type",
    "mapping_type",
    "model_attributes_type",
}


def analyze_rule(rule: Rule, catalogue: Catalogue) -> Report:
    """Return every problem and warning of a rule; `catalogue` holds the action types that may be used."""
    reads = _Reads(rule)
    problems = [
        *_head(rule),
        *structure_problems(rule.graph),
        *(problem for action in rule.actions for problem in _action(action, catalogue)),
        *reads.problems(),
    ]
    warnings = [
        *failure_joins(rule.graph),
        *_ports(rule, catalogue),
        *condition_doubts(rule),
        *reads.warnings(),
        *_schedule(rule),
    ]
    return Report(problems=tuple(problems), warnings=tuple(warnings))


def _head(rule: Rule) -> Iterator[Problem]:
    if not rule.name.strip():
        yield Problem(code="invalid_name", where="name", message="The rule has no name; write one.")
    for index, condition in enumerate(rule.trigger.conditions):
        path = Path.of_change if condition.operator in OF_CHANGES else Path.of
        yield from _field(path(condition.field_name), f"trigger.conditions.{index}.field_name")


def _schedule(rule: Rule) -> Iterator[Problem]:
    cron = rule.trigger.schedule and rule.trigger.schedule.cron
    if cron and parse_cron(cron).never:
        message = f"No year has a day that {cron!r} names, so the rule never fires; correct the day or the month."
        yield Problem(code="never_fires", where="trigger.schedule.cron", message=message)
    if rule.trigger.event is EventType.SCHEDULED and rule.trigger.conditions:
        message = "A schedule has no row to compare, so these are not looked at; use an evaluate_condition action."
        yield Problem(code="conditions_ignored", where="trigger.conditions", message=message)


def _action(action: Action, catalogue: Catalogue) -> Iterator[Problem]:
    where = f"actions.{action.name}"
    if action.problem is not None:
        yield Problem(code="invalid_action", where=where, message=action.problem)
    if action.type in catalogue:
        for error in catalogue[action.type].errors(action.config):
            if not _settled_later(error):
                place = ".".join(["config", *map(str, error["loc"])])
                message = _config_message(action, catalogue[action.type].config, error)
                yield Problem(code="invalid_config", where=f"{where}.{place}", message=message)
    else:
        known = ", ".join(sorted(catalogue))
        hint = meant(action.type, catalogue)
        message = f"{action.type!r} is no action type that is known here; {hint or f'there are {known}.'}"
        yield Problem(code="unknown_action_type", where=f"{where}.type", message=message)
    yield from _templates(action, where)


def _templates(action: Action, where: str) -> Iterator[Problem]:
    for place, part in parts(action):
        if isinstance(part, TemplateError):
            yield Problem(code=part.code, where=f"{where}.{written(place)}", message=f"{part}.")
        elif isinstance(part, Secret) and action.type in (CONDITION, DELAY):
            message = f"{part.text} can be used only in actions that a worker does; {action.type} is none of them."
            yield Problem(code="secret_not_allowed", where=f"{where}.{written(place)}", message=message)
    if action.type == CONDITION:
        for read in condition_reads(action):
            yield from _field(read.path, f"{where}.{written(read.place)}")


def _field(path: Path, where: str) -> Iterator[Problem]:
    """Refuse what is no path of a condition: what it reads must be known before the run."""
    if "{{" in path.text:
        message = f"{shown(path.text)} is no path; a condition names its field without braces, like customer.name."
        yield Problem(code="malformed_template", where=where, message=message)
    elif not path.well_formed:
        message = f"{shown(path.text)} is no path, since a part of it is empty; write one like customer.name."
        yield Problem(code="malformed_template", where=where, message=message)


def _settled_later(error: ErrorDetails) -> bool:
    """Say whether a template stands where the schema objects: what it becomes is checked before the action starts."""
    value = error["input"]
    if not isinstance(value, str) or "{{" not in value or error["type"] == "extra_forbidden":
        return False
    found = list(scan(value))
    if len(found) == 1 and isinstance(found[0], (Placeholder, TemplateError)):
        return True
    return error["type"] not in _NEVER_TEXT


def _config_message(action: Action, config: type[BaseModel], error: ErrorDetails) -> str:
    key = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        return f"{action.type} has no config key {key!r}; {ended(unknown_key(config, error['loc']))}"
    if error["type"] == "missing":
        return f"{action.type} needs the config key {key!r}; add it."
    return sentence(error)


def _ports(rule: Rule, catalogue: Catalogue) -> Iterator[Problem]:
    types = {action.name: action.type for action in rule.actions}
    for index, edge in enumerate(rule.edges):
        source = catalogue.get(types.get(edge.source or "", ""))
        if source is not None and edge.source_output is not None and not source.may_leave_by(edge.source_output):
            message = (
                f"{source.name} declares no output port {edge.source_output!r}, so the edge may never be followed; "
                f"it declares {', '.join(source.all_ports)}."
            )
            yield Problem(code="undeclared_port", where=edge_place(index, edge), message=message)


class _Reads:
    """Who reads whose result, and where it is written."""

    def __init__(self, rule: Rule) -> None:
        self._actions = rule.actions
        self._topology = Topology(rule.graph)
        names = Names(action.name for action in rule.actions)
        self._where: dict[tuple[int, int], dict[str, bool]] = {}
        for reader, action in enumerate(rule.actions):
            for read in reads(action):
                if (owner := names.owner(read.path)) is not None:
                    pair = (reader, self._topology.position[owner[0]])
                    where = f"actions.{action.name}.{written(read.place)}"
                    places = self._where.setdefault(pair, {})
                    places[where] = places.get(where, True) and read.guarded
        self._missing = self._topology.not_upstream(self._by_reader())

    def problems(self) -> Iterator[Problem]:
        """Yield the references to actions that are not upstream."""
        for pair in sorted(self._missing):
            reader, read = (self._actions[index].name for index in pair)
            for where in self._where[pair]:
                message = f"{read!r} does not come before {reader!r}; add a way from it, or remove the reference."
                yield Problem(code="not_upstream", where=where, message=message)

    def warnings(self) -> Iterator[Problem]:
        """Yield the references to actions that may have no result when the reader runs."""
        surely = self._surely_settled()
        unsure = [pair for pair in self._where if pair not in self._missing and pair[1] not in surely]
        past = self._topology.not_on_every_way(unsure)
        for pair in sorted(self._where):
            read = self._actions[pair[1]]
            if not read.is_active or pair in past:
                why = "may be skipped" if read.is_active else "is inactive"
                for where in self._unguarded(pair):
                    message = f"{read.name!r} {why}, and then the template is null; add a default, or accept that."
                    yield Problem(code="may_be_skipped", where=where, message=message)

    def _unguarded(self, pair: tuple[int, int]) -> Iterator[str]:
        return (where for where, guarded in self._where[pair].items() if not guarded)

    def _by_reader(self) -> dict[int, list[int]]:
        reads: dict[int, list[int]] = {}
        for reader, read in self._where:
            reads.setdefault(reader, []).append(read)
        return reads

    def _surely_settled(self) -> set[int]:
        """Return the actions that are never skipped: an edge leads to them whatever the results are."""
        topology = self._topology
        surely = {topology.position[edge.target] for edge in topology.starts}
        for index in topology.order:
            handled = any(edge.type.takes_port and edge.source_output == FAILURE for edge in topology.outgoing[index])
            for edge in topology.outgoing[index]:
                unconditional = edge.type is EdgeType.ALWAYS or (
                    edge.type.takes_port and edge.source_output is None and not handled
                )
                if index in surely and unconditional:
                    surely.add(topology.position[edge.target])
        return surely
