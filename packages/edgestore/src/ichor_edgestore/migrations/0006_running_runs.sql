-- release 1
-- The reaper goes through the runs under way, of which there are few among all that ever were.
CREATE INDEX IF NOT EXISTS automation_executions_running_index
    ON workflow.automation_executions (executed_at, id) WHERE status = 'running' AND event_id IS NOT NULL;
