-- Rows as they really are. Ids: 1… users, 2… rules, 3… templates, 4… actions, 5… executions.

INSERT INTO core.users VALUES ('10000000-0000-4000-8000-000000000001', 'admin');

INSERT INTO workflow.trigger_types (name, description) VALUES
    ('on_create', 'Created'), ('on_update', 'Updated'), ('on_delete', 'Deleted'), ('scheduled', 'By a schedule');
INSERT INTO workflow.entity_types (name) VALUES ('table'), ('view');
INSERT INTO workflow.entities (name, entity_type_id, schema_name, is_active)
SELECT n.name, t.id, n.schema, n.active
FROM (VALUES ('orders', 'sales', true), ('customers', 'sales', NULL), ('retired', 'sales', false))
    AS n (name, schema, active), workflow.entity_types t
WHERE t.name = 'table';

INSERT INTO workflow.action_templates (id, name, action_type, default_config, created_by) VALUES
    ('30000000-0000-4000-8000-000000000001', 'Mail', 'send_email',
        '{"subject": "never merged"}', '10000000-0000-4000-8000-000000000001'),
    ('30000000-0000-4000-8000-000000000002', 'Change a field', 'update_field',
        '{}', '10000000-0000-4000-8000-000000000001');

INSERT INTO workflow.automation_rules (
    id, name, entity_id, entity_type_id, trigger_type_id, trigger_conditions, is_active, created_by, updated_by
)
SELECT r.id::uuid, r.name, e.id, e.entity_type_id, t.id, r.conditions::jsonb, r.active,
    '10000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001'
FROM (VALUES
    ('20000000-0000-4000-8000-000000000001', 'Order approval', 'orders', 'on_create',
        '{"field_conditions": [{"field_name": "total", "operator": "greater_than", "value": 1000, "id": "row-1"}]}',
        true),
    ('20000000-0000-4000-8000-000000000002', 'Broken actions', 'orders', 'on_create', NULL, true),
    ('20000000-0000-4000-8000-000000000003', 'Unknown operator', 'orders', 'on_create',
        '{"field_conditions": [{"field_name": "total", "operator": "starts_with", "value": "1"}]}', true),
    ('20000000-0000-4000-8000-000000000004', 'Nightly', 'customers', 'scheduled', '{}', true),
    ('20000000-0000-4000-8000-000000000005', 'Switched off', 'orders', 'on_create', NULL, false),
    ('20000000-0000-4000-8000-000000000006', 'Of a retired entity', 'retired', 'on_create', NULL, true),
    ('20000000-0000-4000-8000-000000000007', 'Conditions of another form', 'customers', 'on_update', '[1, 2]', true),
    ('20000000-0000-4000-8000-000000000008', 'Empty', 'customers', 'on_update', '{"field_conditions": null}', true)
) AS r (id, name, entity, event, conditions, active)
JOIN workflow.entities e ON e.name = r.entity
JOIN workflow.trigger_types t ON t.name = r.event;

