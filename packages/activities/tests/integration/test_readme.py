"""The README runs as written."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def block(language: str, index: int = 0) -> str:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)[index]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The package of the README as it is when installed."""
    (tmp_path / "shop_actions.py").write_text(block("python"))
    (tmp_path / "try_it.py").write_text(block("python", 1))
    project = tomllib.loads(block("toml"))["project"]
    installed = tmp_path / "shop_actions-0.1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 0.1.0\n")
    [(group, points)] = project["entry-points"].items()
    lines = "".join(f"{name} = {value}\n" for name, value in points.items())
    (installed / "entry_points.txt").write_text(f"[{group}]\n{lines}")
    return tmp_path


def run(package: Path, *arguments: str) -> str:
    environment = {"PYTHONPATH": str(package)}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=package, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_first_handler(package: Path) -> None:
    assert run(package, "try_it.py").strip() == "{'output': 'success', 'total': '89.91'}"


def test_it_is_found(package: Path) -> None:
    code = "import ichor_activities; print(ichor_activities.discover().catalogue['apply_discount'].all_ports)"
    assert run(package, "-c", code).strip() == "('success', 'free', 'failure')"


def test_the_file_of_entities(package: Path) -> None:
    file = package / "entities.yaml"
    file.write_text(block("yaml", 1))
    code = "import ichor_activities as a, sys; print(a.load_entity_access(sys.argv[1]).entity('sales.orders').name)"
    assert run(package, "-c", code, str(file)).strip() == "orders"
