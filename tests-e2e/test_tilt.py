"""`tilt up`: the Tiltfile is evaluated with Tilt's functions stubbed, and all that it names is there and fits."""

import asyncio
import json
import os
import re
import shlex
import signal
import subprocess
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import starlark
import yaml
from ichor_cli.main import run as ichor
from ichor_cli.program import app
from typer.main import get_command

ROOT = Path(__file__).parent.parent
ENGINE = ("worker", "trigger")
PROGRAMS = {"kubectl", "tilt"}
"""What a button may call beside the programs of this repository."""

type Document = dict[str, Any]


@dataclass
class Tilt:
    """Stands in for Tilt: its functions note what they are called with, and read what they read."""

    images: dict[str, Document] = field(default_factory=dict[str, Document])
    objects: list[Document] = field(default_factory=list[Document])
    resources: dict[str, Document] = field(default_factory=dict[str, Document])
    buttons: dict[str, Document] = field(default_factory=dict[str, Document])

    def docker_build(self, ref: str, context: str, **options: Any) -> None:
        self.images[ref] = {"context": context, **options}

    def k8s_yaml(self, text: str) -> None:
        self.objects += yaml.safe_load_all(text)

    def k8s_resource(self, workload: str, **options: Any) -> None:
        self.resources[workload] = options

    def local_resource(self, name: str, cmd: str, **options: Any) -> None:
        self.buttons[name] = {"cmd": cmd, **options}

    @property
    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """Return what a Tiltfile may call; another name is an error, as in Tilt."""
        notes = (self.docker_build, self.k8s_yaml, self.k8s_resource, self.local_resource)
        answers = (version_settings, kustomize, decode_yaml_stream, encode_yaml_stream, read_file, port_forward)
        steps = (fall_back_on, sync, run)
        return {function.__name__: function for function in (*notes, *answers, *steps)}


def version_settings(constraint: str) -> None:
    assert constraint.startswith(">=")


def kustomize(folder: str) -> str:
    return subprocess.run(
        [ROOT / "infra/kustomize", folder], cwd=ROOT, capture_output=True, text=True, check=True, timeout=300
    ).stdout


def decode_yaml_stream(text: str) -> list[Document]:
    return list(yaml.safe_load_all(text))


def encode_yaml_stream(objects: Sequence[Document]) -> str:
    return yaml.safe_dump_all(objects)


def read_file(path: str) -> str:
    return (ROOT / path).read_text()


def port_forward(local: int, container: int, name: str) -> Document:
    return {"local": local, "container": container, "name": name}


def fall_back_on(files: Sequence[str]) -> Document:
    return {"fall_back_on": files}


def sync(local: str, remote: str) -> Document:
    return {"sync": [local, remote]}


def run(cmd: str) -> Document:
    return {"run": cmd}


@pytest.fixture(scope="module")
def tilt() -> Tilt:
    """Tilt, after it read our file."""
    found, module = Tilt(), starlark.Module()
    for name, function in found.functions.items():
        module.add_callable(name, function)
    module["TRIGGER_MODE_MANUAL"] = "manual"
    dialect = starlark.Dialect.standard()
    dialect.enable_top_level_stmt = True
    starlark.eval(
        module, starlark.parse("Tiltfile", (ROOT / "Tiltfile").read_text(), dialect), starlark.Globals.standard()
    )
    return found


@pytest.fixture
def workloads(tilt: Tilt) -> Mapping[str, Document]:
    """Everything that runs, by its name."""
    kinds = ("Deployment", "StatefulSet", "Job")
    return {item["metadata"]["name"]: item for item in tilt.objects if item["kind"] in kinds}


def test_every_image_is_a_target_that_somebody_runs(tilt: Tilt, workloads: Mapping[str, Document]):
    for ref, image in tilt.images.items():
        dockerfile = (ROOT / image["dockerfile"]).read_text()
        assert f"ichor-{image['target']}" == ref
        assert re.search(rf"^FROM \S+ AS {image['target']}$", dockerfile, re.MULTILINE), ref
        assert (ROOT / image["context"]).is_dir()
    used = {container["image"].rpartition(":")[0] for item in workloads.values() for container in containers(item)}
    assert {name for name in used if name.startswith("ichor-")} == set(tilt.images)


