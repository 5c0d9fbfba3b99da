"""What belongs to releases: which members a change concerns, and that what is released can be installed."""
