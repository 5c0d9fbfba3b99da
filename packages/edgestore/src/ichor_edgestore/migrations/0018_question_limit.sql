-- release 1
-- How many bytes a reply may have that travels in the question's graph; null where only the deployment's limit holds.
ALTER TABLE workflow.questions ADD COLUMN IF NOT EXISTS largest integer;
