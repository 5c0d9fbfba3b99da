"""Records histories of workflows and replays them, so that a change that breaks runs under way turns a test red."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

_OF_THIS_MACHINE = re.compile(r'("(?:identity|stackTrace)": ?)"(?:[^"\\]|\\.)*"')

if TYPE_CHECKING:
    from ichor_executor.temporal import EncryptionKeys, FindValues
    from temporalio.client import WorkflowHandle
    from temporalio.worker import Interceptor


async def save_history(handle: "WorkflowHandle[object, object]", path: Path) -> None:
    """Write the history of a workflow as JSON, without the names of the processes that took part, and their paths."""
    history = await handle.fetch_history()
    await asyncio.to_thread(_write, path, _OF_THIS_MACHINE.sub(r'\1"worker"', history.to_json()))


async def replay_histories(
    folder: Path,
    *workflows: type,
    find_values: "FindValues | None" = None,
    keys: "EncryptionKeys | None" = None,
    interceptors: "Sequence[Interceptor]" = (),
) -> dict[str, Exception | None]:
    """Replay every `*.json` of a folder; return by file name what went wrong, None where nothing did.

    `find_values` gives the store of payloads that were too large for Temporal, `keys` those of what is encrypted.

    Raises:
        FileNotFoundError: the folder holds no history, so that nothing would be checked.
    """
    from ichor_executor.temporal import data_converter
    from temporalio.client import WorkflowHistory
    from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

    replayer = Replayer(
        workflows=workflows,
        data_converter=data_converter(find_values, keys),
        workflow_runner=UnsandboxedWorkflowRunner(),
        interceptors=interceptors,
        debug_mode=True,  # Else a step that a busy machine holds up for two seconds is a failure.
    )
    failures: dict[str, Exception | None] = {}
    for name, text in (await asyncio.to_thread(_read, folder)).items():
        history = WorkflowHistory.from_json(name, text)
        failures[name] = (await replayer.replay_workflow(history, raise_on_replay_failure=False)).replay_failure
    return failures


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _read(folder: Path) -> dict[str, str]:
    files = sorted(folder.glob("*.json"))
    if not files:
        raise FileNotFoundError(f"There are no histories in {folder}.")
    return {file.stem: file.read_text() for file in files}
