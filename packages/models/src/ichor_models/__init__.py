"""What a graph, a rule, an event and a run are; templates, conditions and the rules a graph must keep."""

from ichor_models.action_call import ActionCall, EventHeader, RunHeader, SecretPlace
from ichor_models.action_type import LONG_RUNNING, NORMAL, ActionPolicy, ActionType, Catalogue, describe
from ichor_models.analyzer import analyze_rule
from ichor_models.approval import Approval, ApprovalType, Approvers, Escalation, Person
from ichor_models.cascade import DEEPEST, next_lineage, rules_on_the_way, spell_chain, visit
from ichor_models.case import Answer, Case, Expectation
from ichor_models.condition import Condition, LogicType, Operator, all_hold, equal
from ichor_models.control import CONDITION, CONTROL_TYPES, DELAY, ConditionConfig, DelayConfig, delay_result
from ichor_models.cron import Cron, parse_cron
from ichor_models.duration import Duration, format_duration, parse_duration
from ichor_models.errors import (
    ActionError,
    ConfigError,
    IchorError,
    InvalidDocument,
    InvalidDuration,
    InvalidEvent,
    InvalidMessage,
    InvalidReply,
    InvalidRule,
    TemplateError,
    UnknownRun,
)
from ichor_models.event import EntityEvent, EventType, FieldChange, Lineage, parse_event
from ichor_models.file_schema import file_schema
from ichor_models.firing import Firing
from ichor_models.graph import FAILURE, SUCCESS, Action, ActionOptions, Edge, EdgeType, Graph
from ichor_models.ids import LONGEST_ID, ActionId, ApplicationId, EventId, ExecutionId, RuleId, VersionHash, workflow_id
from ichor_models.manual_start import ManualStart
from ichor_models.matching import Decision, Listening, Match, match_rules, read_conditions
from ichor_models.outcome import ActionOutcome, ActionState, Outcome, RunStatus
from ichor_models.problem import Problem, Report
from ichor_models.question import (
    ASKED,
    Asked,
    Message,
    OpenedQuestion,
    Question,
    Reply,
    ReplyError,
    ReplyNotice,
    RoutingKey,
    parse_reply,
    question_id,
)
from ichor_models.row_change import CausedEvents, RowChange
from ichor_models.rule import Rule, RunOptions, Schedule, Trigger
from ichor_models.rule_file import check_document, rule_document, rule_yaml
from ichor_models.run_record import ActionRecord, EdgeReason, RunRecord
from ichor_models.run_request import RunRequest, always_there, event_header, run_request
from ichor_models.template import Part, Placeholder, Secret, Template, parse_template, resolve_text, scan
from ichor_models.unit_of_work import ActionJournal, Begun, Transaction
from ichor_models.vote import Resolution, Vote, VoteResult, VoteVerdict, approval_result, decide, tally
from ichor_models.yaml_text import load_text

__all__ = [
    "ASKED",
    "CONDITION",
    "CONTROL_TYPES",
    "DEEPEST",
    "DELAY",
    "FAILURE",
    "LONGEST_ID",
    "LONG_RUNNING",
    "NORMAL",
    "SUCCESS",
    "Action",
    "ActionCall",
    "ActionError",
    "ActionId",
    "ActionJournal",
    "ActionOptions",
    "ActionOutcome",
    "ActionPolicy",
    "ActionRecord",
    "ActionState",
    "ActionType",
    "Answer",
    "ApplicationId",
    "Approval",
    "ApprovalType",
    "Approvers",
    "Asked",
    "Begun",
    "Case",
    "Catalogue",
    "CausedEvents",
    "Condition",
    "ConditionConfig",
    "ConfigError",
    "Cron",
    "Decision",
    "DelayConfig",
    "Duration",
    "Edge",
    "EdgeReason",
    "EdgeType",
    "EntityEvent",
    "Escalation",
    "EventHeader",
    "EventId",
    "EventType",
    "ExecutionId",
    "Expectation",
    "FieldChange",
    "Firing",
    "Graph",
    "IchorError",
    "InvalidDocument",
    "InvalidDuration",
    "InvalidEvent",
    "InvalidMessage",
    "InvalidReply",
    "InvalidRule",
    "Lineage",
    "Listening",
    "LogicType",
    "ManualStart",
    "Match",
    "Message",
    "OpenedQuestion",
    "Operator",
    "Outcome",
    "Part",
    "Person",
    "Placeholder",
    "Problem",
    "Question",
    "Reply",
    "ReplyError",
    "ReplyNotice",
    "Report",
    "Resolution",
    "RoutingKey",
    "RowChange",
    "Rule",
    "RuleId",
    "RunHeader",
    "RunOptions",
    "RunRecord",
    "RunRequest",
    "RunStatus",
    "Schedule",
    "Secret",
    "SecretPlace",
    "Template",
    "TemplateError",
    "Transaction",
    "Trigger",
    "UnknownRun",
    "VersionHash",
    "Vote",
    "VoteResult",
    "VoteVerdict",
    "all_hold",
    "always_there",
    "analyze_rule",
    "approval_result",
    "check_document",
    "decide",
    "delay_result",
    "describe",
    "equal",
    "event_header",
    "file_schema",
    "format_duration",
    "load_text",
    "match_rules",
    "next_lineage",
    "parse_cron",
    "parse_duration",
    "parse_event",
    "parse_reply",
    "parse_template",
    "question_id",
    "read_conditions",
    "resolve_text",
    "rule_document",
    "rule_yaml",
    "rules_on_the_way",
    "run_request",
    "scan",
    "spell_chain",
    "tally",
    "visit",
    "workflow_id",
]
