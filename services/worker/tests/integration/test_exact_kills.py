"""The worker is killed at every point between two steps of asking and of answering; nothing is lost or done twice."""

from pathlib import Path
from uuid import UUID

from ichor_edgestore import Verdict
from ichor_models import Reply
from ichor_testing.engine_program import start_program
from ichor_testing.question_bench import QuestionBench

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


async def nothing_is_left(bench: QuestionBench, id: UUID) -> None:
    """Check that no reply is dead or waits, and that each sending was of the same question."""
    assert await bench.waiting("ichor.replies.dead") == 0
    assert await bench.waiting("ichor.replies") == 0
    again = await bench.store.claim_question(id, Reply.model_validate({"result": {"available": 3}}))
    assert again.verdict is Verdict.REPEATED
    while await bench.waiting("stock"):
        assert (await bench.question()).message_id == str(id)
