-- name: is_there
SELECT to_regclass('workflow.cascade_outbox') IS NOT NULL AS is_there

-- name: hold
-- One at a time, or a row's later events could enter our outbox before its earlier ones.
SELECT pg_try_advisory_xact_lock(hashtextextended('ichor legacy outbox', 0)) AS is_held

-- name: take
SELECT id::text AS id, event_type, entity_name, payload, lineage
FROM workflow.cascade_outbox
WHERE published_at IS NULL AND NOT dead
ORDER BY seq
LIMIT $1
FOR UPDATE SKIP LOCKED

-- name: adopted
DELETE FROM workflow.cascade_outbox WHERE id = ANY($1::text[]::uuid[])

-- name: bury
UPDATE workflow.cascade_outbox SET dead = true, last_error = $2, attempts = attempts + 1 WHERE id = $1::text::uuid
