-- release 1
-- What the trigger could not read is refused where it is emitted, not found as a dead letter later.

CREATE OR REPLACE FUNCTION workflow.check_event_json(event jsonb) RETURNS void
LANGUAGE plpgsql AS $$
-- A number with a point is read as a double, one without as an integer of any size that Python writes.
DECLARE
    long integer;
BEGIN
    IF jsonb_path_exists(event, 'strict $.**{100}') THEN
        PERFORM workflow.refuse_event(
            'the event is nested more than 100 deep', 'Give less of raw_data and field_changes, or the inner part as text.'
        );
    END IF;
    SELECT length(n.value::text) INTO long
    FROM jsonb_path_query(event, 'strict $.** ? (@.type() == "number" && (@ >= 1e308 || @ <= -1e308))') AS n (value)
    WHERE length(n.value::text) > 4200 OR strpos(n.value::text, '.') > 0
    LIMIT 1;
    IF long IS NOT NULL THEN
        PERFORM workflow.refuse_event(format('the event has a number of %s characters', long), 'Give the number as text.');
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
    PERFORM workflow.check_event_json(payload);
    INSERT INTO workflow.outbox (event_id, entity_name, entity_id, event_type, payload)
    VALUES (id, entity, entity_id, event_type, payload)
    ON CONFLICT DO NOTHING;
    PERFORM pg_notify('ichor_outbox', '');
    RETURN id;
END
$$;
