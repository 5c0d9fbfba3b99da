-- name: lock
SELECT pg_advisory_xact_lock($1)

-- name: prepare
SET LOCAL lock_timeout = '2s';
DO $$
BEGIN
    -- Asked first, since IF NOT EXISTS wants the right to create a schema even where there is one.
    IF to_regnamespace('workflow') IS NULL THEN
        CREATE SCHEMA workflow;
    END IF;
    IF to_regclass('workflow.ichor_migrations') IS NULL THEN
        CREATE TABLE workflow.ichor_migrations (
            number integer PRIMARY KEY,
            name text NOT NULL,
            release integer NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now()
        );
    END IF;
END $$

-- name: applied_one
SELECT 1 FROM workflow.ichor_migrations WHERE number = $1

-- name: record
INSERT INTO workflow.ichor_migrations (number, name, release) VALUES ($1, $2, $3)

-- name: has_table
SELECT 1 WHERE to_regclass('workflow.ichor_migrations') IS NOT NULL

-- name: applied
SELECT number, name, release FROM workflow.ichor_migrations
