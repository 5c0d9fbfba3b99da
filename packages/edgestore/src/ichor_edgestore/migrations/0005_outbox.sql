-- release 1
-- Events that leave with the transaction that made them: the relay publishes what stands here and then deletes it.
-- What the broker would not take stays, as `failed`.

CREATE TABLE IF NOT EXISTS workflow.outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id text NOT NULL UNIQUE,
    entity_name text NOT NULL,
    entity_id text,
    event_type text NOT NULL,
    -- The event as it is published.
    payload jsonb NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    last_error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Events of one key are published in the order of `seq`.
    entity_key text NOT NULL GENERATED ALWAYS AS (entity_name || '/' || coalesce(entity_id, '')) STORED
) WITH (
    -- Rows come and go: clean up by their number, not by a share of a table that is mostly empty.
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 5000
);

CREATE INDEX IF NOT EXISTS outbox_pending_index ON workflow.outbox (seq) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS outbox_entity_index ON workflow.outbox (entity_key, seq) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS outbox_failed_index ON workflow.outbox (seq) WHERE state = 'failed';

CREATE OR REPLACE FUNCTION workflow.refuse_event(what text, mend text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'invalid_parameter_value', MESSAGE = format('workflow.emit_event: %s', what), HINT = mend;
END
$$;

CREATE OR REPLACE FUNCTION workflow.check_event_text(what text, value text, is_required boolean) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF value IS NULL OR value = '' THEN
        IF is_required OR value = '' THEN
            PERFORM workflow.refuse_event(format('%s is missing', what), format('Give %s a text.', what));
        END IF;
    ELSIF char_length(value) > 200 OR octet_length(value) > 240 THEN
        PERFORM workflow.refuse_event(
            format('%s has %s characters, %s bytes', what, char_length(value), octet_length(value)),
            format('Give %s at most 200 characters and 240 bytes.', what)
        );
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION workflow.check_event_lineage(lineage jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF lineage IS NOT NULL AND (
        jsonb_typeof(lineage) <> 'object'
        OR jsonb_typeof(lineage -> 'root') IS DISTINCT FROM 'string'
        OR jsonb_path_exists(lineage, 'strict $.depth ? (@.type() == "number" && @ >= 0 && @.floor() == @)', silent => true)
            IS NOT TRUE
        OR jsonb_typeof(coalesce(lineage -> 'visited', '[]')) <> 'array'
        OR jsonb_path_exists(lineage, 'strict $.visited[*] ? (@.type() != "string")', silent => true) IS TRUE
        OR lineage - ARRAY['root', 'depth', 'visited'] <> '{}'
    ) THEN
        PERFORM workflow.refuse_event(
            'lineage is of another form',
            'Pass on the lineage of the event that caused this one: {"root": text, "depth": 0 or more, "visited": [text]}.'
        );
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION workflow.emit_event(
    event_type text,
    entity_name text,
    entity_id text,
    raw_data jsonb DEFAULT '{}',
    field_changes jsonb DEFAULT NULL,
    user_id text DEFAULT NULL,
    event_id text DEFAULT NULL,
    lineage jsonb DEFAULT NULL
) RETURNS text
LANGUAGE plpgsql AS $$
-- Writes an event into the outbox, within the caller's transaction: it is published if that is committed, and only then.
-- An event_id that waits there already is not written again. Returns the event's id.
DECLARE
    -- A schema before the name is ignored, so that one entity has one order.
    entity text := regexp_replace(entity_name, '^.*\.(?=[^.])', '');
    id text := coalesce(event_id, gen_random_uuid()::text);
    optional jsonb := jsonb_build_object(
        'entity_id', entity_id, 'user_id', user_id, 'field_changes', field_changes, 'lineage', lineage
    );
BEGIN
    IF event_type IS NULL OR event_type NOT IN ('on_create', 'on_update', 'on_delete', 'scheduled', 'manual') THEN
        PERFORM workflow.refuse_event(
            format('event_type is %s', coalesce(quote_literal(left(event_type, 80)), 'null')),
            'Give one of on_create, on_update, on_delete, scheduled, manual.'
        );
    END IF;
    PERFORM workflow.check_event_text('entity_name', entity, true);
    PERFORM workflow.check_event_text('entity_id', entity_id, false);
    PERFORM workflow.check_event_text('user_id', user_id, false);
    PERFORM workflow.check_event_text('event_id', event_id, false);
    IF raw_data IS NOT NULL AND jsonb_typeof(raw_data) <> 'object' THEN
        PERFORM workflow.refuse_event(
            format('raw_data is JSON of the type %s', jsonb_typeof(raw_data)), 'Give the row as an object, like to_jsonb(row).'
        );
    END IF;
    IF field_changes IS NOT NULL AND (
        jsonb_typeof(field_changes) <> 'object'
        OR jsonb_path_exists(field_changes, 'strict $.* ? (@.type() != "object")')
    ) THEN
        PERFORM workflow.refuse_event(
            'field_changes is of another form', 'Give {"<field>": {"old_value": …, "new_value": …}}.'
        );
    END IF;
    PERFORM workflow.check_event_lineage(lineage);

    INSERT INTO workflow.outbox (event_id, entity_name, entity_id, event_type, payload)
    VALUES (
        id, entity, entity_id, event_type,
        jsonb_build_object(
            'event_id', id, 'event_type', event_type, 'entity_name', entity,
            'timestamp', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            'raw_data', coalesce(raw_data, '{}')
        ) || coalesce(
            (SELECT jsonb_object_agg(o.key, o.value) FROM jsonb_each(optional) o WHERE o.value <> 'null'), '{}'
        )
    )
    ON CONFLICT DO NOTHING;
    PERFORM pg_notify('ichor_outbox', '');
    RETURN id;
END
$$;
