-- name: emit
SELECT workflow.emit_event(
    e.event ->> 'event_type', e.event ->> 'entity_name', e.event ->> 'entity_id', e.event -> 'raw_data',
    nullif(e.event -> 'field_changes', 'null'), e.event ->> 'user_id', e.event ->> 'event_id',
    nullif(e.event -> 'lineage', 'null')
)
FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS e (event, place)
ORDER BY e.place

-- name: stamp
-- Only on an event that this transaction wrote.
UPDATE workflow.outbox
SET payload = payload || jsonb_strip_nulls(jsonb_build_object('timestamp', $2::text))
WHERE event_id = $1 AND created_at = now()
RETURNING octet_length(payload::text) AS bytes

-- name: hold
-- The oldest event of each entity, where it is due, and the lock that keeps other relays from the entity's events: of
-- each name in turn, so that no name waits until the burst of another is over. It looks at the oldest events of all, and
-- at those of some names, so that it takes no longer where one entity has very many. Of an entity it sees the oldest or
-- none: older ones are older ones of the name, too.
WITH RECURSIVE names AS (
    (SELECT o.entity_name, 1 AS number FROM workflow.outbox o WHERE o.state = 'pending' ORDER BY o.entity_name LIMIT 1)
    UNION ALL
    SELECT next.entity_name, n.number + 1
    FROM names n
    CROSS JOIN LATERAL (
        SELECT o.entity_name FROM workflow.outbox o
        WHERE o.state = 'pending' AND o.entity_name > n.entity_name
        ORDER BY o.entity_name
        LIMIT 1
    ) next
    WHERE n.number < $1::bigint
), early AS MATERIALIZED (
    SELECT w.seq, w.entity_name, row_number() OVER (PARTITION BY w.entity_key ORDER BY w.seq) AS place
    FROM (
        (SELECT seq, entity_name, entity_key FROM workflow.outbox WHERE state = 'pending' ORDER BY seq LIMIT 2000)
        UNION
        SELECT o.seq, n.entity_name, o.entity_key
        FROM names n
        CROSS JOIN LATERAL (
            SELECT seq, entity_key FROM workflow.outbox
            WHERE state = 'pending' AND entity_name = n.entity_name
            ORDER BY seq
            LIMIT $1
        ) o
    ) w
), first AS MATERIALIZED (
    SELECT e.seq, row_number() OVER (PARTITION BY e.entity_name ORDER BY e.seq) AS turn FROM early e WHERE e.place = 1
), heads AS MATERIALIZED (
    SELECT o.entity_key
    FROM first f
    JOIN workflow.outbox o USING (seq)
    WHERE o.state = 'pending' AND o.next_attempt_at <= now()
    ORDER BY f.turn, o.seq
    LIMIT $1
    FOR UPDATE OF o SKIP LOCKED
)
SELECT h.entity_key, pg_try_advisory_xact_lock(hashtextextended('ichor outbox ' || h.entity_key, 0)) AS is_held
FROM heads h

-- name: hold_any
-- The same among all events, where the oldest ones wait for something. One look into an index for each event: a join, as
-- NOT EXISTS may become, takes the square of that where one entity has very many.
WITH heads AS MATERIALIZED (
    SELECT o.entity_key
    FROM workflow.outbox o
    WHERE o.state = 'pending' AND o.next_attempt_at <= now() AND o.seq = (
        SELECT e.seq FROM workflow.outbox e
        WHERE e.state = 'pending' AND e.entity_key = o.entity_key
        ORDER BY e.seq
        LIMIT 1
    )
    ORDER BY o.seq
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)
SELECT h.entity_key, pg_try_advisory_xact_lock(hashtextextended('ichor outbox ' || h.entity_key, 0)) AS is_held
FROM heads h

-- name: take
-- A statement of its own, since it must see what the last holder of the locks committed. `place` counts an entity's
-- events from its oldest, so that the caller sees where one is missing because somebody else has it locked. Each entity
-- has its part of the batch, the oldest of all entities first. They are measured one by one until they are enough: to
-- write out very many large ones takes longer than a statement may.
WITH RECURSIVE waiting AS MATERIALIZED (
    SELECT w.seq, w.place
    FROM unnest($1::text[]) AS k (entity_key)
    CROSS JOIN LATERAL (
        SELECT o.seq, row_number() OVER (ORDER BY o.seq) AS place
        FROM workflow.outbox o
        WHERE o.state = 'pending' AND o.entity_key = k.entity_key
        ORDER BY o.seq
        LIMIT ceil($2::numeric / cardinality($1))
    ) w
), listed AS MATERIALIZED (
    SELECT array_agg(w.seq ORDER BY w.place, w.seq) AS seqs, array_agg(w.place ORDER BY w.place, w.seq) AS places
    FROM waiting w
), sized AS (
    SELECT 0 AS number, 0::bigint AS bytes
    UNION ALL
    SELECT s.number + 1, s.bytes + octet_length(o.payload::text)
    FROM sized s
    CROSS JOIN listed l
    JOIN workflow.outbox o ON o.seq = l.seqs[s.number + 1]
    WHERE s.bytes < $3::bigint
)
SELECT
    o.seq, o.event_id, o.entity_key, o.entity_name, o.event_type, o.attempts, o.payload::text AS body,
    l.places[s.number] AS place, left(o.traceparent, 56) AS traceparent, o.next_attempt_at <= now() AS is_due,
    clock_timestamp() - o.created_at AS age
FROM sized s
CROSS JOIN listed l
JOIN workflow.outbox o ON o.seq = l.seqs[s.number]
WHERE o.state = 'pending'
ORDER BY o.seq
FOR UPDATE OF o SKIP LOCKED

-- name: published
DELETE FROM workflow.outbox WHERE seq = ANY($1::bigint[])

-- name: refused
UPDATE workflow.outbox o
SET attempts = r.attempts, last_error = r.error, state = r.state,
    next_attempt_at = clock_timestamp() + make_interval(secs => r.pause)
FROM jsonb_to_recordset($1::jsonb) AS r (seq bigint, attempts integer, error text, state text, pause double precision)
WHERE o.seq = r.seq

-- name: bound
-- A relay that hangs, or a connection that died unseen, gives its entities back.
SET LOCAL idle_in_transaction_session_timeout = '60s'
