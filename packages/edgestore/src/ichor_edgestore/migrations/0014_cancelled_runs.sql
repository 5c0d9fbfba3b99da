-- release 1
-- Who asked that a run be cancelled, when and why; the first request stays.
ALTER TABLE workflow.automation_executions
    ADD COLUMN IF NOT EXISTS cancel_requested timestamptz,
    ADD COLUMN IF NOT EXISTS cancel_requested_by text,
    ADD COLUMN IF NOT EXISTS cancel_reason text;
