"""Rules, graphs, versions and runs in PostgreSQL."""
