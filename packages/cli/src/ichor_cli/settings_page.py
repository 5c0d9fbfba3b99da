"""The page of all settings, docs/configuration.md."""

from collections.abc import Iterable, Iterator, Sequence

from ichor_service import OTHER_VARIABLES, Reader, Setting
from pydantic import JsonValue

_INTRODUCTION = """\
# Configuration

This page is made from the settings themselves: `ichor settings --markdown`.

Settings come from the environment, over a file `.env` in the folder that the program runs in. `--help` of a program
lists what it reads. An empty variable counts as not set.

- **In a file.** `NAME_FILE` is the path of a file that holds `NAME`, as Kubernetes and Docker mount secrets:
  `ICHOR_DATABASE_URL_FILE=/run/secrets/database-url`. It is read when the program starts; a line break at its end
  does not count. Setting both is refused.
- **Wrong.** A wrong or missing setting ends the program at once with the code 2 and one sentence that names the
  variable and never shows a secret. So does a parameter of a URL with a wrong value, or with a file that cannot be
  read. A query, `ICHOR_ROLES_SQL`, is tried when the database answers, and so is what only the server knows.
  Where a server is away, or refuses a password or a right, programs go on trying: that is mended at the server.
- **Misspelt.** A variable that begins with `ICHOR_` and is no setting is told as a warning in the log, with the
  nearest name, and by `ichor doctor`. It is not refused: a release before or after may know it. So settings of
  packages of your own should begin otherwise.
- **Sizes** are written `16KiB`, `8MiB`; a number alone means bytes. **Durations** are written `90s`, `2m`, `1h30m`; a
  number alone means seconds.

How to reach Temporal by TLS, by an API key or by a named profile stands in Temporal's own variables
([operating](operators.md#temporal)).
"""
_HEAD = ("| variable | for | written | default | read by | secret |", "|---|---|---|---|---|---|")
_OTHERS = ("## Other variables", "", "| variable | for |", "|---|---|")


def settings_page(settings: Sequence[Setting]) -> str:
    """Return the page, in Markdown."""
    rows = (
        f"| `{setting.variable}` | {setting.about} | {setting.form} | {_default(setting)} | {_readers(setting)} "
        f"| {'yes' if setting.secret else 'no'} |"
        for setting in settings
    )
    others = (f"| `{name}` | {about} |" for name, about in OTHER_VARIABLES.items())
    return "\n".join([_INTRODUCTION, "## Settings", "", *_HEAD, *rows, "", *_OTHERS, *others]) + "\n"


def settings_text(settings: Iterable[Setting]) -> str:
    """Return what a person reads in a terminal."""
    return "\n".join(line for setting in settings for line in _lines(setting))


def setting_document(setting: Setting) -> dict[str, JsonValue]:
    """Return a setting as `ichor settings --json` prints it."""
    return {
        "variable": setting.variable,
        "about": setting.about,
        "written": setting.form,
        "default": setting.default,
        "read_by": [reader.value for reader in setting.read_by.readers],
        "required_by": [reader.value for reader in setting.read_by.needed],
        "secret": setting.secret,
    }


def _lines(setting: Setting) -> Iterator[str]:
    notes = [setting.form, *([f"default {setting.default}"] if setting.default else [])]
    yield f"{setting.variable}{' (secret)' if setting.secret else ''}"
    yield f"    {setting.about}"
    yield f"    {'; '.join(notes)}; read by {', '.join(setting.read_by.readers)}"


def _default(setting: Setting) -> str:
    return "" if setting.default is None else f"`{setting.default}`"


def _readers(setting: Setting) -> str:
    return ", ".join(_reader(reader, setting) for reader in setting.read_by.readers)


def _reader(reader: Reader, setting: Setting) -> str:
    return f"`{reader}` (required)" if reader in setting.read_by.needed else f"`{reader}`"
