from pathlib import Path

import pytest
from ichor_testing.temporal import FAST, SEARCH_ATTRIBUTES, TemporalOptions


def arguments(options: TemporalOptions, database: Path | None = None) -> list[str]:
    return options.arguments("127.0.0.1", 7233, 8233, database)


def values(words: list[str], flag: str) -> list[str]:
    return [words[i + 1] for i, word in enumerate(words) if word == flag]


def test_every_server_is_fast() -> None:
    given = values(arguments(TemporalOptions()), "--dynamic-config-value")
    assert "history.transferProcessorMaxPollRPS=5000" in given
    assert "system.enableActivityEagerExecution=true" in given
    assert len(given) == len(FAST)


def test_own_settings_are_added_and_win() -> None:
    options = TemporalOptions(
        dynamic_config={"limit.historyCount.suggestContinueAsNew": 50, "matching.numTaskqueueReadPartitions": 4}
    )
    given = values(arguments(options), "--dynamic-config-value")
    assert "limit.historyCount.suggestContinueAsNew=50" in given
    assert "matching.numTaskqueueReadPartitions=4" in given
    assert "matching.numTaskqueueReadPartitions=1" not in given


def test_search_attributes_are_keywords() -> None:
    given = values(arguments(TemporalOptions()), "--search-attribute")
    assert given == [f"{name}=Keyword" for name in SEARCH_ATTRIBUTES]


@pytest.mark.parametrize(("ui", "flag"), [(True, "--ui-port"), (False, "--headless")])
def test_ui_is_shown_when_asked_for(ui: bool, flag: str) -> None:
    words = arguments(TemporalOptions(ui=ui))
    assert {"--ui-port", "--headless"} & set(words) == {flag}


def test_database_is_kept_where_given(tmp_path: Path) -> None:
    assert values(arguments(TemporalOptions(), tmp_path / "t.db"), "--db-filename") == [str(tmp_path / "t.db")]
