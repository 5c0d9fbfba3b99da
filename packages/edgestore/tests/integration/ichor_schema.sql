-- An Ichor database before this engine met it: types, constraints and names as an application of its own made them.

CREATE SCHEMA core;
CREATE SCHEMA workflow;

CREATE TABLE core.users (
    id uuid PRIMARY KEY,
    username varchar(50) NOT NULL UNIQUE
);

CREATE TABLE workflow.trigger_types (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name varchar(50) NOT NULL UNIQUE,
    description text,
    is_active boolean NOT NULL DEFAULT true,
    deactivated_by uuid REFERENCES core.users (id)
);

CREATE TABLE workflow.entity_types (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name varchar(50) NOT NULL UNIQUE,
    description text,
    is_active boolean NOT NULL DEFAULT true,
    deactivated_by uuid REFERENCES core.users (id)
);

CREATE TABLE workflow.entities (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name varchar(100) NOT NULL UNIQUE,
    entity_type_id uuid NOT NULL REFERENCES workflow.entity_types (id),
    schema_name varchar(50) DEFAULT 'public',
    is_active boolean DEFAULT true,
    created_date timestamp DEFAULT now(),
    deactivated_by uuid REFERENCES core.users (id)
);

CREATE TABLE workflow.automation_rules (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name varchar(100) NOT NULL,
    description text,
    entity_id uuid NOT NULL,
    entity_type_id uuid NOT NULL REFERENCES workflow.entity_types (id),
    trigger_type_id uuid NOT NULL REFERENCES workflow.trigger_types (id),
    trigger_conditions jsonb,
    canvas_layout jsonb DEFAULT '{}',
    is_active boolean NOT NULL DEFAULT true,
    created_date timestamp NOT NULL DEFAULT now(),
    updated_date timestamp NOT NULL DEFAULT now(),
    created_by uuid NOT NULL REFERENCES core.users (id),
    updated_by uuid NOT NULL REFERENCES core.users (id),
    deactivated_by uuid REFERENCES core.users (id)
);

CREATE TABLE workflow.action_templates (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name varchar(100) NOT NULL UNIQUE,
    description text,
    action_type varchar(50) NOT NULL,
    icon varchar(100),
    default_config jsonb NOT NULL,
    created_date timestamp NOT NULL DEFAULT now(),
    created_by uuid NOT NULL REFERENCES core.users (id),
    is_active boolean NOT NULL DEFAULT true,
    deactivated_by uuid REFERENCES core.users (id)
);

CREATE TABLE workflow.rule_actions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    automation_rules_id uuid NOT NULL REFERENCES workflow.automation_rules (id),
    name varchar(100) NOT NULL,
    description text,
    action_config jsonb NOT NULL,
    is_active boolean DEFAULT true,
    template_id uuid REFERENCES workflow.action_templates (id),
    deactivated_by uuid REFERENCES core.users (id)
);

CREATE TABLE workflow.action_edges (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    rule_id uuid NOT NULL REFERENCES workflow.automation_rules (id) ON DELETE CASCADE,
    source_action_id uuid REFERENCES workflow.rule_actions (id) ON DELETE CASCADE,
    target_action_id uuid NOT NULL REFERENCES workflow.rule_actions (id) ON DELETE CASCADE,
    edge_type varchar(20) NOT NULL
        CONSTRAINT known_edges CHECK (edge_type IN ('start', 'sequence', 'true_branch', 'false_branch', 'always')),
    source_output text,
    edge_order integer DEFAULT 0,
    created_date timestamp NOT NULL DEFAULT now(),
    CONSTRAINT one_edge UNIQUE (source_action_id, target_action_id, source_output),
    CONSTRAINT starts_have_no_source CHECK (edge_type <> 'start' OR source_action_id IS NULL)
);

CREATE TABLE workflow.rule_dependencies (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    parent_rule_id uuid REFERENCES workflow.automation_rules (id),
    child_rule_id uuid REFERENCES workflow.automation_rules (id)
);

CREATE TABLE workflow.automation_executions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    automation_rules_id uuid REFERENCES workflow.automation_rules (id),
    entity_type varchar(50) NOT NULL,
    trigger_data jsonb,
    actions_executed jsonb,
    status varchar(20) NOT NULL,
    error_message text,
    execution_time_ms integer,
    executed_at timestamp NOT NULL DEFAULT now(),
    trigger_source varchar(20) NOT NULL DEFAULT 'automation',
    executed_by uuid REFERENCES core.users (id),
    action_type varchar(100)
);

CREATE TABLE workflow.audit_log (
    id uuid DEFAULT gen_random_uuid(),
    entity_name text NOT NULL,
    entity_id uuid NOT NULL,
    action text NOT NULL,
    message text NOT NULL,
    metadata jsonb,
    rule_id uuid,
    execution_id uuid,
    user_id uuid,
    created_date timestamp NOT NULL DEFAULT now(),
    PRIMARY KEY (id, created_date)
) PARTITION BY RANGE (created_date);

CREATE TYPE workflow.alert_severity AS ENUM ('low', 'medium', 'high', 'critical');

CREATE TABLE workflow.alerts (
    id uuid PRIMARY KEY,
    alert_type varchar(100) NOT NULL,
    severity workflow.alert_severity NOT NULL,
    title text NOT NULL,
    message text NOT NULL,
    context jsonb DEFAULT '{}',
    source_entity_name varchar(100),
    source_entity_id uuid,
    source_rule_id uuid REFERENCES workflow.automation_rules (id) ON DELETE SET NULL,
    status varchar(20) NOT NULL DEFAULT 'active',
    expires_date timestamp,
    created_date timestamp NOT NULL,
    updated_date timestamp NOT NULL
);

CREATE TABLE workflow.approval_requests (
    approval_request_id uuid PRIMARY KEY,
    execution_id uuid NOT NULL REFERENCES workflow.automation_executions (id),
    rule_id uuid NOT NULL REFERENCES workflow.automation_rules (id),
    action_name varchar(100) NOT NULL,
    approvers uuid[] NOT NULL,
    approval_type varchar(20) NOT NULL CHECK (approval_type IN ('any', 'all', 'majority')),
    status varchar(20) NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'approved', 'rejected', 'timed_out', 'expired')),
    timeout_hours integer NOT NULL,
    task_token text NOT NULL,
    approval_message text NOT NULL,
    resolved_by uuid,
    resolution_reason text,
    created_date timestamp NOT NULL,
    resolved_date timestamp
);

-- Views keep columns from being retyped.
CREATE VIEW workflow.rule_actions_view AS
SELECT a.id, a.name, a.action_config, m.action_type
FROM workflow.rule_actions a
LEFT JOIN workflow.action_templates m ON m.id = a.template_id;

CREATE VIEW workflow.automation_rules_view AS
SELECT r.id, r.name, r.entity_id, e.name AS entity_name, t.name AS trigger_name
FROM workflow.automation_rules r
JOIN workflow.entities e ON e.id = r.entity_id
JOIN workflow.trigger_types t ON t.id = r.trigger_type_id;

CREATE VIEW workflow.automation_executions_view AS
SELECT id, entity_type, status, execution_time_ms, executed_at FROM workflow.automation_executions;