@pytest.mark.parametrize("name", ENGINE)
def test_a_change_of_each_package_that_a_service_depends_on_comes_into_its_container(tilt: Tilt, name: str):
    image = tilt.images[f"ichor-{name}"]
    members = dependencies(f"services/{name}")
    steps: list[Document] = image["live_update"]
    synced = dict(step["sync"] for step in steps if "sync" in step)
    assert synced == {f"{member}/src/{module(member)}": f"/live/{module(member)}" for member in members}
    assert all((ROOT / local).is_dir() for local in synced)
    assert [next(iter(step)) for step in steps] == ["fall_back_on", *["sync"] * len(synced), "run"]
    anew: list[str] = steps[0]["fall_back_on"]
    assert all((ROOT / path).is_file() for path in anew)
    assert {f"{member}/pyproject.toml" for member in members} | {"uv.lock"} <= {*anew}


def test_what_is_not_in_an_image_does_not_build_it_anew(tilt: Tilt):
    known = {file.parent.relative_to(ROOT).as_posix() for file in ROOT.glob("[ps]*s/*/pyproject.toml")}
    for name, folder in {"worker": "services/worker", "trigger": "services/trigger", "cli": "packages/cli"}.items():
        foreign = {f"{member}/src" for member in known - dependencies(folder)}
        assert {*tilt.images[f"ichor-{name}"]["ignore"]} == foreign


def test_every_resource_is_there_with_its_ports(tilt: Tilt, workloads: Mapping[str, Document]):
    assert set(tilt.resources) == set(workloads)
    taken: list[int] = []
    for name, options in tilt.resources.items():
        assert options["labels"]
        assert {*options.get("resource_deps", [])} <= set(workloads)
        open_ports = {port["containerPort"] for item in containers(workloads[name]) for port in item.get("ports", [])}
        for forward in options.get("port_forwards", []):
            assert forward["container"] in open_ports
            taken.append(forward["local"])
    assert len(taken) == len(set(taken))
    named = {forward["name"] for options in tilt.resources.values() for forward in options.get("port_forwards", [])}
    assert {"Temporal UI", "RabbitMQ", "API"} <= named


@pytest.mark.parametrize("name", ENGINE)
def test_a_program_runs_on_sources_that_can_be_written_and_on_nothing_else_that_can(
    workloads: Mapping[str, Document], name: str
):
    (container,) = containers(workloads[f"ichor-{name}"])
    assert container["command"][-1] == f"/opt/ichor/bin/ichor-{name}"
    assert container["command"][2] == (ROOT / "infra/tilt/live").read_text()
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert {"name": "live", "mountPath": "/live"} in container["volumeMounts"]
    pod = workloads[f"ichor-{name}"]["spec"]["template"]["spec"]
    assert {"name": "live", "emptyDir": {}} in pod["volumes"]
    assert pod["securityContext"]["fsGroup"] == pod["securityContext"]["runAsUser"]


def test_buttons_wait_to_be_pressed(tilt: Tilt, workloads: Mapping[str, Document]):
    assert {"fire a sample event", "run tests", "reset data"} <= set(tilt.buttons)
    for options in tilt.buttons.values():
        assert (options["auto_init"], options["trigger_mode"]) == (False, "manual")
        assert {*options["resource_deps"]} <= set(workloads)


def test_every_command_of_a_button_is_there(tilt: Tilt, workloads: Mapping[str, Document]):
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for options in tilt.buttons.values():
        for command in options["cmd"].split(" && "):
            match shlex.split(command):
                case ["infra/uv", "run", "--quiet", "ichor", *arguments]:
                    parse_ichor(arguments)
                case ["make", target]:
                    assert target in targets
                case ["tilt", "trigger", resource]:
                    assert resource in workloads
                case ["kubectl", "--namespace", namespace, *arguments]:
                    check_kubectl(namespace, arguments, tilt.objects)
                case other:
                    pytest.fail(f"no check knows this command: {other}")


def parse_ichor(arguments: Sequence[str]) -> None:
    """Let the command line read the arguments, and look for the files among them."""
    command: Any = get_command(app())
    sub = command.commands[arguments[0]]
    sub.make_context(arguments[0], list(arguments[1:]))
    assert all((ROOT / argument).is_file() for argument in arguments if "/" in argument)


