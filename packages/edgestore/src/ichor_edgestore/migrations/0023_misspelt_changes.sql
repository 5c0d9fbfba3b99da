-- release 1
-- A misspelt key of field_changes is refused where it is emitted: what it was meant to say was lost.

CREATE OR REPLACE FUNCTION workflow.check_event_json(event jsonb) RETURNS void
LANGUAGE plpgsql AS $$
-- A number with a point is read as a double, one without as an integer of any size that Python writes.
DECLARE
    long integer;
    misspelt text;
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
    SELECT format('field_changes.%s has the key %s', left(f.name, 80), quote_literal(left(k.key, 80))) INTO misspelt
    FROM jsonb_each(event -> 'field_changes') AS f (name, change), jsonb_object_keys(f.change) AS k (key)
    WHERE k.key NOT IN ('old_value', 'new_value')
    LIMIT 1;
    IF misspelt IS NOT NULL THEN
        PERFORM workflow.refuse_event(misspelt, 'Give {"<field>": {"old_value": …, "new_value": …}}.');
    END IF;
END
$$;
