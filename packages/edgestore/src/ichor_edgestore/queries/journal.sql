-- name: started
WITH before AS (SELECT error FROM workflow.run_actions WHERE execution_id = $1 AND action_key = $2)
INSERT INTO workflow.run_actions AS a (execution_id, action_key, name, action_type, state, attempts)
VALUES ($1, $2, $3, $4, 'running', 1)
ON CONFLICT (execution_id, action_key) DO UPDATE
SET state = CASE WHEN a.state = 'completed' THEN a.state ELSE 'running' END,
    attempts = CASE WHEN a.state = 'completed' THEN a.attempts ELSE a.attempts + 1 END,
    error = CASE WHEN a.state = 'completed' THEN a.error END,
    ended = CASE WHEN a.state = 'completed' THEN a.ended END
RETURNING attempts, CASE WHEN state = 'completed' THEN result END AS recorded,
    (SELECT error FROM before) AS failure

-- name: completed
INSERT INTO workflow.run_actions AS a (execution_id, action_key, name, action_type, state, attempts, ended, result)
VALUES ($1, $2, $3, $4, 'completed', 1, now(), $5)
ON CONFLICT (execution_id, action_key) DO UPDATE
SET state = excluded.state, ended = excluded.ended, result = excluded.result, error = NULL
WHERE a.state <> 'completed'

-- name: failed
INSERT INTO workflow.run_actions AS a (execution_id, action_key, name, action_type, state, attempts, ended, error)
VALUES ($1, $2, $3, $4, 'failed', 1, now(), $5)
ON CONFLICT (execution_id, action_key) DO UPDATE
SET state = excluded.state, ended = excluded.ended, error = excluded.error
WHERE a.state <> 'completed'

-- name: hold
SELECT state, result FROM workflow.run_actions WHERE execution_id = $1 AND action_key = $2 FOR UPDATE

-- name: open
INSERT INTO workflow.run_actions (execution_id, action_key, name, action_type, state, attempts)
VALUES ($1, $2, $3, $4, 'running', 1)
ON CONFLICT (execution_id, action_key) DO NOTHING

-- name: record
-- Not now(): the transaction began with the action's effects.
UPDATE workflow.run_actions
SET state = 'completed', ended = clock_timestamp(), result = $3, error = NULL
WHERE execution_id = $1 AND action_key = $2 AND state <> 'completed'
