-- release 1
-- The tables of an Ichor database, each made only where it is missing.

CREATE TABLE IF NOT EXISTS workflow.trigger_types (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL UNIQUE,
    description text,
    is_active boolean NOT NULL DEFAULT true,
    deactivated_by uuid
);

CREATE TABLE IF NOT EXISTS workflow.entity_types (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL UNIQUE,
    description text,
    is_active boolean NOT NULL DEFAULT true,
    deactivated_by uuid
);

CREATE TABLE IF NOT EXISTS workflow.entities (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL UNIQUE,
    entity_type_id uuid NOT NULL REFERENCES workflow.entity_types (id),
    schema_name text DEFAULT 'public',
    is_active boolean DEFAULT true,
    created_date timestamptz DEFAULT now(),
    deactivated_by uuid
);

CREATE TABLE IF NOT EXISTS workflow.automation_rules (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    description text,
    entity_id uuid REFERENCES workflow.entities (id),
    entity_type_id uuid REFERENCES workflow.entity_types (id),
    trigger_type_id uuid NOT NULL REFERENCES workflow.trigger_types (id),
    trigger_conditions jsonb,
    canvas_layout jsonb DEFAULT '{}',
    is_active boolean NOT NULL DEFAULT true,
    created_date timestamptz NOT NULL DEFAULT now(),
    updated_date timestamptz NOT NULL DEFAULT now(),
    created_by uuid,
    updated_by uuid,
    deactivated_by uuid
);

CREATE TABLE IF NOT EXISTS workflow.action_templates (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL UNIQUE,
    description text,
    action_type text NOT NULL,
    icon text,
    default_config jsonb NOT NULL DEFAULT '{}',
    created_date timestamptz NOT NULL DEFAULT now(),
    created_by uuid,
    is_active boolean NOT NULL DEFAULT true,
    deactivated_by uuid
);

CREATE TABLE IF NOT EXISTS workflow.rule_actions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    automation_rules_id uuid NOT NULL REFERENCES workflow.automation_rules (id),
    name text NOT NULL,
    description text,
    action_config jsonb NOT NULL,
    is_active boolean DEFAULT true,
    template_id uuid REFERENCES workflow.action_templates (id),
    deactivated_by uuid
);

CREATE TABLE IF NOT EXISTS workflow.action_edges (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    rule_id uuid NOT NULL REFERENCES workflow.automation_rules (id) ON DELETE CASCADE,
    source_action_id uuid REFERENCES workflow.rule_actions (id) ON DELETE CASCADE,
    target_action_id uuid NOT NULL REFERENCES workflow.rule_actions (id) ON DELETE CASCADE,
    edge_type varchar(20) NOT NULL,
    source_output text,
    edge_order integer DEFAULT 0,
    created_date timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS workflow.automation_executions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    automation_rules_id uuid REFERENCES workflow.automation_rules (id),
    entity_type text NOT NULL,
    trigger_data jsonb,
    actions_executed jsonb,
    status varchar(20) NOT NULL,
    error_message text,
    execution_time_ms integer,
    executed_at timestamptz NOT NULL DEFAULT now(),
    trigger_source varchar(20) NOT NULL DEFAULT 'automation',
    executed_by uuid,
    action_type text
);

CREATE TABLE IF NOT EXISTS workflow.audit_log (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    entity_name text NOT NULL,
    entity_id uuid,
    action text NOT NULL,
    message text NOT NULL,
    metadata jsonb,
    rule_id uuid,
    execution_id uuid,
    user_id uuid,
    created_date timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS workflow.alerts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    alert_type text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
    title text NOT NULL,
    message text NOT NULL,
    context jsonb DEFAULT '{}',
    source_entity_name text,
    source_entity_id uuid,
    source_rule_id uuid REFERENCES workflow.automation_rules (id) ON DELETE SET NULL,
    action_url text,
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'acknowledged', 'dismissed', 'resolved')),
    expires_date timestamptz,
    created_date timestamptz NOT NULL DEFAULT now(),
    updated_date timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS workflow.alert_recipients (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    alert_id uuid NOT NULL REFERENCES workflow.alerts (id) ON DELETE CASCADE,
    recipient_type text NOT NULL CHECK (recipient_type IN ('user', 'role')),
    recipient_id uuid NOT NULL,
    created_date timestamptz NOT NULL DEFAULT now(),
    UNIQUE (alert_id, recipient_type, recipient_id)
);

CREATE TABLE IF NOT EXISTS workflow.alert_acknowledgments (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    alert_id uuid NOT NULL REFERENCES workflow.alerts (id) ON DELETE CASCADE,
    acknowledged_by uuid NOT NULL,
    acknowledged_date timestamptz NOT NULL DEFAULT now(),
    notes text,
    UNIQUE (alert_id, acknowledged_by)
);

INSERT INTO workflow.trigger_types (id, name, description, is_active)
SELECT gen_random_uuid(), wanted.name, wanted.description, true
FROM (VALUES
    ('on_create', 'A row was created'),
    ('on_update', 'A row was changed'),
    ('on_delete', 'A row was deleted'),
    ('scheduled', 'A schedule came due'),
    ('manual', 'A person or a program asked for it')
) AS wanted (name, description)
ON CONFLICT (name) DO NOTHING;

INSERT INTO workflow.entity_types (id, name, description, is_active)
SELECT gen_random_uuid(), wanted.name, wanted.description, true
FROM (VALUES ('table', 'A table'), ('view', 'A view')) AS wanted (name, description)
ON CONFLICT (name) DO NOTHING;
