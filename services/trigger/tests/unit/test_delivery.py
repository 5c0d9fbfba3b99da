from datetime import timedelta

from ichor_trigger.delivery import Patience


def test_pauses_grow_up_to_the_longest_and_end():
    patience = Patience(attempts=5, first=timedelta(seconds=2), longest=timedelta(seconds=10))
    seconds = [pause.total_seconds() if (pause := patience.pause(refused)) else None for refused in range(1, 7)]
    assert seconds == [2, 4, 8, 10, None, None]


def test_usually_an_event_is_tried_for_about_an_hour():
    patience = Patience()
    pauses = [patience.pause(refused) or timedelta(0) for refused in range(1, patience.attempts)]
    assert timedelta(minutes=30) < sum(pauses, timedelta(0)) < timedelta(hours=2)
