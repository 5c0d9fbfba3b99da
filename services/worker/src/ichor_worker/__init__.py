"""The Temporal worker that runs graphs and their actions."""
