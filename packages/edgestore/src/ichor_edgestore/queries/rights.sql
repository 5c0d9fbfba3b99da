-- name: lacking
-- Told by the catalogue, which every role may read; a table that is not there lacks every right.
SELECT wanted.name AS table, wanted.privilege, c.oid IS NOT NULL AS is_there
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted(name, privilege, place)
LEFT JOIN pg_namespace s ON s.nspname = 'workflow'
LEFT JOIN pg_class c ON c.relnamespace = s.oid AND c.relname = wanted.name
WHERE
    c.oid IS NULL
    OR NOT has_schema_privilege(s.oid, 'USAGE')
    OR NOT has_table_privilege(c.oid, wanted.privilege)
ORDER BY wanted.place
