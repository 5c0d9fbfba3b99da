-- release 1
-- Which namespace carries the runs of this database. That another one does not know them says nothing about them.
CREATE TABLE IF NOT EXISTS workflow.temporal_namespace (
    id text NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT now(),
    is_home boolean PRIMARY KEY DEFAULT true CHECK (is_home)
);
