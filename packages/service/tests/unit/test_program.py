import logging
from collections.abc import Generator, Sequence

import pytest
import structlog
from ichor_service import Program, Reader, Settings, Stop, Stopped, Unavailable, variable

PROGRAM = Program(Reader.CLI, "Does nothing.", 8099, ("sleep",))


@pytest.fixture(autouse=True)
def _as_its_own_process(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    def leave(code: int) -> None:
        raise SystemExit(code)

    monkeypatch.setattr("ichor_service.program.leave", leave)
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def exit_code(error: BaseException | None = None, *arguments: str) -> object:
    async def run(_: Settings, __: Stop, ___: Sequence[str]) -> None:
        if error is not None:
            raise error

    with pytest.raises(SystemExit) as caught:
        PROGRAM.start(run, arguments)
    return caught.value.code


def test_the_help_lists_the_settings(capsys: pytest.CaptureFixture[str]):
    assert exit_code(None, "--help") == 0
    output = capsys.readouterr().out
    assert "ICHOR_TASK_QUEUE\n      the task queue in Temporal, the same for trigger and workers: text " in output
    assert "up to 256KiB (default: 128KiB)\n" in output
    assert "(default: )" not in output
    assert "ICHOR_HTTP_PORT" not in output
    assert "--only {sleep}" in output


@pytest.mark.parametrize("arguments", [["--only", "dance"], ["--fast"]])
def test_wrong_usage_exits_with_two(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    assert exit_code(None, *arguments) == 2
    assert "usage: ichor " in capsys.readouterr().err


def test_a_wrong_setting_exits_with_two(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("ICHOR_HTTP_PORT", "x")
    assert exit_code() == 2
    assert capsys.readouterr().err.startswith("ichor: ICHOR_HTTP_PORT must be ")


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (None, 0, ""),
        (Stopped("asked"), 0, ""),
        (Unavailable("The door is shut."), 3, "ichor: The door is shut.\n"),
        (ExceptionGroup("", [Unavailable("The door is shut.")]), 3, "ichor: The door is shut.\n"),
    ],
)
def test_how_it_went_is_the_exit_code(
    error: BaseException | None, code: int, said: str, capsys: pytest.CaptureFixture[str]
):
    assert exit_code(error) == code
    assert capsys.readouterr().err == said


def test_a_bug_exits_with_one():
    assert exit_code(ZeroDivisionError("a bug")) == 1


def test_the_port_is_the_programs_own_where_none_is_set(monkeypatch: pytest.MonkeyPatch):
    assert PROGRAM.settings().http_port == 8099
    monkeypatch.setenv("ICHOR_HTTP_PORT", "0")
    assert PROGRAM.settings().http_port == 0


@pytest.mark.parametrize(("arguments", "expected"), [((), ["sleep"]), (("--only", "sleep"), ["sleep"])])
def test_the_parts_that_are_wanted(arguments: tuple[str, ...], expected: list[str]):
    wanted: list[str] = []

    async def run(_: Settings, __: Stop, parts: Sequence[str]) -> None:
        wanted.extend(parts)

    with pytest.raises(SystemExit):
        PROGRAM.start(run, arguments)
    assert wanted == expected


@pytest.mark.parametrize("reader", [Reader.TRIGGER, Reader.WORKER])
def test_the_help_of_a_service_says_what_is_required(reader: Reader, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        Program(reader, "Does nothing.", 8099).parser().parse_args(["--help"])
    output = capsys.readouterr().out
    assert "`postgresql://user:password@host:port/database` (required)\n" in output
    assert ("ICHOR_WEBHOOK_ALLOW" in output) == (reader is Reader.WORKER)
    assert ("ICHOR_API_TOKENS" in output) == (reader is Reader.TRIGGER)
