-- release 1
-- A lineage that the trigger would refuse as too long is refused where it is emitted.

CREATE OR REPLACE FUNCTION workflow.check_event_lineage(lineage jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF lineage IS NULL THEN
        RETURN;
    END IF;
    IF jsonb_typeof(lineage) <> 'object'
        OR jsonb_typeof(lineage -> 'root') IS DISTINCT FROM 'string'
        OR jsonb_path_exists(lineage, 'strict $.depth ? (@.type() == "number" && @ >= 0 && @.floor() == @)', silent => true)
            IS NOT TRUE
        OR jsonb_typeof(coalesce(lineage -> 'visited', '[]')) <> 'array'
        OR jsonb_path_exists(lineage, 'strict $.visited[*] ? (@.type() != "string")', silent => true) IS TRUE
        OR lineage - ARRAY['root', 'depth', 'visited'] <> '{}'
    THEN
        PERFORM workflow.refuse_event(
            'lineage is of another form',
            'Pass on the lineage of the event that caused this one: {"root": text, "depth": 0 or more, "visited": [text]}.'
        );
    END IF;
    IF length(lineage ->> 'root') > 200
        OR jsonb_array_length(coalesce(lineage -> 'visited', '[]')) > 32
        OR EXISTS (SELECT FROM jsonb_array_elements_text(lineage -> 'visited') AS v (item) WHERE length(v.item) > 250)
    THEN
        PERFORM workflow.refuse_event(
            'lineage is too long',
            'Give root at most 200 characters, and of visited the last 32 items at most, each of 250 characters at most.'
        );
    END IF;
END
$$;
