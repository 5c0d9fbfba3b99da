"""What is in an image: the locked packages of its program, ready to run, labelled, and no more."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from .container import NAMES, docker, image, inspect, output, python

ROOT = Path(__file__).parents[2]
FOLDERS = {"worker": "services/worker", "trigger": "services/trigger", "cli": "packages/cli"}
LABELS = "title", "description", "version", "revision", "source", "licenses", "vendor"
INSTALLED = """
import json
from importlib.metadata import distributions
print(json.dumps(sorted(f"{found.name.lower().replace('_', '-')}=={found.version}" for found in distributions())))
"""
NOT_COMPILED = """
import json, sysconfig
from importlib.util import cache_from_source
from pathlib import Path
folder = Path(sysconfig.get_path("purelib"))
print(json.dumps([str(file) for file in folder.rglob("*.py") if not Path(cache_from_source(file)).exists()]))
"""


async def locked(member: str) -> list[str]:
    """Return what the lock file says that a member needs on Linux, itself among it."""
    options = "--quiet --locked --no-dev --no-editable --no-hashes --no-header --no-annotate --package"
    lines = (await output(str(ROOT / "infra/uv"), "export", *options.split(), member)).splitlines()
    return sorted(_distribution(line) for line in lines if "sys_platform == 'win32'" not in line)


def _distribution(line: str) -> str:
    if line.startswith("./"):
        project = tomllib.loads((ROOT / line / "pyproject.toml").read_text())["project"]
        return f"{project['name']}=={project['version']}"
    return line.partition(" ;")[0]


@pytest.mark.parametrize("name", NAMES)
async def test_the_locked_packages_of_the_program_are_inside_and_no_others(name: str) -> None:
    assert json.loads(await python(name, INSTALLED)) == await locked(f"ichor-{name}")


@pytest.mark.parametrize("name", NAMES)
async def test_nothing_is_left_to_compile(name: str) -> None:
    assert json.loads(await python(name, NOT_COMPILED)) == []


@pytest.mark.parametrize("name", NAMES)
async def test_it_is_set_up_for_an_orchestrator(name: str) -> None:
    config = (await inspect(image(name)))["Config"]
    user, _, group = config["User"].partition(":")
    assert int(user) > 0
    assert int(group) > 0
    assert "Healthcheck" not in config
    assert config["StopSignal"] == "SIGTERM"
    assert config["Entrypoint"][-1] == f"ichor_{name}"


@pytest.mark.parametrize("name", NAMES)
async def test_labels_say_what_it_is(name: str) -> None:
    labels = (await inspect(image(name)))["Config"]["Labels"]
    said = {key: labels[f"org.opencontainers.image.{key}"] for key in LABELS}
    project = tomllib.loads((ROOT / FOLDERS[name] / "pyproject.toml").read_text())["project"]
    assert said["title"] == project["name"] == f"ichor-{name}"
    assert said["version"] == project["version"]
    assert said["revision"] == await output("git", "rev-parse", "HEAD")
    assert said["description"]
    assert said["licenses"]


@pytest.mark.parametrize("name", NAMES)
async def test_no_file_is_the_users_to_change(name: str) -> None:
    code = "import os; print([d for d, _, _ in os.walk('/opt') if os.access(d, os.W_OK)])"
    assert await python(name, code) == "[]"


async def test_sizes() -> None:
    """Show what each image adds to its base, and that one stage, with all in it, adds more than twice as much."""
    naive = f"ichor-naive:{image('worker').partition(':')[2]}"
    file = Path(__file__).with_name("naive.Dockerfile")
    await docker("build", "--quiet", "--network=host", "--tag", naive, "--file", str(file), str(ROOT))
    added = {name: await layers(image(name)) for name in NAMES}
    added["one stage"] = await layers(naive)
    print("\nMB above the base image")
    for name, sizes in added.items():
        print(f"{name:14}{sum(sizes) / 1e6:6.0f}, its last layer {sizes[0] / 1e6:5.1f}")
    assert sum(added["worker"]) < sum(added["one stage"]) / 2
    assert all(added[name][0] < 5e6 for name in NAMES)


async def layers(name: str) -> list[int]:
    """Return the bytes of the layers above the base image, the last first."""
    base = re.search("^ARG PYTHON=(.+)$", (ROOT / "infra/Dockerfile").read_text(), re.MULTILINE)
    assert base
    below = len(await history(base[1]))
    return [size for size in (await history(name))[:-below] if size]


async def history(name: str) -> list[int]:
    """Return the bytes that each step of a build added, the last first."""
    return [int(size) for size in (await docker("history", "--human=false", "--format={{.Size}}", name)).split()]
