-- name: put
INSERT INTO workflow.payloads (run, key, body, size)
SELECT $1, v.key, v.body, v.size
FROM unnest($2::text[], $3::bytea[], $4::bigint[]) AS v (key, body, size)
ON CONFLICT DO NOTHING

-- name: get
SELECT body FROM workflow.payloads WHERE run = $1 AND key = $2

-- name: delete
DELETE FROM workflow.payloads WHERE run = $1 AND NOT key = ANY($2::text[])

-- name: keep
UPDATE workflow.payloads SET kept_by = run::uuid WHERE run = $1 AND key = ANY($2::text[]) AND kept_by IS NULL

-- name: over
-- Runs that ended so long ago, or have no row, and whose values nobody has gone through; with what their rows refer to.
-- The owner of a value is a run's id or, of what the engine sends to Temporal, its workflow's.
WITH old AS (
    SELECT DISTINCT run,
        CASE WHEN run ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN run::uuid END AS execution_id
    FROM workflow.payloads
    WHERE kept_by IS NULL AND created_at < now() - $1::interval
)
SELECT old.run, ARRAY(
    SELECT DISTINCT jsonb_path_query(x.actions_executed, '$[*].result."ichor.stored".parts.*.key') #>> '{}'
) AS keep
FROM old
LEFT JOIN workflow.automation_executions x ON x.id = old.execution_id
LEFT JOIN workflow.automation_executions w ON w.workflow_id = old.run
WHERE coalesce(x.id, w.id) IS NULL OR coalesce(x.ended_at, w.ended_at) < now() - $1::interval
LIMIT $2
