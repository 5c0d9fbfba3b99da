-- release 1
-- A request that is sent again gets the response as it was, its keys in their order, which jsonb does not keep.
ALTER TABLE workflow.idempotency_keys ALTER COLUMN response TYPE json;
