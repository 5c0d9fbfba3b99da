-- release 1
-- Since when somebody tries to bring a reply to its run; others leave it to them for a while.
ALTER TABLE workflow.questions ADD COLUMN IF NOT EXISTS tried_at timestamptz;
