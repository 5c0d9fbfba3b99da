-- release 1
-- The key that encrypts what is sent to Temporal, so that a program without it is told, and sends nothing readable.
CREATE TABLE IF NOT EXISTS workflow.temporal_encryption (
    key_id text NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT now(),
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only)
);
