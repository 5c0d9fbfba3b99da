"""A graph drawn as text: each action once, with the edges that leave it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ichor_models import Action, Edge, EdgeType, Graph, Rule
from ichor_models.topology import Topology

if TYPE_CHECKING:
    from rich.text import Text


@dataclass(frozen=True, slots=True)
class Remark:
    """What stands behind an action, and the lines below it."""

    text: str
    style: str
    lines: tuple[str, ...] = ()


def rule_picture(rule: Rule) -> "Text":
    """Draw a rule: what starts it, and its graph."""
    from rich.text import Text

    return Text.assemble((rule.name, "bold"), f"  {_trigger(rule)}\n", graph_picture(rule.graph))


def graph_picture(graph: Graph, remarks: Mapping[str, Remark] | None = None) -> "Text":
    """Draw a graph, its actions in an order in which they could run; `remarks` are by name."""
    from rich.text import Text

    topology = Topology(graph)
    lines = [Text("start", "bold"), *(Text(f"  └─▶ {edge.target}") for edge in topology.starts)]
    for index in topology.order:
        action = graph.actions[index]
        lines += _action(action, (remarks or {}).get(action.name))
        lines += [
            Text(f"  └─{_label(edge)}▶ {edge.target}{_join(topology, edge)}") for edge in topology.outgoing[index]
        ]
    return Text("\n").join(lines)


def _action(action: Action, remark: Remark | None) -> "list[Text]":
    from rich.text import Text

    line = Text.assemble((action.name, "bold"), f"  {action.type}", ("" if action.is_active else "  (inactive)", "dim"))
    if remark is None:
        return [line]
    line.append(f"  {remark.text}", remark.style)
    return [line, *(Text(f"      {text}", "dim") for text in remark.lines)]


def _trigger(rule: Rule) -> str:
    trigger = rule.trigger
    conditions = " and ".join(f"{item.field_name} {item.operator} {item.value}" for item in trigger.conditions)
    return " ".join(filter(None, [trigger.entity, trigger.event, conditions and f"when {conditions}"]))


def _label(edge: Edge) -> str:
    if edge.type is EdgeType.ALWAYS:
        return "always─"
    if edge.type.is_branch:
        return f"{edge.type.removesuffix('_branch')}─"
    return f"{edge.source_output}─" if edge.source_output else ""


def _join(topology: Topology, edge: Edge) -> str:
    incoming = topology.incoming[topology.position[edge.target]]
    return f"  (joins {len(incoming)} edges)" if len(incoming) > 1 else ""