INSERT INTO workflow.rule_actions (id, automation_rules_id, name, action_config, is_active, template_id) VALUES
    -- Order approval: a condition by its config, mails by a template, a name twice, an inactive one, a removed one.
    ('40000000-0000-4000-8000-000000000001', '20000000-0000-4000-8000-000000000001', 'Check amount',
        '{"action_type": "evaluate_condition", "type": "ignored",
          "conditions": [{"field_name": "total", "operator": "greater_than", "value": 5000}]}', true, NULL),
    ('40000000-0000-4000-8000-000000000002', '20000000-0000-4000-8000-000000000001', 'Notify',
        '{"type": "wrong", "recipients": ["a@example.com"], "subject": "Large", "timeout_ms": 5}',
        NULL, '30000000-0000-4000-8000-000000000001'),
    ('40000000-0000-4000-8000-000000000003', '20000000-0000-4000-8000-000000000001', 'Notify',
        '{"recipients": ["b@example.com"], "subject": "Small"}', true, '30000000-0000-4000-8000-000000000001'),
    ('40000000-0000-4000-8000-000000000004', '20000000-0000-4000-8000-000000000001', 'Hold the order',
        '{"type": "update_field", "target_entity": "sales.orders"}', false, NULL),
    ('40000000-0000-4000-8000-000000000005', '20000000-0000-4000-8000-000000000001', 'Removed long ago',
        '{"type": "send_email"}', false, NULL),
    -- Broken actions.
    ('40000000-0000-4000-8000-000000000011', '20000000-0000-4000-8000-000000000002', 'A list', '[1]', true,
        '30000000-0000-4000-8000-000000000001'),
    ('40000000-0000-4000-8000-000000000012', '20000000-0000-4000-8000-000000000002', 'No type', '{"a": 1}', true, NULL),
    ('40000000-0000-4000-8000-000000000013', '20000000-0000-4000-8000-000000000002', 'Bad options',
        '{"type": "send_email", "options": {"timeout": "soon"}}', true, NULL),
    ('40000000-0000-4000-8000-000000000014', '20000000-0000-4000-8000-000000000002', 'Fine', '{}', true,
        '30000000-0000-4000-8000-000000000002'),
    -- Others.
    ('40000000-0000-4000-8000-000000000021', '20000000-0000-4000-8000-000000000003', 'Mail', '{}', true,
        '30000000-0000-4000-8000-000000000001'),
    ('40000000-0000-4000-8000-000000000022', '20000000-0000-4000-8000-000000000004', 'Mail', '{}', true,
        '30000000-0000-4000-8000-000000000001');

INSERT INTO workflow.action_edges (rule_id, source_action_id, target_action_id, edge_type, source_output, edge_order)
SELECT ('20000000-0000-4000-8000-0000000000' || e.rule)::uuid, ('40000000-0000-4000-8000-0000000000' || e.source)::uuid,
    ('40000000-0000-4000-8000-0000000000' || e.target)::uuid, e.type, e.port, e.ordering
FROM (VALUES
    ('01', NULL, '01', 'start', NULL, 0),
    -- The same start again: a null source is never the same to a unique constraint.
    ('01', NULL, '01', 'start', NULL, 0),
    ('01', '01', '02', 'sequence', 'true', 1),
    ('01', '01', '03', 'sequence', 'false', 2),
    ('01', '02', '04', 'always', 'ignored', 3),
    ('02', NULL, '11', 'start', NULL, 0),
    ('02', '11', '12', 'sequence', '', 1),
    ('02', '12', '13', 'sequence', NULL, NULL),
    ('02', '13', '14', 'sequence', NULL, 1),
    -- An edge to an action of another rule.
    ('02', '14', '01', 'sequence', NULL, 9),
    ('03', NULL, '21', 'start', NULL, 0),
    ('04', NULL, '22', 'start', NULL, 0)
) AS e (rule, source, target, type, port, ordering);

INSERT INTO workflow.automation_executions (
    id, automation_rules_id, entity_type, trigger_data, actions_executed, status, trigger_source, executed_by
) VALUES
    ('50000000-0000-4000-8000-000000000001', '20000000-0000-4000-8000-000000000001', 'orders',
        '{"event_type": "on_create", "entity_id": "e1", "total": 7, "user_id": 5, "timestamp": "2026-01-01T00:00:00Z"}',
        '[{"action_name": "Notify", "status": "success"}]', 'success', 'automation', NULL),
    ('50000000-0000-4000-8000-000000000002', '20000000-0000-4000-8000-000000000001', 'orders', NULL, NULL, 'pending',
        'automation', NULL),
    ('50000000-0000-4000-8000-000000000003', NULL, 'orders', '{}', NULL, 'completed', 'manual',
        '10000000-0000-4000-8000-000000000001');
