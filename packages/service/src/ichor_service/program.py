"""A program of the engine: its name, what it must be told, how it begins and how it ends."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn

import structlog
from ichor_models import format_duration
from pydantic import ByteSize

from ichor_service.errors import ServiceError
from ichor_service.logs import configure_logs
from ichor_service.reason import causes
from ichor_service.settings import Settings, load_settings, variable
from ichor_service.stop import Stop, leave
from ichor_service.tracing import start_tracing, stop_tracing

type Run = Callable[[Settings, Stop, Sequence[str]], Awaitable[None]]
"""What a program does, with the names of the parts that are wanted."""

_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Program:
    """What is particular to one program; `needs` and `uses` are fields of Settings, `parts` what `--only` may name.

    Parts run side by side in one process, or each in processes of its own, which scale apart.
    """

    name: str
    summary: str
    http_port: int
    needs: tuple[str, ...]
    uses: tuple[str, ...]
    parts: tuple[str, ...] = ()

    def settings(self) -> Settings:
        """Read the settings, with this program's own port where none is set.

        Raises:
            InvalidSetting: a setting is wrong or missing.
        """
        settings = load_settings(self.needs)
        return settings if settings.http_port is not None else settings.model_copy(update={"http_port": self.http_port})

    def parser(self) -> argparse.ArgumentParser:
        """Return the command line, whose help lists the variables."""
        parser = argparse.ArgumentParser(
            prog=self.name,
            description=self.summary,
            epilog="\n".join(["settings (environment, or a file .env):", *self._variables()]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if self.parts:
            parser.add_argument(
                "--only", choices=self.parts, action="append", help="run this part alone; may be given several times"
            )
        return parser

    def start(self, run: Run, arguments: Sequence[str] | None = None) -> NoReturn:
        """Run until it is done or told to stop, and end the process with the code that says how it went."""
        only: list[str] | None = vars(self.parser().parse_args(arguments)).get("only")
        configure_logs()
        try:
            settings = self.settings()
            start_tracing(self.name)
            asyncio.run(_until_stopped(settings, run, only or self.parts))
        except BaseException as error:
            leave(self._explain(error))
        leave(0)

    def _explain(self, error: BaseException) -> int:
        known = next((cause for cause in causes(error) if isinstance(cause, ServiceError)), None)
        if known is None:
            _log.critical("the program failed", exc_info=error)
            return 1
        if known.exit_code:
            print(f"{self.name}: {known}", file=sys.stderr)
        return known.exit_code

    def _variables(self) -> Iterator[str]:
        for name in (*self.needs, *self.uses):
            yield f"  {variable(name)}"
            yield f"      {Settings.model_fields[name].description}{self._default(name)}"

    def _default(self, name: str) -> str:
        if name in self.needs:
            return " (required)"
        default = self.http_port if name == "http_port" else Settings.model_fields[name].default
        return f" (default: {_text(default)})" if default is not None else ""


async def _until_stopped(settings: Settings, run: Run, parts: Sequence[str]) -> None:
    stop = Stop(settings.shutdown_grace)
    stop.listen()
    try:
        await run(settings, stop, parts)
    finally:
        await stop_tracing()


def _text(value: object) -> str:
    match value:
        case timedelta():
            return format_duration(value)
        case ByteSize():
            return value.human_readable()
        case _:
            return str(value)
