"""`ichor test`: which files it runs, what it says differs, and how it exits."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

type Ichor = Callable[..., Awaitable[CompletedProcess[str]]]
type Write = Callable[..., Path]
type Document = dict[str, Any]

CASE = {
    "trigger_data": {"total": 5000, "number": "A-7"},
    "results": {"hold": {"result": {"no": 1, "list": [{"a": 1}]}}},
}
HOLDS = {
    "status": "completed",
    "states": {"check": "completed", "hold": "completed", "pass": "skipped"},
    "results": {"hold": {"no": 1.0}, "check": {"output": "true"}},
    "configs": {"hold": {"message": "A-7 is held"}},
    "before": [["check", "hold"]],
}


@pytest.fixture
def case_file(rule: Document) -> Document:
    return {"name": "big", "why": "big orders are held", "graph": rule, "case": CASE, "expect": HOLDS}


async def test_passes(ichor: Ichor, write: Write, case_file: Document) -> None:
    file = write("case.json", case_file)
    told = await ichor("test", file, "--json")
    assert told.returncode == 0
    assert json.loads(told.stdout) == {
        "passed": 1,
        "failed": 0,
        "skipped": [],
        "cases": [{"file": str(file), "name": "big", "passed": True, "problems": [], "differences": []}],
    }


@pytest.mark.parametrize(
    ("expect", "where"),
    [
        ({"status": "failed"}, "status"),
        ({"states": {"hold": "skipped"}}, "states.hold"),
        ({"states": {"nobody": "skipped"}}, "states.nobody"),
        ({"results": {"hold": {"no": 2}}}, "results.hold.no"),
        ({"results": {"hold": {"no": True}}}, "results.hold.no"),
        ({"results": {"hold": {"no": "1"}}}, "results.hold.no"),
        ({"results": {"hold": {"other": None}}}, "results.hold.other"),
        ({"results": {"hold": {"list": []}}}, "results.hold.list"),
        ({"results": {"hold": {"list": [{"a": 2}]}}}, "results.hold.list.0.a"),
        ({"results": {"pass": {}}}, "results.pass"),
        ({"results": {"nobody": {}}}, "results.nobody"),
        ({"configs": {"hold": {"message": "x"}}}, "configs.hold.message"),
        ({"configs": {"pass": {}}}, "configs.pass"),
        ({"before": [["hold", "check"]]}, "before.hold.check"),
        ({"before": [["check", "pass"]]}, "before.check.pass"),
        ({"before": [["check", "check"]]}, "before.check.check"),
    ],
    ids=str,
)
async def test_says_what_differs(ichor: Ichor, write: Write, case_file: Document, expect: Document, where: str) -> None:
    told = await ichor("test", write("case.json", {**case_file, "expect": expect}), "--json")
    (case,) = json.loads(told.stdout)["cases"]
    assert (told.returncode, case["passed"], case["problems"]) == (1, False, [])
    assert [difference["where"] for difference in case["differences"]] == [where]
    assert where in case["differences"][0]["message"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"expects": {}}, "unknown_key"),
        ({"expect": {"state": {}}}, "invalid_case"),
        ({"expect": {"before": [["check"]]}}, "invalid_case"),
        ({"expect": {"status": "fine"}}, "invalid_case"),
        ({"case": {"results": {"nobody": {"result": {}}}}}, "invalid_case"),
        ({"case": []}, "invalid_case"),
        ({"file": "x.yaml"}, "missing_key"),
        ({"name": 1}, "invalid_value"),
        ({"graph": {}}, "missing_key"),
        ({"graph": None}, "invalid_file"),
    ],
    ids=str,
)
async def test_broken_file_fails(ichor: Ichor, write: Write, case_file: Document, change: Document, code: str) -> None:
    write("good.json", case_file)
    bad = write("bad.json", {**case_file, **change})
    told = await ichor("test", bad.parent, "--json")
    document = json.loads(told.stdout)
    assert (told.returncode, document["passed"], document["failed"]) == (1, 1, 1)
    (broken,) = [case for case in document["cases"] if not case["passed"]]
    assert code in [problem["code"] for problem in broken["problems"]]


async def test_rule_in_a_file_of_its_own(ichor: Ichor, write: Write, rule: Document, tmp_path: Path) -> None:
    write("rules/rule.yaml", json.dumps(rule))
    write(
        "cases/one.yaml",
        "file: ../rules/rule.yaml\ncase: {trigger_data: {total: 1}}\nexpect: {states: {pass: completed}}",
    )
    write("cases/two.json", {"name": "lost", "file": "nowhere.yaml", "case": {}})
    told = await ichor("test", tmp_path, "--json")
    cases = {case["name"]: case for case in json.loads(told.stdout)["cases"]}
    assert told.returncode == 1
    assert cases["one"]["passed"]
    (lost,) = [case for name, case in cases.items() if name != "one"]
    assert "nowhere.yaml" in lost["problems"][0]["message"]


async def test_what_counts_in_a_folder(
    ichor: Ichor, write: Write, rule: Document, case_file: Document, tmp_path: Path
) -> None:
    write("a/deep/case.json", case_file)
    write("a/case.yml", json.dumps(case_file))
    write("rule.json", rule)
    write("package.json", {"name": "something", "version": 1})
    write("inputs.json", CASE)
    write(".hidden/case.json", case_file)
    write("README.md", "text")
    told = await ichor("test", tmp_path, tmp_path / "a", "--json")
    assert (told.returncode, json.loads(told.stdout)["passed"]) == (0, 2)
    write("broken.json", '{"case": ')
    compose = write("docker-compose.yaml", "x: &x {a: 1}\nservices: {a: *x}\n")
    told = await ichor("test", tmp_path, "--json")
    document = json.loads(told.stdout)
    assert (told.returncode, document["failed"]) == (1, 1)
    assert document["skipped"] == [str(compose), str(tmp_path / "package.json")]
    package = tmp_path / "package.json"
    said = f"{compose}, {package} are skipped: they are no case files and no workflow files. `--json` lists them all.\n"
    assert told.stderr == said
    others = [write(f"z{number}.json", {"other": number}) for number in range(20)]
    told = await ichor("test", tmp_path, "--json")
    assert told.stderr == said.replace(" are skipped", f", {others[0]} and 19 more are skipped")
    assert len(json.loads(told.stdout)["skipped"]) == 22
    named = await ichor("test", compose, "--json")
    assert (named.returncode, json.loads(named.stdout)["failed"]) == (1, 1)


async def test_named_file_must_be_a_case_file(ichor: Ichor, write: Write, rule: Document) -> None:
    told = await ichor("test", write("rule.json", rule), "--json")
    (case,) = json.loads(told.stdout)["cases"]
    assert (told.returncode, case["problems"][0]["code"]) == (1, "no_case_file")


async def test_no_case_file_at_all(ichor: Ichor, write: Write, rule: Document, tmp_path: Path) -> None:
    write("rule.json", rule)
    told = await ichor("test", tmp_path, "--json")
    assert (told.returncode, json.loads(told.stdout)["error"]["code"]) == (2, "no_cases")


async def test_people_see_a_summary(ichor: Ichor, write: Write, case_file: Document, tmp_path: Path) -> None:
    write("good.json", case_file)
    write("bad.json", {**case_file, "name": "bad", "expect": {"status": "failed"}})
    told = await ichor("test", tmp_path)
    assert "1 passed, 1 failed" in told.stdout
    assert 'status should be "failed" and is "completed".' in told.stdout


@pytest.mark.usefixtures("temporal")
async def test_on_temporal(ichor: Ichor, write: Write, case_file: Document, tmp_path: Path) -> None:
    for number in range(5):
        write(f"good{number}.json", case_file)
    write("bad.json", {**case_file, "expect": {"states": {"hold": "skipped"}}})
    told = await ichor("test", tmp_path, "--on", "temporal", "--events-per-run", 3, "--json")
    document = json.loads(told.stdout)
    assert (told.returncode, document["passed"], document["failed"]) == (1, 5, 1)
    assert document["cases"][0]["differences"][0]["where"] == "states.hold"
