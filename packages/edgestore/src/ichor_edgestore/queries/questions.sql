-- name: open
-- The lock makes the end of the run wait, or this wait for that: a run that has ended asks nothing.
WITH run AS (
    SELECT id FROM workflow.automation_executions WHERE id = $2 AND status IN ('pending', 'running') FOR SHARE
)
INSERT INTO workflow.questions (id, execution_id, action_key, ask, question, expires_at, sent_at, reads, largest)
SELECT $1, r.id, $3, $4, $5, now() + $6::interval, CASE WHEN $7 THEN NULL ELSE now() END, $8, $9
FROM run r
ON CONFLICT (execution_id, action_key, ask) DO NOTHING
RETURNING id, question, expires_at, state, reply, traceparent

-- name: of_call
SELECT id, question, expires_at, state, reply, traceparent
FROM workflow.questions
WHERE id = $1

-- name: hold
SELECT
    q.id, q.execution_id, q.action_key, q.ask, q.state, q.question, q.reply, q.reply_hash, q.delivered_at, q.reads, q.largest,
    q.traceparent,
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

-- name: close_all
-- In the order of `close_some`: the end of a run comes beside its cleanup, and neither may wait for the other.
WITH held AS MATERIALIZED (
    SELECT id FROM workflow.questions
    WHERE execution_id = $1 AND state = 'open'
    ORDER BY action_key, ask
    FOR UPDATE
)
UPDATE workflow.questions q SET state = 'closed'
FROM held
WHERE q.id = held.id
RETURNING q.id, q.question ? 'approval' AS is_approval

-- name: close_some
-- What an action has not asked so far, and may be about to, is closed before: `open` finds it in its place.
INSERT INTO workflow.questions (id, execution_id, action_key, ask, state, question, expires_at, sent_at)
SELECT gen_random_uuid(), x.id, a.key, a.ask, 'closed', '{}', now(), now()
FROM workflow.automation_executions x, unnest($2::text[], $3::integer[]) AS a (key, ask)
WHERE x.id = $1
ORDER BY a.key, a.ask
ON CONFLICT (execution_id, action_key, ask) DO UPDATE SET state = 'closed' WHERE questions.state = 'open'
RETURNING id, question ? 'approval' AS is_approval

-- name: answer
-- Who does not deliver the reply wakes those who do.
WITH answered AS (
    UPDATE workflow.questions
    SET state = 'answered', reply = $2, reply_hash = $3, answered_at = now(), tried_at = CASE WHEN $4 THEN now() END
    WHERE id = $1
)
SELECT pg_notify('ichor_replies', '') WHERE NOT $4

-- name: end
UPDATE workflow.questions SET state = $2 WHERE id = $1

-- name: delivered
UPDATE workflow.questions SET delivered_at = now() WHERE id = $1 AND delivered_at IS NULL

-- name: arrived
-- The run ended with the action, which only the reply can have ended: the run got it before it ended.
UPDATE workflow.questions q
SET delivered_at = now()
FROM workflow.automation_executions x, workflow.run_actions a
WHERE q.id = $1 AND q.state = 'answered' AND q.delivered_at IS NULL AND x.id = q.execution_id
    AND a.execution_id = q.execution_id AND a.action_key = q.action_key
    AND x.status NOT IN ('pending', 'running') AND EXISTS (
        SELECT FROM jsonb_array_elements(x.actions_executed) AS e
        WHERE e ->> 'name' = a.name AND e ->> 'state' IN ('completed', 'failed')
    )

-- name: withdraw
UPDATE workflow.questions SET state = 'closed'
WHERE id = $1 AND state = 'open'
RETURNING id, question ? 'approval' AS is_approval

-- name: lose
UPDATE workflow.questions SET state = 'closed' WHERE id = $1 AND delivered_at IS NULL

-- name: refuse
WITH refused AS (
    UPDATE workflow.questions SET reply = $2, reply_hash = $3
    WHERE id = $1 AND state = 'answered' AND delivered_at IS NULL
    RETURNING execution_id, action_key
)
UPDATE workflow.run_actions a
SET state = 'failed', ended = now(), result = NULL, error = $4
FROM refused r
WHERE a.execution_id = r.execution_id AND a.action_key = r.action_key

-- name: asked
SELECT q.id, q.execution_id, coalesce(a.name, q.action_key) AS action, q.state
FROM workflow.questions q
LEFT JOIN workflow.run_actions a USING (execution_id, action_key)
WHERE q.id = ANY($1::uuid[])

-- name: sent
UPDATE workflow.questions SET sent_at = now() WHERE id = $1 AND sent_at IS NULL

-- name: unsent
SELECT id, question, expires_at, state, reply, traceparent
FROM workflow.questions
WHERE state = 'open' AND sent_at IS NULL AND created_date < now() - $1::interval AND expires_at > now()
ORDER BY created_date
LIMIT $2

-- name: take_undelivered
WITH due AS (
    SELECT id
    FROM workflow.questions
    WHERE state = 'answered' AND delivered_at IS NULL AND (tried_at IS NULL OR tried_at <= now() - $1::interval)
    ORDER BY answered_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
UPDATE workflow.questions q
SET tried_at = now()
FROM due, workflow.automation_executions x
WHERE q.id = due.id AND x.id = q.execution_id
RETURNING q.id, q.action_key, q.ask, q.reply, q.traceparent, x.workflow_id

-- name: action_completed
-- An attempt that failed may have asked before; what failed for good stays so.
UPDATE workflow.run_actions
SET state = 'completed', ended = now(), result = $3, error = NULL
WHERE execution_id = $1 AND action_key = $2
    AND (state = 'running' OR state = 'failed' AND error -> 'retryable' = 'true')

-- name: action_failed
UPDATE workflow.run_actions
SET state = 'failed', ended = now(), error = $3
WHERE execution_id = $1 AND action_key = $2
    AND (state = 'running' OR state = 'failed' AND error -> 'retryable' = 'true')
