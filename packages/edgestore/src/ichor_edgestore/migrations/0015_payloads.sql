-- release 1
-- Values that are too large to travel with their run: results of actions, and parts of them that other actions read,
-- under the run's id; what the engine itself sends to Temporal under the id of the run's workflow.
CREATE TABLE IF NOT EXISTS workflow.payloads (
    run text NOT NULL,
    -- The hash of the content: the same value is kept once per run.
    key text NOT NULL,
    body bytea NOT NULL,
    size bigint NOT NULL,
    -- Once its run is long over, a value is deleted, or kept as long as the run's row, which refers to it.
    kept_by uuid REFERENCES workflow.automation_executions (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run, key)
);

-- It is compressed already.
ALTER TABLE workflow.payloads ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE INDEX IF NOT EXISTS payloads_uncollected_index ON workflow.payloads (created_at) WHERE kept_by IS NULL;
CREATE INDEX IF NOT EXISTS payloads_kept_index ON workflow.payloads (kept_by) WHERE kept_by IS NOT NULL;

-- Which paths of the reply other actions read: what of a large one must travel.
ALTER TABLE workflow.questions ADD COLUMN IF NOT EXISTS reads text[] NOT NULL DEFAULT '{}';
