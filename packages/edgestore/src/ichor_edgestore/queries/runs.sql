-- name: pending
-- This and the next are two statements, since a status that is a parameter would not find the index of its own.
SELECT x.id, x.workflow_id, x.executed_at::timestamptz AS created
FROM workflow.automation_executions x
WHERE x.status = 'pending' AND x.event_id IS NOT NULL AND x.executed_at < now() - $1::interval
    AND ($2::timestamptz IS NULL OR (x.executed_at, x.id) > ($2::timestamptz, $3::uuid))
ORDER BY x.executed_at, x.id
LIMIT $4

-- name: running
SELECT x.id, x.workflow_id, x.executed_at::timestamptz AS created
FROM workflow.automation_executions x
WHERE x.status = 'running' AND x.event_id IS NOT NULL AND x.executed_at < now() - $1::interval
    AND ($2::timestamptz IS NULL OR (x.executed_at, x.id) > ($2::timestamptz, $3::uuid))
ORDER BY x.executed_at, x.id
LIMIT $4

-- name: start
-- The first action may have been noted before.
UPDATE workflow.automation_executions
SET status = 'running',
    started_at = least(now(), (SELECT min(a.started) FROM workflow.run_actions a WHERE a.execution_id = $1))
WHERE id = $1 AND status = 'pending'

-- name: end
-- What the interpreter did itself is known only now, and may have begun before the start was noted.
UPDATE workflow.automation_executions
SET status = $2, error_message = $3, error_type = $4, actions_executed = $5, ended_at = now(),
    started_at = least(started_at, $6),
    -- An Ichor database has 32 bits here, which are 24 days.
    execution_time_ms = least(
        greatest(extract(epoch FROM now() - coalesce(least(started_at, $6), executed_at)) * 1000, 0), 2147483647
    )::integer
WHERE id = $1 AND status IN ('pending', 'running')
RETURNING (SELECT r.name FROM workflow.automation_rules r WHERE r.id = automation_rules_id) AS rule_name

-- name: request_cancel
UPDATE workflow.automation_executions
SET cancel_requested = coalesce(cancel_requested, now()),
    cancel_requested_by = CASE WHEN cancel_requested IS NULL THEN $3::text ELSE cancel_requested_by END,
    cancel_reason = CASE WHEN cancel_requested IS NULL THEN $4::text ELSE cancel_reason END
WHERE event_id IS NOT NULL AND (id = $1 OR workflow_id = $2) AND status IN ('pending', 'running')
RETURNING id, workflow_id, status, executed_at::timestamptz AS created

-- name: settle
INSERT INTO workflow.temporal_namespace (id) VALUES ($1) ON CONFLICT DO NOTHING

-- name: forget
DELETE FROM workflow.temporal_namespace

-- name: home
SELECT id FROM workflow.temporal_namespace

-- name: exists
SELECT 1 FROM workflow.automation_executions WHERE id = $1

-- name: list
SELECT
    x.id, x.workflow_id, x.automation_rules_id, r.name AS rule_name, x.event_id, x.entity_type, x.rerun,
    x.trigger_source, x.status, x.error_message, x.error_type, x.executed_at::timestamptz AS created, x.started_at, x.ended_at,
    x.execution_time_ms
FROM workflow.automation_executions x
LEFT JOIN workflow.automation_rules r ON r.id = x.automation_rules_id
WHERE x.event_id IS NOT NULL
    AND ($1::uuid IS NULL OR x.automation_rules_id = $1)
    AND ($2::text IS NULL OR x.entity_type = $2)
    AND (cardinality($3::text[]) = 0 OR x.status = ANY($3))
    AND ($4::timestamptz IS NULL OR x.executed_at >= $4)
    AND ($5::timestamptz IS NULL OR x.executed_at < $5)
    AND ($6::timestamptz IS NULL OR (x.executed_at <= $6 AND (x.executed_at < $6 OR x.id > $7::uuid)))
ORDER BY x.executed_at DESC, x.id
LIMIT $8

-- name: view
SELECT
    x.id, x.workflow_id, x.automation_rules_id, r.name AS rule_name, x.event_id, x.entity_type, x.rerun,
    x.trigger_source, x.status, x.error_message, x.error_type, x.executed_at::timestamptz AS created, x.started_at, x.ended_at,
    x.execution_time_ms, x.trigger_data, x.actions_executed, x.graph_version, v.content,
    x.cancel_requested, x.cancel_requested_by, x.cancel_reason
FROM workflow.automation_executions x
LEFT JOIN workflow.automation_rules r ON r.id = x.automation_rules_id
JOIN workflow.graph_versions v ON v.hash = x.graph_version
WHERE x.event_id IS NOT NULL AND (x.id = $1 OR x.workflow_id = $2)

-- name: awaited
SELECT q.id, coalesce(a.name, q.action_key) AS action, q.question, coalesce(p.escalated, false) AS escalated,
    q.expires_at AS expires
FROM workflow.questions q
LEFT JOIN workflow.run_actions a USING (execution_id, action_key)
LEFT JOIN workflow.approval_requests p ON p.approval_request_id = q.id
WHERE q.execution_id = $1 AND q.state = 'open'
ORDER BY q.created_date, q.id

-- name: journal
SELECT action_key AS key, name, action_type AS type, state, attempts, started, ended, result, error
FROM workflow.run_actions
WHERE execution_id = $1
