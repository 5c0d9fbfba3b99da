"""A graph drawn as text: each action once, with the edges that leave it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ichor_models import Edge, EdgeType, Rule
from ichor_models.topology import Topology

if TYPE_CHECKING:
    from rich.text import Text

type Remark = "tuple[str, str]"
"""What stands behind an action's name, and its style."""


def graph_picture(rule: Rule, remarks: Mapping[str, Remark] | None = None) -> "Text":
    """Draw a rule's graph, the actions in an order in which they could run; `remarks` are by name."""
    from rich.text import Text

    topology = Topology(rule.graph)
    text = Text.assemble((rule.name, "bold"), f"  {_trigger(rule)}\n", "start\n")
    for edge in topology.starts:
        text.append(f"  └─▶ {edge.target}\n")
    for index in topology.order:
        action = rule.actions[index]
        remark, style = (remarks or {}).get(action.name, ("", ""))
        text.append_text(Text.assemble((action.name, "bold"), f"  {action.type}"))
        text.append("" if action.is_active else "  (inactive)", "dim")
        text.append_text(Text.assemble("  ", (remark, style), "\n") if remark else Text("\n"))
        for edge in topology.outgoing[index]:
            text.append(f"  └─{_label(edge)}▶ {edge.target}{_join(topology, edge)}\n")
    text.rstrip()
    return text


def _trigger(rule: Rule) -> str:
    trigger = rule.trigger
    conditions = [f"{item.field_name} {item.operator} {item.value}" for item in trigger.conditions]
    return " ".join(
        [trigger.entity or "", trigger.event, "when " * bool(conditions) + " and ".join(conditions)]
    ).strip()


def _label(edge: Edge) -> str:
    if edge.type is EdgeType.ALWAYS:
        return "always─"
    if edge.type.is_branch:
        return f"{edge.type.removesuffix('_branch')}─"
    return f"{edge.source_output}─" if edge.source_output else ""


def _join(topology: Topology, edge: Edge) -> str:
    incoming = topology.incoming[topology.position[edge.target]]
    return f"  (joins {len(incoming)} edges)" if len(incoming) > 1 else ""
