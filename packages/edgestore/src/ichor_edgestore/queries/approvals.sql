-- name: open
INSERT INTO workflow.approval_requests (
    approval_request_id, execution_id, rule_id, action_name, approvers, approver_roles, approval_type, required, status,
    timeout_hours, task_token, approval_message, remind_at, escalate_at, lineage, created_date
)
SELECT
    q.id, q.execution_id, x.automation_rules_id, $2, $3::uuid[], $4::text[], $5, $6, 'pending',
    $7, '', $8, now() + $9::interval, now() + $10::interval, $11::jsonb, now()
FROM workflow.questions q
JOIN workflow.automation_executions x ON x.id = q.execution_id
WHERE q.id = $1

-- name: alert
-- One alert for each approval, with its id: reminders and escalations wake it up again.
INSERT INTO workflow.alerts (
    id, alert_type, severity, title, message, context, source_entity_name, source_entity_id, source_row_id, source_rule_id,
    status, created_date, updated_date
)
SELECT
    a.approval_request_id, 'approval_request', 'high', $2, $3,
    jsonb_build_object('approval_id', a.approval_request_id, 'execution_id', a.execution_id, 'action', a.action_name),
    left($4, 100), $5::uuid, $6, a.rule_id, 'active', now(), now()
FROM workflow.approval_requests a
WHERE a.approval_request_id = $1

-- name: recipients
-- A role whose name is no UUID has no place among the recipients.
INSERT INTO workflow.alert_recipients (id, alert_id, recipient_type, recipient_id, created_date)
SELECT gen_random_uuid(), $1, r.kind, r.id, now()
FROM (
    SELECT 'user' AS kind, u.id FROM unnest($2::uuid[]) AS u (id)
    UNION ALL
    SELECT 'role', t.id FROM unnest($3::uuid[]) AS t (id)
) AS r
WHERE EXISTS (SELECT FROM workflow.alerts WHERE id = $1)
ON CONFLICT DO NOTHING

-- name: hold
-- The question decides: whatever another program wrote into the row is no vote.
SELECT
    CASE q.state WHEN 'open' THEN 'pending' ELSE a.status END AS status, a.escalated,
    q.question -> 'approval' AS approval
FROM workflow.questions q
JOIN workflow.approval_requests a ON a.approval_request_id = q.id
WHERE q.id = $1
FOR UPDATE

-- name: votes
SELECT person, name, approves, reason, decides
FROM workflow.approval_votes
WHERE approval_request_id = $1
ORDER BY created_date

-- name: vote
INSERT INTO workflow.approval_votes (approval_request_id, person, name, approves, reason, decides)
VALUES ($1, $2, $3, $4, $5, $6)

-- name: resolve
UPDATE workflow.approval_requests
SET status = $2, resolved_by = $3, resolved_by_name = $4, resolution_reason = $5, resolved_date = now()
WHERE approval_request_id = $1

-- name: quiet
UPDATE workflow.alerts SET status = 'resolved', updated_date = now() WHERE id = $1 AND status <> 'resolved'

-- name: wake
WITH acknowledged AS (
    DELETE FROM workflow.alert_acknowledgments WHERE alert_id = $1
)
UPDATE workflow.alerts SET status = 'active', updated_date = now() WHERE id = $1

-- name: due
SELECT
    a.approval_request_id AS id, a.reminders, coalesce(a.remind_at <= now(), false) AS is_reminder,
    coalesce(a.escalate_at <= now(), false) AS is_escalation, q.question -> 'approval' AS approval
FROM workflow.questions q
JOIN workflow.approval_requests a ON a.approval_request_id = q.id
WHERE a.status = 'pending' AND q.state = 'open' AND least(a.remind_at, a.escalate_at) <= now()
ORDER BY least(a.remind_at, a.escalate_at)
LIMIT $1
FOR UPDATE SKIP LOCKED

-- name: bound
-- All that are due are held meanwhile: nobody can vote on any of them, and no run with one of them can end.
SET LOCAL lock_timeout = '200ms'

-- name: remind
UPDATE workflow.approval_requests
SET reminders = reminders + 1, remind_at = now() + $2::interval
WHERE approval_request_id = $1

-- name: escalate
UPDATE workflow.approval_requests
SET escalated = true, escalate_at = NULL, approvers = approvers || $2::uuid[], approver_roles = approver_roles || $3::text[]
WHERE approval_request_id = $1

-- name: tell
SELECT workflow.emit_event(
    $2, 'approval_requests', a.approval_request_id::text,
    to_jsonb(a) - ARRAY['task_token', 'lineage', 'remind_at', 'escalate_at'],
    $3::jsonb, $4, $5, coalesce($6::jsonb, a.lineage)
)
FROM workflow.approval_requests a
WHERE a.approval_request_id = $1

-- name: plan_anew
-- Each filter of `list` has an index of its own; a plan for all of them reads the whole table.
SET LOCAL plan_cache_mode = force_custom_plan

-- name: list
SELECT
    a.approval_request_id AS approval_id, a.execution_id, a.rule_id, r.name AS rule_name, a.action_name, a.status,
    a.approval_message AS message, a.reminders, a.escalated, q.question -> 'approval' AS approval,
    a.created_date::timestamptz AS created, q.expires_at AS expires, a.resolved_date::timestamptz AS resolved,
    a.resolved_by, a.resolved_by_name, a.resolution_reason AS reason,
    coalesce(
        (
            SELECT jsonb_agg(
                jsonb_build_object(
                    'person', v.person, 'name', v.name, 'approves', v.approves, 'reason', v.reason,
                    'decides', v.decides, 'voted', v.created_date
                )
                ORDER BY v.created_date
            )
            FROM workflow.approval_votes v
            WHERE v.approval_request_id = a.approval_request_id
        ),
        '[]'
    ) AS votes
FROM workflow.approval_requests a
JOIN workflow.questions q ON q.id = a.approval_request_id
LEFT JOIN workflow.automation_rules r ON r.id = a.rule_id
WHERE ($1::uuid IS NULL OR a.approval_request_id = $1)
    AND ($2::text IS NULL OR a.status = $2)
    AND ($3::uuid IS NULL OR a.execution_id = $3)
    AND (
        $4::timestamptz IS NULL
        OR (a.created_date <= $4 AND (a.created_date < $4 OR a.approval_request_id > $5::uuid))
    )
    AND (
        NOT $6::boolean
        OR $7::uuid = ANY(a.approvers)
        OR a.approver_roles && $8::text[]
    )
ORDER BY a.created_date DESC, a.approval_request_id
LIMIT $9
