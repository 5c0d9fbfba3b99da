"""Two versions of the worker side by side, as in `overlays/versioned`: each ends what it began, and none is lost."""

from pathlib import Path

from ichor_testing import DeadlineExceeded, until

from .kubectl import Kubectl
from .shop import Shop

KUBERNETES = Path(__file__).parents[2] / "infra" / "kubernetes"
VERSIONS = ("1", "2")
BUILD = """
nameSuffix: "-{version}"
resources: [{base}]
components: [{component}]
labels:
  - pairs: {{app.kubernetes.io/version: "{version}"}}
    includeSelectors: true
images:
  - {{name: ichor-worker, newTag: dev}}
replicas:
  - {{name: ichor-worker, count: 1}}
"""
OVERLAY = """
namespace: ichor-dev
resources: [{dev}, "1", "2"]
"""


async def test_each_version_ends_what_it_began(kubectl: Kubectl, shop: Shop, tmp_path: Path) -> None:
    _write_overlay(tmp_path)
    await kubectl.run("apply", "-k", str(tmp_path))
    for version in VERSIONS:
        await kubectl.rolled_out(f"worker-{version}")
    async with shop.busy():
        for version in VERSIONS:
            await _becomes_current(kubectl, version)
            await _does_actions(kubectl, version)
    assert "draining" in await _temporal(kubectl, "describe-version", "--build-id", VERSIONS[0])
    await shop.served()


def _write_overlay(folder: Path) -> None:
    for version in VERSIONS:
        build = folder / version
        build.mkdir()
        base, component = (_from(build, f"{name}") for name in ("base/worker", "components/versioned-worker"))
        text = BUILD.format(version=version, base=base, component=component)
        (build / "kustomization.yaml").write_text(text)
    (folder / "kustomization.yaml").write_text(OVERLAY.format(dev=_from(folder, "overlays/dev")))


def _from(folder: Path, name: str) -> Path:
    return (KUBERNETES / name).relative_to(folder, walk_up=True)


async def _becomes_current(kubectl: Kubectl, version: str) -> None:
    """Make it the version of new runs; Temporal refuses until it knows its workers for both workflows and actions."""

    refusals: list[AssertionError] = []

    async def is_current() -> bool:
        try:
            await _temporal(kubectl, "set-current-version", "--build-id", version, "--yes")
        except AssertionError as error:
            refusals.append(error)
            return False
        return True

    try:
        await until(is_current, f"version {version} is current", seconds=300, pause=1.0)
    except DeadlineExceeded:
        raise refusals[-1] from None


async def _does_actions(kubectl: Kubectl, version: str) -> None:
    async def does() -> bool:
        return '"action done"' in await kubectl.run("logs", "-l", f"app.kubernetes.io/version={version}", "--tail=-1")

    await until(does, f"an action of version {version}")


async def _temporal(kubectl: Kubectl, command: str, *options: str) -> str:
    of_ours = ("worker", "deployment", command, "--deployment-name", "ichor", *options)
    return await kubectl.run("exec", "temporal-0", "--", "temporal", *of_ours)
