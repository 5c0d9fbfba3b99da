"""What must hold of every graph, whatever the order in which its branches end."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from ichor_executor import Command, EndRun, Machine
from ichor_models import ActionState, Case, Graph

from .asking_driver import AskingDriver
from .driver import Driver
from .generated import cases, graphs, rule_of
from .law import expected

pairs = graphs().flatmap(lambda graph: st.tuples(st.just(graph), cases(graph)))
seeds = st.integers(0, 2**32)


@given(pairs, seeds)
def test_every_interleaving_ends_as_the_law_says(pair: tuple[Graph, Case], seed: int) -> None:
    graph, case = pair
    run = Driver(rule_of(graph), case).run(random.Random(seed).randrange)
    assert (run.status, run.states) == expected(graph, case)


@given(pairs, seeds, seeds)
def test_interleavings_do_not_change_results_or_configs(pair: tuple[Graph, Case], one: int, other: int) -> None:
    graph, case = pair
    first = Driver(rule_of(graph), case).run(random.Random(one).randrange)
    second = Driver(rule_of(graph), case).run(random.Random(other).randrange)
    assert (first.results, first.configs) == (second.results, second.configs)


@given(pairs, seeds)
def test_saving_and_loading_between_any_two_steps_changes_no_command(pair: tuple[Graph, Case], seed: int) -> None:
    graph, case = pair
    kept = Driver(rule_of(graph), case).run(random.Random(seed).randrange)
    reloaded = Driver(rule_of(graph), case, reload=True).run(random.Random(seed).randrange)
    assert kept.log == reloaded.log


@given(pairs, seeds, st.booleans())
def test_an_action_that_asks_ends_as_its_reply_says(pair: tuple[Graph, Case], seed: int, reload: bool) -> None:
    graph, case = pair
    run = AskingDriver(rule_of(graph), case, random.Random(seed), reload=reload).play()
    assert (run.status, run.states) == expected(graph, case)


@given(pairs, seeds, st.integers(1, 3))
def test_the_limit_of_actions_in_flight_holds_and_changes_no_outcome(
    pair: tuple[Graph, Case], seed: int, limit: int
) -> None:
    graph, case = pair
    run = Driver(rule_of(graph, limit), case).run(random.Random(seed).randrange)
    assert run.most_in_flight <= limit
    assert (run.status, run.states) == expected(graph, case)


@given(pairs, seeds)
def test_the_order_of_actions_and_edges_in_the_file_changes_no_outcome(pair: tuple[Graph, Case], seed: int) -> None:
    graph, case = pair
    shuffle = random.Random(seed)
    actions, edges = list(graph.actions), list(graph.edges)
    shuffle.shuffle(actions)
    shuffle.shuffle(edges)
    shuffled = Graph(actions=tuple(actions), edges=tuple(edges))
    first = Driver(rule_of(graph), case).run(lambda _: 0)
    second = Driver(rule_of(shuffled), case).run(lambda _: 0)
    assert (first.status, first.states, first.configs) == (second.status, second.states, second.configs)


@settings(max_examples=200)
@given(pairs)
def test_held_at_any_step_the_run_goes_on_where_it_was(pair: tuple[Graph, Case]) -> None:
    """A run held after each step, drained, saved and loaded ends as one that was never held."""
    graph, case = pair
    run = HeldDriver(rule_of(graph), case).run(lambda _: 0)
    assert (run.status, run.states) == expected(graph, case)
    assert ActionState.CANCELLED not in run.states.values()


class HeldDriver(Driver):
    """Continues as new after every step: hold, wait for what is in flight, save, load, resume."""

    def _save_and_load(self) -> None:
        self.machine.hold()
        while len(self.in_flight) > 1:
            self._take(self._finish(self.in_flight.pop()))

    def _finish(self, index: int) -> list[Command]:
        commands = super()._finish(index)
        if self.machine.quiet and not any(isinstance(command, EndRun) for command in commands):
            self.machine = Machine(self.plan, self.request, self.machine.state)
            commands += self.machine.resume(self.case.now)
        return commands
