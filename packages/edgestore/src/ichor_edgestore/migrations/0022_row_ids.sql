-- release 1
-- The row and the user as the event has them: the columns of an existing database hold UUIDs alone. Null in older rows.
ALTER TABLE workflow.audit_log ADD COLUMN IF NOT EXISTS row_id text;
ALTER TABLE workflow.audit_log ADD COLUMN IF NOT EXISTS person text;
ALTER TABLE workflow.alerts ADD COLUMN IF NOT EXISTS source_row_id text;
