"""The benchmarks run, and write down what they measured."""

import json
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parent / "bench" / "bench.py"


def test_a_part_is_measured(tmp_path: Path) -> None:
    written = tmp_path / "bench.json"
    command = [sys.executable, str(BENCH), "--only", "loading", "--rounds", "1", "--json", str(written)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    document = json.loads(written.read_text(encoding="utf-8"))
    assert (document["rounds"], document["full"], list(document["parts"])) == (1, False, ["loading"])
    figures = {figure["name"]: figure for figure in document["parts"]["loading"]}
    one_trip = {"value": {"median": 1, "low": 1, "high": 1}, "bound": "≤ 1", "reached": True}
    for size in ("10", "100", "1,000", "10,000"):
        assert one_trip.items() <= figures[f"  round trips, {size}"].items()
        assert figures[f"load {size} actions"]["value"]["median"] > 0
        assert f"load {size} actions" in done.stdout
