"""The HTTP API, for applications and people: events, starts and votes in, rules and runs out (docs/api.md)."""

from ichor_trigger.api.part import api

__all__ = ["api"]
