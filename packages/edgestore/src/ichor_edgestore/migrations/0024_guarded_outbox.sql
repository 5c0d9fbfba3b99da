-- release 1
-- What one sender does reaches no other: functions of the caller's search_path are not called, not even by those that
-- emit_event calls, and no row of the outbox is beyond what the relay counts with.

ALTER TABLE workflow.outbox
    DROP CONSTRAINT IF EXISTS outbox_countable,
    ADD CONSTRAINT outbox_countable CHECK (
        created_at BETWEEN '1970-01-01 00:00Z' AND '9999-01-01 00:00Z' AND attempts BETWEEN 0 AND 1000000
        AND octet_length(payload::text) <= 67108864 AND octet_length(event_type) <= 1000
    ) NOT VALID;

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
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
-- Writes an event into the outbox, within the caller's transaction: it is published if that is committed, and only then.
-- An event_id that waits there already is not written again. Returns the event's id.
DECLARE
    -- A schema before the name is ignored, so that one entity has one order.
    entity text := regexp_replace(entity_name, '^.*\.(?=[^.])', '');
    id text := coalesce(event_id, gen_random_uuid()::text);
    optional jsonb := jsonb_build_object(
        'entity_id', entity_id, 'user_id', user_id, 'field_changes', field_changes, 'lineage', lineage
    );
    payload jsonb;
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
    IF raw_data ? 'ichor.stored' THEN
        PERFORM workflow.refuse_event('raw_data has the key ichor.stored', 'Leave it out: the engine keeps it for itself.');
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

    payload := jsonb_build_object(
        'event_id', id, 'event_type', event_type, 'entity_name', entity,
        'timestamp', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'raw_data', coalesce(raw_data, '{}')
    ) || coalesce(
        (SELECT jsonb_object_agg(o.key, o.value) FROM jsonb_each(optional) o WHERE o.value <> 'null'), '{}'
    );
    -- As the text that is published, which no text can be above a gigabyte; jsonb may be far smaller: 1e4000 is.
    BEGIN
        IF octet_length(payload::text) > 67108864 THEN
            RAISE program_limit_exceeded;
        END IF;
    EXCEPTION WHEN program_limit_exceeded THEN
        PERFORM workflow.refuse_event(
            'the event has more than 64 MiB', 'Give less of raw_data and field_changes: no trigger takes more.'
        );
    END;
    PERFORM workflow.check_event_json(payload);
    INSERT INTO workflow.outbox (event_id, entity_name, entity_id, event_type, payload)
    VALUES (id, entity, entity_id, event_type, payload)
    ON CONFLICT DO NOTHING;
    PERFORM pg_notify('ichor_outbox', '');
    RETURN id;
END
$$;
