"""Entity events in, runs of the matching rules started, each exactly once."""
