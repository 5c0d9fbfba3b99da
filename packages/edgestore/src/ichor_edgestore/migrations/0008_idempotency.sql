-- release 1
-- What callers of the API asked for under a key of their own, and what they were answered, null until it was done.
CREATE TABLE IF NOT EXISTS workflow.idempotency_keys (
    caller text NOT NULL,
    key text NOT NULL,
    -- A hash of the request: the same key never stands for two.
    request text NOT NULL,
    status integer,
    response jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (caller, key)
);

CREATE INDEX IF NOT EXISTS idempotency_keys_created_index ON workflow.idempotency_keys (created_at);
