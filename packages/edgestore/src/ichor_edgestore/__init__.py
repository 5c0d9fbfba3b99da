"""Rules, graphs, their versions and runs in PostgreSQL, in the tables of an Ichor database."""

from ichor_edgestore.action_view import ActionView
from ichor_edgestore.approval_view import ApprovalFilter, ApprovalPlace, ApprovalView, VoteView
from ichor_edgestore.awaited_reply import AwaitedReply
from ichor_edgestore.backlog import Backlog
from ichor_edgestore.candidate import Candidate
from ichor_edgestore.claim import Claim, Verdict
from ichor_edgestore.edge_store import EdgeStore
from ichor_edgestore.emission import emit_event
from ichor_edgestore.errors import (
    AccessDenied,
    AlreadyRecorded,
    AmbiguousRule,
    ConstraintViolated,
    EventTooLarge,
    InvalidAddress,
    InvalidRoleQuery,
    KeyReused,
    LoginRefused,
    NotRerunnable,
    ResultNotFound,
    RuleInactive,
    RuleNotFound,
    RunEnded,
    RunNotFound,
    RunOver,
    SchemaError,
    SchemaMissing,
    SchemaTooNew,
    SchemaTooOld,
    StoreContended,
    StoreError,
    StoreUnavailable,
    UnreadableResult,
    Unstorable,
    ValueGone,
)
from ichor_edgestore.journal import Journal
from ichor_edgestore.memory_store import MemoryStore
from ichor_edgestore.migration import (
    AppliedMigration,
    Migration,
    foreign_migrations,
    migrate,
    migrations,
    require_schema,
    schema_version,
)
from ichor_edgestore.open_run import OpenRun, OpenStatus
from ichor_edgestore.outbox import Outbox, OutboxBatch, OutboxEvent, OutboxState, Refusal
from ichor_edgestore.pinned_run import PinnedRun
from ichor_edgestore.pool import connect, connected
from ichor_edgestore.postgres_idempotency import KeptResponse
from ichor_edgestore.postgres_questions import AskedQuestion, UndeliveredReply
from ichor_edgestore.postgres_values import EndedValues, PostgresValues
from ichor_edgestore.rights import LackingRights, lacking_rights, service_rights
from ichor_edgestore.rule_filter import RuleFilter, RulePlace
from ichor_edgestore.rule_summary import RuleSummary
from ichor_edgestore.run_filter import RunFilter, RunPlace
from ichor_edgestore.run_view import Cancellation, RunSummary, RunView
from ichor_edgestore.saved_rule import SavedRule
from ichor_edgestore.scheduled_rule import ScheduledRule
from ichor_edgestore.signal import Signal
from ichor_edgestore.whole_result import whole_result

__all__ = [
    "AccessDenied",
    "ActionView",
    "AlreadyRecorded",
    "AmbiguousRule",
    "AppliedMigration",
    "ApprovalFilter",
    "ApprovalPlace",
    "ApprovalView",
    "AskedQuestion",
    "AwaitedReply",
    "Backlog",
    "Cancellation",
    "Candidate",
    "Claim",
    "ConstraintViolated",
    "EdgeStore",
    "EndedValues",
    "EventTooLarge",
    "InvalidAddress",
    "InvalidRoleQuery",
    "Journal",
    "KeptResponse",
    "KeyReused",
    "LackingRights",
    "LoginRefused",
    "MemoryStore",
    "Migration",
    "NotRerunnable",
    "OpenRun",
    "OpenStatus",
    "Outbox",
    "OutboxBatch",
    "OutboxEvent",
    "OutboxState",
    "PinnedRun",
    "PostgresValues",
    "Refusal",
    "ResultNotFound",
    "RuleFilter",
    "RuleInactive",
    "RuleNotFound",
    "RulePlace",
    "RuleSummary",
    "RunEnded",
    "RunFilter",
    "RunNotFound",
    "RunOver",
    "RunPlace",
    "RunSummary",
    "RunView",
    "SavedRule",
    "ScheduledRule",
    "SchemaError",
    "SchemaMissing",
    "SchemaTooNew",
    "SchemaTooOld",
    "Signal",
    "StoreContended",
    "StoreError",
    "StoreUnavailable",
    "UndeliveredReply",
    "UnreadableResult",
    "Unstorable",
    "ValueGone",
    "Verdict",
    "VoteView",
    "connect",
    "connected",
    "emit_event",
    "foreign_migrations",
    "lacking_rights",
    "migrate",
    "migrations",
    "require_schema",
    "schema_version",
    "service_rights",
    "whole_result",
]
