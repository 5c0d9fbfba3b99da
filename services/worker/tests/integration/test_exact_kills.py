"""The worker is killed at every point between two steps of asking and of answering; nothing is lost or done twice."""

from pathlib import Path
from uuid import UUID

from ichor_activities import discover
from ichor_edgestore import Verdict
from ichor_models import Reply, Rule
from ichor_testing import until
from ichor_testing.engine_program import start_program
from ichor_testing.question_bench import QuestionBench, asking_rule, next_message

KILLED = -9
ASKING = ("before sender.send", "after sender.send")
ANSWERING = ("after store.claim_question", "before store.reply_delivered", "after store.reply_delivered")


async def die(bench: QuestionBench, point: str, *arguments: str) -> None:
    """Run a worker until it is killed at a point."""
    environment = {**bench.environment, "DIES_AT": point, "PYTHONPATH": str(Path(__file__).parent)}
    async with start_program("dying_worker", environment, *arguments) as worker:
        assert await worker.ended(60) == KILLED, f"{point}: {worker.complaint}"


async def test_one_question_is_answered_once_whatever_is_killed_in_between(bench: QuestionBench):
    run = await bench.begin("e1")
    for point in ASKING:
        await die(bench, point)
    question = await bench.question()
    await bench.reply(question.correlation_id, {"result": {"available": 3}})
    for point in ANSWERING:
        await die(bench, point, "--only", "replies")
    async with start_program("ichor_worker", bench.environment) as worker:
        view = await bench.ended(run)
        await worker.said("a reply came again")
        assert await worker.stop() == 0
    states = {action.name: (action.state, action.result) for action in view.actions}
    assert view.status == "completed"
    assert states["ask"] == ("completed", {"available": 3, "output": "success"})
    assert states["log"][0] == "completed"
    assert await bench.count("audit_log") == 1
    assert await bench.count("questions") == 1
    await nothing_is_left(bench, UUID(question.message_id or ""))


async def test_that_nobody_listens_is_known_to_the_next_worker(silent: QuestionBench):
    run = await silent.begin("e1")
    await die(silent, "after store.claim_question", "--only", "workflows", "--only", "actions")
    async with start_program("ichor_worker", silent.environment):
        view = await silent.ended(run)
    assert [(action.error or {}).get("type") for action in view.actions if action.name == "ask"] == ["no_listener"]


async def test_a_reply_to_an_action_that_failed_for_good_is_dead(bench: QuestionBench):
    rule = asking_rule()
    rule["actions"][0]["options"] |= {"max_attempts": 1}
    rule["actions"].append({"name": "wait", "type": "delay", "config": {"duration": "1h"}})
    rule["edges"].append({"source": "ask", "target": "wait", "type": "sequence", "source_output": "failure"})
    await bench.store.save_rule(Rule.model_validate(rule), catalogue=discover().catalogue)
    run = await bench.begin("e1")
    await die(bench, "after sender.send")
    question = await bench.question()
    async with start_program("ichor_worker", bench.environment):

        async def has_failed() -> bool:
            return any(action.state == "failed" for action in (await bench.store.get_run(run)).actions)

        await until(has_failed, "the failure")
        await bench.reply(question.correlation_id, {"result": {"available": 3}})
        assert (await bench.dead())["x-ichor-reason"] == "run_ended"


async def nothing_is_left(bench: QuestionBench, id: UUID) -> None:
    """Check that no reply is dead or waits, and that each sending was of the same question."""
    assert await bench.waiting("ichor.replies.dead") == 0
    assert await bench.waiting("ichor.replies") == 0
    again = await bench.store.claim_question(id, Reply.model_validate({"result": {"available": 3}}))
    assert again.verdict is Verdict.REPEATED
    assert bench.questions is not None
    while await bench.waiting("stock"):
        assert (await next_message(bench.questions)).message_id == str(id)
