import pytest
from ichor_models import Traceparent

TEXT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_what_is_read_is_written_the_same():
    traced = Traceparent.read(TEXT)
    assert traced == ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "01")
    assert str(traced) == TEXT


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "",
        7,
        TEXT.upper(),
        TEXT + "-more",
        TEXT + "\n",
        TEXT.replace("00-", "ff-", 1),
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01",
    ],
)
def test_what_is_none_is_not_read(sent: object):
    assert Traceparent.read(sent) is None


def test_the_span_of_an_action_is_the_same_wherever_it_is_asked():
    traced = Traceparent("a" * 32, "b" * 16, "00")
    at = traced.at("run", "action")
    assert at == traced._replace(span_id="c" * 16).at("run", "action")
    assert (at.trace_id, at.flags, len(at.span_id)) == (traced.trace_id, "00", 16)
    assert len({at, traced.at("run"), traced.at("run", "other")}) == 3
