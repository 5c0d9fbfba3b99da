"""The demo itself: the engine on this machine, sample rules, events through RabbitMQ, and what came of them."""

import os
import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence

from carrier import answering
from expected_run import ExpectedRun, outcomes, watch
from ichor_cli.action_types import catalogue
from ichor_cli.application import apply_rule
from ichor_cli.dev_stack import DevStack, StackOptions, dev_stack
from ichor_cli.publication import publish
from ichor_cli.screen import console
from ichor_cli.store import edge_store
from ichor_cli.trial import read_trial
from ichor_edgestore import EdgeStore
from ichor_models import RuleId, workflow_id
from ichor_service import load_settings
from ichor_testing import start_smtp
from manager import deciding
from shop import look_around, open_shop
from story import HERE, Results, Story

_RUN = "infra/uv run --no-sync"


async def play(story: Story, *, stay: bool) -> int:
    """Start everything, play the story, and say what came of it."""
    started = time.monotonic()
    async with start_smtp() as mails:
        environment = {"ICHOR_ENTITIES": str(HERE / "entities.yaml"), "ICHOR_SMTP_URL": mails.url}
        async with dev_stack(StackOptions(apart=True, environment=environment), say) as stack:
            say(f"Everything runs after {time.monotonic() - started:.1f} s.")
            os.environ.update(stack.environment)
            database = stack.environment["ICHOR_DATABASE_URL"]
            await open_shop(database)
            carrier = answering(stack.environment["ICHOR_RABBITMQ_URL"])
            async with carrier, edge_store() as store, deciding(store, say):
                runs = await tell(story, store)
                surprises = [*unexpected(runs), *await extra_runs(store, runs)]
            found = await look_around(database, mails)
            surprises += differences(story.results, found)
            console().print(outcomes(runs))
            conclude(found, surprises, started)
            guide(stack, stay=stay)
            if stay:
                await stack.watch()
    return 1 if surprises else 0


async def tell(story: Story, store: EdgeStore) -> list[ExpectedRun]:
    """Save the rules, publish the events, and return the runs when they have ended."""
    rules = await save_rules(store)
    settings = load_settings(["rabbitmq_url"])
    runs: list[ExpectedRun] = []
    for step in story.steps:
        await watch(store, [run for run in runs if step.after == run.step.event["entity_name"]], say)
        say(f"{step.says}.")
        await publish(settings, step.entity_event(), step.document())
        runs += [
            ExpectedRun(step, rule, workflow_id(rules[rule], step.entity_event().event_id), status)
            for rule, status in step.runs.items()
        ]
    await watch(store, runs, say)
    return runs


async def save_rules(store: EdgeStore) -> Mapping[str, RuleId]:
    """Save the sample rules and return their ids by name."""
    saved: dict[str, RuleId] = {}
    for file in sorted((HERE / "rules").glob("*.yaml")):
        rule = read_trial(file, catalogue()).rule
        if rule is None:
            raise ValueError(f"{file} is not valid")
        applied = await apply_rule(store, str(file), rule, catalogue(), None)
        if applied.saved is not None:
            saved[rule.name] = applied.saved.rule_id
            say(f"Rule {rule.name!r}: {applied.change}.")
    return saved


def unexpected(runs: Sequence[ExpectedRun]) -> Iterator[str]:
    """Yield the runs that ended otherwise than the story says."""
    for run in runs:
        if run.status is not run.expected:
            yield f"{run.rule!r} should have ended {run.expected} and ended {run.status}."


async def extra_runs(store: EdgeStore, runs: Sequence[ExpectedRun]) -> list[str]:
    """Return the runs that should not be there: no rule is for them, or the event came again."""
    expected = {run.workflow_id for run in runs}
    return [
        f"{run.rule_name!r} ran for {run.event_id} and should not have."
        for run in await store.list_runs()
        if run.workflow_id not in expected
    ]


def differences(expected: Results, found: Results) -> Iterator[str]:
    """Yield what the actions left otherwise than the story says."""
    for name in Results.model_fields:
        should, have = getattr(expected, name), getattr(found, name)
        if should != have:
            yield f"{name} should be {should} and are {have}."


def conclude(found: Results, surprises: Sequence[str], started: float) -> None:
    """Print what the actions left."""
    print()
    for name, values in found.lines():
        print(f"{name:8}{'; '.join(values)}")
    print()
    for surprise in surprises:
        print(f"NOT AS TOLD: {surprise}")
    took = f"after {time.monotonic() - started:.1f} s"
    print(f"Not everything ended as the story says, {took}." if surprises else f"Everything ended as told, {took}.")


def guide(stack: DevStack, *, stay: bool) -> None:
    """Print where to look."""
    if stay:
        print(f"\nTemporal's UI: {stack.temporal_ui or stack.environment['ICHOR_TEMPORAL_ADDRESS']}")
        print(f"In another shell, in this folder:\n\n{exports(stack)}\n{_RUN} ichor runs\n\nCtrl-C ends it.")
    else:
        print(f"Look around while it runs: {_RUN} python tests-e2e/demo/demo.py --stay")
        print(f"Start with nothing in it:  {_RUN} ichor dev")
    sys.stdout.flush()


def exports(stack: DevStack) -> str:
    """Return the variables with which another shell finds the demo."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in stack.environment.items())


def say(text: str) -> None:
    """Tell how far the story has come."""
    print(text, file=sys.stderr, flush=True)
