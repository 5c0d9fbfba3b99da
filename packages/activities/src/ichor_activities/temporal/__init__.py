"""The Temporal side: one activity per action type. Only a worker imports it."""

from ichor_activities.temporal.activity import activities

__all__ = ["activities"]
