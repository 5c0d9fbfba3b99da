-- release 1
-- All approvals that ever were are listed a page at a time, the newest first.
CREATE INDEX IF NOT EXISTS approval_requests_created_index
    ON workflow.approval_requests (created_date DESC, approval_request_id);
