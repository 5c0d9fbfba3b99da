"""Decisions about ids and templates."""

from uuid import UUID

from ichor_edgestore.saving import KnownAction, action_rows, assign_ids
from ichor_models import Action, Rule

A, B, C = (UUID(int=number) for number in (1, 2, 3))


def action(name: str, id_: UUID | None = None, type_: str = "mail") -> Action:
    """Return an action of a file."""
    return Action(id=str(id_) if id_ else None, name=name, type=type_)


def test_the_own_id_comes_before_the_name() -> None:
    known = [KnownAction(A, "a"), KnownAction(B, "b")]
    assert assign_ids([action("b", A), action("a", B)], known) == {"b": A, "a": B}


def test_a_name_whose_id_was_taken_gets_a_new_one() -> None:
    ids = assign_ids([action("b", A), action("a")], [KnownAction(A, "a")])
    assert ids["b"] == A
    assert ids["a"] not in (A, B)


def test_the_graph_comes_before_what_was_removed() -> None:
    known = [KnownAction(A, "a", in_graph=False), KnownAction(B, "a")]
    assert assign_ids([action("a")], known) == {"a": B}


def test_repeated_names_keep_their_ids() -> None:
    known = [KnownAction(A, "a"), KnownAction(B, "a")]
    assert assign_ids([action("a"), action("a#2")], known) == {"a": A, "a#2": B}


def test_an_id_is_given_once_and_never_another_rules() -> None:
    ids = assign_ids([action("a", C), action("b", C), action("c", A)], [], foreign=[A])
    assert ids["a"] == C
    assert len(set(ids.values())) == 3
    assert ids["c"] != A


def test_an_own_template_stays_while_it_fits() -> None:
    rule = Rule.model_validate(
        {
            "name": "r",
            "trigger": {"event": "manual"},
            "actions": [action("a"), action("b"), action("c", type_="other")],
            "edges": [],
        }
    )
    known = [KnownAction(A, "a", B, "mail"), KnownAction(B, "b", B, "was")]
    rows = action_rows(rule, {"a": A, "b": B, "c": C}, known, {"mail": C})
    assert [row["template_id"] for row in rows] == [str(B), str(C), None]
    assert [row["config"] for row in rows] == [{}, {}, {"action_type": "other"}]
