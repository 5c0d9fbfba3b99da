-- The outbox of an existing Ichor, as its migration 2.42 makes it.
CREATE TABLE workflow.cascade_outbox (
    id uuid PRIMARY KEY,
    seq bigserial NOT NULL UNIQUE,
    domain text NOT NULL,
    action text NOT NULL,
    event_type text NOT NULL,
    entity_name text NOT NULL,
    payload jsonb NOT NULL,
    lineage jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    last_error text,
    published_at timestamptz,
    dead boolean NOT NULL DEFAULT false
);
