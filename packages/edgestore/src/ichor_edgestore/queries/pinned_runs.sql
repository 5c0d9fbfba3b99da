-- name: insert
-- The version and the run that keeps it are one statement; null content says that the version is known to be there.
-- A rule that somebody has locked is refused at once: whoever waited for it would keep a connection from the others.
-- With a stamp nothing is inserted where the rule has another one meanwhile.
WITH rule AS (
    SELECT r.id, CASE WHEN $16::text IS NOT NULL THEN :stamp END AS stamp
    FROM workflow.automation_rules r
    WHERE r.id = $2
    FOR KEY SHARE NOWAIT
),
version AS (
    INSERT INTO workflow.graph_versions (hash, content)
    SELECT $14, $15::jsonb WHERE $15::jsonb IS NOT NULL
    ON CONFLICT (hash) DO NOTHING
)
INSERT INTO workflow.automation_executions (
    id, automation_rules_id, entity_type, trigger_data, status, error_message, error_type, executed_at,
    trigger_source, event_id, rerun, workflow_id, event, options, graph_version, ended_at, actions_executed
)
SELECT
    -- An Ichor database has varchar(50) here; the whole name is in the event.
    $1::uuid, coalesce((SELECT id FROM rule), $2), left($3, 50), $4::jsonb, $5::text, $6, $7, now(), $8, $9, $10::int,
    $11, $12::jsonb, $13::jsonb, $14, CASE WHEN $5::text <> 'pending' THEN now() END,
    -- An Ichor database may want a value here; the run writes its actions when it ends.
    '[]'
WHERE $16::text IS NULL OR $16 = (SELECT stamp FROM rule)
ON CONFLICT DO NOTHING
RETURNING id

-- name: of_event
SELECT
    x.id, x.automation_rules_id, r.name AS rule_name, x.options, x.event, x.workflow_id, x.status,
    x.error_message, x.error_type, x.trigger_data, v.content
FROM workflow.automation_executions x
JOIN workflow.automation_rules r ON r.id = x.automation_rules_id
JOIN workflow.graph_versions v ON v.hash = x.graph_version
WHERE x.automation_rules_id = $1 AND x.event_id = $2 AND x.rerun = 0

-- name: pinned
SELECT
    x.id, x.automation_rules_id, r.name AS rule_name, x.options, x.event, x.workflow_id, x.status,
    x.error_message, x.error_type, x.trigger_data, v.content
FROM workflow.automation_executions x
JOIN workflow.automation_rules r ON r.id = x.automation_rules_id
JOIN workflow.graph_versions v ON v.hash = x.graph_version
WHERE x.id = $1

-- name: to_rerun
SELECT
    x.automation_rules_id, x.entity_type, x.trigger_data, x.event,
    coalesce(x.event_id, x.id::text) AS event_id,
    (
        SELECT coalesce(max(o.rerun), 0) + 1
        FROM workflow.automation_executions o
        WHERE o.automation_rules_id = x.automation_rules_id AND o.event_id = coalesce(x.event_id, x.id::text)
    ) AS next_rerun
FROM workflow.automation_executions x
WHERE x.id = $1
