-- release 1
-- The trace that an event or a question belongs to, by W3C's traceparent: who writes one in a transaction says it by
-- `SET LOCAL ichor.traceparent`.
ALTER TABLE workflow.outbox
    ADD COLUMN IF NOT EXISTS traceparent text DEFAULT nullif(current_setting('ichor.traceparent', true), '');
ALTER TABLE workflow.questions
    ADD COLUMN IF NOT EXISTS traceparent text DEFAULT nullif(current_setting('ichor.traceparent', true), '');
