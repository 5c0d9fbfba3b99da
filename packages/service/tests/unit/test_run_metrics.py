from ichor_models import RunStatus
from ichor_service.run_metrics import RunMetrics
from prometheus_client import CollectorRegistry


def runs(registry: CollectorRegistry) -> dict[tuple[str, str], float]:
    (metric,) = registry.collect()
    return {
        (item.labels["rule"], item.labels["status"]): item.value for item in metric.samples if "_total" in item.name
    }


def test_runs_are_counted_by_rule_and_status():
    registry = CollectorRegistry()
    metrics = RunMetrics(registry)
    metrics.ended("Large order", RunStatus.FAILED)
    metrics.ended("Large order", RunStatus.FAILED)
    metrics.ended("Large order", RunStatus.COMPLETED)
    metrics.ended(None, RunStatus.CANCELLED)
    assert runs(registry) == {
        ("Large order", "failed"): 2,
        ("Large order", "completed"): 1,
        ("(other)", "cancelled"): 1,
    }


def test_ten_thousand_rules_are_a_bounded_number_of_series():
    registry = CollectorRegistry()
    metrics = RunMetrics(registry, most=3)
    for number in range(10_000):
        metrics.ended(f"rule {number}", RunStatus.COMPLETED)
    metrics.ended("rule 2", RunStatus.COMPLETED)
    assert runs(registry) == {
        ("rule 0", "completed"): 1,
        ("rule 1", "completed"): 1,
        ("rule 2", "completed"): 2,
        ("(other)", "completed"): 9_997,
    }
