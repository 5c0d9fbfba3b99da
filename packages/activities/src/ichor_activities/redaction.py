"""Takes the values of secrets out of whatever leaves an action: results, errors, logs."""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class Redaction:
    """Texts and what stands in their place, longest first."""

    replacements: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, secrets: Mapping[str, str]) -> "Redaction":
        """Redact secrets, given by name, in each form in which they are commonly sent."""
        pairs = {form: f"{{{{secret:{name}}}}}" for name, value in secrets.items() for form in _forms(value)}
        return cls(tuple(sorted(pairs.items(), key=lambda pair: (-len(pair[0]), pair[0]))))

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        for value, written in self.replacements:
            text = text.replace(value, written)
        return text

    def result(self, result: dict[str, JsonValue]) -> dict[str, JsonValue]:
        """Return a result without secrets, in keys too; its port stays as it is."""
        if not self.replacements:
            return result
        redacted = {self.text(key): self._value(value) for key, value in result.items()}
        return {**redacted, "output": result["output"]} if "output" in result else redacted

    def anything(self, value: object) -> object:
        """Return a text without secrets, anything else as it is."""
        return self.text(value) if isinstance(value, str) else value

    def _value(self, value: JsonValue) -> JsonValue:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._value(item) for item in value]
        if isinstance(value, dict):
            return {self.text(key): self._value(item) for key, item in value.items()}
        return value


NOTHING_SECRET = Redaction()


def _forms(value: str) -> Iterator[str]:
    """Yield a secret as it is, in URLs, in JSON and, where it is long enough to be told apart, in base64."""
    if value:
        yield value
        yield quote(value, safe="")
        yield quote_plus(value)
        yield json.dumps(value)[1:-1]
        yield json.dumps(value, ensure_ascii=False)[1:-1]
    if len(value) >= 8:
        yield b64encode(value.encode()).decode().rstrip("=")