def check_kubectl(namespace: str, arguments: Sequence[str], objects: Sequence[Document]) -> None:
    """See that the namespace is the rendered one, and that a selector finds the servers."""
    assert {item["metadata"].get("namespace", namespace) for item in objects} == {namespace}
    assert arguments[:2] in (["delete", "pod"], ["rollout", "status"])
    if "--selector" in arguments:
        selector = arguments[arguments.index("--selector") + 1]
        label, names = re.fullmatch(r"(\S+) in \((.*)\)", selector).groups()  # pyright: ignore[reportOptionalMemberAccess]
        pods = [item["spec"]["template"]["metadata"]["labels"] for item in objects if item["kind"] == "StatefulSet"]
        assert sorted(labels[label] for labels in pods) == sorted(names.split(", "))


def test_the_sample_takes_its_large_branch(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    rule, event = ROOT / "infra/tilt/rule.yaml", json.loads((ROOT / "infra/tilt/event.json").read_text())
    case = tmp_path / "case.json"
    case.write_text(json.dumps({"trigger_data": event["raw_data"], "results": {}}))
    assert ichor(["simulate", str(rule), "--case", str(case), "--json"]) == 0
    actions = json.loads(capsys.readouterr().out)["actions"]
    assert actions["hold"]["config"] == {"message": "A-17 is held: €1,500.00"}
    assert event["entity_name"] == yaml.safe_load(rule.read_text())["trigger"]["entity"]


class TestLive:
    """The script that runs a program on sources that can be written."""

    PROGRAM = (
        "import signal; from ichor_demo import said; signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM}); "
        "print(said, flush=True); signal.sigwait({signal.SIGTERM})"
    )

    @staticmethod
    def hear_hangups() -> None:
        """Take SIGHUP as in a container, also below a parent that ignores it, as nohup's are."""
        signal.signal(signal.SIGHUP, signal.SIG_DFL)

    @pytest.fixture
    def environment(self, tmp_path: Path) -> dict[str, str]:
        installed = tmp_path / "installed"
        (installed / "ichor_demo").mkdir(parents=True)
        (installed / "ichor_demo/__init__.py").write_text("said = 'first'")
        (installed / "ichor_demo-1.0.dist-info").mkdir()
        (tmp_path / "live").mkdir()
        return {**os.environ, "LIVE": str(tmp_path / "live"), "PACKAGES": str(installed)}

    async def test_it_begins_anew_with_what_changed_and_ends_when_told(
        self, environment: dict[str, str], tmp_path: Path
    ):
        script = (ROOT / "infra/tilt/live").read_text()
        argv = ["/bin/sh", "-c", script, "live", "python3", "-B", "-c", self.PROGRAM]
        live = await asyncio.create_subprocess_exec(
            *argv, env=environment, stdout=subprocess.PIPE, preexec_fn=self.hear_hangups
        )
        assert live.stdout is not None
        async with asyncio.timeout(60):
            assert await live.stdout.readline() == b"first\n"
            assert [path.name for path in (tmp_path / "live").glob("ichor*")] == ["ichor_demo"]
            (tmp_path / "live/ichor_demo/__init__.py").write_text("said = 'second'")
            live.send_signal(signal.SIGHUP)
            assert await live.stdout.readline() == b"second\n"
            live.send_signal(signal.SIGTERM)
            assert await live.wait() == 0

    async def test_it_ends_as_its_program_does(self, environment: dict[str, str]):
        script = (ROOT / "infra/tilt/live").read_text()
        argv = ["/bin/sh", "-c", script, "live", "python3", "-c", "raise SystemExit(3)"]
        live = await asyncio.create_subprocess_exec(*argv, env=environment)
        assert await asyncio.wait_for(live.wait(), 60) == 3


def containers(workload: Document) -> Sequence[Document]:
    return workload["spec"]["template"]["spec"]["containers"]


def module(member: str) -> str:
    return f"ichor_{member.rpartition('/')[2]}"


def dependencies(member: str) -> set[str]:
    """Return a member and all members that it needs, by their folders."""
    project = tomllib.loads((ROOT / member / "pyproject.toml").read_text())["project"]
    names = [re.split(r"[^a-z-]", item)[0] for item in project["dependencies"]]
    needed = [f"packages/{name.removeprefix('ichor-')}" for name in names if name.startswith("ichor-")]
    return {member}.union(*(dependencies(item) for item in needed))
