"""The alerts and dashboards: each rule fires and is silent when it should, and every query can be read."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from ichor_testing.dev_server import cache_folder
from ichor_testing.program import find_program

ROOT = Path(__file__).parent.parent
PROMETHEUS = ROOT / "infra" / "prometheus"
DASHBOARDS = sorted((ROOT / "infra" / "grafana").glob("*.json"))
ALERTS: list[dict[str, Any]] = yaml.safe_load((PROMETHEUS / "alerts.yaml").read_text())["groups"][0]["rules"]


def panels(dashboard: Path) -> list[dict[str, Any]]:
    return json.loads(dashboard.read_text())["panels"]


def queries(dashboard: Path) -> list[str]:
    return [target["expr"] for panel in panels(dashboard) for target in panel["targets"]]


def promtool(*arguments: str | Path) -> None:
    program = find_program("promtool", [cache_folder()])
    assert program is not None, "promtool is missing; `make setup` brings it, or install Prometheus"
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_fires_and_is_silent() -> None:
    promtool("check", "rules", PROMETHEUS / "alerts.yaml")
    promtool("test", "rules", PROMETHEUS / "alerts.test.yaml")
    tests = yaml.safe_load((PROMETHEUS / "alerts.test.yaml").read_text())["tests"]
    outcomes = {(case["alertname"], bool(case["exp_alerts"])) for test in tests for case in test["alert_rule_test"]}
    assert outcomes == {(rule["alert"], fires) for rule in ALERTS for fires in (True, False)}


def test_each_alert_has_its_place_in_the_runbook() -> None:
    page = (ROOT / "docs" / "alerts.md").read_text()
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == [rule["alert"] for rule in ALERTS]
    for rule in ALERTS:
        assert rule["annotations"]["runbook_url"] == f"docs/alerts.md#{rule['alert'].lower()}"
        assert rule["labels"]["severity"] in ("info", "warning", "critical")


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_asks_what_prometheus_understands(dashboard: Path, tmp_path: Path) -> None:
    ids = [panel["id"] for panel in panels(dashboard)]
    assert len(ids) == len(set(ids))
    rules = [
        {"record": f"panel:query{number}", "expr": query.replace("$__rate_interval", "5m")}
        for number, query in enumerate(queries(dashboard))
    ]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": dashboard.stem, "rules": rules}]}))
    promtool("check", "rules", file)


def test_the_configuration_of_the_docs_can_be_read(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "telemetry.md").read_text()
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "prometheus.yaml").write_text(block)
    shutil.copy(PROMETHEUS / "alerts.yaml", tmp_path)
    promtool("check", "config", tmp_path / "prometheus.yaml")
