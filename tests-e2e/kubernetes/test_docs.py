"""docs/kubernetes.md as its reader follows it."""

import re
from pathlib import Path

import pytest

from .manifests import KUBERNETES, ROOT, containers, named, of_kind, overlay, pod, render

PAGE = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("pin", "written"),
    [("newTag: 9.8.7", ":9.8.7"), (f"digest: sha256:{'a' * 64}", f"@sha256:{'a' * 64}")],
    ids=["tag", "digest"],
)
def test_an_overlay_of_ones_own_renders(tmp_path: Path, pin: str, written: str) -> None:
    block = re.search(r"^```yaml\n# kustomization\.yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert block
    own = block[1].replace("[ichor/infra", f"[{ROOT.relative_to(tmp_path, walk_up=True)}/infra")
    (tmp_path / "kustomization.yaml").write_text(own.replace("newTag: 0.1.0", pin).replace("0.1.0", "9.8.7"))
    (tmp_path / "entities.yaml").write_text("entities: {orders: {readable: '*'}}")
    manifests = render(tmp_path)
    for workload in of_kind(manifests, "Deployment", "Job"):
        assert re.fullmatch(rf"registry\.internal/ichor-[a-z]+{re.escape(written)}", containers(workload)[0]["image"])
    assert [job["metadata"]["name"] for job in of_kind(manifests, "Job")] == ["ichor-migrate-9.8.7"]
    database = named(manifests, "NetworkPolicy", "ichor-database")["spec"]["egress"][0]["to"]
    assert database == [{"ipBlock": {"cidr": "10.1.2.0/28"}}]
    settings = next(m["data"] for m in of_kind(manifests, "ConfigMap") if "ICHOR_TASK_QUEUE" in m["data"])
    assert settings["ICHOR_TEMPORAL_ADDRESS"] == "temporal.internal:7233"


def test_who_waits_for_the_migration_waits_for_that_of_the_release() -> None:
    assert re.findall(r"wait --for=condition=complete .*", PAGE) == [
        "wait --for=condition=complete --timeout=10m job/ichor-migrate-0.1.0"
    ]
    assert "value: ichor-migrate-0.1.0" in PAGE


def test_every_secret_is_explained() -> None:
    named_there: set[str] = set()
    for workload in of_kind(overlay("versioned"), "Deployment", "Job"):
        for volume in pod(workload)["spec"]["volumes"]:
            named_there |= {volume["secret"]["secretName"]} if "secret" in volume else set()
        for entry in containers(workload)[0]["env"]:
            reference = entry.get("valueFrom", {}).get("secretKeyRef")
            named_there |= {reference["name"], reference["key"]} if reference else set()
    section = PAGE[PAGE.index("\n## Secrets") : PAGE.index("\n## TLS")]
    assert {name for name in named_there if f"`{name}`" not in section} == set()


def test_every_folder_is_explained() -> None:
    found = {f"{kind}/{folder.name}" for kind in ("components", "overlays") for folder in (KUBERNETES / kind).iterdir()}
    section = PAGE[PAGE.index("\n## What there is") : PAGE.index("\n## On your machine")]
    assert {
        name for name in found if f"`{name}`" not in section and f"`{name.partition('/')[2]}`" not in section
    } == set()
