"""docs/kubernetes.md as its reader follows it."""

import re
from pathlib import Path

from .manifests import KUBERNETES, ROOT, containers, named, of_kind, overlay, pod, render

PAGE = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")


def test_an_overlay_of_ones_own_renders(tmp_path: Path) -> None:
    block = re.search(r"^```yaml\n# kustomization\.yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert block
    own = block[1].replace("[ichor/infra", f"[{ROOT.relative_to(tmp_path, walk_up=True)}/infra")
    (tmp_path / "kustomization.yaml").write_text(own.replace("0.1.0", "9.8.7"))
    (tmp_path / "entities.yaml").write_text("entities: {orders: {readable: '*'}}")
    manifests = render(tmp_path)
    for workload in of_kind(manifests, "Deployment", "Job"):
        assert re.fullmatch(r"registry\.internal/ichor-[a-z]+:9\.8\.7", containers(workload)[0]["image"])
    assert [job["metadata"]["name"] for job in of_kind(manifests, "Job")] == ["ichor-migrate-9.8.7"]
    database = named(manifests, "NetworkPolicy", "ichor-database")["spec"]["egress"][0]["to"]
    assert database == [{"ipBlock": {"cidr": "10.1.2.0/28"}}]
    settings = next(m["data"] for m in of_kind(manifests, "ConfigMap") if "ICHOR_TASK_QUEUE" in m["data"])
    assert settings["ICHOR_TEMPORAL_ADDRESS"] == "temporal.internal:7233"


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
