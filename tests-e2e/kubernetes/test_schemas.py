"""Every overlay renders, to what Kubernetes and KEDA take: no field too many, none of a wrong type."""

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry

from .manifests import KUBERNETES, OVERLAYS, Manifest, overlay

VERSIONS = ("1.31", "1.34")
"""The oldest that is supported, which must know all fields, and the newest that the manifests were tried on."""
SCHEMAS = files("kubernetes_validate") / "kubernetes-json-schema"
KEDA = json.loads((Path(__file__).parent / "keda.schema.json").read_text(encoding="utf-8"))


def validate(manifest: Manifest, version: str) -> None:
    """Raise where Kubernetes of that version does not take a manifest; strict: it knows all of its fields."""
    group, _, of_group = manifest["apiVersion"].partition("/")
    api = f"{group.partition('.')[0]}-{of_group}" if of_group else group
    schema = _read(version, f"{manifest['kind'].lower()}-{api}")
    partly_typed: Any = jsonschema.Draft202012Validator(schema, registry=_definitions(version))
    partly_typed.validate(manifest)


def validate_keda(manifest: Manifest) -> None:
    """Raise where KEDA does not take a manifest."""
    partly_typed: Any = jsonschema.Draft202012Validator(KEDA)
    partly_typed.validate(manifest)


@cache
def _definitions(version: str) -> "Registry[Any]":
    """Return what the schemas of a version share. (The package's own `validate` reads it anew for each manifest.)"""
    return Registry[Any]().with_contents([("_definitions.json", _read(version, "_definitions"))]).crawl()


@cache
def _read(version: str, name: str) -> Any:
    return json.loads((SCHEMAS / f"v{version}.0-local-strict" / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", OVERLAYS)
def test_manifests_are_what_kubernetes_takes(name: str, version: str) -> None:
    for manifest in overlay(name):
        if not _of_keda(manifest):
            validate(manifest, version)


@pytest.mark.parametrize("name", OVERLAYS)
def test_manifests_are_what_keda_takes(name: str) -> None:
    for manifest in filter(_of_keda, overlay(name)):
        validate_keda(manifest)


def test_a_field_that_does_not_exist_is_noticed() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "it"}, "spec": {"port": 80}}
    with pytest.raises(jsonschema.ValidationError, match="port"):
        validate(service, VERSIONS[-1])
    scaled = {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": "it"},
        "spec": {"scaleTargetRef": {"name": "it"}, "triggers": [{"type": "temporal", "metadata": {"queue": "ichor"}}]},
    }
    with pytest.raises(jsonschema.ValidationError, match="queue"):
        validate_keda(scaled)


def test_every_kustomization_is_used() -> None:
    """What no overlay uses is not seen by these tests."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in KUBERNETES.rglob("kustomization.yaml"))
    components = [folder.name for folder in (KUBERNETES / "components").iterdir()]
    assert [name for name in components if f"components/{name}" not in text] == []
    assert {f.parent.relative_to(KUBERNETES / "overlays").as_posix() for f in _outermost()} == {*OVERLAYS}


def _outermost() -> list[Path]:
    found = (KUBERNETES / "overlays").rglob("kustomization.yaml")
    return [file for file in found if not {"builds", "servers"} & {*file.parts}]


def _of_keda(manifest: Manifest) -> bool:
    return manifest["apiVersion"].startswith("keda.sh/")
