-- release 1
-- The hash of a reply as it came: what is kept of a large one depends on the limits of the worker that took it.
ALTER TABLE workflow.questions ADD COLUMN IF NOT EXISTS reply_hash text;
