-- name: backlog
-- Each part is answered by an index of what waits, however much there ever was.
SELECT
    o.waiting AS outbox_pending, clock_timestamp() - o.oldest AS outbox_age, f.given_up AS outbox_failed,
    (SELECT last_error FROM workflow.outbox WHERE state = 'failed' ORDER BY seq DESC LIMIT 1) AS outbox_error,
    q.waiting AS questions_open, clock_timestamp() - q.oldest AS question_age,
    p.waiting AS runs_pending, clock_timestamp() - p.oldest AS pending_age, r.under_way AS runs_running
FROM
    (SELECT count(*) AS waiting, min(created_at) AS oldest FROM workflow.outbox WHERE state = 'pending') o,
    (SELECT count(*) AS given_up FROM workflow.outbox WHERE state = 'failed') f,
    (SELECT count(*) AS waiting, min(created_date) AS oldest FROM workflow.questions WHERE state = 'open') q,
    (
        SELECT count(*) AS waiting, min(executed_at)::timestamptz AS oldest
        FROM workflow.automation_executions
        WHERE status = 'pending' AND event_id IS NOT NULL
    ) p,
    (
        SELECT count(*) AS under_way
        FROM workflow.automation_executions
        WHERE status = 'running' AND event_id IS NOT NULL
    ) r
