"""`ichor validate`: what it prints of files that are fine, broken, or no files at all."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

type Ichor = Callable[..., Awaitable[CompletedProcess[str]]]
type Write = Callable[..., Path]


async def test_valid_file(ichor: Ichor, write: Write, rule: dict[str, Any]) -> None:
    told = await ichor("validate", write("rule.json", rule), "--json")
    assert told.returncode == 0
    assert json.loads(told.stdout) == {"valid": True, "problems": [], "warnings": []}
    assert told.stderr == ""


async def test_people_read_sentences(ichor: Ichor, write: Write, rule: dict[str, Any]) -> None:
    rule["actions"][1]["type"] = "sing [red]"
    file = write("rule.json", rule)
    told = await ichor("validate", file)
    assert told.returncode == 1
    assert "problem unknown_action_type at actions.hold.type" in told.stdout
    assert "'sing [red]'" in told.stdout
    assert "is not valid: 1 problem." in told.stdout


async def test_yaml(ichor: Ichor, write: Write) -> None:
    text = """
name: Ünïcode
trigger: {entity: orders, event: on_create}
actions: [{name: größe, type: log_audit_entry, config: {message: "✓"}}]
edges: [{source: null, target: größe, type: start}]
"""
    assert (await ichor("validate", write("rule.yaml", text))).returncode == 0
    with_mark = b"\xef\xbb\xbf" + text.encode().replace(b"\n", b"\r\n")
    assert (await ichor("validate", write("rule.yaml", with_mark))).returncode == 0


async def test_standard_input(ichor: Ichor, rule: dict[str, Any]) -> None:
    told = await ichor("validate", "-", "--json", stdin=json.dumps(rule).encode())
    assert (told.returncode, json.loads(told.stdout)["valid"]) == (0, True)


async def test_case_file_is_checked_for_its_rule(ichor: Ichor, write: Write, rule: dict[str, Any]) -> None:
    told = await ichor("validate", write("case.json", {"name": "x", "graph": rule, "case": {}}), "--json")
    assert (told.returncode, json.loads(told.stdout)["valid"]) == (0, True)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "object"),
        (b"\n\n", "object"),
        (b"[1, 2]", "object"),
        (b'"text"', "object"),
        (b'{"name": ', "cannot be read"),
        (b'{"name": NaN}', "NaN"),
        (b"name: [", "line 2"),
        (b"a: 1\na: 2\n", "twice"),
        (b"a: &x 1\nb: *x\n", "alias"),
        (b"a: !!python/object:os.system x", "tag"),
        (b"\xff\xfe\x00binary", "UTF-8"),
        (b"\x00\x01\x02", ""),
        (b"{" * 100_000, ""),
        (b"[" * 100_000, ""),
        (b"- " * 100_000, ""),
        (b"9" * 10_000, ""),
    ],
    ids=lambda value: repr(value[:12]) if isinstance(value, bytes) else "",
)
async def test_file_that_is_no_workflow_file(ichor: Ichor, write: Write, content: bytes, words: str) -> None:
    told = await ichor("validate", write("rule.yaml", content), "--json")
    document = json.loads(told.stdout)
    assert (told.returncode, document["valid"], document["warnings"]) == (1, False, [])
    (problem,) = document["problems"]
    assert (problem["code"], problem["where"]) == ("invalid_file", "file")
    assert words in problem["message"]


async def test_huge_file_is_refused_without_reading_it(ichor: Ichor, tmp_path: Path) -> None:
    file = tmp_path / "huge.yaml"
    with file.open("wb") as stream:
        stream.truncate(10 * 1024**3)
    told = await ichor("validate", file, "--json")
    assert (told.returncode, json.loads(told.stdout)["problems"][0]["code"]) == (1, "invalid_file")


@pytest.mark.parametrize(
    ("arguments", "code", "exit_code"),
    [
        (["validate"], "usage", 2),
        (["validate", "a", "b"], "usage", 2),
        (["validate", "a.yaml", "--rule", "x"], "usage", 2),
        (["validate", "a.yaml", "--wat"], "usage", 2),
        (["wat"], "usage", 2),
        (["validate", "."], "is_a_folder", 2),
        (["validate", "nowhere.yaml"], "no_such_file", 3),
        (["validate", "nowhere/at/all.yaml"], "no_such_file", 3),
        (["simulate", "nowhere.yaml"], "no_such_file", 3),
        (["run", "nowhere.yaml"], "no_such_file", 3),
        (["run", "x.yaml", "--events-per-run", "0"], "usage", 2),
        (["test", "nowhere"], "no_such_file", 3),
        (["test", "x", "--on", "moon"], "usage", 2),
        (["apply"], "usage", 2),
        (["apply", "nowhere.yaml"], "no_such_file", 3),
        (["fire", "--entity", "orders", "--set", "x"], "invalid_event", 2),
        (["fire", "--entity", "orders", "--data", "[]"], "invalid_event", 2),
        (["fire", "--entity", "orders", "--change", "status=open"], "invalid_event", 2),
        (["fire", "--wait", "--timeout", "soon", "--entity", "orders"], "usage", 2),
        (["fire"], "invalid_event", 2),
        (["runs", "--since", "soon"], "usage", 2),
        (["runs", "--status", "odd"], "usage", 2),
        (["actions", "sing"], "unknown_action_type", 3),
    ],
    ids=str,
)
async def test_what_cannot_be_done_is_one_document(
    ichor: Ichor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: str,
    exit_code: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    told = await ichor(*arguments, "--json")
    error = json.loads(told.stdout)["error"]
    assert (told.returncode, error["code"]) == (exit_code, code)
    assert error["message"]
    assert error["mend"]
    people = await ichor(*arguments)
    assert (people.returncode, people.stdout) == (exit_code, "")
    assert error["message"] in people.stderr
    assert "Traceback" not in people.stderr


async def test_standard_input_is_called_so(ichor: Ichor, rule: dict[str, Any]) -> None:
    told = await ichor("validate", "-", stdin=json.dumps(rule).encode())
    assert told.stdout == "standard input is valid.\n"


async def test_one_action_type_in_full(ichor: Ichor) -> None:
    told = await ichor("actions", "send_email")
    assert told.returncode == 0
    for part in ("recipients", "required", "output ports: success, failure", "limits: 30m0s for each of 3 attempts"):
        assert part in told.stdout
    (found,) = json.loads((await ichor("actions", "send_email", "--json")).stdout)["actions"]
    assert found["description"]
    assert found["limits"] == {"timeout": "30m0s", "max_attempts": 3, "backoff": "1s"}


async def test_version(ichor: Ichor) -> None:
    told = await ichor("--version")
    assert (told.returncode, told.stdout.split()[0]) == (0, "ichor")
