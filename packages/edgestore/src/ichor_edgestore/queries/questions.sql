-- name: open
INSERT INTO workflow.questions (id, execution_id, action_key, ask, question, expires_at)
VALUES ($1, $2, $3, $4, $5, now() + $6::interval)
RETURNING id, question, expires_at, state

-- name: of_call
SELECT id, question, expires_at, state
FROM workflow.questions
WHERE id = $1

-- name: hold
SELECT
    q.id, q.execution_id, q.action_key, q.ask, q.state, q.question, q.reply, q.delivered_at,
    x.workflow_id, x.status
FROM workflow.questions q
JOIN workflow.automation_executions x ON x.id = q.execution_id
WHERE q.id = $1
FOR UPDATE OF q

-- name: hold_ask
SELECT id, execution_id, action_key, state, question, reply
FROM workflow.questions
WHERE execution_id = $1 AND action_key = $2 AND ask = $3
FOR UPDATE

-- name: answer
UPDATE workflow.questions SET state = 'answered', reply = $2, answered_at = now() WHERE id = $1

-- name: end
UPDATE workflow.questions SET state = $2 WHERE id = $1

-- name: delivered
UPDATE workflow.questions SET delivered_at = now() WHERE id = $1 AND delivered_at IS NULL

-- name: lose
UPDATE workflow.questions SET state = 'closed' WHERE id = $1 AND delivered_at IS NULL

-- name: undelivered
SELECT q.id, q.action_key, q.ask, q.reply, x.workflow_id
FROM workflow.questions q
JOIN workflow.automation_executions x ON x.id = q.execution_id
WHERE q.state = 'answered' AND q.delivered_at IS NULL AND q.answered_at < now() - $1::interval
ORDER BY q.answered_at
LIMIT $2

-- name: action_completed
UPDATE workflow.run_actions
SET state = 'completed', ended = now(), result = $3, error = NULL
WHERE execution_id = $1 AND action_key = $2 AND state <> 'completed'

-- name: action_failed
UPDATE workflow.run_actions
SET state = 'failed', ended = now(), error = $3
WHERE execution_id = $1 AND action_key = $2 AND state <> 'completed'
