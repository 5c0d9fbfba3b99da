-- release 1
-- What runs ask of other systems and of people. A question ends once: answered, expired (its time was over), or closed
-- (its run ended). Whoever comes first decides; the run is told of an answer by a signal.
CREATE TABLE IF NOT EXISTS workflow.questions (
    id uuid PRIMARY KEY,
    execution_id uuid NOT NULL REFERENCES workflow.automation_executions (id) ON DELETE CASCADE,
    action_key text NOT NULL,
    ask integer NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'answered', 'expired', 'closed')),
    question jsonb NOT NULL,
    expires_at timestamptz NOT NULL,
    reply jsonb,
    answered_at timestamptz,
    delivered_at timestamptz,
    created_date timestamptz NOT NULL DEFAULT now(),
    UNIQUE (execution_id, action_key, ask)
);

CREATE INDEX IF NOT EXISTS questions_undelivered_index
    ON workflow.questions (answered_at) WHERE state = 'answered' AND delivered_at IS NULL;
