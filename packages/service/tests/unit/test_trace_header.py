from ichor_models import Traceparent
from ichor_service import trace_of
from ichor_service.trace_header import HEADER, new_trace, with_trace
from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import ActivityTaskScheduledEventAttributes

TRACE = Traceparent("a" * 32, "b" * 16)


def test_the_header_of_temporals_own_interceptors_is_read():
    sent = b'{"traceparent": "%s", "tracestate": "x=y"}' % str(TRACE).encode()
    assert trace_of({HEADER: Payload(data=sent)}) == TRACE


def test_what_strangers_send_is_no_trace():
    assert trace_of({}) is None
    for sent in (b"", b"\xff", b"[1]", b"{}", b'{"traceparent": 5}', b'{"traceparent": "00-x-y-01"}'):
        assert trace_of({HEADER: Payload(data=sent)}) is None


def test_a_run_that_nobody_traced_begins_a_trace_by_its_id():
    made = new_trace("01a2209d-df3a-7877-9a40-9c8c1ec9545f")
    assert made == new_trace("01a2209d-df3a-7877-9a40-9c8c1ec9545f")
    assert Traceparent.read(str(made)) == made
    assert made.is_new
    assert not TRACE.is_new


def test_an_activity_of_a_history_is_120_bytes_longer():
    (header,) = with_trace({}, TRACE).values()
    event = ActivityTaskScheduledEventAttributes()
    event.header.fields[HEADER].CopyFrom(header)
    assert event.ByteSize() == 120
    assert with_trace({}, None) == {}
