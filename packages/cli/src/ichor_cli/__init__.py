"""`ichor`: validate, simulate, run, test, apply, fire and watch workflow rules."""
