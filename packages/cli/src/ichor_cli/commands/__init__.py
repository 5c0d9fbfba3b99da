"""The commands, one file each; what only some of them need is imported when they run."""
