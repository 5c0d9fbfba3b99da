-- name: stamp
-- What differs as soon as a row of the rule `r` is another one: who wrote each, and where it lies.
(
    SELECT concat_ws(
        ' ', r.xmin, r.ctid,
        (
            SELECT count(*) || ' ' || sum(hashtextextended(concat_ws(' ', a.xmin, a.ctid, m.xmin, m.ctid), 0))
            FROM workflow.rule_actions a
            LEFT JOIN workflow.action_templates m ON m.id = a.template_id
            WHERE a.automation_rules_id = r.id
        ),
        (
            SELECT count(*) || ' ' || sum(hashtextextended(concat_ws(' ', g.xmin, g.ctid), 0))
            FROM workflow.action_edges g
            WHERE g.rule_id = r.id
        )
    )
)

-- name: load
-- One statement, hence one snapshot. Columns come as arrays, which cost half of what JSON does; configs come as text,
-- read one by one, so that a bad one spoils only itself.
SELECT
    r.id, r.name, r.description, r.is_active, e.name AS entity, t.name AS event,
    r.trigger_conditions::text AS conditions, r.schedule::text AS schedule, r.options::text AS options,
    :stamp AS stamp, actions.*, edges.*
FROM workflow.automation_rules r
LEFT JOIN workflow.entities e ON e.id = r.entity_id
LEFT JOIN workflow.trigger_types t ON t.id = r.trigger_type_id
CROSS JOIN LATERAL (
    SELECT
        array_agg(o.id) AS action_ids, array_agg(o.name) AS action_names, array_agg(o.description) AS descriptions,
        array_agg(o.is_active) AS actives, array_agg(o.action_type) AS template_types, array_agg(o.config) AS configs
    FROM (
        SELECT
            a.id::text AS id, a.name::text AS name, a.description, a.is_active IS NOT FALSE AS is_active,
            m.action_type::text AS action_type, a.action_config::text AS config
        FROM workflow.rule_actions a
        LEFT JOIN workflow.action_templates m ON m.id = a.template_id
        WHERE a.automation_rules_id = r.id AND (
            a.is_active IS NOT FALSE
            OR EXISTS (SELECT FROM workflow.action_edges g WHERE g.source_action_id = a.id AND g.rule_id = r.id)
            OR EXISTS (SELECT FROM workflow.action_edges g WHERE g.target_action_id = a.id AND g.rule_id = r.id)
        )
        ORDER BY a.position NULLS LAST, a.id
    ) AS o
) AS actions
CROSS JOIN LATERAL (
    SELECT
        array_agg(o.source) AS sources, array_agg(o.target) AS targets, array_agg(o.type) AS edge_types,
        array_agg(o.source_output) AS source_outputs, array_agg(o.edge_order) AS edge_orders
    FROM (
        SELECT
            g.source_action_id::text AS source, g.target_action_id::text AS target, g.edge_type::text AS type,
            g.source_output::text AS source_output, coalesce(g.edge_order, 0) AS edge_order
        FROM workflow.action_edges g
        WHERE g.rule_id = r.id
        ORDER BY g.position NULLS LAST, coalesce(g.edge_order, 0), g.id
    ) AS o
) AS edges
WHERE r.id = $1

-- name: matching
SELECT id FROM workflow.automation_rules WHERE id = $1 OR name = $2

-- name: list
SELECT
    r.id, r.name, r.description, r.is_active, e.name AS entity, t.name AS event,
    r.updated_date::timestamptz AS updated
FROM workflow.automation_rules r
LEFT JOIN workflow.entities e ON e.id = r.entity_id
LEFT JOIN workflow.trigger_types t ON t.id = r.trigger_type_id
WHERE ($1::text IS NULL OR e.name = $1)
    AND ($2::text IS NULL OR t.name = $2)
    AND ($3::boolean IS NULL OR r.is_active = $3)
    AND ($4::text IS NULL OR (r.name, r.id) > ($4, $5::uuid))
ORDER BY r.name, r.id
LIMIT $6

-- name: candidates
SELECT r.id, r.name, r.trigger_conditions::text AS conditions
FROM workflow.entities e
JOIN workflow.automation_rules r ON r.entity_id = e.id
JOIN workflow.trigger_types t ON t.id = r.trigger_type_id
WHERE e.name = $1 AND e.is_active IS NOT FALSE AND t.name = $2 AND r.is_active
ORDER BY r.name, r.id

-- name: writers
-- The active rules that write what may start others, each with those of its actions that do.
SELECT
    r.id, r.name, e.name AS entity, t.name AS event, r.trigger_conditions::text AS conditions,
    array_agg(w.action_type) AS types, array_agg(w.config) AS configs
FROM (
    SELECT
        a.automation_rules_id AS rule_id, a.action_config::text AS config,
        coalesce(m.action_type, a.action_config ->> 'action_type', a.action_config ->> 'type') AS action_type
    FROM workflow.rule_actions a
    LEFT JOIN workflow.action_templates m ON m.id = a.template_id
    WHERE a.is_active IS NOT FALSE
) AS w
JOIN workflow.automation_rules r ON r.id = w.rule_id
JOIN workflow.trigger_types t ON t.id = r.trigger_type_id
LEFT JOIN workflow.entities e ON e.id = r.entity_id
WHERE r.is_active AND w.action_type = ANY($1::text[])
GROUP BY r.id, r.name, e.name, t.name
ORDER BY r.name, r.id

