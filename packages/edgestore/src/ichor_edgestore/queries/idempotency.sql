-- name: claim
INSERT INTO workflow.idempotency_keys (caller, key, request) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING

-- name: kept
SELECT request, status, response FROM workflow.idempotency_keys WHERE caller = $1 AND key = $2

-- name: keep
UPDATE workflow.idempotency_keys SET status = $3, response = $4 WHERE caller = $1 AND key = $2 AND status IS NULL

-- name: prune
DELETE FROM workflow.idempotency_keys WHERE created_at < now() - $1::interval
