"""Builds graphs and rules in a few words, for tests."""

from typing import Any, Self

from ichor_models import CONDITION, DELAY, FAILURE, Action, Edge, EdgeType, Graph, Rule, RunOptions, Trigger


class GraphBuilder:
    """Collects actions and edges; each edge gets the next order.

    `GraphBuilder().action("a").action("b").start("a").then("a", "b").rule()`
    """

    def __init__(self, default_type: str = "log_audit_entry") -> None:
        self._default_type = default_type
        self._actions: list[Action] = []
        self._edges: list[Edge] = []

    def action(self, name: str, type: str | None = None, *, active: bool = True, **config: Any) -> Self:
        """Add an action; without a config it gets its name as message."""
        own = config or {"message": name}
        self._actions.append(Action(name=name, type=type or self._default_type, is_active=active, config=own))
        return self

    def condition(self, name: str, field: str, operator: str, value: Any = None, *, active: bool = True) -> Self:
        """Add a condition on one field."""
        condition = {"field_name": field, "operator": operator, "value": value}
        return self.action(name, CONDITION, active=active, conditions=[condition])

    def delay(self, name: str, duration: str) -> Self:
        """Add a delay."""
        return self.action(name, DELAY, duration=duration)

    def start(self, *targets: str) -> Self:
        """Add start edges."""
        return self._connect(None, targets, EdgeType.START)

    def then(self, source: str, *targets: str, port: str | None = None) -> Self:
        """Add sequence edges, on an output port if one is given."""
        return self._connect(source, targets, EdgeType.SEQUENCE, port)

    def fork(self, source: str, *targets: str) -> Self:
        """Add parallel edges."""
        return self._connect(source, targets, EdgeType.PARALLEL)

    def on_true(self, source: str, *targets: str) -> Self:
        """Add the edges of a condition that holds."""
        return self._connect(source, targets, EdgeType.TRUE_BRANCH)

    def on_false(self, source: str, *targets: str) -> Self:
        """Add the edges of a condition that does not hold."""
        return self._connect(source, targets, EdgeType.FALSE_BRANCH)

    def on_failure(self, source: str, *targets: str) -> Self:
        """Add error edges."""
        return self._connect(source, targets, EdgeType.SEQUENCE, FAILURE)

    def always(self, source: str, *targets: str) -> Self:
        """Add edges that are followed however the source finished."""
        return self._connect(source, targets, EdgeType.ALWAYS)

    def join(self, target: str, *sources: str) -> Self:
        """Add a sequence edge from each source."""
        for source in sources:
            self.then(source, target)
        return self

    def graph(self) -> Graph:
        """Return the graph as it stands."""
        return Graph(actions=tuple(self._actions), edges=tuple(self._edges))

    def rule(self, name: str = "rule", *, entity: str = "orders", event: str = "on_create", **options: Any) -> Rule:
        """Return a rule of the graph; `options` are those of its runs."""
        return Rule(
            name=name,
            trigger=Trigger.model_validate({"entity": entity, "event": event}),
            options=RunOptions.model_validate(options),
            actions=tuple(self._actions),
            edges=tuple(self._edges),
        )

    def _connect(self, source: str | None, targets: tuple[str, ...], type: EdgeType, port: str | None = None) -> Self:
        for target in targets:
            order = len(self._edges) + 1
            self._edges.append(Edge(source=source, target=target, type=type, order=order, source_output=port))
        return self
