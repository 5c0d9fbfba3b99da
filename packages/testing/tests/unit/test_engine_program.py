import asyncio
from pathlib import Path
from typing import cast

from ichor_testing.engine_program import EngineProgram


def test_a_line_that_is_being_written_is_not_read_yet(tmp_path: Path):
    log = tmp_path / "log"
    log.write_bytes('{"message": "one\u2028"}\nno log\n{"message": "two: '.encode() + b"\xc3")
    program = EngineProgram(cast("asyncio.subprocess.Process", None), 1, log)
    assert program.logs == [{"message": "one\u2028"}]
