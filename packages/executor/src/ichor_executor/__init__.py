"""The interpreter of graphs, and the Temporal workflow around it."""