-- name: names
SELECT id, name FROM workflow.automation_rules WHERE id = ANY($1::uuid[])

-- name: scheduled
SELECT r.id, r.name, e.name AS entity, r.schedule::text AS schedule
FROM workflow.automation_rules r
JOIN workflow.trigger_types t ON t.id = r.trigger_type_id
LEFT JOIN workflow.entities e ON e.id = r.entity_id
WHERE t.name = 'scheduled' AND r.is_active
ORDER BY r.name, r.id

-- name: set_active
UPDATE workflow.automation_rules
SET is_active = $2, updated_date = now(), updated_by = coalesce($3, updated_by),
    deactivated_by = CASE WHEN $2 THEN NULL ELSE $3 END
WHERE id = $1

-- name: hold_name
SELECT pg_advisory_xact_lock(hashtextextended('ichor rule ' || $1, 0))

-- name: hold_rule
-- Its key stays, so that runs may be pinned meanwhile.
SELECT 1 FROM workflow.automation_rules WHERE id = $1 FOR NO KEY UPDATE

-- name: entity
SELECT id, entity_type_id, is_active IS NOT FALSE AS is_active FROM workflow.entities WHERE name = $1

-- name: register_entity
INSERT INTO workflow.entities (id, name, entity_type_id, schema_name, is_active, created_date)
SELECT gen_random_uuid(), $1, t.id, $2, true, now() FROM workflow.entity_types t WHERE t.name = 'table'
ON CONFLICT (name) DO NOTHING
RETURNING id

-- name: insert_rule
INSERT INTO workflow.automation_rules (
    id, name, description, entity_id, entity_type_id, trigger_type_id, trigger_conditions, schedule, options,
    is_active, created_date, updated_date, created_by, updated_by, deactivated_by
)
SELECT
    $1, $2, $3, $4, $5, t.id, $7, $8, $9, $10, now(), now(), $11, $11, CASE WHEN $10 THEN NULL ELSE $11::uuid END
FROM workflow.trigger_types t
WHERE t.name = $6

-- name: update_rule
UPDATE workflow.automation_rules
SET name = $2, description = $3, entity_id = $4, entity_type_id = $5,
    trigger_type_id = (SELECT t.id FROM workflow.trigger_types t WHERE t.name = $6),
    trigger_conditions = $7, schedule = $8, options = $9, is_active = $10, updated_date = now(),
    updated_by = coalesce($11, updated_by),
    deactivated_by = CASE WHEN $10 THEN NULL ELSE coalesce($11, deactivated_by) END
WHERE id = $1

-- name: known_actions
SELECT
    a.id, a.name, a.template_id, m.action_type,
    a.is_active IS NOT FALSE
        OR EXISTS (SELECT FROM workflow.action_edges g WHERE g.source_action_id = a.id AND g.rule_id = a.automation_rules_id)
        OR EXISTS (SELECT FROM workflow.action_edges g WHERE g.target_action_id = a.id AND g.rule_id = a.automation_rules_id) AS in_graph
FROM workflow.rule_actions a
LEFT JOIN workflow.action_templates m ON m.id = a.template_id
WHERE a.automation_rules_id = $1
ORDER BY a.position NULLS LAST, a.id

-- name: foreign_actions
SELECT id FROM workflow.rule_actions WHERE id = ANY($2::uuid[]) AND automation_rules_id <> $1

-- name: templates
SELECT DISTINCT ON (action_type) action_type, id
FROM workflow.action_templates
WHERE action_type = ANY($1::text[]) AND is_active
ORDER BY action_type, name

-- name: remove_edges
DELETE FROM workflow.action_edges WHERE rule_id = $1

-- name: remove_actions
-- As the existing application does: what left the graph stays, inactive and without edges.
UPDATE workflow.rule_actions
SET is_active = false, deactivated_by = coalesce($3, deactivated_by)
WHERE automation_rules_id = $1 AND is_active IS NOT FALSE AND NOT id = ANY($2::uuid[])

-- name: write_actions
INSERT INTO workflow.rule_actions (
    id, automation_rules_id, name, description, action_config, is_active, template_id, position
)
SELECT a.id, $1, a.name, a.description, a.config, a.is_active, a.template_id, a.position
FROM jsonb_to_recordset($2::jsonb) AS a (
    id uuid, name text, description text, config jsonb, is_active boolean, template_id uuid, position integer
)
ON CONFLICT (id) DO UPDATE
SET name = excluded.name, description = excluded.description, action_config = excluded.action_config,
    is_active = excluded.is_active, template_id = excluded.template_id, position = excluded.position,
    deactivated_by = CASE WHEN excluded.is_active THEN NULL ELSE rule_actions.deactivated_by END

-- name: write_edges
INSERT INTO workflow.action_edges (
    id, rule_id, source_action_id, target_action_id, edge_type, source_output, edge_order, position, created_date
)
SELECT gen_random_uuid(), $1, g.source, g.target, g.type, g.source_output, g.edge_order, g.position, now()
FROM jsonb_to_recordset($2::jsonb) AS g (
    source uuid, target uuid, type text, source_output text, edge_order integer, position integer
)

-- name: write_version
INSERT INTO workflow.graph_versions (hash, content) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING
