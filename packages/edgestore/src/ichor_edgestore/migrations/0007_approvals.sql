-- release 1
-- What people are asked to decide. An approval's id is that of the question that waits for it, which holds what is asked;
-- the row is for lists and for other programs.
CREATE TABLE IF NOT EXISTS workflow.approval_requests (
    approval_request_id uuid PRIMARY KEY,
    execution_id uuid NOT NULL REFERENCES workflow.automation_executions (id) ON DELETE CASCADE,
    rule_id uuid,
    action_name text NOT NULL,
    approvers uuid[] NOT NULL,
    approval_type varchar(20) NOT NULL,
    status varchar(20) NOT NULL DEFAULT 'pending',
    timeout_hours integer NOT NULL DEFAULT 72,
    task_token text NOT NULL DEFAULT '',
    approval_message text,
    resolved_by uuid,
    resolution_reason text,
    created_date timestamptz NOT NULL DEFAULT now(),
    resolved_date timestamptz
);

ALTER TABLE workflow.approval_requests ADD COLUMN IF NOT EXISTS required integer;
ALTER TABLE workflow.approval_requests ADD COLUMN IF NOT EXISTS approver_roles text[] NOT NULL DEFAULT '{}';
ALTER TABLE workflow.approval_requests ADD COLUMN IF NOT EXISTS resolved_by_name text;
ALTER TABLE workflow.approval_requests ADD COLUMN IF NOT EXISTS remind_at timestamptz;
ALTER TABLE workflow.approval_requests ADD COLUMN IF NOT EXISTS reminders integer NOT NULL DEFAULT 0;
ALTER TABLE workflow.approval_requests ADD COLUMN IF NOT EXISTS escalate_at timestamptz;
ALTER TABLE workflow.approval_requests ADD COLUMN IF NOT EXISTS escalated boolean NOT NULL DEFAULT false;
-- What the asking run hands on to the events of its approval (events.md, Cascades).
ALTER TABLE workflow.approval_requests ADD COLUMN IF NOT EXISTS lineage jsonb;

CREATE TABLE IF NOT EXISTS workflow.approval_votes (
    approval_request_id uuid NOT NULL REFERENCES workflow.approval_requests (approval_request_id) ON DELETE CASCADE,
    -- A user's id, or whatever the deployment's tokens call a person.
    person text NOT NULL,
    name text,
    approves boolean NOT NULL,
    reason text,
    decides boolean NOT NULL,
    created_date timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (approval_request_id, person)
);

CREATE INDEX IF NOT EXISTS approval_requests_execution_index ON workflow.approval_requests (execution_id);
CREATE INDEX IF NOT EXISTS approval_requests_pending_index
    ON workflow.approval_requests (created_date) WHERE status = 'pending';
CREATE INDEX IF NOT EXISTS approval_requests_due_index
    ON workflow.approval_requests (least(remind_at, escalate_at)) WHERE status = 'pending';
