-- release 1
-- What is ours alone: columns beside those of an Ichor database, versions of graphs, the journal of actions.
-- Every new column may be null or has a default, so that the existing application goes on as it is.

CREATE TABLE IF NOT EXISTS workflow.graph_versions (
    hash text PRIMARY KEY,
    content jsonb NOT NULL,
    created_date timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE workflow.automation_rules ADD COLUMN IF NOT EXISTS options jsonb;
ALTER TABLE workflow.automation_rules ADD COLUMN IF NOT EXISTS schedule jsonb;
-- Scheduled and manual rules need no entity.
ALTER TABLE workflow.automation_rules ALTER COLUMN entity_id DROP NOT NULL;
ALTER TABLE workflow.automation_rules ALTER COLUMN entity_type_id DROP NOT NULL;

-- The place in the workflow file; null for rows that the existing application wrote.
ALTER TABLE workflow.rule_actions ADD COLUMN IF NOT EXISTS position integer;
ALTER TABLE workflow.action_edges ADD COLUMN IF NOT EXISTS position integer;
-- Databases from before the output ports lack it.
ALTER TABLE workflow.action_edges ADD COLUMN IF NOT EXISTS source_output text;

ALTER TABLE workflow.automation_executions ADD COLUMN IF NOT EXISTS event_id text;
ALTER TABLE workflow.automation_executions ADD COLUMN IF NOT EXISTS event jsonb;
ALTER TABLE workflow.automation_executions ADD COLUMN IF NOT EXISTS rerun integer NOT NULL DEFAULT 0;
ALTER TABLE workflow.automation_executions ADD COLUMN IF NOT EXISTS workflow_id text;
ALTER TABLE workflow.automation_executions
    ADD COLUMN IF NOT EXISTS graph_version text REFERENCES workflow.graph_versions (hash);
ALTER TABLE workflow.automation_executions ADD COLUMN IF NOT EXISTS error_type text;
ALTER TABLE workflow.automation_executions ADD COLUMN IF NOT EXISTS started_at timestamptz;
ALTER TABLE workflow.automation_executions ADD COLUMN IF NOT EXISTS ended_at timestamptz;
-- Databases from before manual runs lack them.
ALTER TABLE workflow.automation_executions
    ADD COLUMN IF NOT EXISTS trigger_source varchar(20) NOT NULL DEFAULT 'automation';
ALTER TABLE workflow.automation_executions ADD COLUMN IF NOT EXISTS executed_by uuid;
ALTER TABLE workflow.automation_executions ADD COLUMN IF NOT EXISTS action_type text;

CREATE TABLE IF NOT EXISTS workflow.run_actions (
    execution_id uuid NOT NULL REFERENCES workflow.automation_executions (id) ON DELETE CASCADE,
    action_key text NOT NULL,
    name text NOT NULL,
    action_type text NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'completed', 'failed')),
    attempts integer NOT NULL,
    started timestamptz NOT NULL DEFAULT now(),
    ended timestamptz,
    result jsonb,
    error jsonb,
    PRIMARY KEY (execution_id, action_key)
);

-- A CHECK on edge_type alone is widened, whatever its name; NOT VALID leaves the rows there are as they are.
DO $$
DECLARE
    narrow text;
BEGIN
    FOR narrow IN
        SELECT c.conname
        FROM pg_constraint c
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attname = 'edge_type'
        WHERE c.conrelid = 'workflow.action_edges'::regclass AND c.contype = 'c' AND c.conkey = ARRAY[a.attnum]
    LOOP
        EXECUTE format('ALTER TABLE workflow.action_edges DROP CONSTRAINT %I', narrow);
    END LOOP;
    ALTER TABLE workflow.action_edges ADD CONSTRAINT action_edges_edge_type_check CHECK (
        edge_type IN ('start', 'sequence', 'parallel', 'true_branch', 'false_branch', 'always')
    ) NOT VALID;
END $$;

-- A CHECK on the status alone that does not know all of ours is dropped.
DO $$
DECLARE
    narrow text;
BEGIN
    FOR narrow IN
        SELECT c.conname
        FROM pg_constraint c
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attname = 'status'
        WHERE c.conrelid = 'workflow.automation_executions'::regclass AND c.contype = 'c'
            AND c.conkey = ARRAY[a.attnum]
    LOOP
        EXECUTE format('ALTER TABLE workflow.automation_executions DROP CONSTRAINT %I', narrow);
    END LOOP;
END $$;

-- Edges of one pair may differ in type and in port: a uniqueness that ignores either gives way to one that knows both.
DO $$
DECLARE
    narrow record;
BEGIN
    FOR narrow IN
        SELECT i.indexrelid::regclass AS index_name, c.conname
        FROM pg_index i
        LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.conrelid = i.indrelid
        WHERE i.indrelid = 'workflow.action_edges'::regclass AND i.indisunique AND NOT i.indisprimary
            AND pg_get_indexdef(i.indexrelid) LIKE '%target_action_id%'
            AND (pg_get_indexdef(i.indexrelid) NOT LIKE '%edge_type%'
                OR pg_get_indexdef(i.indexrelid) NOT LIKE '%source_output%')
    LOOP
        IF narrow.conname IS NULL THEN
            EXECUTE format('DROP INDEX %s', narrow.index_name);
        ELSE
            EXECUTE format('ALTER TABLE workflow.action_edges DROP CONSTRAINT %I', narrow.conname);
        END IF;
    END LOOP;
    CREATE UNIQUE INDEX IF NOT EXISTS action_edges_source_target_type_port_key
        ON workflow.action_edges (source_action_id, target_action_id, edge_type, source_output);
EXCEPTION WHEN unique_violation THEN
    RAISE NOTICE 'workflow.action_edges holds the same edge twice; its uniqueness is left as it was';
END $$;

CREATE UNIQUE INDEX IF NOT EXISTS automation_executions_rule_event_key
    ON workflow.automation_executions (automation_rules_id, event_id, rerun) WHERE event_id IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS automation_executions_workflow_key
    ON workflow.automation_executions (workflow_id) WHERE workflow_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS automation_executions_engine_executed_at_index
    ON workflow.automation_executions (executed_at) WHERE event_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS automation_executions_pending_index
    ON workflow.automation_executions (executed_at) WHERE status = 'pending' AND event_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS automation_rules_entity_trigger_index
    ON workflow.automation_rules (entity_id, trigger_type_id) WHERE is_active;
CREATE INDEX IF NOT EXISTS automation_rules_name_index ON workflow.automation_rules (name);
CREATE INDEX IF NOT EXISTS rule_actions_rule_index ON workflow.rule_actions (automation_rules_id);
CREATE INDEX IF NOT EXISTS action_edges_rule_index ON workflow.action_edges (rule_id);
CREATE INDEX IF NOT EXISTS action_edges_source_index ON workflow.action_edges (source_action_id);
CREATE INDEX IF NOT EXISTS action_edges_target_index ON workflow.action_edges (target_action_id);
