"""Whatever a rule holds, it is loaded as it was saved."""

from datetime import timedelta
from typing import Any

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ichor_edgestore import EdgeStore
from ichor_models import Catalogue, Report, Rule

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
KEYS = TEXT.filter(lambda key: key not in ("action_type", "type", "options"))
NUMBERS = st.integers(-(10**30), 10**30) | st.floats(-1e15, 1e15)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
SECOND = timedelta(seconds=1)
OPTIONS = st.fixed_dictionaries(
    {}, optional={"timeout": st.timedeltas(min_value=SECOND, max_value=100 * SECOND), "max_attempts": st.just(3)}
)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Rules of any names and configs, with edges between any actions."""
    names = draw(st.lists(TEXT.filter(bool), min_size=1, max_size=5, unique=True))
    actions = [
        {
            "name": name,
            "type": draw(st.sampled_from(["send_email", "update_field"])),
            "config": draw(st.dictionaries(KEYS, JSON, max_size=3)),
            "options": draw(OPTIONS),
            "is_active": draw(st.booleans()),
            "description": draw(st.none() | TEXT),
        }
        for name in names
    ]
    edges: list[dict[str, Any]] = [
        {"target": name, "type": "start", "order": draw(st.integers(0, 9))} for name in names
    ]
    types = st.sampled_from(["sequence", "parallel", "always", "true_branch"])
    ends = st.tuples(st.sampled_from(names), st.sampled_from(names), types)
    edges += [
        {"source": a, "target": b, "type": type_} for a, b, type_ in draw(st.lists(ends, unique=True, max_size=6))
    ]
    conditions = draw(st.lists(st.tuples(TEXT.filter(bool), JSON, JSON), max_size=2))
    return Rule.model_validate(
        {
            "name": "any",
            "trigger": {
                "entity": "orders",
                "event": "on_update",
                "conditions": [
                    {"field_name": field, "operator": "equals", "value": value, "previous_value": previous}
                    for field, value, previous in conditions
                ],
            },
            "actions": actions,
            "edges": draw(st.permutations(edges)),
        }
    )


def accept(rule: Rule, catalogue: Catalogue) -> Report:
    """Find nothing wrong."""
    return Report()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rule=rules())
async def test_save_and_load(pool: asyncpg.Pool, rule: Rule) -> None:
    store = EdgeStore(pool, analyze=accept)
    saved = await store.save_rule(rule, catalogue=Catalogue([]))
    loaded = await store.load_rule(saved.rule_id)
    plain = tuple(action.model_copy(update={"id": None}) for action in loaded.actions)
    assert loaded.model_copy(update={"id": None, "actions": plain}) == rule
    assert loaded.graph.version == saved.version
