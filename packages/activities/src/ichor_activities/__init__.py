"""Action handlers, their registry, and the Temporal activity around each."""
