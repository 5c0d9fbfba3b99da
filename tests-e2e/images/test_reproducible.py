"""Whoever builds a commit, wherever and whenever, gets the same layers."""

import os
from pathlib import Path

from .container import NAMES, docker, image, inspect, output

ROOT = Path(__file__).parents[2]


async def test_another_build_of_another_clone_has_the_same_layers(tmp_path: Path) -> None:
    clone = str(tmp_path / "clone")
    again = f"{os.environ['TAG']}-again"
    await output("git", "clone", "--quiet", str(ROOT), clone)
    await output(f"{clone}/infra/images", TAG=again, BUILD_OPTIONS="--no-cache")
    for name in NAMES:
        first, second = [(await inspect(found))["RootFS"]["Layers"] for found in (image(name), f"ichor-{name}:{again}")]
        assert first == second, f"{name} differs"
    await docker("rmi", *(f"ichor-{name}:{again}" for name in NAMES))
