"""Who scales what: by CPU or by the work that waits, never both; each version of a worker by itself."""

import subprocess
from pathlib import Path

import pytest

from .manifests import KUBERNETES, OVERLAYS, ROOT, named, of_kind, overlay


@pytest.mark.parametrize("name", OVERLAYS)
def test_a_deployment_is_scaled_by_one_or_has_a_number(name: str) -> None:
    scalers = of_kind(overlay(name), "HorizontalPodAutoscaler", "ScaledObject")
    scaled = sorted(scaler["spec"]["scaleTargetRef"]["name"] for scaler in scalers)
    free = sorted(d["metadata"]["name"] for d in of_kind(overlay(name), "Deployment") if "replicas" not in d["spec"])
    assert scaled == free


@pytest.mark.parametrize("program", ["trigger", "worker"])
def test_two_scalers_of_one_program_are_refused(program: str, tmp_path: Path) -> None:
    base, components = KUBERNETES / "base" / program, KUBERNETES / "components"
    text = "\n".join(
        [
            f"resources: [{base.relative_to(tmp_path, walk_up=True)}]",
            "components:",
            *(f"  - {(components / f'{by}-{program}').relative_to(tmp_path, walk_up=True)}" for by in ("cpu", "keda")),
        ]
    )
    (tmp_path / "kustomization.yaml").write_text(text)
    done = subprocess.run(
        [ROOT / "infra" / "kustomize", tmp_path], capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode != 0
    assert "/spec/replicas" in done.stderr or "replicas" in done.stderr


@pytest.mark.parametrize("name", OVERLAYS)
def test_what_a_scaler_is_told_to_use_exists(name: str) -> None:
    manifests = overlay(name)
    for scaled in of_kind(manifests, "ScaledObject"):
        for trigger in scaled["spec"]["triggers"]:
            assert named(manifests, "TriggerAuthentication", trigger["authenticationRef"]["name"])


def test_a_version_is_scaled_by_its_own_backlog() -> None:
    manifests = overlay("versioned")
    workers = [d for d in of_kind(manifests, "Deployment") if d["metadata"]["name"] != "ichor-trigger"]
    assert [worker["metadata"]["name"] for worker in workers] == ["ichor-worker-0.1.0", "ichor-worker-0.2.0"]
    for worker in workers:
        version = worker["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/version"]
        (container,) = worker["spec"]["template"]["spec"]["containers"]
        assert container["image"].endswith(f":{version}")
        build = next(entry for entry in container["env"] if entry["name"] == "ICHOR_BUILD_ID")
        assert build["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.labels['app.kubernetes.io/version']"}}
        scaled = named(manifests, "ScaledObject", worker["metadata"]["name"])
        assert scaled["spec"]["scaleTargetRef"]["name"] == worker["metadata"]["name"]
        temporal = scaled["spec"]["triggers"][0]["metadata"]
        assert (temporal["workerDeploymentName"], temporal["workerDeploymentBuildId"]) == ("ichor", version)
