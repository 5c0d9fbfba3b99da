"""What a graph, a rule, an event and a run are; templates, conditions and the rules a graph must keep."""
