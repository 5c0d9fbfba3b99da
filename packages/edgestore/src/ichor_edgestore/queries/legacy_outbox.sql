-- name: is_there
SELECT to_regclass('workflow.cascade_outbox') IS NOT NULL AS is_there

-- name: hold
-- One at a time, or a row's later events could enter our outbox before its earlier ones.
SELECT pg_try_advisory_xact_lock(hashtextextended('ichor legacy outbox', 0)) AS is_held

-- name: take
-- `place` counts the events of one name from the oldest, so that the caller sees where one is missing because somebody
-- else has it locked.
WITH waiting AS MATERIALIZED (
    SELECT id, row_number() OVER (PARTITION BY entity_name ORDER BY seq) AS place
    FROM workflow.cascade_outbox
    WHERE published_at IS NULL AND NOT dead
    ORDER BY seq
    LIMIT $1
)
SELECT o.id::text AS id, o.event_type, o.entity_name, o.payload, o.lineage, w.place
FROM waiting w
JOIN workflow.cascade_outbox o USING (id)
WHERE o.published_at IS NULL AND NOT o.dead
ORDER BY o.seq
FOR UPDATE OF o SKIP LOCKED

-- name: adopted
DELETE FROM workflow.cascade_outbox WHERE id = ANY($1::text[]::uuid[])

-- name: bury
UPDATE workflow.cascade_outbox SET dead = true, last_error = $2, attempts = attempts + 1 WHERE id = $1::text::uuid
