"""What `infra/kubernetes` renders to, and how to look at it."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "infra" / "kubernetes"
OVERLAYS = ("dev", "production", "tenants/acme", "tenants/globex", "versioned")
WORKLOADS = ("Deployment", "StatefulSet", "Job")

type Manifest = Mapping[str, Any]
type Labels = Mapping[str, str]


@cache
def render(folder: Path) -> Sequence[Manifest]:
    """Return what a kustomization renders to."""
    done = subprocess.run(
        [ROOT / "infra" / "kustomize", folder], capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def overlay(name: str) -> Sequence[Manifest]:
    """Return what an overlay renders to."""
    return render(KUBERNETES / "overlays" / name)


def of_kind(manifests: Sequence[Manifest], *kinds: str) -> list[Manifest]:
    """Return those of some kinds."""
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


def named(manifests: Sequence[Manifest], kind: str, name: str) -> Manifest:
    """Return the one of a kind and a name."""
    (found,) = [manifest for manifest in of_kind(manifests, kind) if manifest["metadata"]["name"] == name]
    return found


def pod(workload: Manifest) -> Manifest:
    """Return the template of a workload's pods."""
    return workload["spec"]["template"]


def labels(workload: Manifest) -> Labels:
    """Return the labels of a workload's pods."""
    return pod(workload)["metadata"]["labels"]


def component(workload: Manifest) -> str:
    """Return what the pods of a workload are: the program of the engine, else the server."""
    found = labels(workload)
    return found.get("app.kubernetes.io/component") or found["app.kubernetes.io/name"]


def containers(workload: Manifest) -> list[Manifest]:
    """Return the containers of a workload's pods, those that begin before the others too."""
    spec = pod(workload)["spec"]
    return [*spec.get("initContainers", []), *spec["containers"]]


def variables(workload: Manifest, manifests: Sequence[Manifest]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each variable of a workload's containers with its entry; those of a ConfigMap as `value`."""
    for container in containers(workload):
        for source in container.get("envFrom", []):
            settings = named(manifests, "ConfigMap", source["configMapRef"]["name"])
            yield from ((name, {"value": value}) for name, value in settings["data"].items())
        yield from ((entry["name"], entry) for entry in container.get("env", []))


def selects(selector: Mapping[str, Any], candidate: Labels) -> bool:
    """Say whether a label selector of Kubernetes selects these labels; an empty one selects all."""
    if any(candidate.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    return all(_holds(expression, candidate) for expression in selector.get("matchExpressions", []))


def _holds(expression: Mapping[str, Any], candidate: Labels) -> bool:
    assert expression["operator"] == "In", "teach this function the other operators"
    return candidate.get(expression["key"]) in expression["values"]
