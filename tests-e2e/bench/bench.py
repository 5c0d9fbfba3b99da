"""Measures the engine: each figure in one run on one server, the contestants in turn, medians with their quartiles.

Prints a table for each part, and writes them all as JSON. How to read it: docs/benchmarks.md.
"""

import argparse
import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import cpu
import interpreter
import loading
import matching
import memory
import replay
import shapes
import starts
import structlog
from effort import Effort
from figure import Figure
from ichor_testing import guard_exit
from report import table, write
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

PARTS: Mapping[str, Callable[[Effort], Awaitable[Sequence[Figure]]]] = {
    "shapes": shapes.measure,
    "starts": starts.measure,
    "matching": matching.measure,
    "loading": loading.measure,
    "interpreter": interpreter.measure,
    "replay": replay.measure,
    "memory": memory.measure,
    "cpu": cpu.measure,
}


async def main() -> int:
    """Measure the wanted parts, and say what came of it; 1 where a figure is not as it should be and `--strict`."""
    options = _options()
    logs = LoggingConfig(TelemetryFilter(core_level="ERROR", other_level="ERROR"))
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=logs)))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    effort = Effort(options.rounds, options.full)
    report: dict[str, Sequence[Figure]] = {}
    for part in options.only or PARTS:
        began = time.monotonic()
        report[part] = await PARTS[part](effort)
        print(table(part, report[part]), flush=True)
        print(f"   took {time.monotonic() - began:.0f} s\n", flush=True)
    write(options.json, report, effort)
    missed = [figure for figures in report.values() for figure in figures if figure.reached is False]
    print(f"{options.json} has it all; {len(missed)} figures are not as wanted.")
    return 1 if missed and options.strict else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=list(PARTS), help="a part to measure; may be repeated")
    parser.add_argument("--rounds", type=int, default=7, help="how often each figure is measured")
    parser.add_argument("--full", action="store_true", help="take the largest sizes, too; many minutes")
    parser.add_argument("--strict", action="store_true", help="exit with 1 where a figure is not as wanted")
    parser.add_argument("--json", type=Path, default=Path("bench.json"), help="where the figures are written")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be 1 or more")
    return options


if __name__ == "__main__":
    code = asyncio.run(main())
    guard_exit()
    sys.exit(code)
