"""The README runs as it is written."""

import re
from pathlib import Path

import pytest
from ichor_testing.database import Database

README = Path(__file__).parents[2] / "README.md"


def test_the_example_runs(
    postgres_database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ICHOR_DATABASE_URL", postgres_database.url)
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(example, str(README), "exec"), {"__name__": "__main__"})
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("Wait a moment rule-")
    assert first.endswith("-e-1 pending new")
    assert second == "True"
