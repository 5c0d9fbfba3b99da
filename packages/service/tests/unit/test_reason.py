from ichor_service import reason


def test_an_error_speaks_on_one_line():
    assert reason(RuntimeError("two\n  lines")) == "two lines"


def test_an_error_without_words_gives_its_kind():
    assert reason(TimeoutError()) == "TimeoutError"


def test_a_group_speaks_by_its_first_error():
    assert (
        reason(ExceptionGroup("several", [ExceptionGroup("inner", [ValueError("first")]), OSError("second")]))
        == "first"
    )


def test_many_words_are_cut():
    assert len(reason(RuntimeError("x" * 1000))) == 301
