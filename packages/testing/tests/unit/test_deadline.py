import pytest
from ichor_testing.deadline import until
from ichor_testing.errors import DeadlineExceeded


async def test_polls_until_true() -> None:
    answers = iter([False, False, True])

    async def condition() -> bool:
        return next(answers)

    await until(condition, "the third answer", pause=0)
    assert list(answers) == []


async def test_says_what_did_not_happen() -> None:
    async def never() -> bool:
        return False

    with pytest.raises(DeadlineExceeded, match=r"the sunrise did not happen within 0\.01 s"):
        await until(never, "the sunrise", seconds=0.01, pause=0)
