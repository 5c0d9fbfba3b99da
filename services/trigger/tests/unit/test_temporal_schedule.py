import pytest
from ichor_executor.temporal import scheduled_start
from ichor_models import RuleId, Schedule
from ichor_trigger.temporal_schedule import temporal_schedule


@pytest.mark.parametrize(
    ("cron", "zone", "sent"),
    [
        ("@hourly", "Europe/Berlin", "UTC"),
        ("5-50/15 * * * *", "America/New_York", "UTC"),
        ("0 */2 * * *", "Europe/Berlin", "Europe/Berlin"),
        ("0 * * * mon-fri", "Europe/Berlin", "Europe/Berlin"),
        ("0 * * 7 *", "Europe/Berlin", "Europe/Berlin"),
        ("0 * 1 * *", "Europe/Berlin", "Europe/Berlin"),
        ("0 * * * *", "Asia/Kolkata", "Asia/Kolkata"),
        ("0 * * * *", "Australia/Lord_Howe", "Australia/Lord_Howe"),
    ],
)
def test_minutes_of_every_hour_go_in_utc_where_they_are_the_same(cron: str, zone: str, sent: str):
    start = scheduled_start(RuleId("rule"), "Rule", None, task_queue="ichor")
    assert temporal_schedule(start, Schedule(cron=cron, timezone=zone)).spec.time_zone_name == sent
