-- release 1
-- The relay takes events of each entity name in turn.
CREATE INDEX IF NOT EXISTS outbox_name_index ON workflow.outbox (entity_name, seq) WHERE state = 'pending';
