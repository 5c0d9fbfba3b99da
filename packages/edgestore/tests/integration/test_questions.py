"""What both stores do with questions and replies."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from ichor_edgestore import EdgeStore, MemoryStore, Verdict
from ichor_models import (
    ActionCall,
    ActionError,
    ActionRecord,
    ActionState,
    Approval,
    Approvers,
    ExecutionId,
    InvalidReply,
    Message,
    Question,
    Reply,
    RunRecord,
    RunStatus,
    question_id,
)

type Store = EdgeStore | MemoryStore
type NewCall = Callable[..., ActionCall]

YES = Reply.model_validate({"result": {"said": "yes", "output": "success"}})
NO = Reply.model_validate({"result": {"said": "no", "output": "success"}})
BUSY = Reply.model_validate({"error": {"message": "busy", "retryable": True}})
NEVER = Reply.model_validate({"error": {"message": "too large", "type": "refused"}})
ENDED = RunRecord(status=RunStatus.CANCELLED, actions=(), order=())


async def ask(store: Store, call: ActionCall, **question: Any) -> None:
    await store.journal.started(call)
    async with store.journal.transaction(call) as transaction:
        assert await transaction.question() is None
        await transaction.ask(Question(timeout=timedelta(minutes=1), **question))


async def journal(store: Store, run: ExecutionId) -> tuple[Any, Any, Any]:
    (action,) = (await store.get_run(run)).actions
    return action.state, action.result, action.error


async def test_a_later_attempt_finds_the_question(store: Store, call: ActionCall) -> None:
    await ask(store, call, on_timeout={"output": "late"})
    async with store.journal.transaction(call) as transaction:
        opened = await transaction.question()
    assert opened
    assert (opened.id, opened.waits, opened.question.on_timeout) == (question_id(call), True, {"output": "late"})
    again = call.model_copy(update={"ask": 2})
    async with store.journal.transaction(again) as transaction:
        assert await transaction.question() is None


@pytest.mark.parametrize(("reply", "refused"), [(NEVER, "too large"), (BUSY, None), (YES, None)])
async def test_a_later_attempt_finds_what_fails_it(
    store: Store, call: ActionCall, reply: Reply, refused: str | None
) -> None:
    await ask(store, call)
    await store.claim_question(question_id(call), reply)
    async with store.journal.transaction(call) as transaction:
        opened = await transaction.question()
    assert opened
    assert (opened.waits, opened.refusal and opened.refusal.message) == (False, refused)


async def test_the_first_reply_is_the_answer(store: Store, run: ExecutionId, call: ActionCall) -> None:
    await ask(store, call)
    claim = await store.claim_question(question_id(call), Reply.model_validate({"result": {"said": "yes"}}))
    assert (claim.verdict, claim.workflow_id) == (Verdict.TAKEN, (await store.get_run(run)).workflow_id)
    assert claim.notice
    assert (claim.notice.action_key, claim.notice.ask, claim.notice.reply) == (call.key, 1, YES)
    assert await journal(store, run) == ("completed", YES.result, None)
    assert (await store.claim_question(question_id(call), YES)).verdict is Verdict.TAKEN
    assert (await store.claim_question(question_id(call), NO)).verdict is Verdict.OTHER
    await store.reply_delivered(question_id(call))
    assert (await store.claim_question(question_id(call), YES)).verdict is Verdict.REPEATED
    assert (await store.claim_question(question_id(call), BUSY)).verdict is Verdict.OTHER


@pytest.mark.parametrize(
    ("result", "said"),
    [({"output": "ugly"}, "leaves by the port 'ugly'"), ({"score": 1}, "leaves by the port 'success'")],
)
async def test_a_reply_by_a_port_that_the_question_does_not_note_leaves_it_open(
    store: Store, run: ExecutionId, call: ActionCall, result: dict[str, Any], said: str
) -> None:
    await ask(store, call, ports=("good", "bad", "failure"))
    with pytest.raises(InvalidReply, match=f"{said}.*it may leave by good, bad, failure") as error:
        await store.claim_question(question_id(call), Reply(result=result))
    assert error.value.code == "invalid_reply"
    assert (await journal(store, run))[0] == "running"
    good = Reply.model_validate({"result": {"output": "good"}})
    assert (await store.claim_question(question_id(call), good)).verdict is Verdict.TAKEN
    assert (await store.claim_question(question_id(call), Reply(result=result))).verdict is Verdict.OTHER


async def test_an_error_needs_no_port(store: Store, call: ActionCall) -> None:
    await ask(store, call, ports=("good", "failure"))
    assert (await store.claim_question(question_id(call), BUSY)).verdict is Verdict.TAKEN


async def test_replies_at_once_have_one_answer(store: Store, call: ActionCall) -> None:
    await ask(store, call)
    claims = await asyncio.gather(*(store.claim_question(question_id(call), reply) for reply in (YES, NO, BUSY)))
    assert [claim.verdict for claim in claims].count(Verdict.TAKEN) == 1


async def test_an_error_is_noted(store: Store, run: ExecutionId, call: ActionCall) -> None:
    await ask(store, call)
    assert (await store.claim_question(question_id(call), BUSY)).verdict is Verdict.TAKEN
    assert await journal(store, run) == ("failed", None, {"message": "busy", "type": "reply", "retryable": True})


@pytest.mark.parametrize("retryable", [True, False])
async def test_what_failed_for_good_stays_so_whatever_is_replied(
    store: Store, run: ExecutionId, call: ActionCall, retryable: bool
) -> None:
    failure = ActionError("The broker is slow.", retryable=retryable)
    await ask(store, call)
    await store.journal.failed(call, failure)
    assert (await store.claim_question(question_id(call), YES)).verdict is Verdict.TAKEN
    expected = ("completed", YES.result, None) if retryable else ("failed", None, failure.as_json())
    assert await journal(store, run) == expected


async def test_a_run_shows_what_it_waits_for(store: Store, run: ExecutionId, new_call: NewCall) -> None:
    calls = [new_call(run, key=key, name=key) for key in ("stock", "manager", "answered")]
    message, approval = Message(routing_key="stock.check"), Approval(approvers=Approvers(roles=("boss",)))
    for call, question in zip(calls, ({"message": message}, {"approval": approval}, {}), strict=True):
        await ask(store, call, **question)
    await store.claim_question(question_id(calls[2]), YES)
    stock, manager = (await store.get_run(run)).awaits
    assert (stock.action, stock.question.message) == ("stock", message)
    assert (manager.action, manager.id, manager.question.approval) == ("manager", question_id(calls[1]), approval)
    assert not manager.escalated
    await store.run_ended(run, ENDED)
    assert (await store.get_run(run)).awaits == ()


async def test_a_question_of_nobody(store: Store, call: ActionCall) -> None:
    assert (await store.claim_question(question_id(call), YES)).verdict is Verdict.UNKNOWN


async def test_after_its_time_a_question_takes_no_reply(store: Store, run: ExecutionId, call: ActionCall) -> None:
    await ask(store, call)
    assert await store.close_question(run, call.key, 1) is None
    assert await store.close_question(run, call.key, 1) is None
    assert (await store.claim_question(question_id(call), YES)).verdict is Verdict.LATE
    assert (await journal(store, run))[0] == "failed"


async def test_a_time_out_may_be_a_result(store: Store, run: ExecutionId, call: ActionCall) -> None:
    await ask(store, call, on_timeout={"output": "timed_out"})
    await store.close_question(run, call.key, 1)
    assert await journal(store, run) == ("completed", {"output": "timed_out"}, None)


async def test_a_reply_that_was_first_is_found_when_its_time_is_over(
    store: Store, run: ExecutionId, call: ActionCall
) -> None:
    await ask(store, call)
    await store.claim_question(question_id(call), YES)
    assert await store.close_question(run, call.key, 1) == YES


async def test_questions_close_with_their_run(store: Store, run: ExecutionId, call: ActionCall) -> None:
    await ask(store, call)
    await store.run_ended(run, ENDED)
    assert (await store.claim_question(question_id(call), YES)).verdict is Verdict.RUN_ENDED
    assert await store.close_question(run, call.key, 1) is None


async def test_what_may_not_have_been_sent_is_listed(store: Store, call: ActionCall) -> None:
    await ask(store, call, message=Message(routing_key="stock.check", body={"sku": 1}))
    assert await store.unsent_questions(timedelta(hours=1)) == []
    (question,) = await store.unsent_questions(timedelta(0))
    assert (question.id, question.question.message) == (
        question_id(call),
        Message(routing_key="stock.check", body={"sku": 1}),
    )
    await store.question_sent(question.id)
    assert await store.unsent_questions(timedelta(0)) == []


async def test_what_has_no_message_is_not_sent(store: Store, call: ActionCall) -> None:
    await ask(store, call)
    assert await store.unsent_questions(timedelta(0)) == []


async def test_what_may_not_have_reached_its_run_is_listed(store: Store, call: ActionCall) -> None:
    await ask(store, call)
    await store.claim_question(question_id(call), YES)
    (reply,) = await store.take_undelivered(timedelta(hours=1))
    assert (reply.id, reply.notice.reply) == (question_id(call), YES)
    await store.reply_delivered(reply.id)
    assert await store.take_undelivered(timedelta(0)) == []
    assert not await store.reply_lost(reply.id)


async def test_one_delivers_a_reply_at_a_time(store: Store, run: ExecutionId, new_call: NewCall) -> None:
    elsewhere, here = new_call(run, key="elsewhere"), new_call(run, key="here")
    for call in (elsewhere, here):
        await ask(store, call)
    await store.claim_question(question_id(elsewhere), YES)
    await store.claim_question(question_id(here), YES, delivers=True)
    taken = await asyncio.gather(*(store.take_undelivered(timedelta(hours=1)) for _ in range(4)))
    assert [reply.id for replies in taken for reply in replies] == [question_id(elsewhere)]
    again = await store.take_undelivered(timedelta(0))
    assert {reply.id for reply in again} == {question_id(elsewhere), question_id(here)}


async def test_who_answers_wakes_those_who_deliver(edge_store: EdgeStore, asked: ActionCall) -> None:
    async with edge_store.listening_for_replies() as signal:
        await ask(edge_store, asked)
        await edge_store.claim_question(question_id(asked), YES)
        await asyncio.wait_for(signal.wait(120), 60)


async def test_a_reply_that_never_reached_its_run_is_no_result(
    store: Store, run: ExecutionId, call: ActionCall
) -> None:
    await ask(store, call)
    await store.claim_question(question_id(call), YES)
    cancelled = ActionRecord(key=call.key, name=call.name, type=call.type, state=ActionState.CANCELLED)
    await store.run_ended(run, RunRecord(status=RunStatus.CANCELLED, actions=(cancelled,), order=()))
    assert await journal(store, run) == ("cancelled", None, None)


async def test_what_is_answered_cannot_be_withdrawn(store: Store, run: ExecutionId, new_call: NewCall) -> None:
    answered, unheard = new_call(run, key="answered"), new_call(run, key="unheard")
    for call in (answered, unheard):
        await ask(store, call)
    await store.claim_question(question_id(answered), YES)
    await store.journal.withdraw(answered)
    assert (await store.claim_question(question_id(answered), YES)).verdict is Verdict.TAKEN
    await store.journal.withdraw(unheard)
    assert (await store.claim_question(question_id(unheard), YES)).verdict is Verdict.RUN_ENDED


async def test_a_reply_that_came_too_late_for_its_run_is_lost(store: Store, call: ActionCall) -> None:
    await ask(store, call)
    await store.claim_question(question_id(call), YES)
    assert await store.reply_lost(question_id(call))
    assert await store.take_undelivered(timedelta(0)) == []
    assert (await store.claim_question(question_id(call), YES)).verdict is Verdict.RUN_ENDED


@pytest.mark.parametrize(
    ("state", "arrived"),
    [(ActionState.COMPLETED, True), (ActionState.FAILED, True), (ActionState.CANCELLED, False)],
)
async def test_a_reply_that_ended_its_action_has_reached_its_run(
    store: Store, run: ExecutionId, call: ActionCall, state: ActionState, arrived: bool
) -> None:
    await ask(store, call)
    await store.claim_question(question_id(call), YES)
    ended = ActionRecord(key=call.key, name=call.name, type=call.type, state=state)
    await store.run_ended(run, RunRecord(status=RunStatus.COMPLETED, actions=(ended,), order=(call.name,)))
    assert await store.reply_lost(question_id(call)) is not arrived
    assert await store.take_undelivered(timedelta(0)) == []
    verdict = Verdict.REPEATED if arrived else Verdict.RUN_ENDED
    assert (await store.claim_question(question_id(call), YES)).verdict is verdict


async def test_a_reply_that_its_run_cannot_take_becomes_an_error(
    store: Store, run: ExecutionId, call: ActionCall
) -> None:
    await ask(store, call)
    await store.claim_question(question_id(call), YES)
    await store.refuse_reply(question_id(call), NEVER)
    assert await journal(store, run) == (
        "failed",
        None,
        {"message": "too large", "type": "refused", "retryable": False},
    )
    (waiting,) = await store.take_undelivered(timedelta(0))
    assert waiting.notice.reply == NEVER
    assert await store.close_question(run, call.key, 1) == NEVER
    assert (await store.claim_question(question_id(call), YES)).verdict is Verdict.OTHER


async def test_a_reply_that_its_run_has_stays(store: Store, run: ExecutionId, call: ActionCall) -> None:
    await ask(store, call)
    await store.claim_question(question_id(call), YES)
    await store.reply_delivered(question_id(call))
    await store.refuse_reply(question_id(call), NEVER)
    assert await journal(store, run) == ("completed", YES.result, None)
    assert (await store.claim_question(question_id(call), YES)).verdict is Verdict.REPEATED


async def test_only_the_named_questions_are_dropped(
    store: Store, run: ExecutionId, call: ActionCall, new_call: NewCall
) -> None:
    other = call.model_copy(update={"ask": 2})
    await ask(store, call)
    await ask(store, other)
    await store.drop_questions(run, [(call.key, 1), ("nobody", 2)])
    assert (await store.claim_question(question_id(call), YES)).verdict is Verdict.RUN_ENDED
    assert (await store.claim_question(question_id(other), YES)).verdict is Verdict.TAKEN
    await store.drop_questions(run, [(call.key, 2)])
    assert (await store.claim_question(question_id(other), YES)).verdict is Verdict.TAKEN


async def test_what_is_dropped_before_it_was_asked_is_not_asked(
    store: Store, run: ExecutionId, call: ActionCall, new_call: NewCall
) -> None:
    await store.drop_questions(run, [(call.key, 1)])
    await store.drop_questions(run, [(call.key, 1)])
    with pytest.raises(ActionError, match="no longer waits") as raised:
        await ask(store, call)
    assert (raised.value.type, raised.value.retryable) == ("run_ended", False)
    await ask(store, new_call(run, key="other"))
    assert len((await store.get_run(run)).awaits) == 1
