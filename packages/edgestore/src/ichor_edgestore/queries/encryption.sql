-- name: key
SELECT key_id FROM workflow.temporal_encryption

-- name: note
INSERT INTO workflow.temporal_encryption (key_id) VALUES ($1)
ON CONFLICT (is_only) DO UPDATE SET key_id = excluded.key_id, noted_at = now()
WHERE temporal_encryption.key_id <> excluded.key_id AND temporal_encryption.key_id = ANY ($2::text[])

-- name: forget
DELETE FROM workflow.temporal_encryption WHERE key_id = ANY ($1::text[])
