-- A table of the application, and a rule as its editor stored it: a condition with its branches as `sequence` edges,
-- names with spaces and hyphens in templates, a template's type, an inactive action without edges.
CREATE SCHEMA sales;
CREATE TABLE sales.orders (id uuid PRIMARY KEY, number text NOT NULL, status text NOT NULL, total numeric NOT NULL);
INSERT INTO sales.orders VALUES
    ('60000000-0000-4000-8000-000000000001', 'A-1', 'open', 6000),
    ('60000000-0000-4000-8000-000000000002', 'A-2', 'open', 20);
CREATE TABLE workflow.audit_log_all PARTITION OF workflow.audit_log DEFAULT;

INSERT INTO workflow.automation_rules (
    id, name, entity_id, entity_type_id, trigger_type_id, trigger_conditions, is_active, created_by, updated_by
)
SELECT '20000000-0000-4000-8000-000000000101', 'Hold large orders', e.id, e.entity_type_id, t.id,
    '{"field_conditions": [{"field_name": "status", "operator": "changed_to", "value": "open"}]}', true,
    '10000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001'
FROM workflow.entities e, workflow.trigger_types t
WHERE e.name = 'orders' AND t.name = 'on_update';

INSERT INTO workflow.rule_actions (id, automation_rules_id, name, action_config, is_active, template_id) VALUES
    ('40000000-0000-4000-8000-000000000101', '20000000-0000-4000-8000-000000000101', 'Over-Order?',
        '{"action_type": "evaluate_condition", "logic_type": "and",
          "conditions": [{"field_name": "total", "operator": "greater_than", "value": 5000}]}', true, NULL),
    ('40000000-0000-4000-8000-000000000102', '20000000-0000-4000-8000-000000000101', 'Over-Order Hold',
        '{"target_entity": "sales.orders", "target_field": "status", "new_value": "held",
          "conditions": [{"field_name": "id", "operator": "equals", "value": "{{entity_id}}"}]}',
        true, '30000000-0000-4000-8000-000000000002'),
    ('40000000-0000-4000-8000-000000000103', '20000000-0000-4000-8000-000000000101', 'Tell Sales',
        '{"recipients": ["sales@example.com"], "subject": "{{number}}: {{Over-Order Hold.records_affected}} held",
          "body": "from {{old_status}} to {{new_status}}"}',
        true, '30000000-0000-4000-8000-000000000001'),
    ('40000000-0000-4000-8000-000000000104', '20000000-0000-4000-8000-000000000101', 'Log It',
        '{"action_type": "log_audit_entry", "entity_name": "orders", "action": "checked",
          "message": "{{ number | lowercase }} was checked"}', true, NULL),
    ('40000000-0000-4000-8000-000000000105', '20000000-0000-4000-8000-000000000101', 'Log It',
        '{"action_type": "create_alert", "message": "an action that was removed"}', false, NULL);

INSERT INTO workflow.action_edges (rule_id, source_action_id, target_action_id, edge_type, source_output, edge_order)
SELECT '20000000-0000-4000-8000-000000000101', ('40000000-0000-4000-8000-000000000' || e.source)::uuid,
    ('40000000-0000-4000-8000-000000000' || e.target)::uuid, e.type, e.port, 0
FROM (VALUES
    (NULL, '101', 'start', NULL),
    ('101', '102', 'sequence', 'true'),
    ('102', '103', 'sequence', NULL),
    ('103', '104', 'sequence', NULL),
    ('101', '104', 'sequence', 'false')
) AS e (source, target, type, port);
