"""A program of the engine: its name, what it must be told, how it begins and how it ends."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

import structlog

from ichor_service.environment import environment
from ichor_service.errors import ServiceError
from ichor_service.logs import configure_logs
from ichor_service.reason import causes
from ichor_service.setting import Reader, Setting
from ichor_service.settings import Settings, every_setting, load_settings
from ichor_service.stop import Stop, leave
from ichor_service.tracing import start_tracing, stop_tracing
from ichor_service.unknown_setting import unknown_settings

type Run = Callable[[Settings, Stop, Sequence[str]], Awaitable[None]]
"""What a program does, with the names of the parts that are wanted."""

_EPILOG = "settings (environment, or a file .env; NAME_FILE is the path of a file that holds NAME):"
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Program:
    """What is particular to one program; `parts` are what `--only` may name. The settings say which of them it reads.

    Parts run side by side in one process, or each in processes of its own, which scale apart.
    """

    reader: Reader
    summary: str
    http_port: int
    parts: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the name of the program, plain text as drivers ask for it."""
        return self.reader.value

    def settings(self) -> Settings:
        """Read the settings, with this program's own port where none is set.

        Raises:
            InvalidSetting: a setting is wrong or missing.
        """
        settings = load_settings([setting.name for setting in every_setting() if self.reader in setting.read_by.needed])
        return settings if settings.http_port is not None else settings.model_copy(update={"http_port": self.http_port})

    def parser(self) -> argparse.ArgumentParser:
        """Return the command line, whose help lists the variables."""
        parser = argparse.ArgumentParser(
            prog=self.name,
            description=self.summary,
            epilog="\n".join([_EPILOG, *self._variables()]),
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
            _tell_unknown()
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
        for setting in every_setting():
            if self.reader in setting.read_by.readers:
                yield f"  {setting.variable}"
                yield f"      {setting.about}: {setting.form}{self._default(setting)}"

    def _default(self, setting: Setting) -> str:
        if self.reader in setting.read_by.needed:
            return " (required)"
        return f" (default: {setting.default})" if setting.default is not None else ""


def _tell_unknown() -> None:
    for name, hint in unknown_settings(environment()).items():
        _log.warning("a variable is no setting of ours", variable=name, hint=hint)


async def _until_stopped(settings: Settings, run: Run, parts: Sequence[str]) -> None:
    stop = Stop(settings.shutdown_grace)
    stop.listen()
    try:
        await run(settings, stop, parts)
    finally:
        await stop_tracing()
