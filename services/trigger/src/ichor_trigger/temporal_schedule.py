"""A rule's schedule as Temporal has it, and whether one that is found there says the same.

Temporal keeps a cron expression as the values of its fields, so that is how they are sent, and compared. Where clocks
are put back it leaves out times around that hour; so minutes of every hour go in UTC, if a zone has the same ones.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, cast
from zoneinfo import ZoneInfo

import ichor_models
from ichor_executor.temporal import RunInput
from ichor_models import Cron, parse_cron
from temporalio.api.common.v1 import Payload
from temporalio.client import (
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleCalendarSpec,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
)
from temporalio.converter import DataConverter

NOTE = "Made by Ichor from its rule: change the rule, what is changed here is undone."
_SHORTEST_WINDOW = timedelta(seconds=10)
"""Temporal takes every shorter catch-up window for this."""
_HOURLY = parse_cron("@hourly")
_OVERLAPS: Mapping[str, ScheduleOverlapPolicy] = {
    "skip": ScheduleOverlapPolicy.SKIP,
    "buffer_one": ScheduleOverlapPolicy.BUFFER_ONE,
    "buffer_all": ScheduleOverlapPolicy.BUFFER_ALL,
    "allow_all": ScheduleOverlapPolicy.ALLOW_ALL,
    "cancel_other": ScheduleOverlapPolicy.CANCEL_OTHER,
    "terminate_other": ScheduleOverlapPolicy.TERMINATE_OTHER,
}


def temporal_schedule(start: ScheduleActionStartWorkflow, times: ichor_models.Schedule) -> Schedule:
    """Return the schedule that starts a rule's runs at its times."""
    return Schedule(
        action=start,
        spec=_spec(times),
        policy=SchedulePolicy(
            overlap=_OVERLAPS[times.overlap], catchup_window=max(times.catchup_window, _SHORTEST_WINDOW)
        ),
        state=ScheduleState(note=NOTE),
    )


async def same(wanted: Schedule, found: Schedule, converter: DataConverter) -> bool:
    """Say whether a schedule that Temporal describes does what is wanted."""
    if not isinstance(wanted.action, ScheduleActionStartWorkflow):
        return False
    if not isinstance(found.action, ScheduleActionStartWorkflow):
        return False
    if _facts(wanted, wanted.action) != _facts(found, found.action):
        return False
    said = await _decoded(found.action, converter)
    if said != ([*wanted.action.args], wanted.action.static_summary):
        return False
    return await _is_encoded_as_now(found.action, wanted.action, converter)


def _spec(times: ichor_models.Schedule) -> ScheduleSpec:
    if times.cron is None:
        intervals = [ScheduleIntervalSpec(times.every)] if times.every else []
        return ScheduleSpec(intervals=intervals, time_zone_name=times.timezone)
    cron = parse_cron(times.cron)
    zone = (
        "UTC" if cron == _HOURLY._replace(minutes=cron.minutes) and _keeps_minutes(times.timezone) else times.timezone
    )
    return ScheduleSpec(calendars=[_calendar(part, times.cron) for part in cron.parts()], time_zone_name=zone)


def _keeps_minutes(zone: str) -> bool:
    """Say whether the minutes of a zone are those of UTC, in summer as in winter."""
    year = datetime.now(UTC).year
    offsets = [ZoneInfo(zone).utcoffset(datetime(year, month, 1)) or timedelta() for month in (1, 7)]
    return not any(offset % timedelta(hours=1) for offset in offsets)


def _calendar(cron: Cron, comment: str) -> ScheduleCalendarSpec:
    return ScheduleCalendarSpec(
        second=[ScheduleRange(0)],
        minute=_ranges(cron.minutes),
        hour=_ranges(cron.hours),
        day_of_month=_ranges(cron.days),
        month=_ranges(cron.months),
        day_of_week=_ranges(cron.weekdays),
        comment=comment,
    )


def _ranges(values: Sequence[int]) -> list[ScheduleRange]:
    """Return one range where the values are evenly spaced, else one for each value."""
    steps = {later - earlier for earlier, later in pairwise(values)}
    if len(steps) != 1:
        return [ScheduleRange(value) for value in values]
    return [ScheduleRange(values[0], values[-1], steps.pop())]


def _facts(schedule: Schedule, action: ScheduleActionStartWorkflow) -> list[object]:
    """Return everything that makes a difference and needs no decoding, in a form that can be compared."""
    spec, policy, state = schedule.spec, schedule.policy, schedule.state
    pairs = cast("Any", action.typed_search_attributes)  # the SDK leaves the types of the values open
    attributes: dict[str, object] = {pair.key.name: pair.value for pair in pairs}
    return [
        {_times(calendar) for calendar in spec.calendars},
        {(interval.every, interval.offset or timedelta()) for interval in spec.intervals},
        (list(spec.cron_expressions), list(spec.skip), spec.start_at, spec.end_at, spec.jitter or timedelta()),
        spec.time_zone_name,
        (policy.overlap, policy.catchup_window, policy.pause_on_failure),
        (state.note, state.paused, state.limited_actions),
        (action.workflow, action.id, action.task_queue, action.priority, attributes),
        (action.execution_timeout, action.run_timeout, action.task_timeout, action.retry_policy),
    ]


def _times(calendar: ScheduleCalendarSpec) -> tuple[object, ...]:
    fields = (
        calendar.second,
        calendar.minute,
        calendar.hour,
        calendar.day_of_month,
        calendar.month,
        calendar.year,
        calendar.day_of_week,
    )
    return *(_values(field) for field in fields), calendar.comment


def _values(field: Sequence[ScheduleRange]) -> frozenset[int]:
    return frozenset(
        value for item in field for value in range(item.start, max(item.start, item.end) + 1, max(item.step, 1))
    )


async def _decoded(action: ScheduleActionStartWorkflow, converter: DataConverter) -> tuple[list[Any], Any] | None:
    """Return arguments and summary of an action that Temporal described, None where they are not of our making."""
    summary = action.static_summary
    try:
        arguments = await converter.decode([_payload(item) for item in action.args], [RunInput] * len(action.args))
        return arguments, (await converter.decode([_payload(summary)], [str]))[0] if summary else None
    except Exception:
        return None


async def _is_encoded_as_now(
    found: ScheduleActionStartWorkflow, wanted: ScheduleActionStartWorkflow, converter: DataConverter
) -> bool:
    """Say whether what Temporal has is encrypted with the key that encrypts now, and not where none does."""
    now = await converter.encode([*wanted.args, *_summary(wanted)])
    return [item.metadata for item in now] == [_payload(item).metadata for item in (*found.args, *_summary(found))]


def _summary(action: ScheduleActionStartWorkflow) -> list[object]:
    return [action.static_summary] if action.static_summary else []


def _payload(value: object) -> Payload:
    if not isinstance(value, Payload):
        raise TypeError("it is no payload")
    return value
