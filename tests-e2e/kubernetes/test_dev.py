"""The overlay `dev`: its servers are those that the tests use, as fast, and it comes to no cluster by mistake."""

import os
import subprocess
from pathlib import Path

import pytest
from ichor_testing import postgres, rabbitmq, temporal

from .manifests import ROOT, containers, named, overlay

_SERVERS = ("postgresql", "rabbitmq", "temporal")


def test_images_are_those_of_ichor_testing() -> None:
    images = [containers(named(overlay("dev"), "StatefulSet", name))[0]["image"] for name in _SERVERS]
    assert images == [postgres.IMAGE, rabbitmq.IMAGE, temporal.IMAGE]


def test_temporal_is_started_as_by_ichor_testing() -> None:
    (container,) = containers(named(overlay("dev"), "StatefulSet", "temporal"))
    told = temporal.TemporalOptions(ui=True).arguments("0.0.0.0", 7233, 8233, database=None)
    pairs = {f"{told[i]}={told[i + 1]}" for i in range(2, len(told), 2)}
    assert {*container["args"]} - pairs == {"server", "start-dev", "--db-filename=/data/temporal.db"}
    assert pairs - {*container["args"]} == set()


@pytest.mark.parametrize("command", ["up", "env"])
def test_nothing_is_done_to_a_cluster_that_nobody_named(command: str, tmp_path: Path) -> None:
    called = tmp_path / "called"
    for name, does in (("kubectl", f'echo "$@" >>{called}'), ("cluster", "exit 0")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "ICHOR_CLUSTER": str(tmp_path / "cluster")}
    done = subprocess.run(
        [ROOT / "infra/cluster", command], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (3, "cluster: There is no KUBECONFIG of the cluster.\n")
    assert not called.exists()
