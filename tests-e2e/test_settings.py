"""Whatever setting is wrong, the program that reads it says so at once, in one sentence, and ends."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path

import ichor_trigger.main
import ichor_worker.main
import pytest
from ichor_service import InvalidSetting, Program, Reader, Setting, Stop, Unavailable, every_setting

NOBODY = {
    "ICHOR_DATABASE_URL": "postgresql://user@127.0.0.1:1/nowhere",
    "ICHOR_RABBITMQ_URL": "amqp://user@127.0.0.1:1/",
    "ICHOR_TEMPORAL_ADDRESS": "127.0.0.1:1",
    "ICHOR_HTTP_PORT": "0",
}
"""Servers that are away: a program that took a wrong setting would wait for them."""

WRONG = {
    "temporal_address": "nowhere",
    "deployment_name": "a.b",
    "build_id": "a:b",
    "http_host": "no host",
    "token_keys": "short",
    "api_tokens": "/nowhere",
    "secrets_dir": "/nowhere",
    "entities": "/nowhere",
    "jwks_url": "nowhere",
    "smtp_from": "nobody",
    "webhook_allow": "https://api.internal",
}
"""A wrong value of each setting that takes more than the kind of its value says."""

BY_FORM = {
    "size": "many",
    "duration": "soon",
    "whole number": "some",
    "`true`": "perhaps",
    "`database`": "nowhere",
    "`postgresql": "nowhere",
    "`amqp": "nowhere",
    "`smtp": "nowhere",
}
ANY_TEXT = {"temporal_namespace", "task_queue", "jwt_audience", "jwt_issuer", "roles_sql"}
"""Names that only a server can know, and a query that only the database can try."""

SERVICES = {Reader.TRIGGER: ichor_trigger.main, Reader.WORKER: ichor_worker.main}


def wrong_settings() -> Iterator[tuple[Reader, Setting]]:
    for setting in every_setting():
        if setting.name not in ANY_TEXT:
            yield from ((reader, setting) for reader in setting.read_by.readers if reader in SERVICES)


def wrong_value(setting: Setting) -> str:
    found = WRONG.get(setting.name)
    return found or next(value for form, value in BY_FORM.items() if setting.form.startswith(form))


@pytest.fixture(autouse=True)
def _only_these_are_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith(("ICHOR_", "TEMPORAL_")):
            monkeypatch.delenv(name)
    for name, value in NOBODY.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("reader", "setting"), [*wrong_settings()], ids=lambda it: it.name.lower() if isinstance(it, Setting) else str(it)
)
async def test_a_wrong_setting_ends_its_program(reader: Reader, setting: Setting, monkeypatch: pytest.MonkeyPatch):
    value = wrong_value(setting)
    monkeypatch.setenv(setting.variable, value)
    message = await refusal(SERVICES[reader].PROGRAM, SERVICES[reader].run)
    assert message.startswith(setting.variable)
    assert "\n" not in message
    assert not setting.secret or value not in message


async def test_a_profile_of_temporal_that_is_not_there_ends_the_program(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TEMPORAL_PROFILE", "nowhere")
    assert (await refusal(ichor_worker.main.PROGRAM, ichor_worker.main.run)).startswith("TEMPORAL_")


async def refusal(program: Program, run: Callable[..., Awaitable[None]]) -> str:
    with pytest.raises((InvalidSetting, Unavailable)) as caught:
        async with asyncio.timeout(5):
            await run(program.settings(), Stop(timedelta(seconds=1)), program.parts)
    return str(caught.value)


@pytest.mark.parametrize("module", ["ichor_trigger", "ichor_worker"])
def test_the_process_tells_what_is_misspelt_and_ends_with_what_is_wrong(module: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ICHOR_TASK_QUEU", "hidden")
    monkeypatch.setenv("ICHOR_SHUTDOWN_GRACE", "soon")
    done = subprocess.run(
        [sys.executable, "-m", module], capture_output=True, text=True, timeout=60, check=False, env=os.environ
    )
    warning, sentence = done.stderr.splitlines()
    told = json.loads(warning)
    assert (told["variable"], told["hint"]) == ("ICHOR_TASK_QUEU", "did you mean ICHOR_TASK_QUEUE?")
    assert "hidden" not in warning
    assert sentence.startswith(f"{module.replace('_', '-')}: ICHOR_SHUTDOWN_GRACE cannot be used: ")
    assert (done.returncode, done.stdout) == (2, "")
