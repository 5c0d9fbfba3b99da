-- release 1
-- The limits that a run was pinned with: an edit of its rule does not reach them.
ALTER TABLE workflow.automation_executions ADD COLUMN IF NOT EXISTS options jsonb;
